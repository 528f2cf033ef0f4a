"""The whole configuration as one value: the tables beside the watch folders, and what this release leaves undone."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from panjaya_watchd.core.rate import Schedule
from panjaya_watchd.settings.budget import Budget
from panjaya_watchd.settings.folder import Folder, Pace
from panjaya_watchd.settings.rates import Rates
from panjaya_watchd.settings.values import (
    AbsolutePath,
    Amount,
    Count,
    Listen,
    PublicUrl,
    SecretFile,
    Section,
    ServerUrl,
    wrong,
)

_SOCKET_LIMIT: Final = 107
"""Bytes of a Unix socket's path: ``sun_path`` has 108 with its end mark (unix(7))."""

NOT_YET: Final[Mapping[str, tuple[frozenset[object], str]]] = MappingProxyType(
    {
        "http.token_file": (frozenset({None}), "there are no pages yet that ask for a token"),
        "http.listen": (
            frozenset({""}),
            "there is no status page yet, only callbacks are received there, and only where public_url is set",
        ),
        "notify.urls_file": (frozenset({None}), "notifications are not sent yet"),
    }
)
"""
Keys that are accepted but not acted upon by this release: their values that make no difference, and what to tell of
any other.
"""


class Api(Pace):
    """The dubbing service. The key itself is never part of the settings: see `read_key`."""

    base_url: ServerUrl = "https://api.panjaya.ai"
    key_file: SecretFile = None


def _ledger_url(found: str) -> str:
    if re.match(r"postgres(ql)?(\+\w+)?:", found):
        raise wrong(
            'sqlite:////ABSOLUTE/PATH; this release keeps its ledger in SQLite only, so set url = "sqlite:////…"',
            found="a PostgreSQL URL (not shown, it may hold a password)",
        )
    path = found.removeprefix("sqlite:///")
    if path == found or not path.startswith("/") or path.endswith("/") or re.search(r"[?#\0]", path):
        raise wrong('"sqlite:///" and the absolute path of a file, as in "sqlite:////var/lib/panjaya-watchd/ledger.db"')
    return found


class State(Section):
    """Where the daemon keeps what it must not forget."""

    url: Annotated[str, AfterValidator(_ledger_url)] = "sqlite:////var/lib/panjaya-watchd/ledger.db"
    socket: AbsolutePath | None = None

    @property
    def ledger(self) -> Path:
        """Give the path of the ledger."""
        return Path(self.url.removeprefix("sqlite:///"))

    @property
    def control(self) -> Path:
        """Give the path of the socket through which the commands speak to the daemon."""
        return self.socket or self.ledger.with_name("control.sock")

    @model_validator(mode="after")
    def _socket_can_be_bound(self) -> Self:
        length = len(os.fsencode(self.control))
        if length > _SOCKET_LIMIT:
            raise wrong(
                f"a [state] socket whose path has at most {_SOCKET_LIMIT} bytes",
                at=("socket",),
                against="url",
                found=f"a socket path of {length} bytes",
            )
        return self


class Limits(Section):
    """How much is done at once, and what all watch folders together may send, fetch and spend."""

    uploads: Annotated[Count, Field(le=64)] = 2
    downloads: Annotated[Count, Field(le=64)] = 2
    requests_per_second: Amount = 5.0
    upload_rate: Rates = Schedule()
    download_rate: Rates = Schedule()
    budget: Budget | None = None


class Http(Section):
    """The daemon's own pages; ``""`` turns a key off."""

    listen: Listen = "127.0.0.1:8765"
    public_url: PublicUrl = ""
    token_file: SecretFile = None
    callback_key_file: SecretFile = None

    @model_validator(mode="after")
    def _callbacks_arrive(self) -> Self:
        if self.public_url and not self.listen:
            raise wrong(
                'an address in listen as well, or public_url = "": the service would call where nobody listens',
                at=("public_url",),
                against="listen",
            )
        return self


class Notify(Section):
    """Who is told when a person is needed."""

    urls_file: SecretFile = None


class Settings(Section):
    """The configuration, without faults. Every path in it is absolute but a folder's ``done`` and ``failed``."""

    api: Api = Field(default_factory=Api)
    state: State = Field(default_factory=State)
    folders: tuple[Folder, ...]
    limits: Limits = Field(default_factory=Limits)
    http: Http = Field(default_factory=Http)
    notify: Notify = Field(default_factory=Notify)

    def notes(self) -> tuple[str, ...]:
        """Name every watch folder that may spend without limit: nobody watches the machine (R56)."""
        if self.limits.budget is not None:
            return ()
        return tuple(
            f'folder "{folder.name}": nothing limits what may be spent; set budget, such as '
            "{ minutes_per_day = 600 }, here, under [defaults] or under [limits]."
            for folder in self.folders
            if folder.budget is None
        )

    def warnings(self) -> tuple[str, ...]:
        """Name every key that was set but is not acted upon by this release, one sentence each."""
        told = []
        for path, (honoured, sentence) in NOT_YET.items():
            table, key = path.split(".")
            sections: tuple[Section, ...] = self.folders if table == "folder" else (getattr(self, table),)
            for section in sections:
                place = f'folder "{section.name}": {key}' if isinstance(section, Folder) else f"[{table}] {key}"
                if key in section.model_fields_set and getattr(section, key) not in honoured:
                    told.append(f"{place}: {sentence}.")
        return tuple(told)
