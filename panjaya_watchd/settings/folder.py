"""
One watch folder's settings: a ``[[folder]]`` table with ``[defaults]`` beneath it.

What a fault needs the disk for is in `roots`; everything else is judged here.
"""

import unicodedata
from collections import Counter
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from panjaya_watchd.core.claim import OnDoubt, Rules
from panjaya_watchd.core.content import ContentCheck
from panjaya_watchd.core.names import FolderName, Locale, display, fold
from panjaya_watchd.core.order import MAY_BE_ALLOWED, MAY_SET, AutoGenerate, Defaults, LipsModel
from panjaya_watchd.core.profiles import Profile
from panjaya_watchd.core.rate import Schedule
from panjaya_watchd.core.settle import Rule
from panjaya_watchd.settings.budget import Budget
from panjaya_watchd.settings.durations import Duration
from panjaya_watchd.settings.faults import Table, closest
from panjaya_watchd.settings.rates import Rates
from panjaya_watchd.settings.values import AbsolutePath, Count, Flag, Section, Source, Target, path_of, wrong

_LONGEST_NAME: Final = 64


class Pace(Section):
    """How the daemon follows what it sent: the part of ``[api]`` that a claim's rules are made of."""

    poll_first: Duration = timedelta(seconds=30)
    poll_max: Duration = timedelta(minutes=10)
    doubt_window: Duration = timedelta(minutes=5)
    exclusive: Flag = False

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.poll_first > self.poll_max:
            raise wrong("poll_first not longer than poll_max", at=("poll_first",), against="poll_max")
        return self


def _name(found: str) -> FolderName:
    name = unicodedata.normalize("NFC", found)
    if not 0 < len(name) <= _LONGEST_NAME or name != name.strip() or "/" in name or name != display(name):
        raise wrong(f"a name of 1 to {_LONGEST_NAME} printable characters, without slashes and outer spaces")
    return FolderName(name)


def _destination(found: object) -> Path:
    """Refuse what is not a place of its own; ``processing`` is where claims lie."""
    path = path_of(found)
    if ".." in path.parts or not path.parts:
        raise wrong("a path below the watch folder, or an absolute one, without ..")
    if not path.is_absolute() and fold(path.parts[0]) == "processing":
        raise wrong("another place than processing, which holds what is being dubbed")
    return path


def _permission(found: str) -> str:
    if found not in MAY_BE_ALLOWED:
        raise wrong(f"one of {', '.join(MAY_BE_ALLOWED)}", nearest=closest(found, MAY_BE_ALLOWED))
    return found


_Destination = Annotated[Path, BeforeValidator(_destination)]


class Folder(Section):
    """
    A watch folder.

    ``done`` and ``failed`` are relative to ``path`` or absolute: see `done_at` and `failed_at`. ``quiet`` None means
    the profile's. Durations are `timedelta`.
    """

    name: Annotated[FolderName, AfterValidator(_name)]
    path: AbsolutePath
    locale: Source
    languages: tuple[Target, ...]
    auto_generate: AutoGenerate = AutoGenerate.WITH_LIPS
    lips_model: LipsModel | None = None
    speakers_count: Count | None = None
    sidecar: Literal["optional", "required", "trigger"] = "optional"
    sidecar_may: tuple[Annotated[str, AfterValidator(_permission)], ...] = MAY_SET
    profile: Literal["auto", "local", "smb-server", "cifs", "nfs", "fuse"] = "auto"
    recursive: Flag = False
    done: _Destination = Path("done")
    failed: Annotated[_Destination, Field(validate_default=True)] = Path("failed")
    quiet: Duration | None = None
    content_check: ContentCheck = ContentCheck.ENFORCE
    unfinished_grace: Duration = timedelta(minutes=15)
    stall_timeout: Duration = timedelta(hours=24)
    on_first_start: Literal["hold", "take"] = "hold"
    on_doubt: OnDoubt = OnDoubt.HOLD
    follow: Flag = False
    upload_rate: Rates = Schedule()
    download_rate: Rates = Schedule()
    budget: Budget | None = None

    _table: Table = PrivateAttr(default_factory=Table)

    def model_post_init(self, context: Any) -> None:
        """Keep the table that this folder was read from."""
        if isinstance(context, Table):
            self._table = context

    @field_validator("languages")
    @classmethod
    def _no_locale_twice(cls, languages: tuple[Locale, ...], info: ValidationInfo) -> tuple[Locale, ...]:
        source = info.data.get("locale")
        twice = [tag for tag, count in Counter(languages).items() if count > 1]
        if twice:
            last = len(languages) - 1 - languages[::-1].index(twice[0])
            raise wrong("every target locale once", at=(last,), found=f"{', '.join(twice)} more than once")
        if source in languages:
            at = (languages.index(source),)
            raise wrong("a target locale other than the source", at=at, against="locale", found=f'"{source}" as both')
        return languages

    @field_validator("failed")
    @classmethod
    def _not_done(cls, failed: Path, info: ValidationInfo) -> Path:
        done = info.data.get("done")
        if done is not None and fold(str(PurePosixPath(done))) == fold(str(PurePosixPath(failed))):
            raise wrong("two places for done and failed", against="done", found="one place for both")
        return failed

    @model_validator(mode="after")
    def _somebody_names_a_target(self) -> Self:
        if not self.languages and not {"languages", "srt"} & set(self.sidecar_may):
            raise wrong(
                "at least one target locale, or a sidecar_may with languages or srt",
                at=("languages",),
                against="sidecar_may",
            )
        return self

    @property
    def table(self) -> Table:
        """Give the table of the configuration that this folder comes from, for faults found later."""
        return self._table

    @property
    def done_at(self) -> Path:
        """Give the absolute path of what is dubbed."""
        return self.path / self.done

    @property
    def failed_at(self) -> Path:
        """Give the absolute path of what could not be dubbed."""
        return self.path / self.failed

    @property
    def fixed_profile(self) -> Profile | None:
        """Give the profile; None where the storage decides."""
        return None if self.profile == "auto" else Profile(self.profile)

    def defaults(self) -> Defaults:
        """Give what this folder orders for every drop unless a sidecar says otherwise."""
        return Defaults(
            locale=self.locale,
            languages=self.languages,
            auto_generate=self.auto_generate,
            lips_model=self.lips_model,
            speakers_count=self.speakers_count,
            sidecar_may=self.sidecar_may,
        )

    def rules(self, pace: Pace) -> Rules:
        """Give the rules that a claim of this folder follows; ``pace`` is the ``[api]`` table."""
        return Rules(
            poll_first=pace.poll_first,
            poll_max=pace.poll_max,
            doubt_window=pace.doubt_window,
            on_doubt=self.on_doubt,
            exclusive=pace.exclusive,
            follow=self.follow,
        )

    def rule(self) -> Rule:
        """Give the rule by which this folder's drops settle; its times are in seconds."""
        return Rule(
            quiet=None if self.quiet is None else self.quiet.total_seconds(),
            sidecar=self.sidecar,
            content_check=self.content_check,
            grace=self.unfinished_grace.total_seconds(),
            stall=self.stall_timeout.total_seconds(),
        )
