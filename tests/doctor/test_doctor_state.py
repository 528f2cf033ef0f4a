"""The key, the state directory and the ledger under the doctor."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from panjaya_watchd.core.baseline import Baseline
from panjaya_watchd.core.names import FolderName
from panjaya_watchd.doctor import key, state
from panjaya_watchd.doctor.findings import Level
from panjaya_watchd.doctor.identity import own
from panjaya_watchd.doctor.unit import Unit
from panjaya_watchd.ledger.sql import SqlLedger
from panjaya_watchd.settings import Settings, load

FINE: dict[str, Any] = {"trouble": None, "read": True, "write": True, "enter": True}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Give settings with one watch folder and no ledger yet."""
    for name in ("state", "drop"):
        (tmp_path / name).mkdir()
    config = tmp_path / "watchd.toml"
    config.write_text(
        f'[state]\nurl = "sqlite:///{tmp_path}/state/ledger.db"\n[[folder]]\nname = "marketing"\n'
        f'path = "{tmp_path}/drop"\nlocale = "en-US"\nlanguages = ["es-ES"]\n'
    )
    return load(config, environ={})


def with_key(settings: Settings, file: Path) -> Settings:
    """Give settings that name a file with the key."""
    return settings.model_copy(update={"api": settings.api.model_copy(update={"key_file": file})})


def test_where_the_key_comes_from(settings: Settings, tmp_path: Path) -> None:
    """The file that systemd copies it from goes before all that is seen here, as the credential does in the unit."""
    own_file, source = tmp_path / "own", tmp_path / "source"
    own_file.write_text("panjaya-own\n")
    source.write_text("panjaya-source\n")
    for file in (own_file, source):
        file.chmod(0o600)
    handed, stored = Unit(properties={}, key=str(source)), Unit(properties={}, key="")
    named = with_key(settings, own_file)
    inside = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    (tmp_path / "panjaya-api-key").write_text("panjaya-inside\n")
    (tmp_path / "panjaya-api-key").chmod(0o400)

    assert key.find(named, {"PANJAYA_API_KEY": "x"}, handed).key == "panjaya-source"
    assert key.find(named, {"PANJAYA_API_KEY": "x"}, Unit(properties={})).key == "panjaya-own"
    assert key.find(settings, {"PANJAYA_API_KEY": "x"}, None).key == "panjaya-x"
    assert key.find(named, inside, handed).key == "panjaya-inside"
    seen = key.find(named, {}, stored)
    assert (seen.key, seen.finding.level) == (None, Level.WARNING)
    assert "which only the service sees" in seen.finding.found
    assert "panjaya-source" not in repr(key.find(named, {}, handed))


def test_a_key_that_cannot_be_one(settings: Settings, tmp_path: Path) -> None:
    """None at all, one that everybody can read, a file that is not there: trouble, with where it belongs."""
    loose = tmp_path / "loose"
    loose.write_text("panjaya-loose\n")
    loose.chmod(0o644)
    found = [
        key.find(settings, {}, None),
        key.find(with_key(settings, loose), {}, None),
        key.find(settings, {}, Unit(properties={}, key=str(tmp_path / "none"))),
    ]

    assert [(each.key, each.finding.level) for each in found] == [(None, Level.TROUBLE)] * 3
    assert "everybody on this machine can read" in found[1].finding.found
    assert "No such file" in found[2].finding.found
    assert all("[api] key_file" in str(each.finding.todo) for each in found)


def test_a_key_that_the_service_cannot_read(tmp_path: Path) -> None:
    """It is root's alone, and nobody hands it over."""
    file = tmp_path / "key"
    fine, shut = key.readable(file, FINE, own()), key.readable(file, {**FINE, "read": False}, own())

    assert fine is None
    assert shut is not None
    assert (shut.check, shut.level) == ("key", Level.TROUBLE)
    assert "may not read the key" in shut.found


@pytest.mark.parametrize(
    ("reached", "level", "words"),
    [
        (FINE, Level.OK, "may write in the state directory"),
        (None, Level.OK, "systemd makes the state directory"),
        ({**FINE, "write": False}, Level.TROUBLE, "may not write in the state directory"),
        ({**FINE, "trouble": "No such file or directory"}, Level.TROUBLE, "No such file or directory"),
    ],
)
def test_the_state_directory(tmp_path: Path, reached: dict[str, Any] | None, level: Level, words: str) -> None:
    """The service has to write there; how much room it has is told in any case."""
    found = list(state.directory(tmp_path / "state", reached, own()))

    assert [finding.check for finding in found][:2] == ["state", "disk"]
    assert found[0].level is level
    assert words in found[0].found


def baseline(settings: Settings, **changes: Any) -> Baseline:
    """Describe what a ledger knows of the folder."""
    usual = Baseline(
        folder=FolderName("marketing"),
        root=str(settings.folders[0].path),
        first_seen=datetime(2026, 1, 1, tzinfo=UTC),
        root_id="0123abcd",
    )
    return replace(usual, **changes)


def test_what_the_ledger_knows_of_a_folder(settings: Settings) -> None:
    """Its id, unless it was another folder then; a ledger that is not there yet knows nothing, and none is made."""
    none = state.remembered(settings)
    made = settings.state.ledger.exists()
    ledger = SqlLedger(settings.state.url)
    ledger.put_baseline(baseline(settings))
    shared = state.remembered(settings)
    ledger.put_baseline(baseline(settings, root="/elsewhere"))
    ledger.close()
    moved = state.remembered(settings)

    assert not made
    assert none.root_ids == {"marketing": None}
    assert [finding.level for finding in none.findings] == [Level.OK]
    assert shared.root_ids == {"marketing": "0123abcd"}
    assert "can be read" in shared.findings[0].found
    assert moved.root_ids == {"marketing": None}


def test_a_ledger_that_cannot_be_trusted(settings: Settings) -> None:
    """The daemon would not start."""
    settings.state.ledger.write_bytes(b"SQLite format 3\0" + os.urandom(5000))
    found = state.remembered(settings)

    assert found.findings[0].level is Level.TROUBLE
    assert found.root_ids == {"marketing": None}


def test_a_daemon_that_holds_the_ledger_and_does_not_answer(settings: Settings) -> None:
    """It is told from one that does not run."""
    (stopped,) = state.daemon(settings, None)
    ledger = SqlLedger(settings.state.url)
    (mute,) = state.daemon(settings, None)
    ledger.close()

    assert stopped.level is Level.OK
    assert "No daemon runs" in stopped.found
    assert mute.level is Level.TROUBLE
    assert "does not listen on its control socket" in mute.found
