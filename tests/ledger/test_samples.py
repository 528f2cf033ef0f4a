"""
Ledgers of every format that this project ever had, as the code of their time wrote them (``bench/old_ledgers.py``).

``first``: schema 1. ``budgets``, ``whole-files`` and ``languages``: schema 2, whose documents have grown. Each holds
claims in every state and with every fact that its time knew. Never change a sample: ledgers in the field look like it.
"""

import json
import os
import signal
import sqlite3
import sys
import tempfile
from collections import defaultdict
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from ledgers import look, url_of
from run.stage import Stage

from panjaya_watchd.core import effects
from panjaya_watchd.core.claim import Claim, HeldFor, State
from panjaya_watchd.core.names import ClaimId
from panjaya_watchd.errors import LedgerUnavailable
from panjaya_watchd.ledger.auditing import audit
from panjaya_watchd.ledger.schema import FORMAT
from panjaya_watchd.ledger.sql import SqlLedger, read_only

SAMPLES: Final = {path.stem: path for path in sorted(Path(__file__).with_name("samples").glob("*.sql"))}

COMPLETED: Final = frozenset({"inside", "maybe_billed", "held_for", "reserved"})
"""What schema 1 did not write down, and a lift adds."""

GO_ON: Final[dict[State, set[type[effects.Effect]]]] = {
    State.CLAIMED: {effects.TakeIn},
    State.UPLOADING: {effects.Upload, effects.LookUp},
    State.RELEASING: {effects.LookUp},
    State.DUBBING: {effects.Poll, effects.Fetch},
    State.FILING: {effects.PutAway},
}
"""What may be asked for where a claim is resumed; of a held one nothing."""

Facts = dict[str, Any]


def lay(name: str, path: Path) -> dict[ClaimId, Facts]:
    """Lay a sample down as a ledger; give what its documents say, read with nothing of ours."""
    connection = sqlite3.connect(path)
    connection.executescript(SAMPLES[name].read_text(encoding="utf-8"))
    found = {row[0]: json.loads(row[1])["claim"] for row in connection.execute("SELECT id, document FROM claims")}
    connection.close()
    return found


def dump(path: Path) -> list[str]:
    """Give all that a closed ledger holds, as SQL."""
    connection = sqlite3.connect(path)
    lines = list(connection.iterdump())
    connection.close()
    return lines


def plain(value: Any) -> Any:
    """Give a value as JSON has it, by a walk of its own."""
    if is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, frozenset):
        return sorted(map(plain, value))
    return [plain(each) for each in value] if isinstance(value, tuple) else value


def differences(old: Any, new: Any, path: str = "") -> list[str]:
    """Give where a value of today does not say what a document says; what is new in it is not asked for."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [each for key, value in old.items() for each in differences(value, new.get(key), f"{path}.{key}")]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [each for pair in zip(old, new, strict=True) for each in differences(*pair, f"{path}[]")]
    return [] if old == new else [path]


def everything(path: Path) -> dict[ClaimId, Claim]:
    """Open a ledger and give all of it."""
    ledger = SqlLedger(url_of(path))
    found = {claim.id: claim for claim in (*ledger.living(), *ledger.closed(limit=1000))}
    ledger.close()
    return found


def test_there_is_a_sample_of_every_schema(tmp_path: Path) -> None:
    """A new format needs one of the format before it."""
    formats = set()
    for name in SAMPLES:
        lay(name, tmp_path / name)
        formats.add(audit(tmp_path / name).format)

    assert formats == set(range(1, FORMAT + 1))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_has_claims_in_every_state(name: str, tmp_path: Path) -> None:
    """Each state, and of schema 2 each reason to be held."""
    claims = lay(name, tmp_path / "ledger.db").values()
    reasons = {claim["held_for"] for claim in claims if claim.get("held_for")}

    assert {claim["state"] for claim in claims} == {state.value for state in State}
    assert name == "first" or reasons >= {HeldFor.DOUBT, HeldFor.BUDGET, HeldFor.FIRST_START}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_claim_says_what_it_said(name: str, tmp_path: Path) -> None:
    """Nothing is lost and nothing invented, for a command that reads and for the daemon; the audit finds nothing."""
    path = tmp_path / "ledger.db"
    documents = lay(name, path)
    before = look(tmp_path)
    reader = read_only(url_of(path))
    read = {claim.id: claim for claim in (*reader.living(), *reader.closed(limit=1000))}
    reader.close()

    assert audit(path).findings == []
    assert before == look(tmp_path)
    assert read == everything(path) == everything(path)
    assert read.keys() == documents.keys()
    assert [each for key, claim in read.items() for each in differences(documents[key], plain(claim), key)] == []
    assert audit(path).findings == []


@pytest.mark.parametrize("name", SAMPLES)
def test_what_was_not_written_down_is_what_it_is_by_itself(name: str, tmp_path: Path) -> None:
    """A fact that came later is taken by its default, but for what the lift of schema 1 knows."""
    path = tmp_path / "ledger.db"
    documents = lay(name, path)
    defaults = {each.name: each.default for each in fields(Claim)}
    for claim in everything(path).values():
        new = {each.name for each in fields(Claim)} - documents[claim.id].keys()
        assert name == "first" or not new & COMPLETED
        assert {key: getattr(claim, key) for key in new - COMPLETED} == {key: defaults[key] for key in new - COMPLETED}


def test_what_schema_1_did_not_write_down_is_known(tmp_path: Path) -> None:
    """Whatever has passed the gate without an answer may be billed, and is counted."""
    path = tmp_path / "ledger.db"
    documents = lay("first", path)
    claims = everything(path)
    for key, facts in documents.items():
        claim, attempt = claims[key], facts["attempt"] or {}
        assert claim.maybe_billed is (attempt.get("gate_at") is not None and facts["asset_id"] is None)
        assert (claim.reserved is not None) is (facts["state"] not in {"claimed", "closed"})
        assert (claim.held_for is not None) is (facts["state"] == "held")
        assert claim.inside is (facts["state"] not in {"claimed", "closed"})


@pytest.mark.parametrize("name", SAMPLES)
def test_the_driver_goes_on_with_what_was_under_way(name: str, tmp_path: Path) -> None:
    """Each living claim is asked for what its state promises: what may be billed is looked up, and not sent."""
    path = tmp_path / "ledger.db"
    documents = lay(name, path)
    living = {key: facts for key, facts in documents.items() if facts["state"] != "closed"}
    ledger = SqlLedger(url_of(path))
    folders = tuple(sorted({claim.folder for claim in ledger.living()}))
    stage = Stage(folders=folders, ledger=ledger)  # type: ignore[arg-type]
    stage.driver.start()
    stage.later(3600.0)
    for _ in living:  # few are asked for at once, and nobody answers here
        stage.driver._crew.rounds._asked.clear()
        stage.driver._crew.rounds.go_on()
    asked = defaultdict[ClaimId, set[type[effects.Effect]]](set)
    for claim, effect in stage.notes.handed:
        asked[claim.id].add(type(effect))

    for key, facts in living.items():
        if facts["state"] == "held":
            assert key not in asked or facts["held_for"] == "budget"  # which has room here
        else:
            assert asked[key], facts["state"]
            assert asked[key] <= GO_ON[State(facts["state"])]
    assert asked.keys() <= living.keys()
    assert {claim.id for claim in ledger.living()} == living.keys()
    ledger.close()


def test_an_older_ledger_is_kept_as_it_was(tmp_path: Path) -> None:
    """Beside it, for its owner only, and good for the release before; a ledger of today's schema is not copied."""
    path = tmp_path / "ledger.db"
    lay("first", path)
    before = dump(path)
    everything(path)
    kept = tmp_path / "ledger.db.format-1.bak"
    held = [line for line in dump(kept) if "notes" not in line]

    assert held == before
    assert kept.stat().st_mode & 0o777 == 0o600
    assert audit(kept).findings == []
    everything(path)
    lay("languages", tmp_path / "new.db")
    everything(tmp_path / "new.db")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["ledger.db", kept.name, "new.db"]


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("notes", "mark_backup"),
        ("durable", "replace"),
        ("durable", "sync"),
        ("schema", "lift"),
        ("notes", "sign"),
        ("reader", "LedgerReader.__init__"),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_a_daemon_that_dies_while_it_lifts_leaves_the_old_or_the_new(
    tmp_path: Path, module: str, name: str, *, late: bool
) -> None:
    """Killed before or after each thing that it does: never a mixture, and the next start lifts it whole."""
    path = tmp_path / "ledger.db"
    documents = lay("first", path)
    before = dump(path)
    child = os.fork()
    if child == 0:
        tempfile.tempdir = str(tmp_path.parent)  # what it leaves there goes with the test's own
        _die(sys.modules[f"panjaya_watchd.{'places' if module == 'durable' else 'ledger'}.{module}"], name, late=late)
        SqlLedger(url_of(path))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    found = audit(path)

    assert (found.findings, found.claims) == ([], len(documents))
    assert found.format in {1, FORMAT}
    assert found.format == FORMAT or dump(path) == before
    assert everything(path).keys() == documents.keys()
    assert not list(tmp_path.glob(".*"))
    assert audit(tmp_path / "ledger.db.format-1.bak").findings == []


def _die(module: ModuleType, name: str, *, late: bool) -> None:
    """Have this process killed before or after the last call of a function on the ledger itself."""
    owner: Any = module
    *above, last = name.split(".")
    for each in above:
        owner = getattr(owner, each)
    does, calls = getattr(owner, last), [0]

    def dying(*given: Any, **named: Any) -> Any:
        calls[0] += 1
        dies = calls[0] == (2 if last == "lift" else 1)  # the first lift is one of a copy
        if dies and not late:
            os.kill(os.getpid(), signal.SIGKILL)
        result = does(*given, **named)
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, last, dying)


def test_a_ledger_that_cannot_be_kept_is_not_lifted(tmp_path: Path) -> None:
    """Without room for the copy nothing is changed."""
    path = tmp_path / "ledger.db"
    lay("first", path)
    before = dump(path)
    (tmp_path / "ledger.db.format-1.bak").mkdir()
    (tmp_path / "ledger.db.format-1.bak" / "something").touch()

    with pytest.raises(LedgerUnavailable):
        SqlLedger(url_of(path))
    assert before == dump(path)
