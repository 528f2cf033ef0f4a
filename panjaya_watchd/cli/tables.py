"""How the status looks on a terminal; rich leaves out colours where NO_COLOR or a pipe asks for it."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.filesize import decimal
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text


def overview(said: Mapping[str, Any]) -> RenderableType:
    """Lay out what the daemon says about itself."""
    parts: list[RenderableType] = []
    if not said["running"]:
        parts.append(Text("The daemon is not running; this is what it left.", style="bold red"))
    parts.append(_folders(said["folders"]))
    if said["budgets"]:
        parts.append(_budgets(said["budgets"]))
    if said["rates"]:
        parts.append(_rates(said["rates"]))
    parts.append(_claims(said["claims"]))
    return Group(*parts)


def _budgets(budgets: list[Mapping[str, Any]]) -> RenderableType:
    table = Table("budget", "today", "this month", "drops today", box=None, header_style="bold")
    for budget in budgets:
        limits = budget["limits"]
        table.add_row(
            escape(budget["folder"] or "all folders together"),
            _used(budget["minutes_today"], limits.get("minutes_per_day"), " min"),
            _used(budget["minutes_this_month"], limits.get("minutes_per_month"), " min"),
            _used(budget["drops_today"], limits.get("drops_per_day"), ""),
        )
    return table


def _used(used: float, limit: float | None, unit: str) -> Text:
    full = limit is not None and used >= limit
    of = "" if limit is None else f" of {limit:g}"
    return Text(f"{round(used, 2):g}{of}{unit}", style="yellow" if full else "")


def _rates(rates: list[Mapping[str, Any]]) -> RenderableType:
    table = Table("rate now", "upload", "download", box=None, header_style="bold")
    for rate in rates:
        limits = [rate[way] for way in ("upload", "download")]
        told = ["no limit" if limit is None else f"{decimal(round(limit))}/s" for limit in limits]
        table.add_row(escape(rate["folder"] or "all folders together"), *told)
    return table


def _folders(folders: list[Mapping[str, Any]]) -> RenderableType:
    table = Table("watch folder", "storage", "last look", "waiting", box=None, header_style="bold")
    for folder in folders:
        seen = folder["scanned_seconds_ago"]
        look = Text(folder["trouble"], style="red") if folder["trouble"] else Text(f"{seen} s ago")
        lines = [f"{waiting['name']} {waiting['why']}" for waiting in folder["waiting"]]
        if folder["held_first"]["drops"]:
            held = folder["held_first"]
            lines.append(f"{held['drops']} held since the first start, {held['estimated_minutes']:g} minutes")
        waiting = "\n".join(lines) or "nothing"
        table.add_row(escape(folder["name"]), escape(_storage(folder["grounds"])), look, escape(waiting))
    return table


def _storage(grounds: list[Mapping[str, Any]]) -> str:
    """Say in a line for each file system what it is, by its profile and the kernel's name where that says more."""
    lines = []
    for ground in grounds:
        kind = "" if ground["kind"] in {"", ground["profile"]} else f" ({ground['kind']})"
        lines.append(f"{ground['folder']}: " * bool(ground["folder"]) + ground["profile"] + kind)
    return "\n".join(lines)


def _claims(claims: list[Mapping[str, Any]]) -> RenderableType:
    if not claims:
        return Text("Nothing is under way.")
    table = Table("claim", "file", "state", "", "minutes", box=None, header_style="bold")
    for claim in claims:
        minutes = "?" if claim["estimated_minutes"] is None else f"{claim['estimated_minutes']:.2f}"
        state = Text(claim["state"], style="bold red" if claim["held"] else "")
        table.add_row(claim["claim"], escape(claim["file"]), state, Group(*_lines(claim)), minutes)
    return table


def _lines(claim: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield Text(claim["says"])
    if claim["trouble"]:
        yield Text(claim["trouble"], style="yellow")
    for what, moving in claim["moving"].items():
        rate = f"{what} {decimal(moving['bytes'])}, {decimal(moving['rate'])}/s"
        yield Text(rate)
        if moving["of"]:
            yield ProgressBar(total=moving["of"], completed=moving["bytes"], width=40)
    for dubbing in claim["dubbings"]:
        yield Text(f"{dubbing['locale']}: {dubbing['state']} ({dubbing['status'] or 'not begun'})")
