"""What every place promises, tried on a real folder and on one in memory."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from worlds import CLAIM, MemoryWorld, PowerCut, World, drop, half_of

from panjaya_watchd.core.claim import Destination
from panjaya_watchd.core.drop import Drop, group
from panjaya_watchd.core.names import ClaimId
from panjaya_watchd.core.standing import SIGNATURE, status_note
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places.base import Known, Unsettled

PARTS = {"talk.mp4": b"moving pictures", "talk.toml": b"locale = 'en-US'", "talk.es-ES.srt": b"1\n"}
PAPERS = {"WHY.txt": f"It could not be dubbed.\nClaim {CLAIM}\n", "talk.receipt.toml": f'claim = "{CLAIM}"\n'}
RESULT = "talk.es-ES.mp4"


def arrive(world: World, prefix: str = "") -> Drop:
    """Drop a video with sidecars."""
    for name, content in PARTS.items():
        world.write(prefix + name, content)
    return drop(world)


def taken(world: World) -> Drop:
    """Drop and take in."""
    settled = arrive(world)
    world.place.take_in(CLAIM, settled)
    return settled


def fetch(world: World, content: bytes = b"dubbed") -> None:
    """Download one result."""
    world.download(half_of(world.root, CLAIM, RESULT), content)


def below(folder: str, files: dict[str, bytes] = PARTS) -> dict[str, bytes]:
    """Give files as they stand in a folder."""
    return {f"{folder}/{name}": content for name, content in files.items()}


def written(folder: str) -> dict[str, bytes]:
    """Give the papers as they stand in a folder."""
    return {f"{folder}/{name}": text.encode() for name, text in PAPERS.items()}


def test_a_scan_sees_files_and_neither_junk_nor_our_own(world: World) -> None:
    """Files in the folder are seen; junk, papers and what lies in our folders are not."""
    seen = arrive(world)
    for name in ("._talk.mp4", "b.mp4.part", "STATUS.txt", "WHY.txt", "talk.receipt.toml", "Thumbs.db"):
        world.write(name, b"x")
    for folder in ("processing/c9", "done/a", "failed/a"):
        world.write(f"{folder}/a.mp4", b"x")

    scan = world.place.scan()

    assert sorted(PARTS) == sorted(name for name, _ in scan.files)
    assert {len(PARTS[part.name]) for part in seen.parts} == {part.fingerprint.size for part in seen.parts}
    assert scan.refused == ()


def test_what_is_never_taken_is_named_and_not_silently_ignored(world: World) -> None:
    """A folder where only files are taken, and files of no known kind: somebody waits for an answer to them."""
    for name in ("talk.mp4", "season/one.mp4", "notes.docx", *(f"{number:03}.jpg" for number in range(200))):
        world.write(name, b"x")

    scan = world.place.scan()
    named = dict(scan.refused)

    assert [name for name, _ in scan.files] == ["talk.mp4"]
    assert named.pop("season").startswith("is a folder")
    assert len(named) == 50
    assert set(named.values()) == {"is no kind of video or sidecar that is known here, and is left alone"}


def test_a_recursive_scan_goes_down_but_not_into_junk_or_our_own(world: World) -> None:
    """Only the root's own ``done`` is ours; somebody's folder of that name further down is not."""
    world.reopen(recursive=True)
    for name in ("a.mp4", "x/b.mp4", "x/y/c.mp4", "x/done/d.mp4"):
        world.write(name, b"x")
    for name in ("done/e/e.mp4", "processing/c/f.mp4", "failed/g.mp4", "@eaDir/h.mp4", "x/.hidden/i.mp4"):
        world.write(name, b"x")

    seen = sorted(name for name, _ in world.place.scan().files)

    assert seen == ["a.mp4", "x/b.mp4", "x/done/d.mp4", "x/y/c.mp4"]


@pytest.mark.parametrize("recursive", [True, False])
def test_where_answers_were_filed_before_nothing_is_taken(world: World, *, recursive: bool) -> None:
    """Results and their originals are no drops; what leads there is looked into, and who drops there is told."""
    world.reopen(recursive=recursive, done=Path("fertig"))
    for name in ("a.mp4", "done/e/e.es-ES.mp4", "old/done/f/f.mp4", "old/b.mp4", "fertig/g/g.mp4"):
        world.write(name, b"x")

    seen = world.place.scan(Known(shelves=("done", "failed", "fertig", "old/done")))

    assert [name for name, _ in seen.files] == (["a.mp4", "old/b.mp4"] if recursive else ["a.mp4"])
    before = [name for name, why in seen.refused if why.startswith("is where finished videos were put before")]
    assert sorted(before) == (["done", "old/done"] if recursive else ["done"])


def test_taking_in_moves_the_whole_drop_durably(world: World) -> None:
    """All parts lie in the claim's folder afterwards, and a power cut does not change that."""
    taken(world)

    for seed in range(5):
        world.cut(Random(seed))
        assert world.files() == below(f"processing/{CLAIM}")


def test_taking_in_twice_is_taking_in_once(world: World) -> None:
    """Asked again, nothing changes, also when another drop of that name has come meanwhile."""
    settled = taken(world)
    world.write("talk.mp4", b"another")

    world.place.take_in(CLAIM, settled)

    assert world.files() == {"talk.mp4": b"another"} | below(f"processing/{CLAIM}")


@pytest.mark.parametrize("name", PARTS)
def test_a_drop_of_which_one_part_changed_stays_where_it_is(world: World, name: str) -> None:
    """A change after settling is seen whatever part it hits, and nothing of the drop is taken."""
    settled = arrive(world)
    world.write(name, b"changed since")

    with pytest.raises(Unsettled, match="has changed") as caught:
        world.place.take_in(CLAIM, settled)

    assert not caught.value.gone
    assert world.files() == PARTS | {name: b"changed since"}


def test_a_change_between_two_renames_gives_the_first_back(world: World) -> None:
    """A part that changes while its siblings are being moved takes them all back."""
    settled = arrive(world)

    def change(step: str) -> None:
        if step.startswith("move") and "talk.mp4" in step and "talk.mp4" in world.files():
            world.write("talk.toml", b"changed meanwhile")

    world.fuse.before = change
    with pytest.raises(Unsettled):
        world.place.take_in(CLAIM, settled)

    assert world.files() == PARTS | {"talk.toml": b"changed meanwhile"}


def test_a_change_at_the_very_moment_of_the_rename_is_seen(world: World) -> None:
    """What was moved is looked at once more, and goes back whole."""
    settled = arrive(world)

    def change(step: str) -> None:
        if step.startswith("move") and "talk.mp4" in step and "talk.mp4" in world.files():
            world.write("talk.mp4", b"changed at the last moment")

    world.fuse.before = change
    with pytest.raises(Unsettled, match="replaced"):
        world.place.take_in(CLAIM, settled)

    assert world.files() == PARTS | {"talk.mp4": b"changed at the last moment"}


def test_dying_while_parts_are_given_back_loses_nothing(new_world: Callable[[], World]) -> None:
    """A drop that changed is given back whole in the end, whatever step of that was the last."""
    for at in range(100):
        world = new_world()
        settled = taken(world)
        world.write(f"processing/{CLAIM}/talk.toml", b"changed")
        world.fuse.arm(at)
        try:
            with pytest.raises(Unsettled):
                world.place.take_in(CLAIM, settled)
        except PowerCut:
            world.fuse.arm(None)
            world.cut(Random(at))
            with pytest.raises(Unsettled):
                world.place.take_in(CLAIM, settled)
            assert world.files() == PARTS | {"talk.toml": b"changed"}
        else:
            assert at > 5, "giving back has steps"
            return
    pytest.fail("giving back never ended")


def test_a_drop_of_which_one_part_went_is_gone(world: World) -> None:
    """The caller is told that a part is gone, and the others stay in the watch folder."""
    settled = arrive(world)
    world.delete("talk.toml")

    with pytest.raises(Unsettled, match="gone") as caught:
        world.place.take_in(CLAIM, settled)

    assert caught.value.gone
    assert world.files() == {name: content for name, content in PARTS.items() if name != "talk.toml"}


def test_a_whole_drop_that_went_is_gone(world: World) -> None:
    """Our own folder shows that the share is there, so nobody waits for these files any more."""
    taken(world)
    again = arrive(world)
    for name in PARTS:
        world.delete(name)

    with pytest.raises(Unsettled, match="gone") as caught:
        world.place.take_in(ClaimId("next"), again)

    assert caught.value.gone
    assert world.files() == below(f"processing/{CLAIM}")


@pytest.mark.parametrize(
    ("folder", "verb"),
    [
        *(("processing", verb) for verb in ("take in", "open", "done", "failed")),
        *((f"processing/{CLAIM}", verb) for verb in ("open", "done", "failed")),
    ],
)
def test_what_a_bare_mount_point_does_not_show_is_not_gone(world: World, folder: str, verb: str) -> None:
    """Where a folder that was made before is missing, the share is away: refused, nothing made, and it works later."""
    settled = taken(world)

    def act() -> None:
        match verb:
            case "take in":
                world.place.take_in(CLAIM, settled)
            case "open":
                world.place.open_part(CLAIM, settled.parts[0]).close()
            case to:
                world.place.put_away(CLAIM, settled, Destination(to), PAPERS)

    world.move(folder, "away")
    before = world.files()
    world.fuse.arm(None)
    for _ in range(2):
        with pytest.raises(PlaceError, match="is not there") as refused:
            act()
        assert "Mount the share" in refused.value.hint
    assert world.files() == before
    assert world.fuse.steps == []

    world.move("away", folder)
    act()
    there = f"{verb}/talk" if verb in {"done", "failed"} else f"processing/{CLAIM}"
    assert world.files() == below(there) | (written(there) if verb in {"done", "failed"} else {})


def test_giving_back_on_a_bare_mount_point_is_refused(world: World) -> None:
    """Else the claim would count as answered, and its parts would lie in ``processing/`` for ever."""
    settled = taken(world)
    world.move("processing", "away")

    with pytest.raises(PlaceError):
        world.place.put_away(CLAIM, settled, Destination.BACK, PAPERS)
    world.move("away", "processing")
    assert world.place.put_away(CLAIM, settled, Destination.BACK, PAPERS) == "talk.mp4"
    assert world.files() == PARTS


def test_parts_given_back_never_take_a_name_and_stay_together(world: World) -> None:
    """Where one name is taken, all parts come back under one number and still are one drop."""
    settled = taken(world)
    world.write("talk.toml", b"a newer one")
    world.write("talk (2).mp4", b"somebody's")

    where = world.place.put_away(CLAIM, settled, Destination.BACK, {})

    back = {f"talk (3){name.removeprefix('talk')}": content for name, content in PARTS.items()}
    assert where == "talk (3).mp4"
    assert world.files() == {"talk.toml": b"a newer one", "talk (2).mp4": b"somebody's"} | back
    assert len(drop(world, "talk (3)").parts) == len(PARTS)


def test_a_name_that_is_taken_while_parts_go_back_moves_all_of_them(world: World) -> None:
    """Somebody who drops a file of that name in the middle of it keeps it, and no part is left alone."""
    settled = taken(world)

    def drop_another(step: str) -> None:
        if step.startswith("move") and step.endswith("talk.toml") and "talk.toml" not in world.files():
            world.write("talk.toml", b"somebody's")

    world.fuse.before = drop_another
    where = world.place.put_away(CLAIM, settled, Destination.BACK, {})

    back = {f"talk (2){name.removeprefix('talk')}": content for name, content in PARTS.items()}
    assert where == "talk (2).mp4"
    assert world.files() == {"talk.toml": b"somebody's"} | back


def test_half_a_download_does_not_go_back_with_the_parts(world: World) -> None:
    """Our temporary files, and the notes beside them, vanish with the claim's folder."""
    settled = taken(world)
    half = half_of(world.root, CLAIM, RESULT)
    world.download(half, b"half")
    world.download(half.with_name(f"{half.name}.etag"), b"note")

    world.place.put_away(CLAIM, settled, Destination.BACK, {})

    assert world.files() == PARTS


def test_an_open_part_reads_what_settled_and_sees_any_change(world: World) -> None:
    """Bytes come from the file that settled; a change of its content or of its name is told."""
    settled = taken(world)
    video = settled.video
    assert video is not None
    with contextlib.closing(world.place.open_part(CLAIM, video)) as source:
        assert source.size == len(PARTS["talk.mp4"])
        assert source.read(6) + source.read(100) + source.read(1) == PARTS["talk.mp4"]
        assert source.changed() is None
        world.write(f"processing/{CLAIM}/talk.mp4", b"MOVING PICTURES")

        assert "changed" in (source.changed() or "")

    with pytest.raises(Unsettled, match="changed"):
        world.place.open_part(CLAIM, video)


def test_an_open_part_sees_that_its_name_leads_elsewhere(world: World) -> None:
    """A video that is moved away while it is read is noticed."""
    settled = taken(world)
    assert settled.video is not None
    with contextlib.closing(world.place.open_part(CLAIM, settled.video)) as source:
        world.move(f"processing/{CLAIM}/talk.mp4", f"processing/{CLAIM}/other.mp4")

        assert source.changed()

    with pytest.raises(Unsettled) as caught:
        world.place.open_part(CLAIM, settled.video)

    assert caught.value.gone


def test_a_small_part_is_read_whole_or_refused(world: World) -> None:
    """Reading has a limit, and a part that is not what settled is not read."""
    settled = arrive(world)
    part = settled.parts[-1]

    assert world.place.read(part, 100) == PARTS[part.name]
    with pytest.raises(PlaceError, match="at most 3 bytes"):
        world.place.read(part, 3)
    world.write(part.name, b"changed")
    with pytest.raises(Unsettled, match="has changed"):
        world.place.read(part, 100)
    world.delete(part.name)
    with pytest.raises(Unsettled, match="gone"):
        world.place.read(part, 100)


def test_a_result_is_kept_durably_and_once(world: World) -> None:
    """The temporary name is gone, the result stands, a cut does not harm it, and asking again is harmless."""
    taken(world)
    fetch(world)

    world.place.keep(CLAIM, RESULT)
    world.place.keep(CLAIM, RESULT)

    for seed in range(5):
        world.cut(Random(seed))
        assert world.files() == below(f"processing/{CLAIM}", PARTS | {RESULT: b"dubbed"})


def test_a_result_fetched_again_replaces_nothing(world: World) -> None:
    """The same result twice is one file; another result under the name moves the first aside."""
    taken(world)
    for content in (b"dubbed", b"DUBBED", b"dubbed better"):
        fetch(world, content)
        world.place.keep(CLAIM, RESULT)

    kept = {RESULT: b"dubbed better", "talk.es-ES (2).mp4": b"dubbed", "talk.es-ES (3).mp4": b"DUBBED"}
    assert world.files() == below(f"processing/{CLAIM}", PARTS | kept)


def test_keeping_what_is_not_there_is_a_place_error(world: World) -> None:
    """A download that is gone cannot be kept."""
    taken(world)

    with pytest.raises(PlaceError, match="the download is gone"):
        world.place.keep(CLAIM, RESULT)


def test_our_own_result_is_known_when_it_comes_back(world: World) -> None:
    """A result that somebody drops into the watch folder is recognised; originals and missing files are not."""
    settled = taken(world)
    fetch(world)
    world.place.keep(CLAIM, RESULT)
    where = world.place.put_away(CLAIM, settled, Destination.DONE, PAPERS)
    world.move(f"{where}/{RESULT}", RESULT)
    world.move(f"{where}/talk.mp4", "talk.mp4")

    result, original = drop(world, "talk.es-es").parts[0], drop(world, "talk").parts[0]

    assert world.place.made_here(result)
    assert not world.place.made_here(original)
    world.delete(RESULT)
    assert not world.place.made_here(result)


@pytest.mark.parametrize(("to", "shelf"), [(Destination.DONE, "done"), (Destination.FAILED, "failed")])
def test_filing_moves_parts_results_and_papers_together(world: World, to: Destination, shelf: str) -> None:
    """Everything of the claim lies in one folder, our temporary files are gone, and a cut changes nothing."""
    settled = taken(world)
    fetch(world)
    world.place.keep(CLAIM, RESULT)
    world.download(half_of(world.root, CLAIM, "talk.fr-FR.mp4"), b"half")

    where = world.place.put_away(CLAIM, settled, to, PAPERS)

    assert where == f"{shelf}/talk"
    for seed in range(5):
        world.cut(Random(seed))
        assert world.files() == below(where, PARTS | {RESULT: b"dubbed"}) | written(where)


@pytest.mark.parametrize("papers", [PAPERS, {}], ids=["with papers", "without papers"])
def test_asked_again_filing_answers_where_it_was(world: World, papers: dict[str, str]) -> None:
    """The answer is the same, also where others of that name were filed before and after."""
    for number in ("talk", "talk (3)"):
        world.write(f"done/{number}/talk.mp4", b"somebody's")
    settled = taken(world)

    first = world.place.put_away(CLAIM, settled, Destination.DONE, papers)
    before = world.files()
    world.reopen()

    assert first == "done/talk (2)"
    assert world.place.put_away(CLAIM, settled, Destination.DONE, papers) == first
    assert world.files() == before


def test_every_filing_of_a_name_gets_a_number_of_its_own(world: World) -> None:
    """Three drops of one name end in three folders, each with its own content."""
    wheres = []
    for number in range(3):
        world.write("talk.mp4", b"take %d" % number)
        settled = drop(world)
        claim_id = ClaimId(f"claim{number}")
        world.place.take_in(claim_id, settled)
        wheres.append(world.place.put_away(claim_id, settled, Destination.DONE, {"r.txt": f"{claim_id}"}))

    assert wheres == ["done/talk", "done/talk (2)", "done/talk (3)"]
    assert [world.files()[f"{where}/talk.mp4"] for where in wheres] == [b"take 0", b"take 1", b"take 2"]


def test_a_drop_is_answered_also_when_its_parts_are_gone(world: World) -> None:
    """Somebody who deletes what is being dubbed still gets the papers."""
    settled = taken(world)
    for name in PARTS:
        world.delete(f"processing/{CLAIM}/{name}")

    where = world.place.put_away(CLAIM, settled, Destination.FAILED, PAPERS)

    assert world.files() == written(where)


def test_sub_folders_are_mirrored(world: World) -> None:
    """A drop from a sub-folder is filed under that sub-folder's name, and goes back into it."""
    world.reopen(recursive=True)
    settled = arrive(world, "week 1/")
    world.place.take_in(CLAIM, settled)
    where = world.place.put_away(CLAIM, settled, Destination.DONE, PAPERS)

    assert where == "done/week 1/talk"
    for name in PARTS:
        world.move(f"{where}/{name}", f"week 1/{name}")
    again = drop(world)
    world.place.take_in(ClaimId("next"), again)

    assert world.place.put_away(ClaimId("next"), again, Destination.BACK, {}) == "week 1/talk.mp4"
    assert set(below("week 1")) <= set(world.files())


def test_results_stay_when_parts_go_back(world: World) -> None:
    """What was dubbed before parts were returned is in ``failed/`` with the papers; the parts are as before."""
    settled = taken(world)
    fetch(world)
    world.place.keep(CLAIM, RESULT)

    where = world.place.put_away(CLAIM, settled, Destination.BACK, PAPERS)
    again = world.place.put_away(CLAIM, settled, Destination.BACK, PAPERS)

    assert (where, again) == ("talk.mp4", "talk.mp4")
    assert world.files() == PARTS | {f"failed/talk/{RESULT}": b"dubbed"} | written("failed/talk")


ONE, TWO = f"one\n\n{SIGNATURE}\n", f"two\n\n{SIGNATURE}\n"


def test_the_status_is_written_only_where_it_differs(world: World) -> None:
    """One write for each new text, none for the same, and None takes it away."""
    world.place.post(ONE)
    world.fuse.arm(None)
    world.place.post(ONE)

    assert world.files() == {"STATUS.txt": ONE.encode()}
    assert world.fuse.steps == []
    world.place.post(TWO)
    assert world.files() == {"STATUS.txt": TWO.encode()}
    world.place.post(None)
    world.place.post(None)
    assert world.files() == {}


def test_every_status_we_write_is_known_again_as_ours(world: World) -> None:
    """Whatever it says: empty, short, long, with names that are no text."""
    name = "a\udcff.mp4"
    many = [(f"{number}.mp4", "waits") for number in range(100)]
    notes = [status_note([], []), status_note([(name, "waits")], []), status_note(many, many), status_note([], [])]
    for note in notes:
        world.place.post(note)

        assert world.files() == {"STATUS.txt": note.encode(errors="replace")}


@pytest.mark.parametrize("content", [b"", b"The meeting is on Monday.\n", SIGNATURE.encode()[:-1], b"\xff\x00" * 9])
def test_a_status_that_is_not_ours_is_refused_and_left_as_it_is(world: World, content: bytes) -> None:
    """Somebody has a file of that name: it is theirs, and they are told what to do; then ours is written."""
    world.write("STATUS.txt", content)
    world.fuse.arm(None)

    with pytest.raises(PlaceError, match="somebody else's") as refused:
        world.place.post(ONE)

    assert "Rename it" in refused.value.hint
    assert world.files() == {"STATUS.txt": content}
    assert world.fuse.steps == []
    world.move("STATUS.txt", "meeting.txt")
    world.place.post(ONE)
    assert world.files() == {"STATUS.txt": ONE.encode(), "meeting.txt": content}


def test_evidence_is_silent_about_a_whole_drop(world: World) -> None:
    """A drop that lies still, alone, gives no evidence; neither do the copies of other drops."""
    settled = arrive(world)
    world.write("talking.mp4.part", b"x")
    world.write("._talk.mp4", b"x")

    assert world.place.evidence(settled) == ()


@pytest.mark.parametrize(
    "name",
    ["talk.mp4.part", ".talk.mp4.x7Gh2K", "talk.mp4.aria2", "talk.fr-FR.srt.crdownload", "talk.mp4.0a1b2c3d.partial"],
)
def test_a_running_copy_beside_a_drop_is_evidence(world: World, name: str) -> None:
    """A temporary name that will become a part of this drop says "not yet", in words that name it."""
    settled = arrive(world)
    world.write(name, b"x")

    says = [evidence.says for evidence in world.place.evidence(settled)]

    assert len(says) == 1
    assert name in says[0]


def test_a_part_that_changed_or_went_is_evidence(world: World) -> None:
    """Every part is looked at afresh."""
    settled = arrive(world)
    world.write("talk.mp4", b"longer than it was")
    world.delete("talk.toml")

    assert [(found.name, found.says) for found in world.place.evidence(settled)] == [
        ("talk.mp4", "is still changing"),
        ("talk.toml", "is gone"),
    ]


NAMES = [
    "new\nline",
    "a" * 251,
    "\N{HIRAGANA LETTER A}" * 83,
    "not utf-8 \udcff\udcfe",
    "cafe\N{COMBINING ACUTE ACCENT}",
    "caf\N{LATIN SMALL LETTER E WITH ACUTE}",
    "dot. ",
    "\N{RIGHT-TO-LEFT OVERRIDE}gpj",
    "100%d {x} $HOME `ls`",
    "-rf",
]


@pytest.mark.parametrize("stem", NAMES, ids=ascii)
def test_every_name_goes_the_whole_way(world: World, stem: str) -> None:
    """Names that a file system allows are seen, taken, read, numbered, filed and given back exactly as they are."""
    name = f"{stem}.mp4"
    world.write(name, b"video")
    settled = drop(world)
    world.place.take_in(CLAIM, settled)
    world.write(name, b"newer")
    world.download(half_of(world.root, CLAIM, f"{stem}.es-ES.mp4"), b"dubbed")
    world.place.keep(CLAIM, f"{stem}.es-ES.mp4")

    world.place.put_away(CLAIM, settled, Destination.BACK, {f"{stem}.receipt.toml": CLAIM})

    assert sorted(world.files().values()) == sorted([b"video", b"newer", b"dubbed", CLAIM.encode()])
    assert world.files()[name] == b"newer"
    assert {b"video"} == {world.files()[each] for each, _ in world.place.scan().files} - {b"newer"}


def test_both_forms_of_a_name_are_two_files(world: World) -> None:
    """NFC and NFD twins are both kept, and both are filed."""
    for number, stem in enumerate(["e\N{COMBINING ACUTE ACCENT}", "\N{LATIN SMALL LETTER E WITH ACUTE}"]):
        world.write(f"{stem}.mp4", b"%d" % number)
    settled = drop(world)
    assert settled.clash() is not None

    world.place.take_in(CLAIM, settled)
    where = world.place.put_away(CLAIM, settled, Destination.FAILED, {})

    assert sorted(content for name, content in world.files().items() if name.startswith(where)) == [b"0", b"1"]


Verb = Callable[[World, Drop], object]
VERBS: dict[str, tuple[Verb, str]] = {
    "take in": (lambda world, settled: world.place.take_in(CLAIM, settled), f"processing/{CLAIM}"),
    "file": (lambda world, settled: world.place.put_away(CLAIM, settled, Destination.DONE, PAPERS), "done/talk (2)"),
    "give back": (lambda world, settled: world.place.put_away(CLAIM, settled, Destination.BACK, {}), ""),
}
FOREIGN = {"done/talk/talk.mp4": b"somebody's"}


def ready(world: World, verb: str) -> Drop:
    """Arrange a world in which a verb can be asked for."""
    for name, content in FOREIGN.items():
        world.write(name, content)
    return arrive(world) if verb == "take in" else taken(world)


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS)
def test_dying_at_any_step_loses_nothing_and_asking_again_finishes(new_world: Callable[[], World], verb: str) -> None:
    """Whatever step is the last, each part is in exactly one place, and the same verb then ends where it should."""
    ask, folder = VERBS[verb]
    for at in range(200):
        world = new_world()
        settled = ready(world, verb)
        world.fuse.arm(at)
        try:
            ask(world, settled)
        except PowerCut:
            world.fuse.arm(None)
            world.cut(Random(at))
            assert_nothing_lost(world)
            finish(world, ask, settled)
            assert_in_place(world, folder)
        else:
            assert at > 5, "a verb has steps"
            return
    pytest.fail("the verb never ended")


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS)
def test_dying_twice_loses_nothing(verb: str) -> None:
    """A second cut at any step of the second try changes nothing of that, whatever of the cache is lost."""
    ask, folder = VERBS[verb]
    for seed in range(400):
        world, rng = MemoryWorld(), Random(seed)
        settled = ready(world, verb)
        for _ in range(2):
            world.fuse.arm(rng.randrange(30))
            with contextlib.suppress(PowerCut, Unsettled):
                ask(world, settled)
            world.fuse.arm(None)
            world.cut(rng)
            assert_nothing_lost(world)
        finish(world, ask, settled)
        assert_in_place(world, folder)


def finish(world: World, ask: Verb, settled: Drop) -> None:
    """Ask again; a part that was given back by then settles anew first, as it would in the daemon."""
    try:
        ask(world, settled)
    except Unsettled:
        ask(world, drop(world, "talk"))


def assert_nothing_lost(world: World) -> None:
    """Every part and every foreign file is there once."""
    contents = list(world.files().values())
    for content in (*PARTS.values(), *FOREIGN.values()):
        assert contents.count(content) == 1, world.files()


def assert_in_place(world: World, folder: str) -> None:
    """Everything is where the verb puts it, and nothing of ours is left over."""
    parts = below(folder) if folder else PARTS
    papers = written(folder) if folder.startswith("done") else {}
    assert world.files() == FOREIGN | parts | papers


@pytest.mark.slow
def test_dying_while_a_result_is_kept_leaves_the_download_or_the_result(new_world: Callable[[], World]) -> None:
    """At each step the bytes are there under one of the two names, and asking again keeps them."""
    for at in range(20):
        world = new_world()
        taken(world)
        fetch(world)
        world.fuse.arm(at)
        with contextlib.suppress(PowerCut):
            world.place.keep(CLAIM, RESULT)
        world.fuse.arm(None)
        world.cut(Random(at))

        assert list(world.files().values()).count(b"dubbed") == 1
        world.place.keep(CLAIM, RESULT)
        assert world.files() == below(f"processing/{CLAIM}", PARTS | {RESULT: b"dubbed"})


def test_what_comes_later_and_belongs_to_a_drop_is_named(world: World) -> None:
    """Sidecars of a video, the video of sidecars, and nothing of what a person's word alone has made."""
    world.write("talk.mp4", b"moving pictures")
    video = drop(world)
    world.place.take_in(ClaimId("other"), video)
    world.write("talk.fr-FR.srt", b"1\n")
    assert world.place.joined(video) == ("talk.fr-FR.srt",)

    world.write("tour.fr-FR.srt", b"1\n")
    (sidecars,) = [found for found in group(world.place.scan().files) if found.key == "tour"]
    world.place.take_in(CLAIM, sidecars)
    assert world.place.joined(sidecars) == ()
    world.write("tour.mp4", b"moving pictures")
    assert world.place.joined(sidecars) == ("tour.mp4",)
    assert world.place.joined(Drop(key="tour", parts=(), title="tour")) == ()
