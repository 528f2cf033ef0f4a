"""The story of each video: one log line for each transition, refusal and fault. The driver's only way of logging."""

from typing import Protocol

from panjaya_watchd.core import events
from panjaya_watchd.core.claim import UNSENT, Claim, DubbingState, State
from panjaya_watchd.core.events import Event
from panjaya_watchd.core.names import display


class Log(Protocol):
    """What the driver needs of a structlog logger: an event name ``noun.verb``, everything else as fields."""

    def info(self, event: str, **fields: object) -> object:
        """Tell the story."""

    def warning(self, event: str, **fields: object) -> object:
        """Tell what a person may want to look at."""

    def error(self, event: str, **fields: object) -> object:
        """Tell what a person must do."""


def tell_claimed(log: Log, claim: Claim) -> None:
    """Log that a drop was taken, and what it will cost, before anything is spent."""
    log.info(
        "drop.claimed",
        **_who(claim),
        bytes=claim.drop.size,
        languages=list(claim.order.locales) if claim.order else [],
        estimated_minutes=claim.estimated_minutes,
        refused=claim.outcome.why if claim.outcome else None,
        held=claim.held,
        warnings=list(claim.warnings),
    )


def tell_step(log: Log, before: Claim, after: Claim, event: Event) -> None:
    """Log one step of a claim."""
    _tell_event(log, after, event)
    _tell_money(log, before, after)
    _tell_attempt(log, before, after)
    if not isinstance(event, events.Fetched):  # which is told already
        _tell_dubbings(log, before, after)
    if after.overdue and not before.overdue:
        hint = "It is followed on; ask Panjaya, or look into the Studio."
        log.warning("dubbing.overdue", **_who(after), asset=after.asset_id, hint=hint)
    if after.state is not before.state:
        _tell_move(log, before, after, event)


def _tell_event(log: Log, claim: Claim, event: Event) -> None:
    """Log what came in, where that is news by itself."""
    match event:
        case events.Faulted() | events.Unanswered() | events.FetchFaulted():
            words, status = event.fault.words, event.fault.status
            log.warning("fault.met", **_who(claim), on=type(event).__name__, status=status, words=words)
        case events.Stuck():
            log.warning("place.stuck", **_who(claim), why=event.why)
        case events.Unsettled():
            log.info("drop.unsettled", **_who(claim), why=event.why)
        case events.Fetched():
            result = event.result
            log.info("result.fetched", **_who(claim), locale=event.locale, bytes=result.size, sha256=result.digest)
        case _:
            pass


def _tell_move(log: Log, before: Claim, after: Claim, event: Event) -> None:
    """Log that a claim is in another state."""
    fields = _who(after) | {"from": before.state.value, "to": after.state.value, "on": type(event).__name__}
    if after.asset_id:
        fields["asset"] = after.asset_id
    if after.outcome:
        fields |= {"outcome": after.outcome.to.value, "why": after.outcome.why}
    if after.filed_as:
        fields["filed_as"] = display(after.filed_as)
    if after.state is State.HELD:
        held_for = after.held_for.value if after.held_for else None
        hint = f"panjaya-watchd why {after.id}"
        tell = log.warning if after.held_for in UNSENT else log.error
        tell("claim.moved", **fields, held_for=held_for, held=after.held, hint=hint)
    else:
        log.info("claim.moved", **fields)


def _tell_money(log: Log, before: Claim, after: Claim) -> None:
    """Log what is taken out of the budgets before it is spent, and what is given back."""
    if before.reserved is None and after.reserved is not None:
        log.info("budget.reserved", **_who(after), minutes=after.reserved.minutes, locales=list(after.to_buy))
    if before.reserved is not None and after.reserved is None:
        log.info("budget.returned", **_who(after), minutes=before.reserved.minutes)
    if after.awaits is not None and after.awaits != before.awaits:
        log.info("drop.awaiting", **_who(after), same_video_as=after.awaits)


def _tell_attempt(log: Log, before: Claim, after: Claim) -> None:
    """Log each try to upload, whose asset a witness names, and from when on a bill is in doubt."""
    attempt, earlier = after.attempt, before.attempt
    if attempt is not None and attempt.number != (earlier.number if earlier else 0):
        log.info("attempt.counted", **_who(after), attempt=attempt.number)
    if after.witnessed is not None and after.witnessed != before.witnessed:
        log.info("asset.witnessed", **_who(after), asset=after.witnessed)
    doubted = earlier is not None and earlier.doubt_since is not None
    if attempt is not None and attempt.doubt_since is not None and not doubted:
        hint = "It is looked up whether the API has it; nothing is sent again before that is known."
        log.warning("doubt.begun", **_who(after), hint=hint)


def _tell_dubbings(log: Log, before: Claim, after: Claim) -> None:
    """Log what the API says of each locale, when it says something else than before."""
    known = {dubbing.locale: dubbing for dubbing in before.dubbings}
    for dubbing in after.dubbings:
        old = known.get(dubbing.locale, dubbing)
        if (old.state, old.seen) == (dubbing.state, dubbing.seen):
            continue
        fields = _who(after) | {"locale": dubbing.locale, "status": dubbing.seen}
        if old.state is not dubbing.state:
            fields |= {"from": old.state.value, "to": dubbing.state.value}
        if dubbing.state is DubbingState.FAILED:
            log.warning("dubbing.moved", **fields, error=dubbing.error)
        else:
            log.info("dubbing.moved", **fields)


def _who(claim: Claim) -> dict[str, object]:
    return {"claim": claim.id, "folder": claim.folder, "file": display(claim.drop.stem)}
