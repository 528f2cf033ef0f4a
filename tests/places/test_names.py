"""The names that we give and the names that we leave out."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panjaya_watchd.core.drop import Fingerprint, group
from panjaya_watchd.places import naming
from panjaya_watchd.places.junk import becomes, is_junk, is_junk_folder, is_member

MARK = Fingerprint(size=1, mtime_ns=1, ctime_ns=1, ino=1)

JUNK = (
    "._a.mp4|.DS_Store|~$a.srt|~syncthing~a.mp4.tmp|.syncthing.a.mp4.tmp|.nfs0001|.smb0|.fuse_hidden01|"
    ".goutputstream-XY12|.~lock.a.srt#|a.mp4.part|a.mp4.partial|a.mp4.filepart|a.mp4.crdownload|a.mp4.download|"
    "a.mp4.opdownload|a.tmp|A.TMP|a.temp|a.temporary|a.incomplete|a.mp4.!ut|a.mp4.!qB|a.mp4.aria2|a.inprogress|"
    "a.uploading|a.unmanic.part|a.lock|a.bak|a.mp4~|.a.mp4.x7Gh2K|a.mp4.0a1b2c3d.partial|Thumbs.db|desktop.ini|"
    "ehthumbs.db|STATUS.txt|WHY.txt|a.receipt.toml|.result-a.mp4.part|.in.a.mp4."
).split("|")

RUNNING = {
    "a.mp4.part": "a.mp4",
    ".a.mp4.x7Gh2K": "a.mp4",
    ".in.a.mp4": "a.mp4",
    ".in.a.mp4.": "a.mp4",
    ".syncthing.a.mp4.tmp": "a.mp4",
    "~syncthing~a.mp4.tmp": "a.mp4",
    "a.mp4.0a1b2c3d.partial": "a.mp4",
    "a.es-ES.srt.filepart": "a.es-ES.srt",
    "a.toml.tmp": "a.toml",
    "a.mp4.unmanic.part": "a.mp4",
    "._a.mp4": None,
    "a.mp4": None,
    "a.part": None,
    "a.mp4.lock": None,
    "a.mp4~": None,
    "a.mp4.bak": None,
    ".hidden.mp4": None,
    "a.receipt.toml": None,
    ".DS_Store": None,
}


@pytest.mark.parametrize("name", JUNK)
def test_junk_is_left_out(name: str) -> None:
    """What programs leave behind, running copies and our own files are never part of a drop."""
    assert is_junk(name)
    assert not is_member(name)


@pytest.mark.parametrize(
    "name", ["a.mp4", "part.mp4", "a.part.mp4", "tmp.srt", "a.background.wav", "a~1.mov", "done.mp4"]
)
def test_what_people_name_is_not_junk(name: str) -> None:
    """A word that is junk as a suffix is none elsewhere in a name."""
    assert not is_junk(name)
    assert is_member(name)


@pytest.mark.parametrize(
    "name", ["@eaDir", "#recycle", ".stfolder", ".Trash-1000", "$RECYCLE.BIN", "_UNPACK_x", "lost+found"]
)
def test_junk_folders_are_not_entered(name: str) -> None:
    """Folders of NAS systems, trash cans and unpackers are never looked into."""
    assert is_junk_folder(name)
    assert not is_junk_folder(f"my {name}")


@pytest.mark.parametrize(("name", "final"), RUNNING.items())
def test_a_running_copy_tells_its_final_name(name: str, final: str | None) -> None:
    """Temporary names of copying programs are undone; names that say nothing about a copy are not guessed at."""
    assert becomes(name) == final


@given(st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=120))
def test_any_name_can_be_judged(name: str) -> None:
    """No name raises, and what a running copy becomes is never junk itself."""
    final = becomes(name)

    assert final is None or (is_junk(name) and not is_junk(final))


TEXT = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=300)


@given(TEXT, st.integers(min_value=1, max_value=10_000), st.integers(min_value=0, max_value=60))
def test_numbered_names_fit_and_are_known_again(stem: str, number: int, spare: int) -> None:
    """However long a stem is, its number is kept, room is left, and the name is recognised."""
    name = naming.numbered(stem, number, spare)

    assert len(os.fsencode(name)) <= naming.NAME_MAX - spare
    assert number == 1 or name.endswith(f" ({number})")
    assert naming.is_numbered(naming.numbered(stem, number), naming.numbered(stem, 1)) or len(os.fsencode(stem)) > 240


@given(TEXT)
def test_fitted_names_keep_their_end(name: str) -> None:
    """A name that fits is itself; one that does not keeps its suffix."""
    fitted = naming.fit(name)

    assert len(os.fsencode(fitted)) <= naming.NAME_MAX
    assert fitted == name or fitted.endswith(name[-32:])
    assert naming.fit(fitted) == fitted


@pytest.mark.parametrize(
    "stranger", ["talk (x)", "talk (", "talk 2", "talk (2) (2)", "talking (2)", "talk (02)", "talk (\u0662)"]
)
def test_a_strangers_name_is_not_taken_for_a_numbered_one(stranger: str) -> None:
    """Only what `numbered` gives is searched for traces of a claim."""
    assert not naming.is_numbered(stranger, "talk")


@pytest.mark.parametrize("stem", ["talk", "a" * 231, "talk.v2", "caf\N{LATIN SMALL LETTER E WITH ACUTE}"])
def test_returned_parts_are_one_drop_again(stem: str) -> None:
    """Under whatever number they go back, the parts of a drop still match one another."""
    rests = [".mp4", ".toml", ".srt", ".es-ES.srt", ".background.wav"]
    (drop,) = group([(f"sub/{stem}{rest}", MARK) for rest in rests])

    for number in (1, 2, 10):
        names = [naming.returned(drop, part, number) for part in drop.parts]
        (again,) = group([(name, MARK) for name in names])

        assert [part.role for part in drop.parts] == [part.role for part in again.parts]
        assert all(len(os.fsencode(name)) <= naming.NAME_MAX + len("sub/") for name in names)
        assert again.stem == naming.numbered(stem, number, spare=15) or number == 1
