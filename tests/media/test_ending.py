"""Real videos, made here, whole and in every way that a copy leaves them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from damaged import DAMAGES, OpenVideo
from films import BLACK, ENDLESS, FILMS, Film, make

from panjaya_watchd import rehearsal
from panjaya_watchd.core.content import Ending, Wholeness
from panjaya_watchd.media.ending import ending

KINDS: Final = {"m2ts": "ts", "wmv": "asf"}
READS: Final = 1000
"""What a short video may cost: a hundred for most, and more where zeros have to be told from black pictures."""


def judged(path: Path) -> Ending:
    """Look into a file."""
    with OpenVideo(path) as video:
        said = ending(video)
        assert video.reads <= READS
    assert bool(said.says) == (said.verdict is not Wholeness.WHOLE)
    return said


def after_damage(film: Film, folder: Path) -> Mapping[str, Wholeness]:
    """Make a film and give what is said of what is left of it, by damage."""
    content = make(film, folder / f"whole.{film.suffix}").read_bytes()
    assert len(content) > 300_000
    verdicts = {}
    for number, (name, write) in enumerate(DAMAGES.items()):
        path = folder / f"{number}.{film.suffix}"
        write(content, path)
        verdicts[name] = judged(path).verdict
    return verdicts


@pytest.mark.slow
@pytest.mark.parametrize("name", FILMS)
def test_a_whole_video_is_whole_and_a_damaged_one_is_not(tmp_path: Path, name: str) -> None:
    """Where a container says where it ends, every damage is noticed for certain."""
    film = FILMS[name]
    verdicts = after_damage(film, tmp_path)

    whole = Ending(verdict=Wholeness.WHOLE, container=KINDS.get(film.suffix, film.suffix))
    assert judged(tmp_path / f"whole.{film.suffix}") == whole
    assert verdicts == dict.fromkeys(DAMAGES, Wholeness.UNFINISHED)


@pytest.mark.slow
@pytest.mark.parametrize("name", ENDLESS)
def test_a_video_without_an_end_is_never_whole(tmp_path: Path, name: str) -> None:
    """Where it does not, zeros and holes are noticed for certain, and no cut passes as whole."""
    film = ENDLESS[name]
    verdicts = after_damage(film, tmp_path)

    said = judged(tmp_path / f"whole.{film.suffix}")
    assert (said.verdict, said.container) == (Wholeness.UNPROVEN, KINDS.get(film.suffix, film.suffix))
    assert Wholeness.WHOLE not in verdicts.values()
    assert {verdict for name, verdict in verdicts.items() if "cut" not in name} == {Wholeness.UNFINISHED}


@pytest.mark.slow
@pytest.mark.parametrize("name", BLACK)
def test_black_pictures_and_silence_are_whole(tmp_path: Path, name: str) -> None:
    """Zeros that an encoder makes are no damage."""
    film = BLACK[name]

    assert judged(make(film, tmp_path / f"film.{film.suffix}")).verdict is Wholeness.WHOLE


def test_our_own_video_is_whole() -> None:
    """The one of the rehearsal."""
    path = Path(rehearsal.__file__).with_name("talk.mp4")

    assert judged(path) == Ending(verdict=Wholeness.WHOLE, container="mp4")


def test_the_words_say_how_much_is_missing(tmp_path: Path) -> None:
    """A cut video is told by the number of bytes; one without an index by that."""
    whole = Path(rehearsal.__file__).with_name("talk.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[:-1000])
    (tmp_path / "early.mp4").write_bytes(whole[: whole.index(b"moov") - 4])

    assert judged(tmp_path / "cut.mp4").says == "ends 1000 bytes early"
    assert judged(tmp_path / "early.mp4").says == "has no index yet, as while it is still being written"


def test_zeros_that_a_file_system_cannot_show_are_found(tmp_path: Path) -> None:
    """A stretch of a 64th of a video, anywhere in it, is found without fail, written as zeros."""
    film = FILMS["mp4 with its index in front"]
    whole = make(film, tmp_path / "film.mp4").read_bytes()
    length = max(len(whole) // 64 + 1, 4096) + 4096
    for start in range(4096, len(whole) - length, len(whole) // 20):
        path = tmp_path / "zeros.mp4"
        path.write_bytes(whole[:start] + bytes(length) + whole[start + length :])
        assert judged(path).verdict is Wholeness.UNFINISHED, start
