"""Every sample file: the good ones are read, the bad ones are answered with the sentence in the file beside them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from panjaya_watchd.errors import SidecarError
from panjaya_watchd.sidecar import srt, toml_order

SAMPLES = Path(__file__).parent / "samples"
READERS: dict[str, Callable[[str, bytes], object]] = {"toml": toml_order.read, "srt": srt.read}


def samples(quality: str) -> list[Path]:
    """Give all samples of both kinds, good or bad."""
    return sorted(path for kind in READERS for path in (SAMPLES / kind / quality).glob(f"*.{kind}"))


@pytest.mark.parametrize("sample", samples("good"), ids=lambda path: path.name)
def test_a_good_sample_is_read(sample: Path) -> None:
    """What people rightly write is taken."""
    READERS[sample.suffix[1:]](sample.name, sample.read_bytes())


@pytest.mark.parametrize("sample", samples("bad"), ids=lambda path: path.name)
def test_a_bad_sample_is_answered_with_its_sentence(sample: Path) -> None:
    """The message and the hint are exactly those beside the sample: every word of them is meant for the dropper."""
    expected = sample.with_suffix(".txt").read_text(encoding="utf-8")

    with pytest.raises(SidecarError) as caught:
        READERS[sample.suffix[1:]](sample.name, sample.read_bytes())

    assert expected == f"{caught.value.message}\n{caught.value.hint}\n"


def test_every_expected_sentence_has_its_sample() -> None:
    """No sentence is left behind when a sample is renamed."""
    sentences = {path.with_suffix("") for kind in READERS for path in (SAMPLES / kind / "bad").glob("*.txt")}

    assert {path.with_suffix("") for path in samples("bad")} == sentences
