"""Sentences for people who have only the folder: what happened, then what to do. The API's own words go below."""

from collections.abc import Sequence
from typing import Final

from panjaya_watchd.core.answers import Fault
from panjaya_watchd.core.claim import Claim, Destination, Dubbing, DubbingState, Outcome
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.locales import SOURCES
from panjaya_watchd.core.names import AssetId, Locale, display
from panjaya_watchd.core.order import Refusal

RETRY: Final = "Then move the files from this folder back to where you dropped them."
FORCE: Final = 'write the line force = true into a file beside the video that is called like it and ends in ".toml".'
AGAIN: Final = f"To dub it once more, and pay once more, {FORCE}"
ASK: Final = "Please show this note to the person who looks after this service."

_ASSET_ERRORS: Final[dict[str, tuple[str, str]]] = {
    "invalid_input": (
        "Panjaya could not use the settings for this video.",
        "Check the .toml file beside the video: languages, times and number of speakers must fit the video. " + RETRY,
    ),
    "unsupported_media": (
        "Panjaya found no picture in this file that it can read.",
        "Open the file in a video player; if it plays, export it as MP4 (H.264 with AAC sound). " + RETRY,
    ),
    "empty_transcript": (
        "Panjaya heard nobody speak in this video.",
        "Check that the voices can be heard and that the language of the folder is the language spoken. " + RETRY,
    ),
    "missing_audio_track": (
        "This video has no sound.",
        "Export it again with its audio track. " + RETRY,
    ),
    "video_duration_limit_reached": (
        "The account has no dubbing minutes left for a video of this length.",
        "Nothing is wrong with the video. " + ASK + " " + RETRY,
    ),
    "video_size_limit_reached": (
        "This file is larger than the account allows.",
        "Export it with a lower bit rate or in parts. " + RETRY,
    ),
    "time_out_of_range": (
        "The start or end time lies outside the video.",
        "Correct start_time and end_time in the .toml file; they count from the beginning of the video. " + RETRY,
    ),
}
"""The seven asset error codes that the documentation names; the list there is open-ended."""


def refused(refusal: Refusal) -> Outcome:
    """Answer a drop that was never sent."""
    seen = (("Seen", refusal.seen),) if refusal.seen else ()
    details = (*seen, ("Cost", "nothing was sent"))
    return Outcome(to=Destination.FAILED, why=refusal.why, todo=refusal.todo, details=details)


def too_late(drop: Drop) -> Refusal:
    """Answer sidecars that came when their video had been sent."""
    names = " and ".join(display(part.name.rpartition("/")[2]) for part in drop.parts)
    return Refusal(
        why=f"This came too late, because the video {display(drop.stem)} was already taken without it: {names}.",
        todo=f"To have it used, drop the video and this once more, all at the same time, and {FORCE} That costs again.",
    )


def asset_failed(code: str | None, message: str | None) -> Outcome:
    """Answer a video that the API took and then could not dub, by its error code."""
    why, todo = _ASSET_ERRORS.get(code or "", ("Panjaya could not dub this video.", ASK + " " + RETRY))
    said = ": ".join(word for word in (code, message) if word)
    return Outcome(to=Destination.FAILED, why=why, todo=todo, details=(("Panjaya says", said or "nothing more"),))


def upload_refused(claim: Claim, fault: Fault) -> Outcome:
    """Answer a video that the API did not accept, or whose missing languages it did not."""
    status = f"{fault.words} (status {fault.status})" if fault.status else fault.words
    why = "Panjaya did not accept this video."
    todo = f"Read below what it says. If the .toml file is meant, correct it. {RETRY}"
    cost = "no asset was made"
    if claim.builds_on is not None:
        why = f"{languages([*claim.to_buy])} could not be added to the earlier dubbing of this very video."
        todo, cost = f"Read below what Panjaya says. {AGAIN} {RETRY}", "nothing was billed"
    if claim.adds_to is not None:
        todo = f"Read below why. To dub it once more, and pay once more, drop the video with these files, and {FORCE}"
    if claim.maybe_billed:
        cost = "this time nothing was billed; whether an earlier attempt was is not known"
    details = (("Panjaya says", status), *_before(claim), ("Cost", cost))
    return Outcome(to=Destination.FAILED, why=why, todo=todo, details=details)


def other_settings(earlier: Claim, settings: Sequence[str]) -> Outcome:
    """Answer a drop of a video that was dubbed before with other settings: paying again must be meant."""
    when = (earlier.closed_at or earlier.taken_at).strftime("%Y-%m-%d")
    return Outcome(
        to=Destination.FAILED,
        why=f"This very video was dubbed before, on {when}, with other settings, and dubbing it again costs again.",
        todo=f"If that is meant, {FORCE} {RETRY}",
        details=(
            ("Other settings", ", ".join(settings)),
            ("Dubbed before", f"{display(earlier.filed_as or earlier.drop.stem)} (claim {earlier.id})"),
            ("Cost", "nothing was sent"),
        ),
    )


def unproven(asset_ids: Sequence[AssetId]) -> str:
    """Say that assets may be ours, and that nothing proves it."""
    listed = ", ".join(asset_ids)
    if len(asset_ids) == 1:
        return f"Panjaya may have this video already, as {listed}, but nothing proves that this one is ours."
    return f"Panjaya may have this video already, as one of: {listed}. Nothing proves which one it is."


def vanished(claim: Claim, why: str) -> Outcome:
    """Answer a drop whose video was taken away while it was being sent."""
    return Outcome(
        to=Destination.FAILED,
        why="The video disappeared before it was sent completely.",
        todo="Drop the video again, together with the files from this folder.",
        details=(("Seen", why), ("Cost", _billed(claim))),
    )


def changed(why: str) -> Outcome:
    """Say why a drop goes back into the watch folder, where it settles afresh."""
    return Outcome(
        to=Destination.BACK, why="The video changed before it was sent completely.", details=(("Seen", why),)
    )


def let_go(why: str) -> Outcome:
    """Say why a claim ends whose drop was touched before it was taken in; what is there settles afresh."""
    return Outcome(
        to=Destination.BACK, why="It was changed or taken away before it was taken.", details=(("Seen", why),)
    )


def not_revised(why: str) -> Outcome:
    """Say why a claim ends that was to fetch another rendering: there will be none, and nothing has changed."""
    return Outcome(to=Destination.BACK, why=why, details=(("Cost", "nothing; the earlier result is as it was"),))


def absent(claim: Claim) -> str:
    """Say that what was sent cannot be seen."""
    what = "The video" if claim.builds_on is None else f"The order for {languages([*claim.to_buy])}"
    return f"{what} was sent, but no answer came and Panjaya does not list it. Sending again may cost."


def same_failed(twin: Claim) -> Outcome:
    """Answer a drop that waited for the same video, which came to nothing and may have been billed."""
    why = twin.outcome.why if twin.outcome else "It came to nothing."
    return Outcome(
        to=Destination.FAILED,
        why=f"The same video was sent just before this one, and it did not work: {why}",
        todo=f"It was not sent again. To try once more, which costs again: {RETRY.removeprefix('Then ')}",
        details=(("The same video", f"{display(twin.filed_as or twin.drop.stem)} (claim {twin.id})"),),
    )


def given_up(claim: Claim) -> Outcome:
    """Answer a drop that an operator released without a result."""
    return Outcome(
        to=Destination.FAILED,
        why="This video could not be dubbed, and the person who looks after this service has ended the wait.",
        todo=ASK,
        details=(
            ("It was waiting because", claim.held or "a person was asked"),
            ("Cost", _billed(claim)),
        ),
    )


def _billed(claim: Claim) -> str:
    if claim.asset_id is not None:
        return "Panjaya has taken the video"
    return "it is not known whether it was billed" if claim.maybe_billed else "nothing was billed"


def over(claim: Claim) -> Outcome:
    """Answer a drop whose dubbings are all over: ``done`` if every locale is good, else ``failed``."""
    lost = [dubbing for dubbing in claim.dubbings if dubbing.state is DubbingState.FAILED]
    good = [dubbing for dubbing in claim.dubbings if dubbing.state is not DubbingState.FAILED]
    details = tuple((dubbing.locale, _dubbing(dubbing)) for dubbing in claim.dubbings) + _before(claim)
    if not lost:
        why = f"{_said_before(claim)} {_good(good)}".strip()
        return Outcome(to=Destination.DONE, why=why, details=details)
    if all(dubbing.earlier is not None for dubbing in lost):
        why, todo = f"{_said_before(claim)} An earlier result can no longer be had.", f"{AGAIN} {RETRY}"
    else:
        why, todo = f"The dubbing into {languages([dubbing.locale for dubbing in lost])} did not work.", ASK
        whole = bool(good) and claim.adds_to is None
        todo += " Dropping the files once more dubs every language again, and costs again." if whole else ""
    if good:
        why += f" {_good(good)}"
    return Outcome(to=Destination.FAILED, why=why, todo=todo, details=details)


def _said_before(claim: Claim) -> str:
    """Say what was not paid again, because an earlier claim has it."""
    earlier = claim.builds_on
    if earlier is None:
        return ""
    when = earlier.closed_at.strftime("%Y-%m-%d")
    if not claim.to_buy:
        return f"This very video was dubbed before, on {when}, so this time it cost nothing."
    return f"This very video was dubbed before, on {when}, so only {languages([*claim.to_buy])} was paid for."


def _before(claim: Claim) -> tuple[tuple[str, str], ...]:
    earlier = claim.builds_on
    if earlier is None:
        return ()
    return (("Dubbed before", f"{display(earlier.filed_as)} in {earlier.folder} (claim {earlier.claim_id})"),)


def languages(tags: list[Locale]) -> str:
    """Name locales as people read them: ``Spanish (Spain) and French``."""
    names = [SOURCES.get(tag, tag) for tag in tags]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def why_note(claim: Claim) -> str:
    """Write ``WHY.txt``: one plain sentence, what to do, then the details."""
    outcome = claim.outcome
    assert outcome is not None, "a claim is filed only with an outcome"
    details = [
        *outcome.details,
        ("File", display(claim.drop.leader)),
        *([("Asset", claim.asset_id)] if claim.asset_id else []),
        ("Claim", claim.id),
        ("Dropped", claim.taken_at.strftime("%Y-%m-%d %H:%M UTC")),
    ]
    lines = [outcome.why, "", *([outcome.todo, ""] if outcome.todo else []), "Details"]
    return "\n".join([*lines, *(f"  {name}: {value}" for name, value in details)]) + "\n"


def _good(dubbings: list[Dubbing]) -> str:
    fetched = [dubbing.locale for dubbing in dubbings if dubbing.state is DubbingState.FETCHED]
    editable = [dubbing.locale for dubbing in dubbings if dubbing.state is not DubbingState.FETCHED]
    said = []
    if fetched:
        said.append(f"The video in {languages(fetched)} is in this folder.")
    if editable:
        said.append(f"{languages(editable)} can now be edited in the Panjaya Studio; the receipt has the link.")
    return " ".join(said)


def _dubbing(dubbing: Dubbing) -> str:
    if dubbing.result is not None:
        return display(dubbing.result.name)
    return dubbing.error or f"no result; Panjaya says {dubbing.seen or 'nothing'}"
