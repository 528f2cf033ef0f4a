"""What people drop that cannot be dubbed as it is: each is answered in words, and the other folder never notices."""

import os
import unicodedata
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import av
import pytest
from machine import Machine, files, talk

from panjaya_watchd.rehearsal.results import TALK

Opener = Callable[..., Machine]
TWO: Final[dict[str, dict[str, object]]] = {"drop": {}, "other": {}}

SIDECARS = {
    "unknown key": (b'langauges = ["es-ES"]\n', "langauges"),
    "two unknown keys": (b"speed = 2\nvoice = 1\n", "speed"),
    "wrong type": (b'speakers_count = "two"\n', "speakers_count"),
    "list for a word": (b'locale = ["en-US"]\n', "locale"),
    "no TOML": (b"please dub into Spanish\n", "expected a setting"),
    "binary": (bytes(range(256)) * 4, "UTF-8"),
    "UTF-16": ('locale = "en-US"\n'.encode("utf-16"), "UTF-16"),
    "Latin-1": ('# caf\xe9\nlocale = "en-US"\n'.encode("latin-1"), "0xe9"),
    "far too large": (b"# " + b"x" * 100_000, "64 KiB"),
    "unknown locale": (b'languages = ["xx-XX"]\n', "xx-XX"),
    "nearly a locale": (b'languages = ["es_ES"]\n', "es-ES"),
    "source as target": (b'languages = ["en-US"]\n', "in English"),
    "only a source": (b'languages = ["he-IL"]\n', "Hebrew"),
    "no languages": (b"languages = []\n", "into which language"),
    "times the wrong way": (b"start_time = 9\nend_time = 3\n", "nothing between"),
    "a video on the web": (b'media_url = "https://example.com/a.mp4"\n', "on the web"),
}


@pytest.mark.parametrize("case", SIDECARS)
def test_a_sidecar_that_cannot_be_meant_is_answered(shared: Machine, case: str) -> None:
    """WHY.txt says what is wrong, both files are back as they were, nothing is sent, the other folder goes on."""
    content, words = SIDECARS[case]
    number = len(case) + 1000 * list(SIDECARS).index(case)
    bad, good = talk(number), talk(number + 1)
    shared.drop(f"{case}.toml", content)
    shared.drop(f"{case}.mp4", bad)
    shared.drop(f"{case}.mp4", good, folder="other")
    failed, done = shared.answer(case), shared.answer(case, folder="other")

    why = (failed / "WHY.txt").read_text()
    assert failed.parent.name == "failed"
    assert words in why.split("\nDetails")[0]
    assert "Traceback" not in why
    assert (failed / f"{case}.mp4").read_bytes() == bad
    assert (failed / f"{case}.toml").read_bytes() == content
    assert shared.bills(bad) == []
    assert (done.parent.name, len(shared.bills(good))) == ("done", 1)


@pytest.mark.parametrize(
    ("case", "stem"),
    [
        ("a line break", b"two\nlines"),
        ("255 bytes", b"n" * 251),
        ("not UTF-8", b"caf\xe9"),
        ("a decomposed accent", unicodedata.normalize("NFD", "caf\xe9 olé").encode()),
        ("quotes and a backslash", b'a"b\\c%0d'),
        ("it begins with a dash", b"--config"),
        ("an end that Windows hates", b"talk. "),
        ("right to left", "talk\u202e4pm.".encode()),
    ],
)
def test_a_name_is_kept_byte_for_byte(shared: Machine, case: str, stem: bytes) -> None:
    """A strange name is no reason to refuse a video: it is dubbed and filed under exactly that name."""
    name, video = os.fsdecode(stem), talk(zlib.crc32(stem))
    shared.drop(f"{name}.mp4", video)
    done = shared.answer(name)

    assert done.parent.name == "done"
    assert (done / f"{name}.mp4").read_bytes() == video
    assert any(entry.endswith(".es-ES.mp4") for entry in files(done))
    assert any(entry.endswith(".receipt.toml") for entry in files(done))
    assert len(shared.bills(video)) == 1
    assert not shared.noted("Traceback")


def test_a_sidecar_belongs_to_its_video_in_either_normal_form(machine: Machine) -> None:
    """A Mac writes the accent decomposed, Windows composed; the settings of the one count for the other."""
    composed, video = "caf\xe9", talk()
    decomposed = unicodedata.normalize("NFD", composed)
    machine.drop(f"{composed}.toml", b'languages = ["fr-FR"]\n')
    machine.drop(f"{decomposed}.mp4", video)
    done = machine.answer(decomposed)

    assert set(files(done)) >= {f"{composed}.toml", f"{decomposed}.mp4"}
    assert [bill.locales for bill in machine.bills()] == [("fr-FR",)]


@pytest.mark.parametrize("kind", ["empty", "link", "FIFO", "dangling link", "folder"])
def test_what_is_no_video_yet_waits_with_a_reason(shared: Machine, tmp_path: Path, kind: str) -> None:
    """It is never sent and never moved; STATUS.txt and ``status --json`` say why, and the other folder goes on."""
    outside, good = tmp_path / "secret.mp4", talk(len(kind) + 60_000)
    outside.write_bytes(talk(len(kind) + 70_000))
    path = shared.home / "drop" / f"{kind}.mp4"
    if kind == "empty":
        path.touch()
    elif kind == "FIFO":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(outside if kind == "link" else tmp_path / "nowhere.mp4")
    shared.drop(f"{kind}.mp4", good, folder="other")
    done = shared.answer(kind, folder="other")

    assert done.parent.name == "done"
    if kind != "folder":
        why = shared.until(lambda: shared.waiting().get(f"{kind}.mp4", ""), "a reason")
        assert ("is empty so far" if kind == "empty" else "is a link or a special file") in why
        shared.until(lambda: shared.noted(why), "the reason in STATUS.txt")
        said = shared.say("status", "--json")
        assert (said.returncode, why in said.stdout) == (0, True)
    assert os.path.lexists(path)
    assert shared.bills(outside.read_bytes()) == []
    path.rmdir() if kind == "folder" else path.unlink()


def test_an_empty_video_is_dubbed_once_it_is_filled(machine: Machine) -> None:
    """Nothing is given up: what was empty for a while is a video like any other when its bytes arrive."""
    path = machine.drop("late.mp4", b"")
    machine.until(lambda: "empty" in machine.waiting().get("late.mp4", ""), "the empty file to be seen")
    path.write_bytes(talk())

    assert machine.answer("late").parent.name == "done"
    assert len(machine.bills(talk())) == 1


def test_a_folder_that_may_not_be_written_stops_nobody_else(open_machine: Opener) -> None:
    """Without the right to move files a drop stays where it is, a person is told, and the other folder goes on."""
    lost = "-dac_override,-dac_read_search"  # in both sets: containers hand powers on by the inheritable one as well
    powers = ["setpriv", f"--bounding-set={lost}", f"--inh-caps={lost}"] if os.getuid() == 0 else []
    machine, locked, good = open_machine(folders=TWO, wrap=powers), talk(1), talk(2)
    path = machine.drop("locked.mp4", locked)
    path.parent.chmod(0o555)
    machine.start()
    machine.drop("good.mp4", good, folder="other")

    assert machine.answer("good", folder="other").parent.name == "done"
    machine.until(lambda: "ermission" in machine.tail(), "the log to tell of the permission")
    assert (path.read_bytes(), machine.bills(locked)) == (locked, [])
    said = machine.say("status", "--json")
    assert "ermission" in said.stdout


def test_a_full_disk_delays_a_result_and_loses_nothing(open_machine: Opener) -> None:
    """Where the result does not fit, the claim waits; with room again it ends in done/, on the same bill."""
    if os.getuid() != 0:
        pytest.skip("only root can mount a small disk")
    video, small = talk(), 3 << 20
    machine = open_machine(folders=TWO)
    script = f'mount -t tmpfs -o size={small} none "{machine.home}/drop" && exec "$@"'
    machine.wrap = ["unshare", "--mount", "sh", "-c", script, "sh"]
    machine.slow(2)
    machine.start()
    assert machine.process is not None
    drop = Path(f"/proc/{machine.process.pid}/root{machine.home}/drop")
    (drop / "talk.mp4").write_bytes(video)
    machine.until(lambda: machine.under_way("releasing", "talk"), "the video to be sent")
    room = os.statvfs(drop)
    (drop / "ballast.bin").write_bytes(bytes((room.f_bavail - 4) * room.f_frsize))
    machine.drop("good.mp4", talk(1), folder="other")

    machine.until(lambda: [line for line in machine.story("fault.met") if "space" in line["words"]], "a full disk")
    assert machine.answer("good", folder="other").parent.name == "done"
    assert machine.under_way("dubbing", "talk") is not None
    (drop / "ballast.bin").unlink()
    done = drop / "done" / "talk"
    machine.until(done.is_dir, "the answer once there is room")
    assert set(files(done)) == {"talk.mp4", "talk.es-ES.mp4", "talk.receipt.toml"}
    assert (done / "talk.mp4").read_bytes() == video
    assert len(machine.bills(video)) == 1


def test_a_video_without_sound_is_answered_before_anything_is_sent(open_machine: Opener, tmp_path: Path) -> None:
    """Measured by the real probe; the service hears nothing of it."""
    machine, silent = open_machine().start(), tmp_path / "silent.mp4"
    with av.open(str(TALK)) as talking, av.open(str(silent), "w") as made:
        pictures = talking.streams.video[0]
        copied = made.add_stream_from_template(pictures)
        for packet in talking.demux(pictures):
            if packet.dts is not None:
                packet.stream = copied
                made.mux(packet)
    machine.drop("silent.mp4", silent.read_bytes())
    answer = machine.answer("silent")

    assert answer.parent.name == "failed"
    assert (answer / "WHY.txt").read_text().startswith("This video has no sound.")
    assert machine.uploads() == 0
