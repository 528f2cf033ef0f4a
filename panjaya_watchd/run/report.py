"""Reports: what the daemon tells a person who asks, as plain values for JSON. Stable; the commands print them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from panjaya_watchd.core.budget import Purse
from panjaya_watchd.core.claim import Claim, Dubbing, State
from panjaya_watchd.core.names import FolderName, display
from panjaya_watchd.core.profiles import TRAITS, Ground
from panjaya_watchd.core.standing import standing
from panjaya_watchd.run.board import Board, Progress
from panjaya_watchd.run.first_start import held_first
from panjaya_watchd.run.meter import Meters
from panjaya_watchd.run.watched import Watched


def status(
    claims: Iterable[Claim],
    watched: Mapping[FolderName, Watched],
    board: Board,
    monotonic: float,
    purses: Mapping[FolderName | None, Purse],
) -> dict[str, Any]:
    """
    Give everything under way.

    ``folders``, ``claims`` (living ones, oldest first), ``counts`` by state, ``budgets`` with what is used of them.
    """
    living = list(claims)
    return {
        "running": True,
        "folders": [_folder(name, folder, living, monotonic) for name, folder in watched.items()],
        "claims": [claim_facts(claim, board.read(claim.id), monotonic) for claim in living],
        "counts": dict(Counter(claim.state.value for claim in living)),
        "budgets": [_purse(folder, purse) for folder, purse in purses.items()],
    }


def rates(meters: Meters) -> list[dict[str, Any]]:
    """
    Give the limits that are in force now, in bytes a second, of every folder that has a rate.

    ``folder`` is None for that of all folders together; a limit is None where nothing is limited at this hour.
    """
    named = {**meters.uploads, **meters.downloads}
    limits = {
        direction: {name: meter.limit() for name, meter in ways.items()}
        for direction, ways in (("upload", meters.uploads), ("download", meters.downloads))
    }
    return [{"folder": name, **{way: limit.get(name) for way, limit in limits.items()}} for name in named]


def claim_facts(claim: Claim, moving: Mapping[str, Progress], monotonic: float) -> dict[str, Any]:
    """Give one claim's facts; times are ISO 8601 in UTC, sizes are bytes, rates bytes a second."""
    attempt = claim.attempt
    return {
        "claim": claim.id,
        "folder": claim.folder,
        "file": display(claim.drop.video.name if claim.drop.video else claim.drop.stem),
        "state": claim.state.value,
        "says": claim.outcome.why if claim.outcome else standing(claim),
        "taken_at": claim.taken_at.isoformat(),
        "attempts": attempt.number if attempt else 0,
        "sent_at": attempt.gate_at.isoformat() if attempt and attempt.gate_at else None,
        "accepted_at": claim.accepted_at.isoformat() if claim.accepted_at else None,
        "closed_at": claim.closed_at.isoformat() if claim.closed_at else None,
        "asset_id": claim.asset_id,
        "estimated_minutes": claim.estimated_minutes,
        "reserved_minutes": claim.reserved.minutes if claim.reserved else None,
        "settled": claim.reserved is not None and claim.accepted_at is not None,
        "builds_on": claim.builds_on.claim_id if claim.builds_on else None,
        "adds_to": claim.adds_to,
        "media_url": _address(claim),
        "awaits": claim.awaits if claim.state is State.CLAIMED else None,
        "maybe_billed": claim.maybe_billed,
        "witnessed": claim.witnessed,
        "trouble": claim.trouble,
        "warnings": list(claim.warnings),
        "held": claim.held,
        "held_for": claim.held_for.value if claim.held_for else None,
        "candidates": list(claim.candidates),
        "outcome": claim.outcome.to.value if claim.outcome else None,
        "todo": claim.outcome.todo if claim.outcome else None,
        "details": [list(detail) for detail in claim.outcome.details] if claim.outcome else [],
        "filed_as": display(claim.filed_as) if claim.filed_as else None,
        "dubbings": [_dubbing(dubbing) for dubbing in claim.dubbings],
        "moving": {what: _progress(progress, monotonic) for what, progress in moving.items()},
    }


def _folder(name: FolderName, folder: Watched, living: list[Claim], monotonic: float) -> dict[str, Any]:
    intake, first = folder.intake, held_first(claim for claim in living if claim.folder == name)
    return {
        "name": name,
        "scanned_seconds_ago": None if intake.last_scan is None else round(monotonic - intake.last_scan, 1),
        "trouble": intake.trouble,
        "grounds": [] if intake.last_scan is None else [_ground(ground) for ground in intake.grounds],
        "waiting": [{"name": waiting, "why": why} for waiting, why in intake.waiting()],
        "held_first": {
            "drops": len(first),
            "estimated_minutes": round(sum(claim.estimated_minutes or 0 for claim in first), 2),
        },
    }


def _ground(ground: Ground) -> dict[str, Any]:
    """Give one file system below a folder: what it is, and how it is judged therefore."""
    return {
        "folder": display(ground.folder),
        "kind": ground.kind,
        "profile": ground.profile.value,
        "exported": None if ground.exported is None else display(ground.exported),
        "hints": TRAITS[ground.profile].hints,
    }


def _purse(folder: FolderName | None, purse: Purse) -> dict[str, Any]:
    """Give one budget; ``folder`` is None for that of all folders together."""
    return {
        "folder": folder,
        "limits": {name: limit for name, limit in asdict(purse.budget).items() if limit is not None},
        "minutes_today": purse.today.minutes,
        "minutes_this_month": purse.this_month.minutes,
        "drops_today": purse.today.drops,
    }


def _dubbing(dubbing: Dubbing) -> dict[str, Any]:
    return {
        "locale": dubbing.locale,
        "state": dubbing.state.value,
        "status": dubbing.seen,
        "progress": dubbing.progress,
        "version_id": dubbing.version_id,
        "studio_url": dubbing.studio_url,
        "error": dubbing.error,
        "file": display(dubbing.result.name) if dubbing.result else None,
    }


def _progress(progress: Progress, monotonic: float) -> dict[str, Any]:
    seconds = max(monotonic - progress.since, 0.001)
    return {"bytes": progress.sent, "of": progress.total, "rate": round(progress.sent / seconds)}


def _address(claim: Claim) -> str | None:
    """Give where a video on the web is; what stands behind a question mark may be a key to it."""
    url = claim.order.media_url if claim.order else None
    return None if url is None else url.partition("?")[0]
