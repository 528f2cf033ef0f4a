"""
Who may know whom, as tables, and the reader of imports that holds the package to them.

A room is a folder or a file of the package. Every import counts, also one inside a function. Nothing is run.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

PACKAGE: Final = "panjaya_watchd"

EDGES: Final = "sidecar ledger api rehearsal places media watch web service settings".split()

MAY_KNOW: Final[dict[str, tuple[str, ...]]] = {
    "core": ("core",),
    "errors": (),
    **{edge: ("core", "errors", edge, "places.durable", "__version__") for edge in EDGES},
    "run": (
        *("core", "errors", "run", "sidecar", "service", "places.durable", "__version__"),
        *(f"{edge}.base" for edge in EDGES),
        "api.reader",  # no edge: it is the gate's other half, and touches neither network nor disk by itself
    ),
    "doctor": (
        *("core", "errors", "doctor", "__version__"),
        # It looks at the real parts, and the daemon has none of it: no other room may know it.
        *("settings", "places", "ledger.lock", "ledger.sql", "service.units", "web.signature", "run.clock", "run.tell"),
        *("api.exchange", "api.faults", "api.origin", "api.pages", "api.wire"),
    ),
    "__main__": ("cli",),
    "__init__": (),
}
"""What a room may import of ours. Who stands in no row may know all: ``cli``, and what puts real parts together."""

UNBOUND: Final = ("build", "parts", "renewal", "cli")

PURE: Final = frozenset(
    "collections dataclasses datetime difflib enum functools itertools math re types typing unicodedata zlib".split()
)
"""What ``core`` may import of the standard library, with ``pathlib.PurePosixPath``: it can touch nothing."""

TOUCHING: Final = "open print input exec eval compile __import__ breakpoint".split()
"""Built-in functions that ``core`` may not call."""

HOMES: Final[dict[str, tuple[str, ...]]] = {
    "httpx": ("api/exchange.py",),
    "watchdog": ("watch/folder_hints.py",),
    "systemd": ("service/notify.py",),
    "sqlalchemy": ("ledger/",),
    "psycopg": ("ledger/",),
    "cattrs": ("ledger/codec.py",),
    "av": ("media/child.py", "rehearsal/"),
    "starlette": ("rehearsal/", "web/"),
    "uvicorn": ("rehearsal/", "web/"),
    "python_multipart": ("rehearsal/", "web/"),
    "cryptography": ("web/signature.py", "rehearsal/"),
    "tomli_w": ("run/papers.py",),
    "time": ("run/clock.py", "rehearsal/server.py", "cli/"),
}
"""Imports that have a home: the only files (or folders, with a slash) that may import them."""

_DURABLE: Final = ("places/durable.py", "ledger/", "rehearsal/")
_OWN_FILES: Final = (*_DURABLE, "api/partial.py")
"""Who else may sync and remove files of our own: half a download is nobody's drop."""

CALLS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys("os.rename os.renames os.replace os.link shutil.move shutil.rmtree".split(), _DURABLE),
    **dict.fromkeys("os.unlink os.remove os.fsync os.fdatasync os.sync".split(), _OWN_FILES),
    **dict.fromkeys(
        "datetime.datetime.now datetime.datetime.utcnow datetime.datetime.today datetime.date.today".split(),
        HOMES["time"],
    ),
}
"""Functions that have a home, by their full names."""

METHODS: Final[dict[str, tuple[str, ...]]] = {
    "rename": _DURABLE,
    "replace": _DURABLE,
    "hardlink_to": _DURABLE,
    "unlink": (*_OWN_FILES, "run/tell.py"),  # the control socket
}
"""What `pathlib.Path` calls the same; its ``replace`` is told from that of text and of times by its single argument."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One line that breaks a rule."""

    file: str
    line: int
    rule: str

    def __str__(self) -> str:
        return f"{PACKAGE}/{self.file}:{self.line}: {self.rule}"


def breaches(file: str, source: str) -> set[Breach]:
    """Read one module. ``file`` is its path below the package, with ``/``."""
    room = file.removesuffix(".py").split("/")[0]
    nodes = [(node, getattr(node, "lineno", 0)) for node in ast.walk(ast.parse(source))]
    imported = [(name, bound, line) for node, line in nodes for name, bound in _imported(node, file)]
    full_names = {bound or name.split(".")[0]: name if bound else name.split(".")[0] for name, bound, _ in imported}
    found = [(line, rule) for name, _, line in imported for rule in _import_rules(file, room, name)]
    found += [(line, rule) for node, line in nodes for rule in _call_rules(file, room, node, full_names)]
    return {Breach(file=file, line=line, rule=rule) for line, rule in found}


def _imported(node: ast.AST, file: str) -> Iterator[tuple[str, str]]:
    """Give the full dotted name of all that is imported, and what it is called from then on; "" where by its top."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name, alias.asname or ""
    elif isinstance(node, ast.ImportFrom):
        above = [PACKAGE, *file.split("/")[:-1]]
        base = [*above[: len(above) + 1 - node.level], *([node.module] if node.module else [])]
        module = ".".join(base) if node.level else str(node.module)
        for alias in node.names:
            yield f"{module}.{alias.name}", alias.asname or alias.name
    elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = ast.unparse(node.func)
        if called in {"__import__", "importlib.import_module", "import_module"}:
            yield str(node.args[0].value), ""


def _import_rules(file: str, room: str, name: str) -> Iterator[str]:
    top, _, rest = name.partition(".")
    if top == PACKAGE:
        known = MAY_KNOW.get(room, ())
        allowed = any(rest == may or rest.startswith(f"{may}.") for may in known)
        # The package itself is a name, a version and a place on the disk.
        if not (allowed or room in UNBOUND or (not rest and "__version__" in known)):
            what = rest or "the package as a whole"
            yield f"{room} may not know {what}; it may know: {', '.join(known) or 'nothing'}"
        return
    if room in {"core", "errors"} and top not in PURE and name != "pathlib.PurePosixPath":
        yield f"{room} decides and touches nothing, so it may not import {name}"
    if top in HOMES and not _at_home(file, HOMES[top]):
        yield f"{top} is imported in {' and '.join(HOMES[top])} only"


def _call_rules(file: str, room: str, node: ast.AST, full_names: dict[str, str]) -> Iterator[str]:
    if isinstance(node, ast.Attribute | ast.Name):
        name = _full(node, full_names)
        if name in CALLS and not _at_home(file, CALLS[name]):
            yield f"{name} is used in {' and '.join(CALLS[name])} only"
    if not isinstance(node, ast.Call):
        return
    called = node.func
    if isinstance(called, ast.Name) and called.id in TOUCHING and room == "core":
        yield f"core decides and touches nothing, so it may not call {called.id}"
    # A function of a module we know by its import, such as `durable.rename`, is no method of a path.
    if isinstance(called, ast.Attribute) and called.attr in METHODS and not _full(called, full_names):
        of_path = called.attr != "replace" or (len(node.args) == 1 and not node.keywords)
        if of_path and not _at_home(file, METHODS[called.attr]):
            yield f"Path.{called.attr} is used in {' and '.join(METHODS[called.attr])} only"


def _full(node: ast.Attribute | ast.Name, full_names: dict[str, str]) -> str:
    """Give the dotted name of an expression with its first part as it was imported."""
    head, _, tail = ast.unparse(node).partition(".")
    name = full_names.get(head)
    return "" if name is None else f"{name}.{tail}".rstrip(".")


def _at_home(file: str, homes: tuple[str, ...]) -> bool:
    return any(file.startswith(home) if home.endswith("/") else file == home for home in homes)
