"""What `submit` puts on the wire is read alike by parsers that are not ours, whatever is in it."""

import hashlib
import io
import json
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import pytest
from loopback import Visit, saying, serving
from parsers import PARSERS, Bounded, Part

from panjaya_watchd.api import Asset, AutoGenerate, Language, Locale, Order, Panjaya, Submission
from panjaya_watchd.api.wire import request_fields, safe_name

SPANISH, FRENCH = Locale("es-ES"), Locale("fr-FR")
ORDER: Final = Order(
    locale=Locale("en-US"),
    languages=(Language(locale=SPANISH), Language(locale=FRENCH)),
    auto_generate=AutoGenerate.WITH_LIPS,
    speakers_count=2,
    start_time=1.5,
)

EVERY_CHARACTER: Final = "".join(
    chr(number) for number in range(0x20000) if unicodedata.category(chr(number)) not in {"Cn", "Cs", "Co"}
)
"""Of the first two planes: letters of all scripts, controls, joining marks, line ends that only Unicode knows, NUL."""

LOOKALIKES: Final = (
    b"\r\n--\r\n------\r\n--0123456789abcdef0123456789abcdef\r\n"
    b'Content-Disposition: form-data; name="request"\r\n\r\n{}\r\n--\r\n\r\n\r\n--'
)
"""What looks like the end of a part, and ends like the beginning of one."""

NAMES: Final = [
    "talk.mp4",
    'a "quoted" name\\.mp4',
    "Präsentation für Zoë, endgültig (2).MP4",
    "会議の録画 第一回.mp4",
    "مقابلة.mov",
    "👩🏽‍💻 demo.webm",
    "line\r\nbreak\x00and\x1b[31m control\x7f.mkv",
    'x"; name="request"; filename="evil.mp4',
    "100%25%22%0D%0A.mp4",
    "../../etc/passwd",
    "half a character \udce9.mp4",
    "long " * 100 + ".mp4",
    "." * 300,
    "\u202egpj.mp4",
]


@dataclass(frozen=True, slots=True)
class Given:
    """The least that a `Body` is; its chunks have odd sizes."""

    file_name: str
    content: bytes
    chunk: int = 1021

    @property
    def size(self) -> int:
        """Give the number of bytes."""
        return len(self.content)

    def __iter__(self) -> Iterator[bytes]:
        return (self.content[start : start + self.chunk] for start in range(0, self.size, self.chunk))


Send = Callable[[Submission], Visit]


@pytest.fixture(scope="module")
def send() -> Iterator[Send]:
    """Send a submission by the real client over a socket; give what came."""
    with serving(saying(201, b'{"asset_id": "a1"}')) as server, Panjaya(server.url, "key") as panjaya:

        def send(submission: Submission) -> Visit:
            assert isinstance(panjaya.submit(submission), Asset)
            assert server.visits[-1].whole
            return server.visits[-1]

        yield send


def part(name: str, file_name: str | None, media_type: str | None, content: bytes) -> Part:
    """Say which part is expected."""
    return replace(Part(name, file_name, media_type), size=len(content), sha256=hashlib.sha256(content).hexdigest())


def expected(submission: Submission, media_types: list[str]) -> list[Part]:
    """Give the parts that a submission has to arrive as."""
    text = json.dumps(request_fields(submission.order, submission.srt), ensure_ascii=False).encode()
    parts = [part("request", None, None, text)]
    for name, body in (("background", submission.background), ("video", submission.video)):
        if isinstance(body, Given):
            parts.append(part(name, safe_name(body.file_name), media_types.pop(0), body.content))
    return parts


def read(visit: Visit, most: int = 1 << 16) -> dict[str, list[Part]]:
    """Let every parser read what came, at most so many bytes at once."""
    length, kind = len(visit.body), visit.headers["content-type"]
    return {name: parse(Bounded(io.BytesIO(visit.body), length, most), kind, length) for name, parse in PARSERS.items()}


def by_all(parts: list[Part]) -> dict[str, list[Part]]:
    """Say that every parser has to find these."""
    return dict.fromkeys(PARSERS, parts)


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_every_parser_reads_the_same_file_name(send: Send, name: str) -> None:
    """Whatever the file is called here: it ends no header, and no part is called otherwise or missing."""
    submission = Submission(order=ORDER, srt={}, video=Given(name, LOOKALIKES))
    kinds = {".mp4": "video/mp4", ".mov": "video/quicktime", ".mkv": "video/x-matroska", ".webm": "video/webm"}
    kind = next((kinds[suffix] for suffix in kinds if name.lower().endswith(suffix)), "application/octet-stream")

    assert read(send(submission)) == by_all(expected(submission, [kind]))


@pytest.mark.parametrize(
    "text",
    [EVERY_CHARACTER, LOOKALIKES.decode(), "\r\n" * 1000, '{"locale": "xx"}"\\', "\ufeff1\r\n\u2028\x85\x00\x1a"],
    ids=["every character", "lookalikes", "line ends", "JSON", "odd line ends"],
)
def test_every_parser_reads_the_same_text(send: Send, text: str) -> None:
    """The field is the JSON that we wrote, and its SRT the text that was there, character for character."""
    submission = Submission(order=ORDER, srt={FRENCH: text}, video=Given("talk.mp4", b"video"))
    visit = send(submission)
    text_on_the_wire = visit.body.partition(b"\r\n\r\n")[2].partition(b"\r\n--")[0]

    assert read(visit) == by_all(expected(submission, ["video/mp4"]))
    assert json.loads(text_on_the_wire)["languages"][1] == {"locale": "fr-FR", "srt": text}


@pytest.mark.parametrize("most", [61, 4096])
def test_every_parser_reads_the_same_files_however_they_come(send: Send, most: int) -> None:
    """In pieces of any size, so that each boundary is cut somewhere; with a background track before the video."""
    video = Given("talk.mp4", LOOKALIKES * 30 + b"\r", chunk=7)
    music = Given("müsic.wav", b"\n--" + LOOKALIKES * 3 + b"\r\n", chunk=5)
    text = "1\n00:00:01,000 --> 00:00:02,000\nSí.\n"
    submission = Submission(order=ORDER, srt={SPANISH: text}, video=video, background=music)

    assert read(send(submission), most) == by_all(expected(submission, ["audio/wav", "video/mp4"]))


@pytest.mark.parametrize("parser", PARSERS)
def test_a_body_that_was_cut_is_read_by_nobody(send: Send, parser: str) -> None:
    """The parsers judge: without its last boundary a body is no form, or one that lacks the end of the video."""
    submission = Submission(order=ORDER, srt={}, video=Given("talk.mp4", LOOKALIKES))
    visit = send(submission)
    body = visit.body[:-60]

    try:
        found = PARSERS[parser](Bounded(io.BytesIO(body), len(body)), visit.headers["content-type"], len(body))
    except Exception:  # noqa: BLE001  (each has its own)
        found = []
    assert found != expected(submission, ["video/mp4"])
