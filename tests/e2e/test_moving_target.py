"""Files that move while they are looked at or sent: only a whole, settled video is ever billed, and nothing is lost."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from machine import BIG, Machine, files, talk


@dataclass(frozen=True, slots=True, kw_only=True)
class Meddling:
    """
    What somebody does to a file; ``ends`` is what the API must have been billed for then, None for nothing.

    ``cut``: what is left is no whole video, and waits for its rest.
    """

    does: Callable[[Path, bytes], object]
    ends: Callable[[bytes], bytes] | None
    cut: bool = False


def _truncate(path: Path, video: bytes) -> None:
    os.truncate(path, len(video) - 1000)


def _append(path: Path, video: bytes) -> None:
    with path.open("ab") as file:
        file.write(b"more" * 100)


def _another(video: bytes) -> bytes:
    """Give a video of the same length."""
    return video[:-1] + bytes([video[-1] ^ 1])


def _replace(path: Path, video: bytes) -> None:
    fresh = path.with_name("copying.tmp")
    fresh.write_bytes(_another(video))
    fresh.replace(path)


def _overwrite(path: Path, video: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(len(video) // 2)
        file.write(b"changed")


def _overwritten(video: bytes) -> bytes:
    half = len(video) // 2
    return video[:half] + b"changed" + video[half + 7 :]


MEDDLING = {
    "truncated": Meddling(does=_truncate, ends=None, cut=True),
    "appended": Meddling(does=_append, ends=lambda video: video + b"more" * 100),
    "replaced": Meddling(does=_replace, ends=_another),
    "overwritten": Meddling(does=_overwrite, ends=_overwritten),
    "deleted": Meddling(does=lambda path, _: path.unlink(), ends=None),
    "renamed": Meddling(
        does=lambda path, _: path.rename(path.with_stem(f"{path.stem} moved")), ends=lambda video: video
    ),
}


@pytest.mark.parametrize("case", MEDDLING)
def test_what_moves_while_it_settles_is_sent_as_it_is_in_the_end(shared: Machine, case: str) -> None:
    """The quiet period begins again; what is billed is the last content, once, or nothing where there is none."""
    meddling, number = MEDDLING[case], list(MEDDLING).index(case)
    video, good, stem = talk(number), talk(100 + number), f"settling {case}"
    path = shared.drop(f"{stem}.mp4", video)
    shared.until(lambda: path.name in shared.waiting(), "the video to be seen")
    meddling.does(path, video)
    shared.drop(f"{stem}.mp4", good, folder="other")
    shared.answer(stem, folder="other")

    assert len(shared.bills(good)) == 1
    if meddling.cut:
        _complete(shared, path, video)
        return
    if meddling.ends is None:
        shared.until(lambda: shared.waiting() == {}, "the folder to be seen empty")
        assert shared.bills(video) == []
        return
    final = meddling.ends(video)
    done = shared.answer(f"{stem} moved" if case == "renamed" else stem)
    assert done.parent.name == "done"
    assert final in files(done).values()
    assert len(shared.bills(final)) == 1
    assert final == video or shared.bills(video) == []


def _complete(shared: Machine, path: Path, video: bytes) -> None:
    """Let a video that was cut short wait visibly; copied once more, it is taken as if nothing had been."""
    shared.until(lambda: "looks unfinished" in shared.waiting().get(path.name, ""), "the cut to be noticed")
    assert shared.bills(video[:-1000]) == []
    path.write_bytes(video)
    done = shared.answer(path.stem)
    assert done.parent.name == "done"
    assert len(shared.bills(video)) == 1


@pytest.mark.parametrize("case", MEDDLING)
def test_what_moves_while_it_is_sent_is_not_bought(shared: Machine, case: str) -> None:
    """The upload is taken back before its last chunk; what is there in the end is billed once, or answered."""
    meddling, number = MEDDLING[case], list(MEDDLING).index(case)
    video, good, stem = talk(200 + number, size=BIG), talk(300 + number), f"sent {case}"
    shared.slow(2)
    shared.drop(f"{stem}.mp4", video)
    shared.until(lambda: shared.sending(stem), "the upload to be on its way")
    (path,) = (shared.home / "drop" / "processing").glob(f"*/{stem}.mp4")
    meddling.does(path, video)
    shared.drop(f"{stem}.mp4", good, folder="other")
    shared.answer(stem, folder="other")
    if meddling.cut:
        _complete(shared, shared.home / "drop" / f"{stem}.mp4", video)
        return
    answer = shared.answer(stem)

    assert shared.bills(video) == []
    if case in {"deleted", "renamed"}:
        assert answer.parent.name == "failed"
        assert "disappeared" in (answer / "WHY.txt").read_text().splitlines()[0]
    else:
        assert meddling.ends is not None
        assert answer.parent.name == "done"
        assert len(shared.bills(meddling.ends(video))) == 1
    if meddling.ends is not None:
        assert meddling.ends(video) in files(shared.home / "drop").values()
