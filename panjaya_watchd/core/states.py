"""
The machine of a claim. The whole table is `ROWS`.

`admitting` has the rows before anything is sent, `spending` those that touch money, `following` those of a claim that
has its asset, `holding` those of one that waits for a person.

Theory of operation. There are two kinds of transitions. *Event-triggered*: an event meets a claim; `ROWS` has one row
for each pair that may happen, and a pair without a row is a bug: `step` raises and nothing has changed.
*State-triggered*: `joint` looks at the claim after each row, and when every dubbing is over the claim goes on to
filing, however that came about. The dubbings have a small machine each, in `dubbing`.

Money moves in one place: between ``uploading`` and ``releasing``. Before it the API never has the whole video, so an
upload may be begun again as often as need be. ``OpenGate`` is asked for only by the row that makes the claim
``releasing``; the driver makes that durable first. From then on the claim leaves ``releasing`` by proof only: an
answer, a refusal in the API's own words, or a look-up. Recovery is an event like any other: ``Resumed`` has a row for
every living state.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from panjaya_watchd.core import events, words
from panjaya_watchd.core.admitting import ADMITTING
from panjaya_watchd.core.claim import Claim, State
from panjaya_watchd.core.dubbing import DUBBING_ROWS
from panjaya_watchd.core.events import Event
from panjaya_watchd.core.following import FOLLOWING
from panjaya_watchd.core.holding import HOLDING
from panjaya_watchd.core.spending import SPENDING
from panjaya_watchd.core.step import IllegalEvent, Rows, Step, file_away

ROWS: Final[Rows] = {**ADMITTING, **SPENDING, **FOLLOWING, **HOLDING}


def step(claim: Claim, event: Event, now: datetime) -> Step:
    """
    Decide what an event means for a claim.

    Raises:
        IllegalEvent: the pair is not a row. The claim is unchanged, as it is a value.

    """
    row = ROWS.get((claim.state, type(event)))
    if row is None:
        raise IllegalEvent(f"{type(event).__name__} is not expected in state {claim.state} (claim {claim.id})")
    after = row.does(claim, event, now)
    if after.claim.state not in row.to:
        raise IllegalEvent(f"{type(event).__name__} led from {claim.state} to {after.claim.state} (claim {claim.id})")
    return joint(Step(replace(after.claim, trouble=_trouble(claim, event)), after.effects))


def _trouble(claim: Claim, event: Event) -> str | None:
    """Keep what went wrong last, until something goes right: it is what a person asks for first."""
    match event:
        case events.Faulted() | events.Unanswered() | events.FetchFaulted():
            return event.fault.words
        case events.Stuck() | events.Unsettled() | events.Awaited():
            return event.why
        case events.Resumed() | events.Absent() | events.Several() | events.Told() | events.Poisoned():
            return claim.trouble
        case _:
            return None


def joint(after: Step) -> Step:
    """Apply the state-triggered transition: every dubbing is over, so the claim is filed."""
    claim = after.claim
    if claim.state is not State.DUBBING or claim.order is None:
        return after
    if not all(dubbing.over(claim.order, claim.rules) for dubbing in claim.dubbings):
        return after
    return file_away(claim, claim.outcome or words.over(claim))


def table() -> Iterator[str]:
    """Write both tables as Markdown, for ``ARCHITECTURE.md``."""
    yield "| claim is | event | it becomes | and |"
    yield "|---|---|---|---|"
    for (state, event), row in ROWS.items():
        yield f"| {state} | {event.__name__} | {' or '.join(row.to)} | {row.says} |"
    yield f"| {State.DUBBING} | *every dubbing is over* | {State.FILING} | PutAway |"
    yield ""
    yield "| dubbing is | input | it becomes | and |"
    yield "|---|---|---|---|"
    for (dubbing_state, given), dubbing_row in DUBBING_ROWS.items():
        yield f"| {dubbing_state} | {given.__name__} | {' or '.join(dubbing_row.to)} | {dubbing_row.says} |"
