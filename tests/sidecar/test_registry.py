"""Reading the sidecars of a whole drop."""

import pytest

from panjaya_watchd.core.drop import Drop, Fingerprint, Part, group
from panjaya_watchd.core.order import Asked
from panjaya_watchd.errors import PlaceError, SidecarError
from panjaya_watchd.sidecar import registry, srt

SUBTITLES = b"1\n00:00:01,000 --> 00:00:02,000\nHola\n"


class Shelf:
    """Files in memory, with a record of what was read."""

    def __init__(self, **contents: bytes) -> None:
        self.contents = {name.replace("__", "-").replace("_", "."): content for name, content in contents.items()}
        self.taken: list[tuple[str, int]] = []

    def drop(self) -> Drop:
        """Group the files into the one drop they are."""
        (drop,) = group(
            (name, Fingerprint(size=len(content), mtime_ns=0, ctime_ns=0, ino=1))
            for name, content in self.contents.items()
        )
        return drop

    def read(self, part: Part, limit: int) -> bytes:
        """Read a part, and remember that it was read."""
        self.taken.append((part.name, limit))
        return self.contents[part.name]


def test_a_drop_without_sidecars_asks_for_nothing_and_reads_nothing() -> None:
    """The video is never read here."""
    shelf = Shelf(talk_mp4=b"video", talk_background_wav=b"sound")

    assert registry.read_drop(shelf.drop(), shelf.read) == (Asked(), {})
    assert shelf.taken == []


def test_all_sidecars_are_read_with_their_limits() -> None:
    """One read for each, bounded by its own limit."""
    shelf = Shelf(talk_mp4=b"", talk_toml=b"speakers_count = 3", talk_es__ES_srt=SUBTITLES, talk_srt=SUBTITLES)

    asked, texts = registry.read_drop(shelf.drop(), shelf.read)

    assert Asked(speakers_count=3, named=("speakers_count",)) == asked
    assert dict.fromkeys(("talk.es-ES.srt", "talk.srt"), SUBTITLES.decode()) == texts
    assert {("talk.toml", 65536), ("talk.es-ES.srt", srt.FILE_LIMIT), ("talk.srt", srt.FILE_LIMIT)} == set(shelf.taken)


def test_a_sidecar_that_is_too_large_is_not_even_read() -> None:
    """Its size is known from the sighting, so a mistaken file of gigabytes costs nothing."""
    shelf = Shelf(talk_toml=b"#" * 65537)

    with pytest.raises(SidecarError, match=r"^talk\.toml: expected at most 64 KiB, found 65 KiB\."):
        registry.read_drop(shelf.drop(), shelf.read)

    assert shelf.taken == []


def test_all_subtitles_together_must_fit_one_request() -> None:
    """They travel in one form field, which the API refuses above 1 MiB."""
    half = SUBTITLES.replace(b"Hola", b"x" * (srt.TEXT_LIMIT // 2))
    shelf = Shelf(talk_mp4=b"", talk_es__ES_srt=half, talk_fr__FR_srt=half)

    with pytest.raises(SidecarError, match=r"^talk: expected at most 900 KiB of subtitles in all languages"):
        registry.read_drop(shelf.drop(), shelf.read)


def test_trouble_with_the_folder_passes_through() -> None:
    """A share that is away is no fault of the sidecar."""

    def fail(part: Part, limit: int) -> bytes:
        raise PlaceError("the share is away", hint="It is tried again.")

    with pytest.raises(PlaceError, match="the share is away"):
        registry.read_drop(Shelf(talk_toml=b"").drop(), fail)
