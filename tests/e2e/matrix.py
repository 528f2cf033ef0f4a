"""
The money matrix as values: whatever can go wrong with one upload, in every circumstance, and what must come of it.

A row is a trouble, a circumstance what befalls the daemon at the moment when the trouble strikes, and a cell both
together; `cell` plays it. Each end has its price: the bills, and the uploads that the studio has seen, whole or not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final

from machine import BIG, UPLOAD

from panjaya_watchd.rehearsal.script import Do, Scripted, When


class Circumstance(StrEnum):
    """What befalls the daemon when the trouble strikes."""

    LIVES = "daemon lives"
    KILLED = "daemon killed"
    SET_BACK = "clock set back"


class End(StrEnum):
    """Where the drop is in the end."""

    DONE = "done"
    FAILED = "failed"
    HELD = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """How many bills there are, and how many uploads the studio has seen, whole or not."""

    bills: int
    uploads: int


Spec = Mapping[End, Paid]
"""The ends that are allowed, each with what it may have cost."""


class Barrier(Enum):
    """What nothing but a person can move."""

    NONE = "nothing"
    ACCOUNT = "the account is refused"
    PORT = "nobody listens"
    NAME = "the name leads nowhere"
    TRUST = "the certificate is a stranger's"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One trouble with an upload.

    ``faults`` strike it, or ``barrier`` keeps it back until a person helps. ``size``: the video's, at least. ``names``:
    whether the API's list shows names. ``spec``: what may come of it; ``killed``: where the daemon was killed.
    ``says``: words that ``WHY.txt`` must have. ``not_before``: seconds that must pass before the next upload.
    ``narrow``: whether the daemon's end of the line holds little, see `forked`.
    """

    name: str
    spec: Spec
    killed: Spec
    faults: tuple[Scripted, ...] = ()
    barrier: Barrier = Barrier.NONE
    size: int = 0
    names: bool = True
    says: str = ""
    not_before: float = 0.0
    narrow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came of a cell."""

    end: End
    paid: Paid
    seconds: float


LONG: Final = 128 << 20
"""Bytes of a video of which a hundredth is more than what the gate holds back and what a narrow line holds."""

LASTING: Final = 9
"""How often a refusal strikes; more than anybody asks."""

AGAIN: Final[Spec] = {End.DONE: Paid(bills=1, uploads=2)}
ONCE: Final[Spec] = {End.DONE: Paid(bills=1, uploads=1)}
REFUSED: Final[Spec] = {End.FAILED: Paid(bills=0, uploads=1)}
REFUSED_TWICE: Final[Spec] = {End.FAILED: Paid(bills=0, uploads=2)}
ASKED: Final[Spec] = {End.HELD: Paid(bills=0, uploads=1)}
ASKED_THEN: Final[Spec] = {End.HELD: Paid(bills=0, uploads=2)}
PAID: Final[Spec] = {End.DONE: Paid(bills=1, uploads=1), End.HELD: Paid(bills=1, uploads=1)}


def matrix(*, late: float) -> tuple[Row, ...]:
    """Give all rows; the late answer comes after ``late`` seconds."""
    answer = struck("delay", "after_store", seconds=late)
    return (
        *_kept_back(),
        *_refused(),
        *_tried_again(),
        *_asked(),
        *_paid_unheard(),
        Row(name=f"answer after {late:.0f} s", faults=(answer,), spec=ONCE, killed=ONCE),
    )


def _kept_back() -> Iterator[Row]:
    """Send nothing and fail nothing until a person has helped."""
    yield Row(name="refused connection", barrier=Barrier.PORT, spec=ONCE, killed=ONCE)
    yield Row(name="DNS failure", barrier=Barrier.NAME, spec=ONCE, killed=ONCE)
    yield Row(name="TLS failure", barrier=Barrier.TRUST, spec=ONCE, killed=ONCE)
    for name, fault in (
        ("307", early("redirect", 307, {"Location": "https://elsewhere.invalid/login"})),
        ("401", early("status", 401)),
        ("403", early("status", 403)),
    ):
        yield Row(name=name, faults=(fault,), barrier=Barrier.ACCOUNT, size=BIG, spec=AGAIN, killed=AGAIN)


def _refused() -> Iterator[Row]:
    """Say no, and say it again; a daemon that was killed past the gate never heard it, and has to ask a person."""
    for name, status, body, says in (
        ("400", 400, b'{"detail": "languages: too many"}', "languages: too many"),
        ("404", 404, b'{"detail": "No such project"}', "No such project"),
        ("422 list", 422, b'{"detail": [{"loc": ["body", "locale"], "msg": "unknown"}]}', "body.locale: unknown"),
    ):
        refusal = struck("status", "after_body", status=status, body=body, times=LASTING)
        yield Row(name=name, faults=(refusal,), spec=REFUSED, killed=ASKED, says=says)
    says, closing = "larger than the service takes", early("html", 413, times=LASTING)
    yield Row(name="413 HTML", faults=(closing,), size=BIG, spec=REFUSED, killed=REFUSED_TWICE, says=says)
    # Who reads on after the answer lets the upload come to its gate, and only a person can say what that led to.
    reading = struck("html", status=413, times=LASTING)
    spec, killed = {**REFUSED, **ASKED}, {**REFUSED_TWICE, **ASKED_THEN}
    yield Row(name="413 HTML, body read on", faults=(reading,), size=BIG, spec=spec, killed=killed, says=says)


def _tried_again() -> Iterator[Row]:
    """Make nothing for certain: it is sent again, later."""
    wait = 7.0  # seconds; more than the pause that is made without it
    patient = early("status", 429, {"Retry-After": f"{wait:.0f}"})
    yield Row(name="429 with Retry-After", faults=(patient,), size=BIG, spec=AGAIN, killed=AGAIN, not_before=wait)
    for name, size, fault in (
        ("429", BIG, early("status", 429)),
        ("500 before the body", BIG, early("status", 500)),
        ("503", BIG, early("html", 503)),
        ("cut at 10 %", BIG, cut(0.1)),
        ("cut at 50 %", BIG, cut(0.5)),
        ("cut at 99 %, before the gate", LONG, cut(0.99)),
    ):
        yield Row(name=name, faults=(fault,), size=size, narrow=size == LONG, spec=AGAIN, killed=AGAIN)
    reading = struck("status", status=500)
    spec = {**AGAIN, **ASKED}
    yield Row(name="500 before the body, body read on", faults=(reading,), size=BIG, spec=spec, killed=AGAIN)


def _asked() -> Iterator[Row]:
    """Make nothing, which cannot be known: a person is asked."""
    yield Row(name="cut at 99 %, past the gate", faults=(cut(0.99),), spec=ASKED, killed=ASKED)
    for suffix, names in (("", True), (", no names", False)):
        whole = struck("cut", "after_body")
        yield Row(name=f"cut at 100 %{suffix}", faults=(whole,), names=names, spec=ASKED, killed=ASKED)


def _paid_unheard() -> Iterator[Row]:
    """Take the video and lose the answer: the asset is found by its name, else proven otherwise or asked for."""
    for name, fault in (
        ("500 after storing", struck("status", "after_store")),
        ("cut after storing", struck("cut", "after_store")),
        ("answer truncated", struck("truncate")),
        ("answer without asset_id", struck("garbage", "after_store", body=b'{"status": "Processing"}')),
    ):
        for suffix, names, spec in (("", True, ONCE), (", no names", False, PAID)):
            yield Row(name=name + suffix, faults=(fault,), names=names, spec=spec, killed=spec)


def struck(
    do: Do,
    when: When = "before_body",
    *,
    status: int = 500,
    body: bytes | None = None,
    seconds: float = 0.0,
    times: int = 1,
) -> Scripted:
    """Strike uploads."""
    return Scripted(on=UPLOAD, do=do, when=when, status=status, body=body, seconds=seconds, times=times)


def early(do: Do, status: int, headers: Mapping[str, str] | None = None, *, times: int = 1) -> Scripted:
    """Answer an upload before its body, and read none of it."""
    closing = {"Connection": "close", **(headers or {})}
    return Scripted(on=UPLOAD, do=do, status=status, headers=closing, times=times)


def cut(fraction: float) -> Scripted:
    """Cut an upload when this share of its body is in."""
    return Scripted(on=UPLOAD, do="cut", when="at_fraction", fraction=fraction)
