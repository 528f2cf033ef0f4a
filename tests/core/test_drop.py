"""Which files belong together."""

import os
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import fingerprint

from panjaya_watchd.core.drop import AUDIO_SUFFIXES, VIDEO_SUFFIXES, Drop, Fingerprint, Role, group, has_role
from panjaya_watchd.core.names import fold

FUZZ = settings(derandomize=True, database=None, deadline=None)
PRINT = Fingerprint(size=3, mtime_ns=1, ctime_ns=1, ino=1)


def drops(*names: str) -> tuple[Drop, ...]:
    """Group files of these names."""
    return group((name, PRINT) for name in names)


def grouped(*names: str) -> dict[str, list[tuple[str, Role, str | None]]]:
    """Give the drops of these names by key, as (name, role, tag)."""
    return {drop.key: [(part.name, part.role, part.tag) for part in drop.parts] for drop in drops(*names)}


def test_a_video_and_its_sidecars_are_one_drop() -> None:
    """Every role of the dropper's guide is known, and parts stand sorted by name."""
    expected = {
        "interview": [
            ("interview.background.wav", Role.BACKGROUND, None),
            ("interview.es-ES.srt", Role.SRT, "es-ES"),
            ("interview.mp4", Role.VIDEO, None),
            ("interview.srt", Role.SRT, None),
            ("interview.toml", Role.TOML, None),
        ]
    }
    names = [name for name, _, _ in expected["interview"]]

    assert expected == grouped(*reversed(names))


@pytest.mark.parametrize("suffix", sorted(VIDEO_SUFFIXES))
def test_every_video_suffix_makes_a_drop_in_any_case(suffix: str) -> None:
    """Cameras write capitals."""
    assert grouped(f"talk{suffix.upper()}") == {"talk": [(f"talk{suffix.upper()}", Role.VIDEO, None)]}


@pytest.mark.parametrize("suffix", sorted(AUDIO_SUFFIXES))
def test_audio_belongs_to_a_drop_only_as_its_background(suffix: str) -> None:
    """A song in the folder is nobody's part."""
    assert grouped(f"talk{suffix}", f"background{suffix}") == {}
    assert grouped(f"talk.Background{suffix}") == {"talk": [(f"talk.Background{suffix}", Role.BACKGROUND, None)]}


def test_stems_match_whole_and_never_by_prefix() -> None:
    """``movie2.srt`` is not for ``movie.mp4`` (R45)."""
    assert list(grouped("movie.mp4", "movie2.srt", "movie.part.srt", "movie.part2.toml")) == [
        "movie",
        "movie.part",
        "movie.part2",
        "movie2",
    ]


def test_stems_match_whatever_their_case_and_composition() -> None:
    """A share serves Windows and macOS at the same time (R51)."""
    decomposed = unicodedata.normalize("NFD", "CAFÉ.srt")

    (drop,) = drops("café.mp4", decomposed)

    assert {"café.mp4", decomposed} == {part.name for part in drop.parts}


def test_the_longest_stem_that_has_a_video_wins() -> None:
    """``a.es-ES.mp4`` is a video of its own, and ``a.es-ES.srt`` is beside it."""
    assert grouped("a.mp4", "a.es-ES.mp4", "a.es-ES.srt", "a.fr-FR.srt") == {
        "a": [("a.fr-FR.srt", Role.SRT, "fr-FR"), ("a.mp4", Role.VIDEO, None)],
        "a.es-es": [("a.es-ES.mp4", Role.VIDEO, None), ("a.es-ES.srt", Role.SRT, None)],
    }


def test_sub_folders_keep_drops_apart() -> None:
    """The same stem in two places is two drops; a folder's name is a place and is not folded."""
    assert list(grouped("talk.mp4", "Sub/talk.mp4", "sub/talk.toml")) == ["Sub/talk", "sub/talk", "talk"]


def test_files_of_no_role_are_in_no_drop() -> None:
    """Documents, pictures and names without a suffix are left alone."""
    assert grouped("notes.txt", "talk", "mp4", ".mp4", ".toml", "talk.mp4.pdf", "WHY.txt") == {}


@pytest.mark.parametrize(
    ("names", "clash"),
    [
        (["a.mp4", "a.mov"], ("a.mov", "a.mp4")),
        (["a.mp4", "A.toml", "a.TOML"], ("A.toml", "a.TOML")),
        (["a.mp4", "a.es-ES.srt", "a.ES-es.srt"], ("a.ES-es.srt", "a.es-ES.srt")),
        (["a.mp4", "a.background.wav", "a.background.mp3"], ("a.background.mp3", "a.background.wav")),
        (["é.mp4", unicodedata.normalize("NFD", "é.mov")], ("é.mov", "é.mp4")),
        (["a.mp4", "a.es-ES.srt", "a.fr-FR.srt", "a.srt", "a.toml"], None),
    ],
)
def test_two_parts_for_one_role_are_named(names: list[str], clash: tuple[str, str] | None) -> None:
    """Two candidates are never chosen between (R45)."""
    (drop,) = drops(*names)

    assert clash == drop.clash()


@pytest.mark.parametrize(
    ("names", "stem"),
    [
        (["sub/Talk.one.mp4", "sub/talk.ONE.toml"], "Talk.one"),
        (["Talk.es-ES.srt"], "Talk"),
        (["Talk.background.wav"], "Talk"),
        (["Talk.toml"], "Talk"),
    ],
)
def test_the_stem_is_written_as_its_owner_wrote_it(names: list[str], stem: str) -> None:
    """Results are named after the video, not after the form in which names are compared."""
    (drop,) = drops(*names)

    assert stem == drop.stem


def test_a_drop_knows_its_parts() -> None:
    """The video, the parts of a role and the size in bytes."""
    (drop,) = drops("a.mp4", "a.es-ES.srt", "a.fr-FR.srt")
    (orphans,) = drops("a.toml")

    assert drop.video is not None
    assert drop.video.name == "a.mp4"
    assert [part.name for part in drop.of(Role.SRT)] == ["a.es-ES.srt", "a.fr-FR.srt"]
    assert drop.size == 9
    assert orphans.video is None


def test_a_rename_is_the_same_content_and_a_write_is_not() -> None:
    """Taking parts in moves their ``ctime_ns`` and nothing else."""
    assert PRINT.same_content(Fingerprint(size=3, mtime_ns=1, ctime_ns=2, ino=1))
    assert not PRINT.same_content(Fingerprint(size=4, mtime_ns=1, ctime_ns=1, ino=1))
    assert not PRINT.same_content(Fingerprint(size=3, mtime_ns=2, ctime_ns=1, ino=1))
    assert not PRINT.same_content(Fingerprint(size=3, mtime_ns=1, ctime_ns=1, ino=2))


@pytest.mark.parametrize(
    ("size", "later", "may"),
    [(3, 0, True), (3, 1_999_999_999, True), (3, -5, True), (3, 2_000_000_000, False), (4, 0, False)],
)
def test_a_copy_has_the_size_and_nearly_the_time(size: int, later: int, *, may: bool) -> None:
    """Its inode is another, and another file system may round its time."""
    assert Fingerprint(size=size, mtime_ns=1 + later, ctime_ns=9, ino=9).may_copy(PRINT) is may


@pytest.mark.parametrize("name", ["a.MP4", "a.toml", "a.es-ES.srt", "a.background.WAV", "song.mp3"])
def test_a_file_with_a_suffix_of_some_role_is_looked_at(name: str) -> None:
    """The suffix alone decides whether a file is looked at; a drop may still have no place for it."""
    assert has_role(name)


@pytest.mark.parametrize("name", ["a.txt", "a", ".mp4", "mp4", "a.mp4.part", "sub.mp4/readme"])
def test_no_other_file_is_looked_at(name: str) -> None:
    """What can be no part costs no ``lstat``."""
    assert not has_role(name)
    assert drops(name) == ()


STEMS = st.sampled_from(["a", "A", "é", "e\u0301", "a.b", "a.es-ES", "ß", "ss", os.fsdecode(b"\xff"), "sub/a", " "])
ENDS = st.sampled_from([".mp4", ".MOV", ".toml", ".srt", ".es-ES.srt", ".Fr-fr.SRT", ".background.wav", ".wav", ".txt"])
FILES = st.lists(st.builds(str.__add__, STEMS, ENDS), unique=True, max_size=12)


@pytest.mark.slow
@FUZZ
@given(FILES)
def test_the_order_of_a_directory_does_not_matter(names: list[str]) -> None:
    """``readdir`` promises no order."""
    assert drops(*names) == drops(*reversed(names)) == drops(*sorted(names))


@FUZZ
@given(FILES)
def test_every_part_is_in_exactly_one_drop_and_every_video_in_one_of_its_stem(names: list[str]) -> None:
    """No file travels twice, and none is lost between drops."""
    found = [(part.name, drop.key) for drop in drops(*names) for part in drop.parts]

    assert len(found) == len({name for name, _ in found})
    for name in names:
        if name.lower().endswith((".mp4", ".mov")):
            assert (name, fold(name[:-4])) in found


@FUZZ
@given(FILES)
def test_a_part_stays_in_its_drop_when_strangers_come(names: list[str]) -> None:
    """A drop is decided by its own stem: another video beside it changes nothing."""
    before = {drop.key: drop for drop in drops(*names)}
    after = {drop.key: drop for drop in drops(*names, "stranger.mp4", "stranger.toml")}

    assert before == {key: drop for key, drop in after.items() if key != "stranger"}


def test_one_name_twice_is_no_fault() -> None:
    """A folder that changes while it is read may show a name twice, each time as another file."""
    files = [("talk.toml", fingerprint(1)), ("talk.toml", fingerprint(2)), ("talk.mp4", fingerprint())]
    (found,) = group(files)

    assert [part.name for part in found.parts] == ["talk.mp4", "talk.toml", "talk.toml"]


def test_people_know_a_drop_by_its_video_or_what_comes_nearest() -> None:
    """The TOML before the subtitles; a drop that only orders something has the stem of what it is for."""
    seen = Fingerprint(size=1, mtime_ns=1, ctime_ns=1, ino=1)
    (whole,) = group((f"sub/Talk{suffix}", seen) for suffix in (".es-ES.srt", ".mp4", ".toml"))
    (lone,) = group((f"Talk{suffix}", seen) for suffix in (".es-ES.srt", ".toml"))
    (bare,) = group([("Talk.es-ES.srt", seen)])
    word = Drop(key="sub/talk", parts=(), title="Talk")

    assert [each.leader for each in (whole, lone, bare, word)] == [
        "sub/Talk.mp4",
        "Talk.toml",
        "Talk.es-ES.srt",
        "Talk",
    ]
    assert [each.folder for each in (whole, lone, word)] == ["sub", "", "sub"]
    assert [each.stem for each in (whole, word)] == ["Talk", "Talk"]
