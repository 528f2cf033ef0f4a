"""What somebody may put into a shared folder to harm others: nothing outside is read, and nobody else has to wait."""

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from machine import Machine, files, talk

Opener = Callable[..., Machine]
TWO: Final[dict[str, dict[str, object]]] = {"drop": {"recursive": True}, "other": {}}
WORD: Final = b"a-word-that-nobody-outside-may-read"
SRT: Final = b"1\n00:00:01,000 --> 00:00:02,000\n" + WORD + b"\n"


def told(machine: Machine) -> bool:
    """Say whether the word has come to anywhere: the log, the ledger, a paper, or another file in the watch folder."""
    texts = [machine.log.read_bytes(), machine.ledger.read_bytes()]
    ours = [path for path in (machine.home / "drop").rglob("*") if path.is_file() and not path.is_symlink()]
    texts += [path.read_bytes() for path in ours if path.stat().st_nlink == 1]
    return any(WORD in text for text in texts)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Give a folder outside of all watch folders with files that make a whole drop."""
    folder = tmp_path / "secret"
    folder.mkdir()
    (folder / "talk.mp4").write_bytes(talk(7) + WORD)
    (folder / "talk.toml").write_bytes(b'languages = ["fr-FR"]\n# ' + WORD)
    (folder / "talk.es-ES.srt").write_bytes(SRT)
    (folder / "talk.background.wav").write_bytes(WORD * 10)
    return folder


@pytest.mark.parametrize("name", ["talk.mp4", "talk.toml", "talk.es-ES.srt", "talk.background.wav"])
def test_a_link_to_a_file_outside_is_never_read(open_machine: Opener, secret: Path, name: str) -> None:
    """As whatever part of a drop it lies there: it is named in the status, and stays where it is."""
    machine = open_machine(folders=TWO).start()
    drop = machine.home / "drop"
    (drop / name).symlink_to(secret / name)
    machine.until(lambda: "is a link" in machine.waiting().get(name, ""), "the link to be named")
    machine.drop("good.mp4", talk(1), folder="other")

    assert machine.answer("good", folder="other").parent.name == "done"
    assert (drop / name).is_symlink()
    assert not told(machine)
    assert len(machine.bills()) == 1


def test_a_link_to_a_folder_outside_is_never_entered(open_machine: Opener, secret: Path) -> None:
    """Also with ``recursive``; what lies there is neither taken nor touched."""
    machine = open_machine(folders=TWO).start()
    before = files(secret)
    (machine.home / "drop" / "season.mp4").symlink_to(secret)
    (machine.home / "drop" / "season").symlink_to(secret)
    machine.drop("inside/good.mp4", talk(1))
    machine.until((machine.home / "drop" / "done" / "inside" / "good").is_dir, "the other drop to be answered")

    assert "is a link" in machine.waiting()["season.mp4"]
    assert files(secret) == before
    assert len(machine.bills()) == 1
    assert not told(machine)


def test_a_second_name_of_a_file_outside_is_never_read(open_machine: Opener, secret: Path) -> None:
    """A hard link is no link by its kind, but whoever made it need not have had the right to read the file."""
    machine = open_machine(folders=TWO).start()
    if os.getuid() == 0:
        for path in secret.iterdir():
            os.chown(path, 60_003, 60_003)
            path.chmod(0o600)
    for path in secret.iterdir():
        os.link(path, machine.home / "drop" / path.name)
    why = machine.until(lambda: machine.waiting().get("talk.mp4", ""), "it to be named")
    machine.until(lambda: "name" in machine.waiting().get("talk.mp4", ""), f"the reason to be the second name: {why}")
    machine.drop("good.mp4", talk(1), folder="other")

    assert machine.answer("good", folder="other").parent.name == "done"
    assert {path.name for path in secret.iterdir()} <= {path.name for path in (machine.home / "drop").iterdir()}
    assert len(machine.bills()) == 1
    assert not told(machine)


@pytest.mark.parametrize("kind", ["socket", "device"])
def test_a_special_file_is_never_opened(shared: Machine, kind: str) -> None:
    """A socket or a device under a video's name; a device without an end would else be read for ever."""
    path, good = shared.home / "drop" / f"{kind}.mp4", talk(len(kind) + 80_000)
    if kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(os.path.relpath(path))
    elif os.getuid() != 0:
        pytest.skip("only root can make a device")
    else:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    shared.drop(f"{kind}.mp4", good, folder="other")

    assert shared.answer(kind, folder="other").parent.name == "done"
    why = shared.until(lambda: shared.waiting().get(f"{kind}.mp4", ""), "a reason")
    assert "is a link or a special file" in why
    path.unlink()


@pytest.mark.parametrize(
    "stem",
    [
        *("a\x1b[31mred\x07", "tab\there", "\u2066iso\u2069late", "-rf", "dot.", "dots...", "space ", "nul\x01", "con"),
        *("$(reboot)", "`id`", "a;b|c&d", "%s%n{0}", "*", "~", "\u200bzero width", "\U0001f600" * 60),
    ],
    ids=ascii,
)
def test_a_name_that_would_mean_something_elsewhere_is_only_a_name(shared: Machine, stem: str) -> None:
    """To a shell, a terminal, a formatter or Windows; it is dubbed, and no note passes on what moves a cursor."""
    video = talk(sum(stem.encode()) + 90_000)
    shared.drop(f"{stem}.mp4", video)
    done = shared.answer(stem)

    assert done.parent.name == "done"
    assert (done / f"{stem}.mp4").read_bytes() == video
    noted = shared.log.read_text() + (shared.home / "drop" / "STATUS.txt").read_text()
    noted += (done / next(name for name in files(done) if name.endswith(".receipt.toml"))).read_text()
    assert not [letter for letter in "\x1b\x07\x01\u2066\u2069" if letter in noted]


@pytest.mark.parametrize("name", ["..mp4", "...mp4", ".mp4", "mp4", ".hidden.mp4"])
def test_a_name_without_a_stem_is_left_alone(shared: Machine, name: str) -> None:
    """It is a hidden file, or no video by its name; it stays, and the next drop is answered."""
    path, after = shared.drop(name, talk(3)), f"after {name.replace('.', '_')}"
    shared.drop(f"{after}.mp4", talk(sum(after.encode()) + 95_000))

    assert shared.answer(after).parent.name == "done"
    assert path.exists()
    path.unlink()


@pytest.mark.parametrize(
    ("case", "one", "other"),
    [("case", "Twin.mp4", "twin.mp4"), ("form", "e\u0301t\u00e9.mp4", "\u00e9te\u0301.mp4")],
)
def test_two_videos_of_one_name_are_both_answered(machine: Machine, case: str, one: str, other: str) -> None:
    """Names that only a Mac or Windows takes for the same: nobody can say which is meant, so a person is asked."""
    machine.drop(one, talk(1))
    machine.drop(other, talk(2))
    failed = machine.until(lambda: list((machine.home / "drop" / "failed").glob("*")), f"an answer to {case}")[0]

    machine.until((failed / "WHY.txt").is_file, "the reason")
    assert set(files(failed)) >= {one, other}
    assert machine.bills() == []


BOMBS: Final = {
    "arrays": b"a = " + b"[" * 30_000 + b"]" * 30_000,
    "tables": b"a = " + b"{a=" * 13_000 + b"1" + b"}" * 13_000,
    "integer": b"speakers_count = " + b"9" * 65_000,
    "keys": b"".join(b"k%d=1\n" % number for number in range(6_500)),
    "dots": b".".join([b"a"] * 32_000) + b"=1",
    "array of tables": b"[[languages]]\n" * 4_600,
}


@pytest.mark.parametrize("case", BOMBS)
def test_settings_that_would_blow_up_are_answered(shared: Machine, case: str) -> None:
    """Nesting, digits and keys without end: refused in words, in a moment."""
    assert len(BOMBS[case]) <= 64 << 10
    shared.drop(f"bomb {case}.toml", BOMBS[case])
    shared.drop(f"bomb {case}.mp4", talk(len(BOMBS[case])))
    failed = shared.answer(f"bomb {case}")

    assert failed.parent.name == "failed"
    assert "Traceback" not in (failed / "WHY.txt").read_text()
    assert len((failed / "WHY.txt").read_text()) < 5_000


@pytest.mark.parametrize("suffix", [".toml", ".es-ES.srt"])
@pytest.mark.parametrize("kind", ["sparse", "one line", "cues"])
def test_a_sidecar_as_large_as_a_video_is_answered_unread(open_machine: Opener, kind: str, suffix: str) -> None:
    """It goes to ``failed/`` with a reason, and the daemon does not grow by it."""
    machine, content = open_machine().start(), talk()
    assert machine.process is not None
    path = machine.home / "drop" / f"talk{suffix}"
    with path.open("wb") as file:
        if kind == "sparse":
            os.truncate(path, 1 << 30)
        elif kind == "one line":
            file.write(b"x" * (10 << 20))
        else:
            file.writelines(b"%d\n00:00:01,000 --> 00:00:02,000\nx\n\n" % number for number in range(1_000_000))
    before = peak(machine)
    machine.drop("talk.mp4", content)
    failed = machine.answer("talk")

    assert failed.parent.name == "failed"
    assert f"talk{suffix}: expected at most" in (failed / "WHY.txt").read_text()
    assert machine.bills() == []
    assert peak(machine) - before < 40 << 20


def peak(machine: Machine) -> int:
    """Give the most memory that the daemon ever had, in bytes."""
    assert machine.process is not None
    status = Path(f"/proc/{machine.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) << 10


@pytest.mark.parametrize("folder", ["processing", "done", "failed"])
def test_a_link_in_place_of_our_folder_is_not_followed(open_machine: Opener, tmp_path: Path, folder: str) -> None:
    """Nothing goes there; the drop waits where it is, is not sent twice, and is filed when the link is gone."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    machine = open_machine().start()
    link = machine.home / "drop" / folder
    if link.is_dir():
        link.rename(tmp_path / "own")
    link.symlink_to(elsewhere)
    if folder == "failed":
        machine.drop("talk.toml", b"nonsense = 1\n")
    machine.drop("talk.mp4", talk())
    machine.until(lambda: "real folder" in machine.tail() or "link" in machine.tail(), "the link to be told of")

    assert list(elsewhere.iterdir()) == []
    link.unlink()
    if (tmp_path / "own").exists():
        (tmp_path / "own").rename(link)
    assert machine.answer("talk").parent.name == ("failed" if folder == "failed" else "done")
    assert list(elsewhere.iterdir()) == []
    assert len(machine.bills()) == (folder != "failed")


def test_a_video_waits_for_settings_that_are_only_a_link(machine: Machine, secret: Path) -> None:
    """Without them something else would be bought than was meant; with the file in its place it goes on."""
    link = machine.home / "drop" / "talk.toml"
    link.symlink_to(secret / "talk.toml")
    machine.drop("talk.mp4", talk())
    machine.until(lambda: "talk.toml beside it is a link" in machine.waiting().get("talk.mp4", ""), "the reason")
    assert machine.bills() == []
    link.unlink()
    machine.drop("talk.toml", b'languages = ["fr-FR"]\n')

    assert machine.answer("talk").parent.name == "done"
    assert [bill.locales for bill in machine.bills()] == [("fr-FR",)]
