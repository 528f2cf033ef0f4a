"""What a step gives, what a row is, and the few moves that several rows share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from panjaya_watchd.core import effects, pace
from panjaya_watchd.core.claim import Attempt, Claim, HeldFor, Outcome, State
from panjaya_watchd.core.effects import Effect
from panjaya_watchd.core.events import Event


class IllegalEvent(AssertionError):  # noqa: N818  (h11's word for it; it is a bug, not a condition to handle)
    """A pair of state and event without a row, or a row that led where the table does not say."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a step gives: the claim to make durable, then the effects to hand out, in this order."""

    claim: Claim
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the states it may lead to, what it does in words (for ARCHITECTURE.md), and the function for it."""

    to: tuple[State, ...]
    says: str
    does: Callable[[Claim, Any, datetime], Step]


Rows = Mapping[tuple[State, type[Event]], Row]


def file_away(claim: Claim, outcome: Outcome) -> Step:
    """
    Let the outcome stand and put everything away by it.

    What was reserved is given back, unless the API has the video or may have it.
    """
    may_be_billed = claim.asset_id is not None or claim.maybe_billed
    filing = replace(free(claim), state=State.FILING, outcome=outcome, troubles=0)
    return Step(filing if may_be_billed else replace(filing, reserved=None), (effects.PutAway(),))


def free(claim: Claim) -> Claim:
    """Forget why a claim was held, and what was counted against it."""
    return replace(claim, held=None, held_for=None, paused=None, strikes=0, crashes=0)


def hold(claim: Claim, why: str, kind: HeldFor, paused: State | None = None) -> Step:
    """Ask a person; nothing more happens by itself. ``paused`` is where it can be gone on with."""
    return Step(replace(claim, state=State.HELD, held=why, held_for=kind, paused=paused))


def begin_upload(claim: Claim, at: datetime | None = None) -> Step:
    """Count the attempt before it begins, so that a crash in it is counted too (R39)."""
    number = claim.attempt.number + 1 if claim.attempt else 1
    attempt = Attempt(number=number, after_doubt=claim.maybe_billed)
    uploading = replace(claim, state=State.UPLOADING, attempt=attempt, held=None, held_for=None, candidates=())
    return Step(uploading, (effects.Upload(at=at),))


def again(claim: Claim, now: datetime, effect: Callable[[datetime], Effect]) -> Step:
    """Ask for the same effect once more, after a pause that grows with each trouble in a row."""
    troubled = replace(claim, troubles=claim.troubles + 1)
    return Step(troubled, (effect(now + pace.backoff(troubled.troubles, claim.id)),))
