"""
What the first release left on disk: a document and the claim that it holds, the tables, and how a row was sealed.

Never change any of it: ledgers in the field look like this.
"""

import hashlib
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from panjaya_watchd.core.claim import Attempt, Claim, Destination, Dubbing, DubbingState, Outcome, Result, Rules, State
from panjaya_watchd.core.drop import Drop, Fingerprint, Part, Role
from panjaya_watchd.core.names import AssetId, ClaimId, Digest, DubbingId, FolderName, Locale, VersionId
from panjaya_watchd.core.order import AutoGenerate, Language, LipsModel, Order

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PRINT = Fingerprint(size=1, mtime_ns=2, ctime_ns=3, ino=2**64 - 1)
DIGEST = Digest("0123456789abcdef" * 4)

SAMPLE = Claim(
    id=ClaimId("c1"),
    folder=FolderName("marketing"),
    drop=Drop(
        key="bad\udcff",
        parts=(
            Part(name="bad\udcff.es-ES.srt", role=Role.SRT, fingerprint=PRINT, tag="es-ES"),
            Part(name="bad\udcff.mp4", role=Role.VIDEO, fingerprint=PRINT),
        ),
    ),
    order=Order(
        locale=Locale("en-US"),
        languages=(
            Language(locale=Locale("es-ES"), srt="bad\udcff.es-ES.srt", srt_digest=DIGEST),
            Language(locale=Locale("fr-FR")),
        ),
        auto_generate=AutoGenerate.WITH_LIPS,
        lips_model=LipsModel.REAL_FACE,
        speakers_count=2,
        start_time=1.5,
    ),
    taken_at=NOON,
    state=State.DUBBING,
    rules=Rules(poll_first=timedelta(microseconds=1), poll_max=timedelta(hours=1)),
    duration=61.04,
    attempt=Attempt(number=1, mark=frozenset({AssetId("b"), AssetId("a")}), gate_at=NOON),
    size=10,
    digest=DIGEST,
    asset_id=AssetId("asset-1"),
    accepted_at=NOON,
    asset_raw='{"asset_id": "asset-1"}',
    dubbings=(
        Dubbing(
            locale=Locale("es-ES"),
            state=DubbingState.FETCHED,
            dubbing_id=DubbingId("d1"),
            version_id=VersionId("v1"),
            seen="Completed",
            progress=1.0,
            result=Result(name="bad\udcff.es-ES.mp4", size=11, digest=DIGEST, fetched_at=NOON),
        ),
        Dubbing(locale=Locale("fr-FR"), error="Größe ☃"),
    ),
    outcome=Outcome(to=Destination.DONE, why="It is done.", details=(("asset", "asset-1"),)),
    candidates=(AssetId("x"),),
)

FORMAT_1 = (
    '{"format": 1, "claim": {"id": "c1", "folder": "marketing", "drop": {"key": "bad\\udcff", "parts": [{"name":'
    ' "bad\\udcff.es-ES.srt", "role": "srt", "fingerprint": {"size": 1, "mtime_ns": 2, "ctime_ns": 3, "ino":'
    ' 18446744073709551615}, "tag": "es-ES"}, {"name": "bad\\udcff.mp4", "role": "video", "fingerprint": {"size": 1,'
    ' "mtime_ns": 2, "ctime_ns": 3, "ino": 18446744073709551615}, "tag": null}]}, "order": {"locale": "en-US",'
    ' "languages": [{"locale": "es-ES", "srt": "bad\\udcff.es-ES.srt", "srt_digest":'
    ' "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}, {"locale": "fr-FR", "srt": null,'
    ' "srt_digest": null}], "auto_generate": "with_lips", "lips_model": "real_face", "speakers_count": 2, "start_time":'
    ' 1.5, "end_time": null, "background": null, "background_url": null, "callback_url": null, "force": false},'
    ' "taken_at": "2026-11-22T12:00:00+00:00", "state": "dubbing", "rules": {"poll_first": 1e-06, "poll_max": 3600.0,'
    ' "doubt_window": 300.0, "on_doubt": "hold"}, "duration": 61.04, "attempt": {"number": 1, "mark": ["a", "b"],'
    ' "gate_at": "2026-11-22T12:00:00+00:00", "doubt_since": null, "absences": 0}, "size": 10, "digest":'
    ' "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "asset_id": "asset-1", "accepted_at":'
    ' "2026-11-22T12:00:00+00:00", "asset_raw": "{\\"asset_id\\": \\"asset-1\\"}", "dubbings": [{"locale": "es-ES",'
    ' "state": "fetched", "dubbing_id": "d1", "version_id": "v1", "seen": "Completed", "progress": 1.0, "studio_url":'
    ' null, "error": null, "fetches": 0, "result": {"name": "bad\\udcff.es-ES.mp4", "size": 11, "digest":'
    ' "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "fetched_at": "2026-11-22T12:00:00+00:00"}},'
    ' {"locale": "fr-FR", "state": "waiting", "dubbing_id": null, "version_id": null, "seen": null, "progress": null,'
    ' "studio_url": null, "error": "Gr\\u00f6\\u00dfe \\u2603", "fetches": 0, "result": null}], "outcome": {"to":'
    ' "done", "why": "It is done.", "todo": "", "details": [["asset", "asset-1"]]}, "held": null, "candidates": ["x"],'
    ' "troubles": 0, "filed_as": null, "closed_at": null}}'
)
"""The document of `SAMPLE`."""

SCHEMA_1 = """
CREATE TABLE claims (
    id TEXT NOT NULL,
    state TEXT NOT NULL,
    folder TEXT NOT NULL,
    stem TEXT NOT NULL,
    digest TEXT,
    asset_id TEXT,
    owner TEXT,
    taken_at TEXT NOT NULL,
    closed_at TEXT,
    document TEXT NOT NULL,
    seal TEXT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (asset_id)
);
CREATE INDEX ix_claims_closed_at ON claims (closed_at);
CREATE INDEX ix_claims_stem ON claims (stem);
CREATE INDEX ix_claims_digest ON claims (digest);
CREATE INDEX ix_claims_state ON claims (state);
CREATE INDEX ix_claims_folder ON claims (folder);
CREATE TABLE ledger (
    format INTEGER NOT NULL,
    documents INTEGER NOT NULL,
    application TEXT NOT NULL,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL
);
INSERT INTO ledger (format, documents, application) VALUES (1, 1, 'panjaya-watchd');
"""


def document(**facts: Any) -> str:
    """Give `FORMAT_1` with other facts."""
    whole = json.loads(FORMAT_1)
    return json.dumps(whole | {"claim": whole["claim"] | facts})


DOCUMENTS = {
    "c1": FORMAT_1,
    "c2": document(
        id="c2",
        folder="training",
        state="closed",
        taken_at="2026-11-20T08:30:00.000001+00:00",
        asset_id="asset-2",
        trouble=None,
        filed_as="done/bad\\udcff",
        closed_at="2026-11-20T09:00:00+00:00",
    ),
    "c3": document(
        id="c3",
        state="held",
        taken_at="2026-11-21T12:00:00+00:00",
        digest=None,
        asset_id=None,
        accepted_at=None,
        asset_raw=None,
        dubbings=[],
        outcome=None,
        held="nobody knows",
        trouble="the connection was cut",
    ),
    "c4": document(
        id="c4",
        folder="Führung",
        order=None,
        state="closed",
        taken_at="2026-11-19T12:00:00+00:00",
        attempt=None,
        digest=None,
        asset_id=None,
        accepted_at=None,
        asset_raw=None,
        dubbings=[],
        outcome={"to": "failed", "why": "No.", "todo": "", "details": []},
        candidates=[],
        trouble=None,
        filed_as="failed/bad\\udcff",
        closed_at="2026-11-19T12:00:01+00:00",
    ),
    "c5": document(
        id="c5", state="held", taken_at="2026-11-22T12:00:01+00:00", asset_id="asset-5", held="it is lost", trouble=None
    ),
    "c6": document(
        id="c6",
        state="claimed",
        taken_at="2026-11-22T12:00:02+00:00",
        attempt=None,
        digest=None,
        asset_id=None,
        accepted_at=None,
        asset_raw=None,
        dubbings=[],
        outcome=None,
        candidates=[],
        trouble=None,
    ),
}
"""Four living claims and two that are over, in three folders, as that release wrote them."""


def write_ledger(path: Path) -> None:
    """Make a ledger of that release, with a row for each of `DOCUMENTS`."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.executescript(SCHEMA_1)
    with connection:
        for text in DOCUMENTS.values():
            connection.execute(f"INSERT INTO claims VALUES ({', '.join('?' * 11)})", _row(text))
    connection.close()


def _row(text: str) -> tuple[str | None, ...]:
    claim = json.loads(text)["claim"]
    row = (
        claim["id"],
        claim["state"],
        claim["folder"],
        "bad\\udcff",  # the folded stem; a lone surrogate is spelt out
        claim["digest"],
        claim["asset_id"],
        None,
        _instant(claim["taken_at"]),
        _instant(claim["closed_at"]) if claim["closed_at"] else None,
        text,
    )
    return (*row, hashlib.blake2b(repr(row).encode(), digest_size=8).hexdigest())


def _instant(text: str) -> str:
    return datetime.fromisoformat(text).isoformat(timespec="microseconds")
