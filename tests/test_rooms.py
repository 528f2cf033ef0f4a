"""The import rules of the architecture hold, and each of them can fail."""

from pathlib import Path
from typing import Final

import pytest
from rooms import CALLS, EDGES, HOMES, METHODS, PACKAGE, TOUCHING, breaches

ROOT: Final = Path(__file__).parents[1] / PACKAGE

BAD: Final = [
    ("core/names.py", "import os", "core decides and touches nothing, so it may not import os"),
    (
        "core/names.py",
        "from pathlib import Path",
        "core decides and touches nothing, so it may not import pathlib.Path",
    ),
    ("core/names.py", "import pathlib", "core decides and touches nothing, so it may not import pathlib"),
    ("core/names.py", "from panjaya_watchd.errors import X", "core may not know errors.X; it may know: core"),
    ("core/names.py", "from ..places import durable", "core may not know places.durable; it may know: core"),
    ("core/names.py", "def f():\n    from .. import api", "core may not know api; it may know: core"),
    ("errors.py", "from panjaya_watchd.core.names import fold", "errors may not know core.names.fold"),
    ("api/panjaya.py", "from panjaya_watchd.ledger.base import Ledger", "api may not know ledger.base.Ledger"),
    ("places/disk.py", "import panjaya_watchd.api.base", "places may not know api.base"),
    ("ledger/sql.py", "from panjaya_watchd.places.disk import Disk", "ledger may not know places.disk.Disk"),
    ("rehearsal/server.py", "from panjaya_watchd.api import wire", "rehearsal may not know api.wire"),
    ("run/driver.py", "from panjaya_watchd.api.panjaya import Panjaya", "run may not know api.panjaya.Panjaya"),
    ("core/drop.py", "import panjaya_watchd", "core may not know the package as a whole"),
    ("run/lanes.py", "from panjaya_watchd.build import build", "run may not know build.build"),
    ("service/logs.py", "import importlib\nimportlib.import_module('panjaya_watchd.run')", "service may not know run"),
    ("newroom/thing.py", "from panjaya_watchd.core.names import fold", "newroom may not know core.names.fold"),
    ("__main__.py", "from panjaya_watchd.run.driver import Driver", "__main__ may not know run.driver.Driver"),
    ("web/status.py", "from datetime import datetime as d\nd.now()", "datetime.datetime.now is used in"),
    ("web/status.py", "import datetime\ndatetime.date.today()", "datetime.date.today is used in"),
    ("watch/callback.py", "from os import rename as move\nmove('a', 'b')", "os.rename is used in"),
    ("watch/callback.py", "import os as o\nmove = o.replace", "os.replace is used in"),
    ("web/status.py", "import os.path\nos.rename('a', 'b')", "os.rename is used in"),
    *((f"run/{home}.py", f"import {home}", f"{home} is imported in") for home in HOMES),
    *(("api/wire.py", f"import {name.split('.')[0]}\n{name}()", f"{name} is used in") for name in CALLS),
    *(("api/wire.py", f"path.{method}(other)", f"Path.{method} is used in") for method in METHODS),
    *(
        ("core/pace.py", f"{name}('x')", f"core decides and touches nothing, so it may not call {name}")
        for name in TOUCHING
    ),
]

GOOD: Final = [
    ("core/names.py", "import re\nfrom pathlib import PurePosixPath\nfrom collections.abc import Iterator"),
    (
        "core/order.py",
        "from dataclasses import replace\nfrom .names import fold\nreplace(x, a=1)\n'a'.replace('a', 'b')",
    ),
    ("core/claim.py", "from datetime import datetime\nmoment.replace(tzinfo=zone)\nclock.now()"),
    ("ledger/sql.py", "import sqlalchemy, os\nfrom panjaya_watchd.places.durable import write\nos.fsync(3)"),
    ("run/driver.py", "from panjaya_watchd.api.base import DubbingApi\nfrom panjaya_watchd.api import base"),
    ("run/clock.py", "import time\nfrom datetime import datetime\ndatetime.now()"),
    ("run/driver.py", "from panjaya_watchd.service.notify import Notify\nfrom panjaya_watchd import __version__"),
    ("build.py", "from panjaya_watchd.api.panjaya import Panjaya"),
    ("cli/rehearse.py", "import time\nfrom panjaya_watchd.rehearsal.server import serve"),
    ("rehearsal/sample.py", "def film():\n    import av"),
    ("__main__.py", "from panjaya_watchd.cli import main"),
    ("places/disk.py", "from panjaya_watchd.places import durable\ndurable.rename('a', 'b')"),
    ("settings/roots.py", "import panjaya_watchd\npanjaya_watchd.__file__"),
    ("places/durable.py", "import os\nos.rename('a', 'b')\npath.unlink()"),
]


def test_every_room_keeps_its_rules() -> None:
    """Arrows point inward only, and each foreign part has one home; a failure names the line and the rule."""
    found = sorted(
        str(breach)
        for path in ROOT.rglob("*.py")
        for breach in breaches(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    )

    assert not found, "\n".join(["Rules of ARCHITECTURE.md are broken:", *found])


def test_the_rules_are_read_from_something() -> None:
    """The reader finds the package; an empty reading would keep every rule."""
    assert (ROOT / "core" / "claim.py").is_file()


@pytest.mark.parametrize(("file", "source", "rule"), BAD)
def test_each_rule_can_fail(file: str, source: str, rule: str) -> None:
    """A source that breaks one rule is named with that rule and the line."""
    found = [str(breach) for breach in breaches(file, source)]
    last_line = source.count("\n") + 1

    assert any(text.startswith(f"{PACKAGE}/{file}:{last_line}: {rule}") for text in found), found


@pytest.mark.parametrize(("file", "source"), GOOD)
def test_what_is_allowed_passes(file: str, source: str) -> None:
    """The rules forbid no more than they say."""
    assert list(breaches(file, source)) == []


@pytest.mark.parametrize("edge", EDGES)
def test_an_edge_knows_no_other_edge(edge: str) -> None:
    """For every pair of edges an import is a breach, but for ``places.durable``."""
    others = [other for other in EDGES if other != edge]

    assert all(bool(breaches(f"{edge}/part.py", f"import {PACKAGE}.{other}.base")) for other in others)
    assert not (breaches(f"{edge}/part.py", f"from {PACKAGE}.places import durable"))
