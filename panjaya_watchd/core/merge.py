"""
Merging: a watch folder's settings, what the sidecars ask for and the parts themselves become one order.

Everything the API is known to refuse is refused here, before anything is spent. Decides only: the texts were read
elsewhere, and what is asked for is judged by names, locales and numbers.
"""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Final

from panjaya_watchd.core import locales
from panjaya_watchd.core.drop import Drop, Part, Role
from panjaya_watchd.core.names import Digest, Locale, display, fold
from panjaya_watchd.core.order import COVERED, Asked, AutoGenerate, Defaults, Language, Order, Refusal

_ALWAYS: Final = frozenset({"force"})
"""Not a setting of the folder but the dropper's own word that paying again is meant."""

_PART_KEYS: Final = {Role.SRT: "srt", Role.BACKGROUND: "background"}
_AGAIN: Final = "and drop all files again."


class _Refused(Exception):  # noqa: N818  (never leaves this file: it carries the answer out of the rule that says no)
    def __init__(self, why: str, todo: str) -> None:
        super().__init__(why)
        self.refusal = Refusal(why=why, todo=todo)


FRAME: Final = 0.05
"""Seconds by which a piece may end behind the video's end: players and probes round lengths to a frame."""


def merge(
    defaults: Defaults,
    asked: Asked,
    drop: Drop,
    srt_digests: Mapping[str, Digest],
    duration: float | None = None,
) -> Order | Refusal:
    """
    Make the order for a drop, or say why there can be none.

    Args:
        defaults: the watch folder's settings.
        asked: what the TOML sidecar says; an empty one where there is none.
        drop: the parts. ``STEM.<locale>.srt`` adds its locale unless the TOML lists ``languages``.
        srt_digests: the digest of each SRT's text as it will be sent, by the part's name; every SRT part is there.
        duration: of the video, in seconds; None where it is not known.

    Returns:
        The order, or the first rule that is broken, in words for the dropper.

    """
    try:
        _need_one_of_each(drop)
        _need_permission(defaults, asked, drop)
        _need_video(asked, drop)
        locale = _source(defaults, asked)
        targets = _targets(defaults, asked, drop)
        _need_sound_targets(drop, locale, targets)
        _need_span(asked, drop, duration)
        background = _background(asked, drop)
    except _Refused as reason:
        return reason.refusal
    return Order(
        locale=locale,
        languages=tuple(
            Language(locale=target, srt=part.name, srt_digest=srt_digests[part.name])
            if part
            else Language(locale=target)
            for target, part in targets
        ),
        auto_generate=asked.auto_generate or defaults.auto_generate,
        lips_model=asked.lips_model or defaults.lips_model,
        speakers_count=asked.speakers_count or defaults.speakers_count,
        start_time=asked.start_time,
        end_time=asked.end_time,
        background=background,
        background_url=asked.background_url,
        media_url=asked.media_url,
        callback_url=asked.callback_url,
        force=asked.force,
    )


def remarks(order: Order) -> tuple[str, ...]:
    """Give sentences for the receipt on settings that have no effect together."""
    if order.lips_model is None or order.auto_generate is not AutoGenerate.NO_LIPS:
        return ()
    return (f"lips_model = {order.lips_model} has no effect, because auto_generate = no_lips: no lips are corrected.",)


def _need_one_of_each(drop: Drop) -> None:
    clash = drop.clash()
    if clash:
        one, other = clash
        raise _Refused(
            f"{one} and {other} are both there, and only one of them can be meant.",
            f"Keep the right one, take the other away {_AGAIN}",
        )


def _need_permission(defaults: Defaults, asked: Asked, drop: Drop) -> None:
    """Hold every key against ``sidecar_may``; a part that speaks for a key counts as that key."""
    wishes = [(key, f"{_toml(drop)} sets {key}") for key in asked.named]
    wishes += [
        (_PART_KEYS[part.role], f"{_shown(part)} counts as {_PART_KEYS[part.role]}")
        for part in drop.parts
        if part.role in _PART_KEYS
    ]
    if asked.languages is None:
        wishes += [
            ("languages", f"{_shown(part)} would add the language {tag}")
            for part, tag in _tagged(drop)
            if tag not in defaults.languages
        ]
    for key, words in wishes:
        if COVERED.get(key, key) not in defaults.sidecar_may and key not in _ALWAYS:
            raise _Refused(
                f"{words}, and the owner of this folder does not allow it.",
                f"Take it away {_AGAIN} Or ask the owner of the folder to allow {key}.",
            )


def _need_video(asked: Asked, drop: Drop) -> None:
    if drop.video is not None:
        if asked.media_url is None:
            return
        raise _Refused(
            f"{_toml(drop)} names a video on the web, and {_shown(drop.video)} is here as well.",
            f"Take the line media_url out of it {_AGAIN}",
        )
    if asked.media_url is not None:
        return
    raise _Refused(f"There is no video for {display(drop.stem)}.", f"Put the video beside the other files {_AGAIN}")


def _source(defaults: Defaults, asked: Asked) -> Locale:
    locale = asked.locale or defaults.locale
    if locale not in locales.SOURCES:
        raise _Refused(
            f"The language of the video is given as {display(locale)}, which Panjaya does not know.",
            f"Set locale to {_choice(locale)} {_AGAIN}",
        )
    return locale


def _targets(defaults: Defaults, asked: Asked, drop: Drop) -> list[tuple[Locale, Part | None]]:
    """Pair each target with its subtitles, in the order they were asked for."""
    tagged = {tag: part for part, tag in _tagged(drop)}
    plain = next((part for part in drop.of(Role.SRT) if part.tag is None), None)
    if asked.languages is None:
        targets = list(dict.fromkeys((*defaults.languages, *tagged)))
        explicit: dict[Locale, Part] = {}
    else:
        targets = [locale for locale, _ in asked.languages]
        explicit = {
            locale: _named(drop, Role.SRT, name, f"the subtitles for {display(locale)}")
            for locale, name in asked.languages
            if name is not None
        }
        _need_own_subtitles(drop, explicit, tagged)
    for tag, part in tagged.items():
        if tag not in targets:
            raise _Refused(
                f"{_shown(part)} is for {tag}, which is not among the languages in {_toml(drop)}.",
                f'Add "{tag}" to languages there, or take the subtitles away, {_AGAIN}',
            )
    if plain and plain not in explicit.values():
        explicit = {**explicit, _only(drop, plain, targets, tagged): plain}
    return [(target, explicit.get(target) or tagged.get(target)) for target in targets]


def _tagged(drop: Drop) -> list[tuple[Part, Locale]]:
    """Give the SRT parts that name a locale, with that locale; file names are matched whatever their case."""
    pairs = []
    for part in drop.of(Role.SRT):
        if part.tag is None:
            continue
        locale = locales.recognise(part.tag)
        if locale is None:
            raise _Refused(
                f"{_shown(part)} names the language {part.tag}, which Panjaya does not know.",
                f"Rename it to {_renamed(drop, locales.nearest(part.tag))} {_AGAIN}",
            )
        pairs.append((part, locale))
    return pairs


def _need_own_subtitles(drop: Drop, explicit: Mapping[Locale, Part], tagged: Mapping[Locale, Part]) -> None:
    """Refuse subtitles that the TOML gives to another language than their name does, or to two."""
    owners: dict[str, Locale] = {}
    for locale, part in explicit.items():
        rival = tagged.get(locale, part)
        if rival != part:
            raise _Refused(
                f"{_shown(part)} and {_shown(rival)} are both for {display(locale)}.",
                f"Keep the right one, take the other away {_AGAIN}",
            )
        other = owners.get(part.name) or next((tag for tag, known in tagged.items() if known == part), locale)
        if other != locale:
            raise _Refused(
                f"{_shown(part)} is for {display(other)} and cannot be for {display(locale)} as well.",
                f"Give each language a file of its own, such as {_renamed(drop, locale)}, {_AGAIN}",
            )
        owners[part.name] = locale


def _only(drop: Drop, plain: Part, targets: list[Locale], tagged: Mapping[Locale, Part]) -> Locale:
    """Give the one target that an SRT without a locale can be for."""
    if len(targets) != 1:
        known = [target for target in targets if target in locales.TARGETS and target not in tagged]
        raise _Refused(
            f"{_shown(plain)} does not say which language it is for, and the video is dubbed into "
            f"{', '.join(map(display, targets)) or 'none yet'}.",
            f"{f'Rename it to {_renamed(drop, *known)}' if known or not targets else 'Take it away'} {_AGAIN}",
        )
    rival = tagged.get(targets[0])
    if rival:
        raise _Refused(
            f"{_shown(plain)} and {_shown(rival)} are both for {targets[0]}.",
            f"Keep the right one, take the other away {_AGAIN}",
        )
    return targets[0]


def _need_sound_targets(drop: Drop, source: Locale, targets: list[tuple[Locale, Part | None]]) -> None:
    if not targets:
        raise _Refused(
            "Nothing says into which language the video should be dubbed.",
            f'Write a line such as languages = ["es-ES"] into {_toml(drop)} {_AGAIN}',
        )
    before: set[Locale] = set()
    for target, part in targets:
        culprit = _shown(part) if part else target
        if target not in locales.SOURCES:
            raise _Refused(
                f"The video should be dubbed into {display(target)}, which Panjaya does not know.",
                f"Set languages to {_choice(target)} {_AGAIN}",
            )
        if target not in locales.TARGETS:
            raise _Refused(
                f"Panjaya cannot dub into {locales.SOURCES[target]} ({target}), only from it.",
                f"Take {culprit} away {_AGAIN}",
            )
        if target == source:
            raise _Refused(
                f"The video is in {locales.SOURCES[target]} ({target}) already and cannot be dubbed into it.",
                f"Take {culprit} away, or correct locale, the language of the video, {_AGAIN}",
            )
        if target in before:
            raise _Refused(
                f"The video should be dubbed into {locales.SOURCES[target]} ({target}) twice.",
                f"List {target} once {_AGAIN}",
            )
        before.add(target)


def _need_span(asked: Asked, drop: Drop, duration: float | None) -> None:
    start, end = asked.start_time or 0.0, asked.end_time
    if duration is not None and (start >= duration or (end or 0.0) > duration + FRAME):
        key, found = ("start_time", start) if start >= duration else ("end_time", end)
        raise _Refused(
            f"{_toml(drop)} sets {key} to second {found:g}, and the video has only {duration:.3f} seconds.",
            f"Set it to less than that, or take the line out, {_AGAIN}",
        )
    if start >= 0 and (end is None or start < end):
        return
    until = "its end" if end is None else f"second {end:g}"
    raise _Refused(
        f"{_toml(drop)} asks for the video from second {start:g} to {until}, and there is nothing between them.",
        f"Set start_time to 0 or more and end_time to more than that, {_AGAIN}",
    )


def _background(asked: Asked, drop: Drop) -> str | None:
    parts = drop.of(Role.BACKGROUND)
    if asked.background is not None:
        parts = (_named(drop, Role.BACKGROUND, asked.background, "the background sound"),)
    if parts and asked.background_url is not None:
        raise _Refused(
            f"{_shown(parts[0])} is the background sound, and {_toml(drop)} names another one on the web.",
            f"Keep one of the two {_AGAIN}",
        )
    return parts[0].name if parts else None


def _named(drop: Drop, role: Role, name: str, meaning: str) -> Part:
    """Find the part that the TOML names; a name there has no folder."""
    for part in drop.of(role):
        if fold(PurePosixPath(part.name).name) == fold(name):
            return part
    there = " or ".join(map(_shown, drop.of(role))) or "no such file"
    raise _Refused(
        f"{_toml(drop)} names {display(name)} as {meaning}, and there is {there} beside the video.",
        f"Correct the name in it, or add the file, {_AGAIN}",
    )


def _shown(part: Part) -> str:
    return display(PurePosixPath(part.name).name)


def _toml(drop: Drop) -> str:
    return next(map(_shown, drop.of(Role.TOML)), f"{display(drop.stem)}.toml")


def _choice(tag: str) -> str:
    return locales.nearest(tag) or "a locale such as es-ES"


def _renamed(drop: Drop, *tags: str | None) -> str:
    """Offer names for an SRT; a tag may be several joined with "or", none at all leaves an example."""
    known: Iterable[str] = [one for tag in tags if tag for one in tag.split(" or ")]
    return (
        " or ".join(f"{display(drop.stem)}.{tag}.srt" for tag in known)
        or f"{display(drop.stem)}.es-ES.srt, for example,"
    )
