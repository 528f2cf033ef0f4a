"""Any bytes at all: a value or a `SidecarError`, never another exception."""

from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from panjaya_watchd.errors import SidecarError
from panjaya_watchd.sidecar import srt, toml_order

SAMPLES = Path(__file__).parent / "samples"
FUZZ = settings(max_examples=100, derandomize=True, database=None, deadline=None)

NAMES = st.sampled_from(["talk.toml", "talk.srt", "talk.ru-RU.srt", "talk.ja-JP.srt", "\udcff\n.srt", ""])
WORDS = st.sampled_from(
    "locale languages srt start_time end_time force media_url = [ ] { } , . \" ' \n # 1 -1 1e9 inf nan true 00:01:00 "
    '"es-ES" "00:01:30" """ [[languages]] 1979-05-27 0xff --> 00:00:01,000 \r \t \ufeff é \x00'.split(" ")
)
LIKELY = st.lists(WORDS, max_size=40).map(lambda words: " ".join(words).encode())


def spoilt(kind: str) -> st.SearchStrategy[bytes]:
    """Take a good sample, and put some bytes of any kind in the place of others."""
    wholes = [path.read_bytes() for path in sorted((SAMPLES / kind / "good").iterdir())]
    return st.builds(
        lambda whole, at, width, new: whole[: at % (len(whole) + 1)] + new + whole[at % (len(whole) + 1) + width :],
        st.sampled_from(wholes),
        st.integers(0, 2000),
        st.integers(0, 8),
        st.binary(max_size=8),
    )


def outcome(read: Callable[[str, bytes], object], name: str, content: bytes) -> None:
    """Read, and look at the error if there is one."""
    try:
        read(name, content)
    except SidecarError as error:
        assert error.message.encode()  # noqa: PT017  (a value is as right as an error)
        assert error.hint.encode()  # noqa: PT017


@FUZZ
@given(name=NAMES, content=st.binary() | LIKELY | spoilt("toml"))
def test_any_bytes_are_an_order_or_a_sidecar_error(name: str, content: bytes) -> None:
    """No file can stop the daemon (R40)."""
    outcome(toml_order.read, name, content)


@FUZZ
@given(name=NAMES, content=st.binary() | LIKELY | spoilt("srt"))
def test_any_bytes_are_subtitles_or_a_sidecar_error(name: str, content: bytes) -> None:
    """No file can stop the daemon (R40)."""
    outcome(srt.read, name, content)


@FUZZ
@given(content=spoilt("srt"))
def test_what_was_read_once_reads_the_same_again(content: bytes) -> None:
    """What is sent is clean: no carriage return, no byte order mark, nothing left to repair."""
    try:
        text = srt.read("talk.es-ES.srt", content)
    except SidecarError:
        return

    assert text == srt.read("talk.es-ES.srt", text.encode())
    assert not set("\r\ufeff\x00") & set(text)
