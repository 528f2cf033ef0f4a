"""
The world outside: people and programs that drop videos, each in a way of its own, and whoever runs the machine.

A dropper is a generator that does one thing and yields the seconds until the next. It writes in chunks or in rounds,
allocates first, pauses with the file open or closed, dies, renames, replaces, overwrites, appends, deletes. What it has
written, and when that was all of it, is what the daemon is held against.

What is not played, because no sign tells of it where there are no leases: a copy *in place*, over a whole video of
equal size, that is left half done or pauses for longer than the quiet period; less than 16 bytes that were appended to
a whole video; an end of less than a page of 4 KiB that was allocated and not written.
"""

import hashlib
import heapq
import itertools
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

from clips import CLIPS, PAGE, padding
from shared_disk import OTHERS, SHARE, SharedDisk
from world import PowerCut

Script = Generator[float, None, None]
"""Does one thing, and gives the seconds until the next."""

Deed = Generator[float, None, "Copy"]
"""The same, and gives in the end the file that it has left."""

SHORTEST: Final = 16
"""Bytes of a first chunk, and of what is appended first."""

DANGER: Final = (
    *("move ", "make ", "sync ", "hand TakeIn", "hand Upload", "hand Hash", "request begins", "list"),
    *("before put", "after put", "body is out"),
)
"""Points at which others are likely to do what they would have done a little later."""

SIDECARS: Final = {
    ".toml": b'languages = ["es-ES"]\n',
    ".es-ES.srt": b"1\n00:00:01,000 --> 00:00:02,000\nHola.\n",
}


class _Died(Exception):  # noqa: N818
    """A dropper writes no more."""


@dataclass(slots=True, eq=False)
class Copy:
    """
    One file of a dropper: what is in it, and what shall be in it; ``versions`` were whole in it at some time.

    ``slow``: it once paused for so long that it may have been given up.
    """

    name: str
    ino: int
    target: bytes
    content: bytes = b""
    held: bool = False
    settled: bool = True
    """Nothing of what its size promises is unwritten."""
    slow: bool = False
    dead: bool = False
    gone: bool = False
    """Deleted or replaced by its owner."""
    versions: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Say whether everything is in it."""
        return self.settled and self.content == self.target

    @property
    def digest(self) -> str:
        """Give the digest of what is in it."""
        return digest(self.content)


def digest(content: bytes) -> str:
    """Give a digest."""
    return hashlib.sha256(content).hexdigest()


@dataclass(slots=True, order=True)
class _Turn:
    """When somebody acts next; ``number`` is that of a dropper, -1 for whoever runs the machine."""

    at: float
    count: int
    script: Script = field(compare=False)
    number: int = field(compare=False, default=-1)


@dataclass(slots=True)
class Outside:
    """
    Everybody outside, on a disk.

    ``quiet`` is the shortest quiet period there, ``grace`` how long an unfinished drop may grow, both in seconds;
    ``leases``: who has a file open is seen.
    """

    seed: int
    disk: SharedDisk
    quiet: float
    grace: float
    leases: bool
    rng: Random = field(init=False)
    copies: list[Copy] = field(default_factory=list)
    sidecars: list[bytes] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    asleep: float = 0.0
    """Seconds that the machine is to be suspended for, asked for by whoever runs it."""
    begun: bool = False
    """The daemon knows its folder; before that nobody acts, for what lies there at its first start is held."""
    _now: float = 0.0
    _clips: Iterator[int] = field(init=False)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _writers: list[_Turn] = field(default_factory=list)
    _house: list[_Turn] = field(default_factory=list)
    _latest: dict[int, Copy] = field(default_factory=dict)
    """What each dropper is at."""
    _busy: bool = False
    _who: int = -1

    def __post_init__(self) -> None:
        self.rng = Random(self.seed)
        self._clips = itertools.count(self.seed * 1000)
        self.disk.furnish({tree: self._clip("faststart.mp4", 3) for tree in OTHERS[:2]})
        for number in range(self.rng.randrange(2, 6)):
            first = _Turn(self.rng.uniform(1, 2 * self.quiet), next(self._numbers), self._dropper(number), number)
            heapq.heappush(self._writers, first)
        self._house.append(_Turn(self.rng.uniform(1, 3 * self.quiet), next(self._numbers), self._keeper()))

    # When they act

    def next_at(self) -> float | None:
        """Give when the next of them acts, in seconds of the world's time; None: nobody will."""
        return min((queue[0].at for queue in (self._writers, self._house) if queue), default=None)

    def at(self, now: float, point: str) -> None:
        """Let all act whose time has come, and perhaps one before it. Raises `PowerCut`."""
        self._now = now = now + 1e-6  # sums of seconds are not exact
        own_step = " /" in point
        """A step of the disk that has looked already which root it has."""
        while self._writers and self._writers[0].at <= now:
            self._act(self._writers)
        while not own_step and self._house and self._house[0].at <= now:
            self._act(self._house)
        if point.startswith(DANGER) and self.rng.random() < 0.5:
            self._early(house=not own_step)

    def glance(self) -> None:
        """Perhaps one of the writers acts just before the daemon opens or reads something."""
        if self.begun and not self._busy and self.rng.random() < 0.03:
            self._early(house=False)

    def step(self) -> None:
        """Perhaps something happens to the root between two steps of the daemon."""
        if self._house and self.begun and not self._busy and self.rng.random() < 0.003:
            self._act(self._house)

    def _early(self, *, house: bool) -> None:
        """Have somebody act before his time, whose file the daemon may have in its hands; pauses in others stay."""
        if house and self._house and self.rng.random() < 0.15:
            self._act(self._house)
            return
        turns = [turn for turn in self._writers if self._is_at_stake(turn.number)]
        if turns:
            self._act(self._writers, self.rng.choice(turns))

    def _is_at_stake(self, number: int) -> bool:
        """Say whether a dropper's file may be in the daemon's hands: it was whole, and is not answered yet."""
        copy = self._latest.get(number)
        path = None if copy is None or not copy.whole else self.disk.where(copy.ino)
        return path is not None and path[len(self.disk.home) + 1 :].partition("/")[0] not in {"done", "failed"}

    def _act(self, queue: list[_Turn], turn: _Turn | None = None) -> None:
        turn = turn or queue[0]
        queue.remove(turn)
        heapq.heapify(queue)
        self._busy = True
        try:
            self._who = turn.number
            seconds = next(turn.script, None)
        finally:
            self._busy = False
        if seconds is not None:
            heapq.heappush(queue, _Turn(self._now + seconds, next(self._numbers), turn.script, turn.number))
        if self.disk.restarting:
            self.disk.restarting = False
            raise PowerCut("restart")

    # Whoever runs the machine

    def _keeper(self) -> Script:
        """Mount, unmount, restart, suspend."""
        for _ in range(self.rng.randrange(5)):
            self.counts["events"] += 1
            match self.rng.randrange(6):
                case 0 | 1:
                    self.counts["unmounted"] += 1
                    self.disk.mount(self.rng.choice(OTHERS))
                    yield self.rng.uniform(0.1, 2) * self.quiet
                    if self.rng.random() < 0.4:
                        self._restart()
                        yield self.rng.uniform(0.1, 2) * self.quiet
                    self.disk.mount(SHARE, renumbered=self.rng.random() < 0.5)
                case 2:
                    self.counts["read-only"] += 1
                    self.disk.seal()
                    yield self.rng.uniform(0.1, 4) * self.quiet
                    self.disk.unseal()
                case 3 | 4:
                    self._restart()
                case _:
                    self.counts["suspended"] += 1
                    self.asleep += self.rng.uniform(0.3, 6) * self.quiet
            yield self.rng.uniform(0.1, 4) * self.quiet

    def _restart(self) -> None:
        self.counts["restarted"] += 1
        self.disk.gentle = self.rng.random() < 0.5
        self.disk.restarting = True

    # Those who drop

    def _clip(self, kind: str, pages: int) -> bytes:
        return CLIPS[kind](next(self._clips), pages)

    def _dropper(self, number: int) -> Script:
        """One of them, with a video or two."""
        for film in range(self.rng.choice((1, 1, 1, 2))):
            kind = self.rng.choice(tuple(CLIPS))
            name = f"film-{number}-{film}.{kind.rpartition('.')[2]}"
            try:
                if self.rng.random() < 0.15:
                    self._sidecar(name)
                    yield self._short()
                copy = yield from self._drop(name, kind)
                while self.rng.random() < 0.6:
                    # The longest is cut short where the daemon has just begun to act upon the file.
                    yield self.rng.choice((self._short(), self._long(), 10 * self.quiet))
                    copy = yield from self._afterwards(copy, kind)
            except _Died:
                self.counts["died"] += 1
            yield self._short()

    def _drop(self, name: str, kind: str) -> Deed:
        target = self._clip(kind, self.rng.randrange(2, 5))
        way = self.rng.choice(("open", "open", "rounds", "allocate", "zeros", "part"))
        written_as = f"{name}.part" if way == "part" else name
        copy = self._create(written_as, target)
        copy = yield from self._fill(copy, way, 0)
        if way == "part":
            yield self._short()
            self._rename(copy, name)
        return copy

    def _create(self, name: str, target: bytes) -> Copy:
        copy = Copy(name=name, ino=self.disk.put(f"{self.disk.home}/{name}", b""), target=target)
        self.copies.append(copy)
        self._latest[self._who] = copy
        return copy

    def _afterwards(self, copy: Copy, kind: str) -> Deed:
        """Do something to a video that was dropped."""
        opening = (self._append, self._overwrite, self._again)
        deeds = (*opening, *opening, self._replace, self._rename_it, self._delete)
        yield from self._sidecar_perhaps(copy)
        return (yield from self.rng.choice(deeds)(copy, kind))

    def _append(self, copy: Copy, kind: str) -> Deed:
        """Open it and note something at its end."""
        if not self._lies(copy):
            return copy
        begin = len(copy.target)
        self._hold(copy, True)
        yield self.rng.choice((0.0, self._any(), 6 * self.quiet))
        self._intend(copy, copy.target + padding(copy.name, self.rng.randrange(100, 400)))
        copy = yield from self._fill(copy, "open", begin)
        return copy

    def _overwrite(self, copy: Copy, kind: str) -> Deed:
        """Write another video of equal size over it, in place."""
        if not self._lies(copy):
            return copy
        self._hold(copy, True)
        yield self.rng.choice((0.0, self._any(), 6 * self.quiet))
        old, new = copy.content, self._clip(kind, len(copy.target) // PAGE)
        if len(new) == len(old):
            self._intend(copy, new)
            self.counts["overwritten"] += 1
            for cut in (*self._cuts(0, len(old)), len(old)):
                self._pour(copy, copy.target[:cut] + old[cut:])
                if cut < len(old):
                    yield self._any() if self.leases else self._short()
            if self.rng.random() < 0.3:
                self.disk.stamp(copy.ino)
        yield self._short()
        self._hold(copy, False)
        return copy

    def _again(self, copy: Copy, kind: str) -> Deed:
        """Empty it and write another one."""
        if not self._lies(copy):
            return copy
        self._hold(copy, True)
        self._intend(copy, self._clip(kind, self.rng.randrange(2, 5)))
        self._pour(copy, b"")
        yield self._short()
        copy = yield from self._fill(copy, "open", 0)
        return copy

    def _replace(self, copy: Copy, kind: str) -> Deed:
        """Write another one of equal size beside it, and rename that over it."""
        name = copy.name
        other = self._create(f".{name}.tmp", self._clip(kind, len(copy.target) // PAGE))
        self._pour(other, other.target)
        yield self._short()
        self._rename(other, name)
        return other

    def _rename_it(self, copy: Copy, kind: str) -> Deed:
        yield from self._wander(copy)
        return copy

    def _delete(self, copy: Copy, kind: str) -> Deed:
        yield 0.0
        if self._lies(copy):
            self.disk.throw_away(f"{self.disk.home}/{copy.name}")
            self.counts["deleted"] += 1
            copy.gone = True
        return copy

    # What they are made of

    def _fill(self, copy: Copy, way: str, begin: int) -> Deed:
        """Write all of a file from somewhere on, with whatever comes between; gives the copy that was finished."""
        total = len(copy.target)
        for cut in (*self._cuts(begin, total, pages=way in {"allocate", "zeros"}), total):
            if way == "rounds" and not self._lies(copy):
                copy.dead = True  # it was answered meanwhile; whoever opens it by its name finds nothing
                raise _Died
            self._hold(copy, True)
            rest = total - cut if way in {"allocate", "zeros"} else 0
            self._pour(copy, copy.target[:cut] + bytes(rest), unwritten=rest if way == "allocate" else 0)
            if cut == total:
                break
            if way == "rounds":
                self._hold(copy, False)
            yield self._pause(copy)
            yield from self._mishap(copy)
        yield self.rng.choice((0.0, self._any(), 6 * self.quiet))
        if self.rng.random() < 0.3:
            self.disk.stamp(copy.ino)
        self._hold(copy, False)
        return copy

    def _mishap(self, copy: Copy) -> Script:
        """Die, or rename what is being written, or do nothing of the kind."""
        luck = self.rng.random()
        if luck < 0.06:
            copy.dead = True
            self._hold(copy, False)
            raise _Died
        if luck < 0.12:
            self.counts["truncated"] += 1
            self._pour(copy, copy.content[: max(SHORTEST, len(copy.content) // 2)])
            yield self._pause(copy)
        elif luck < 0.2:
            yield from self._wander(copy)

    def _wander(self, copy: Copy) -> Script:
        """Rename to another stem, or to a name that says that it is not finished, and back."""
        name = copy.name
        self._rename(copy, self.rng.choice((f"other-{name}", f"{name}.part")))
        yield self._any()
        if copy.name.endswith(".part") or self.rng.random() < 0.5:
            self._rename(copy, name)
            yield self._short()

    def _cuts(self, begin: int, end: int, *, pages: bool = False) -> list[int]:
        if pages:
            return [0, *sorted(self.rng.sample(range(PAGE, end, PAGE), self.rng.randrange(end // PAGE)))]
        count = self.rng.randrange(1, 4)
        return sorted(self.rng.sample(range(begin + SHORTEST, end), min(count, end - begin - SHORTEST)))

    def _intend(self, copy: Copy, target: bytes) -> None:
        """Begin to make another video of a whole one; the caller writes at once."""
        copy.versions.append(copy.digest)
        copy.target = target

    def _pour(self, copy: Copy, content: bytes, unwritten: int = 0) -> None:
        copy.content, copy.settled = content, not unwritten
        self.disk.pour(copy.ino, content, unwritten)

    def _hold(self, copy: Copy, held: bool) -> None:  # noqa: FBT001  (it is the value)
        copy.held = held
        self.disk.hand(copy.ino, int(held))

    def _lies(self, copy: Copy) -> bool:
        """Say whether it lies where its owner has put it."""
        return self.disk.where(copy.ino) == f"{self.disk.home}/{copy.name}"

    def _rename(self, copy: Copy, name: str) -> None:
        if self._lies(copy) and copy.name != name:
            self.counts["renamed"] += 1
            for other in self.copies:
                other.gone |= self.disk.where(other.ino) == f"{self.disk.home}/{name}"
            self.disk.rename(f"{self.disk.home}/{copy.name}", f"{self.disk.home}/{name}")
            copy.name = name

    def _sidecar_perhaps(self, copy: Copy) -> Script:
        if self.rng.random() < 0.2:
            self._sidecar(copy.name)
            yield self._short()

    def _sidecar(self, video: str) -> None:
        suffix = self.rng.choice(tuple(SIDECARS))
        path = f"{self.disk.home}/{video.rpartition('.')[0]}{suffix}"
        if self.disk.stands(path):
            return
        self.counts["sidecars"] += 1
        content = SIDECARS[suffix] + (f"# {len(self.sidecars)}\n".encode() if suffix == ".toml" else b"")
        self.sidecars.append(content)
        self.disk.put(path, content)

    def _short(self) -> float:
        return self.rng.uniform(0.05, 0.8) * self.quiet

    def _long(self) -> float:
        return self.rng.uniform(*self.rng.choice(((1.1, 3), (1.1, 3), (3, 8)))) * self.quiet

    def _any(self) -> float:
        return self._long() if self.rng.random() < 0.3 else self._short()

    def _pause(self, copy: Copy) -> float:
        if self.rng.random() < 0.04:
            copy.slow = True
            return self.rng.uniform(1.1, 1.6) * self.grace
        return self._any()
