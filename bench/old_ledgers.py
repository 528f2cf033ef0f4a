"""
A ledger as an older state of this project wrote it, for ``tests/ledger/samples``.

    .venv/bin/python -m bench.old_ledgers COMMIT tests/ledger/samples/NAME.sql

Checks that commit out into a directory of its own and runs its own simulations there. Of everything that they ever put
into a ledger it keeps a few claims: for each state, each reason to be held and each fact that a claim could have by
then, one that has it, with the claims that it builds on. That commit's own `SqlLedger` writes them. Nothing of today's
code takes part. Needs git, and takes some minutes.
"""

import dataclasses
import enum
import importlib
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]


def main(commit: str, target: Path) -> None:
    """Let a commit write its sample."""
    with tempfile.TemporaryDirectory(prefix="old-ledger-") as name:
        home = Path(name)
        archive = subprocess.run(["git", "archive", commit], cwd=REPOSITORY, stdout=subprocess.PIPE, check=True)
        with subprocess.Popen(["tar", "-x"], cwd=home, stdin=subprocess.PIPE) as tar:
            tar.communicate(archive.stdout)
        (home / "collecting.py").write_text(Path(__file__).read_text(encoding="utf-8"), encoding="utf-8")
        path = os.pathsep.join(map(str, (home, home / "tests")))
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "collecting", "tests/sim"],
            cwd=home,
            env={**os.environ, "PYTHONPATH": path, "SAMPLE": str(home / "sample.db")},
            check=True,
        )
        connection = sqlite3.connect(home / "sample.db")
        target.write_text("\n".join(connection.iterdump()) + "\n", encoding="utf-8")
        connection.close()


# What follows runs inside that commit's own tests, as a plugin of pytest.


class Collector:
    """Sees every claim that is put into a ledger in memory, and chooses."""

    def __init__(self) -> None:
        self.claims: list[Any] = []
        self.baselines: dict[str, Any] = {}
        self.shown: set[object] = set()
        self.worlds = 0

    def watch(self) -> None:
        """Listen in on all ledgers in memory."""
        memory: Any = importlib.import_module("panjaya_watchd.ledger.memory").MemoryLedger
        put, collector = memory.put, self

        def listening(ledger: Any, claim: Any) -> None:
            put(ledger, claim)
            collector.choose(ledger, claim)

        memory.put = listening
        if hasattr(memory, "put_baseline"):
            put_baseline = memory.put_baseline

            def listening_too(ledger: Any, baseline: Any) -> None:
                put_baseline(ledger, baseline)
                collector.baselines.setdefault(baseline.folder, baseline)

            memory.put_baseline = listening_too

    def choose(self, ledger: Any, claim: Any) -> None:
        """Keep a claim that shows something which no claim has shown yet, and all that it names."""
        if set(facts(claim)) <= self.shown:
            return
        together = {claim.id: claim}
        for each in iter_named(ledger, claim):
            together[each.id] = each
        self.worlds += 1
        names = {name for each in together.values() for name in (each.id, each.asset_id) if name}
        for each in together.values():
            self.claims.append(renamed(each, names, f"-{self.worlds}"))
            self.shown.update(facts(each))

    def write(self, path: Path) -> None:
        """Have them written by the ledger of that commit."""
        ledger: Any = importlib.import_module("panjaya_watchd.ledger.sql").SqlLedger(f"sqlite:///{path}", owner="host")
        for claim in self.claims:
            ledger.put(claim)
        for baseline in self.baselines.values():
            ledger.put_baseline(baseline)
        ledger.close()


def iter_named(ledger: Any, claim: Any) -> Iterator[Any]:
    """Give the claims that a claim names, and those that they name."""
    earlier = getattr(claim, "builds_on", None)
    named = {getattr(claim, "awaits", None), getattr(claim, "adds_to", None), earlier and earlier.claim_id} - {None}
    for name in sorted(map(str, named)):
        found = ledger.get(name)
        if found is not None:
            yield found
            yield from iter_named(ledger, found)


def facts(claim: Any) -> Iterator[object]:
    """Give what a claim shows: where it stands, and which of its facts are not what they are by themselves."""
    yield claim.state, getattr(claim, "held_for", None), claim.attempt is not None
    yield claim.state, claim.asset_id is not None, getattr(claim, "adds_to", None) is not None
    yield from beyond_defaults("", claim)


def beyond_defaults(path: str, value: Any) -> Iterator[object]:
    """Walk through all fields of a value, and give those that have something in them."""
    if isinstance(value, enum.Enum):
        yield path, value.value
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from beyond_defaults(f"{path}.{field.name}", getattr(value, field.name))
    elif isinstance(value, tuple | frozenset):
        for each in value:
            yield from beyond_defaults(f"{path}[]", each)
    elif value not in (None, False, 0, ""):
        yield path


def renamed(value: Any, names: set[str], mark: str) -> Any:
    """Give a value with ``mark`` behind each of these names, since every simulation gives the same ones."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {each.name: renamed(getattr(value, each.name), names, mark) for each in dataclasses.fields(value)}
        return dataclasses.replace(value, **changed)
    if isinstance(value, tuple | frozenset):
        return type(value)(renamed(each, names, mark) for each in value)
    if type(value) is str:
        for name in names:
            value = value + mark if value == name else value.replace(f'"{name}"', f'"{name}{mark}"')
    return value


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
elif "SAMPLE" in os.environ:
    COLLECTOR = Collector()
    COLLECTOR.watch()

    def pytest_sessionfinish() -> None:
        """Write what was found."""
        COLLECTOR.write(Path(os.environ["SAMPLE"]))
