"""
One cell of the money matrix, played by the real daemon over real HTTP.

The moment when the trouble strikes is exact: the studio notes a request before the first byte of its answer leaves, and
what befalls the daemon is done there, in the studio's thread. Where no request arrives it is the first fault in the
daemon's log. Whatever was played: there is at most one bill, the original is there once, byte for byte, the daemon
lives, and the studio has seen exactly as many uploads as the end allows, so nothing that may be paid was sent again.
"""

import signal
import socket
import threading
import time
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, assert_never

import tomli_w
import trustme
from e2e.forked import NARROW, Forked
from e2e.matrix import Barrier, Came, Circumstance, End, Paid, Row
from machine import KEY, PATIENCE, UPLOAD, Machine, Running, environment, talk

from panjaya_watchd.core.claim import Claim
from panjaya_watchd.rehearsal.interference import Seen
from panjaya_watchd.rehearsal.server import StudioServer

ENDS: Final = {"closed", "held"}
NAME: Final = "talk.mp4"


@cache
def video(size: int) -> bytes:
    """Give the sample video, made longer by a box that players skip; ``size`` bytes at least."""
    sample, head = talk(), 8
    rest = max(size - len(sample), head)
    return sample + rest.to_bytes(4, "big") + b"free" + bytes(rest - head)


def play(row: Row, circumstance: Circumstance) -> Came:
    """Play one cell to its end; fails where it breaks its specification."""
    with TemporaryDirectory(prefix="matrix-") as made, Cell(Path(made), row, circumstance) as cell:
        return cell.play()


class Noting(list[Seen]):
    """A log of requests that tells of each one while the studio has not answered it yet."""

    def __init__(self, tell: Callable[[Seen], None]) -> None:
        super().__init__()
        self._tell = tell

    def append(self, seen: Seen) -> None:
        """Note a request."""
        super().append(seen)
        self._tell(seen)


class Cell(Machine):
    """A machine on which one trouble strikes one upload, once."""

    def __init__(self, home: Path, row: Row, circumstance: Circumstance) -> None:
        super().__init__(
            home,
            switches={"names": row.names},
            api={"doubt_window": "2s"},
            folders={"drop": {"quiet": "0.2s"}},
        )
        self.row = row
        self.circumstance = circumstance
        self.video = video(row.size)
        self.late = home / "an hour late"
        self.environ = environment()
        self.sent: list[float] = []
        """When the studio noted each upload."""
        self.struck = threading.Event()
        self._listen_in()
        self._raise_barrier()

    def launch(self) -> Running:
        """Start the process of the daemon."""
        words = ("run", "--config", str(self.config))
        return Forked(words, log=self.log, environ=self.environ, late=self.late, narrow=self.row.narrow)

    def play(self) -> Came:
        """Play to the end."""
        self.start()
        began = time.monotonic()
        self.server.script(*self.row.faults)
        (self.home / NAME).write_bytes(self.video)
        (self.home / NAME).rename(self.home / "drop" / NAME)  # or a busy machine might pause while it writes
        self._until_struck()
        if self.circumstance is Circumstance.KILLED:
            self._help()
            self.start()
        elif self.row.barrier is not Barrier.NONE:
            self._waits_visibly()
            self._help()
            if self.row.barrier is not Barrier.PORT:  # the next try finds somebody who listens
                self.restart()
        late = sum(fault.seconds for fault in self.row.faults)
        self.until(self._is_over, "the end", 3 * PATIENCE + late, every=0.1)
        seconds = time.monotonic() - began
        (claim,) = self.claims()
        end = self._end(claim)
        self.stop()  # it lives, and ends well
        self._check(claim, end)
        return Came(end=end, paid=self._paid(), seconds=seconds)

    # What befalls the daemon

    def _until_struck(self) -> None:
        if not self.row.faults:
            self.until(lambda: self.story("fault.met"), "the first fault", every=0.05)
            self._strike()
        assert self.struck.wait(3 * PATIENCE), f"Nothing was struck.\n{self.tail()}"

    def _note(self, seen: Seen) -> None:
        """Take note of an upload; in the studio's thread, which has not answered it yet."""
        if f"{seen.method} {seen.path}" == UPLOAD:
            self.sent.append(time.monotonic())
            if len(self.sent) == 1 and self.row.faults:
                self._strike()

    def _strike(self) -> None:
        match self.circumstance:
            case Circumstance.LIVES:
                pass
            case Circumstance.KILLED:
                assert self.process is not None
                self.process.kill()
                assert self.process.wait(PATIENCE) == -signal.SIGKILL
            case Circumstance.SET_BACK:
                self.late.touch()
            case _:
                assert_never(self.circumstance)
        self.struck.set()

    # What keeps the upload back, and how a person helps

    def _raise_barrier(self) -> None:
        match self.row.barrier:
            case Barrier.PORT:
                self.port = socket.socket()
                self.port.bind(("127.0.0.1", 0))
                self._point_to(f"http://127.0.0.1:{self.port.getsockname()[1]}")
            case Barrier.NAME:
                self._point_to("https://studio.invalid")
            case Barrier.TRUST:
                self._serve(tls=self._certificate())
                self._point_to(self.server.base_url)
            case Barrier.NONE | Barrier.ACCOUNT:
                pass
            case _:
                assert_never(self.row.barrier)

    def _help(self) -> None:
        match self.row.barrier:
            case Barrier.PORT:
                port = self.port.getsockname()[1]
                self.port.close()
                self._serve(port=port)
                self.server.start()
            case Barrier.NAME:
                self._point_to(self.server.base_url)
            case Barrier.TRUST:
                self.environ["SSL_CERT_FILE"] = str(self.home / "authority.pem")
            case Barrier.NONE | Barrier.ACCOUNT:
                pass
            case _:
                assert_never(self.row.barrier)

    def _waits_visibly(self) -> None:
        """Check that the claim waits where it is, that its status says why, and that nobody has paid."""
        self.until(lambda: self.story("fault.met"), "the fault to be told", every=0.05)
        waiting = self.until(lambda: self.under_way("uploading", "talk"), "the claim to wait")
        assert waiting is not None
        assert waiting["trouble"], "nothing says why"
        refused = [line["level"] for line in self.story("account.refused")]
        assert refused == (["error"] if self.row.barrier is Barrier.ACCOUNT else [])
        assert not (self.home / "drop" / "failed").exists()
        assert self._paid() == Paid(bills=0, uploads=len(self.row.faults))

    def _serve(self, *, port: int = 0, tls: tuple[Path, Path] | None = None) -> None:
        """Put another server before the studio."""
        self.server.stop()
        self.server = StudioServer(self.studio, key=KEY, port=port, tls=tls)
        self._listen_in()

    def _listen_in(self) -> None:
        """Hear of every request before it is answered, and of every byte soon after it was sent."""
        self.server._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)  # it would grow to many megabytes
        self.server.requests = self.server._interference.log = Noting(self._note)

    def _point_to(self, base_url: str) -> None:
        settings = tomllib.loads(self.config.read_text(encoding="utf-8"))
        settings["api"]["base_url"] = base_url
        self.config.write_text(tomli_w.dumps(settings), encoding="utf-8")

    def _certificate(self) -> tuple[Path, Path]:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.home / "authority.pem"))
        issued = authority.issue_cert("127.0.0.1")
        certificate, key = self.home / "certificate.pem", self.home / "key.pem"
        issued.private_key_and_cert_chain_pem.write_to_path(str(certificate))
        issued.private_key_pem.write_to_path(str(key))
        return certificate, key

    # What came of it

    def _is_over(self) -> bool:
        moves = self.story("claim.moved")
        return bool(moves) and moves[-1]["to"] in ENDS

    def _end(self, claim: Claim) -> End:
        if claim.filed_as is None:
            assert self.under_way("held", "talk"), "nobody is asked"
            return End.HELD
        return End(Path(claim.filed_as).parent.name)

    def _paid(self) -> Paid:
        return Paid(bills=len(self.bills()), uploads=len(self.sent))

    def _check(self, claim: Claim, end: End) -> None:
        spec = self.row.killed if self.circumstance is Circumstance.KILLED else self.row.spec
        assert len(self.bills()) <= 1
        assert spec.get(end) == self._paid(), f"{end}: {self._paid()}, but expected {spec}\n{self.tail()}"
        same = [path for path in (self.home / "drop").rglob("*") if path.is_file() and self._is_original(path)]
        assert [path.name for path in same] == [NAME], f"the original is there {len(same)} times"
        (original,) = same
        if end is End.HELD:
            assert original.parent.parent.name == "processing"
        else:
            assert original.parent == self.home / "drop" / end / "talk"
        if end is End.FAILED:
            assert self.row.says in (original.parent / "WHY.txt").read_text(encoding="utf-8")
        if self.circumstance is Circumstance.SET_BACK:
            last = claim.closed_at or (claim.attempt and claim.attempt.doubt_since)
            assert last
            assert last < claim.taken_at, "the clock was not set back"
        if len(self.sent) > 1 and self.circumstance is not Circumstance.KILLED:
            assert self.sent[1] - self.sent[0] >= self.row.not_before, "the service was asked earlier than it said"

    def _is_original(self, path: Path) -> bool:
        return path.stat().st_size == len(self.video) and path.read_bytes() == self.video
