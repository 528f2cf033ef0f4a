"""The papers that are filed with a drop: ``<stem>.receipt.toml`` for those who count, ``WHY.txt`` for those who ask."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import tomli_w

from panjaya_watchd.core.claim import Claim, Destination, Dubbing
from panjaya_watchd.core.names import display, fit
from panjaya_watchd.core.order import Order
from panjaya_watchd.core.words import why_note

WHY = "WHY.txt"
RECEIPT_SUFFIX = ".receipt.toml"


def papers(claim: Claim, now: datetime) -> dict[str, str]:
    """
    Give the papers that go with a claim, file name to text.

    Parts that go back take none; what they leave does. What was dubbed before is told why it cost nothing.
    """
    assert claim.outcome is not None, "a claim is filed only with an outcome"
    plain = claim.outcome.to is Destination.DONE and claim.builds_on is None
    written = {} if plain else {WHY: why_note(claim)}
    if claim.outcome.to is Destination.DONE or claim.asset_id is not None:
        written[fit(claim.drop.stem, RECEIPT_SUFFIX)] = receipt(claim, now)
    return written


def receipt(claim: Claim, now: datetime) -> str:
    """Write what was ordered and what came of it, as TOML. Times are UTC; durations are in seconds, sizes in bytes."""
    attempt = claim.attempt
    said: dict[str, Any] = {
        "claim": claim.id,
        "folder": claim.folder,
        "parts": [display(part.name) for part in claim.drop.parts],
        "size": claim.size,
        "sha256": claim.digest,
        "duration": claim.duration,
        "estimated_minutes": None if claim.estimated_minutes is None else round(claim.estimated_minutes, 3),
        "charged_minutes": _charged(claim),
        "asset_id": claim.asset_id,
        "builds_on": claim.builds_on.claim_id if claim.builds_on else None,
        "taken_at": claim.taken_at,
        "sent_at": attempt.gate_at if attempt else None,
        "attempts": attempt.number if attempt else None,
        "accepted_at": claim.accepted_at,
        "filed_at": now,
        "outcome": claim.outcome.why if claim.outcome else None,
        "warnings": list(claim.warnings) or None,
        "order": _order(claim.order) if claim.order else None,
        "dubbings": [_dubbing(dubbing) for dubbing in claim.dubbings] or None,
    }
    return tomli_w.dumps(_spoken(said))


def _charged(claim: Claim) -> float | None:
    """Give what the budgets were charged, in minutes; 0 where an earlier claim has all of it, None if not known."""
    if claim.reserved is None:
        return 0.0 if claim.builds_on else None
    return None if claim.reserved.minutes is None else round(claim.reserved.minutes, 3)


def _order(order: Order) -> dict[str, Any]:
    return _spoken(
        {
            "locale": order.locale,
            "languages": [
                _spoken({"locale": language.locale, "srt": display(language.srt) if language.srt else None})
                for language in order.languages
            ],
            "auto_generate": order.auto_generate.value,
            "lips_model": order.lips_model.value if order.lips_model else None,
            "speakers_count": order.speakers_count,
            "start_time": order.start_time,
            "end_time": order.end_time,
            "background": display(order.background) if order.background else None,
            "background_url": order.background_url,
            "callback_url": order.callback_url,
            "media_url": order.media_url,
        }
    )


def _dubbing(dubbing: Dubbing) -> dict[str, Any]:
    result = dubbing.result
    return _spoken(
        {
            "locale": dubbing.locale,
            "state": dubbing.state.value,
            "status": dubbing.seen,
            "dubbing_id": dubbing.dubbing_id,
            "version_id": dubbing.version_id,
            "studio_url": dubbing.studio_url,
            "file": display(result.name) if result else None,
            "size": result.size if result else None,
            "sha256": result.digest if result else None,
            "fetched_at": result.fetched_at if result else None,
            "error": dubbing.error,
        }
    )


def _spoken(said: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is not known; TOML has no null."""
    return {key: value for key, value in said.items() if value is not None}
