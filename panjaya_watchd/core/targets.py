"""Targets: into which languages a drop is dubbed, and which subtitles each of them has."""

from collections.abc import Mapping

from panjaya_watchd.core import locales
from panjaya_watchd.core.drop import Drop, Part, Role
from panjaya_watchd.core.names import Locale, display
from panjaya_watchd.core.order import Asked, Defaults
from panjaya_watchd.core.refusing import AGAIN, Refused, choice, named, renamed, shown, toml


def targets(defaults: Defaults, asked: Asked, drop: Drop) -> list[tuple[Locale, Part | None]]:
    """Pair each target with its subtitles, in the order they were asked for."""
    named_so = {tag: part for part, tag in tagged(drop)}
    plain = next((part for part in drop.of(Role.SRT) if part.tag is None), None)
    if asked.languages is None:
        wanted = list(dict.fromkeys((*defaults.languages, *named_so)))
        explicit: dict[Locale, Part] = {}
    else:
        wanted = [locale for locale, _ in asked.languages]
        explicit = {
            locale: named(drop, Role.SRT, name, f"the subtitles for {display(locale)}")
            for locale, name in asked.languages
            if name is not None
        }
        _need_own_subtitles(drop, explicit, named_so)
    for tag, part in named_so.items():
        if tag not in wanted:
            raise Refused(
                f"{shown(part)} is for {tag}, which is not among the languages in {toml(drop)}.",
                f'Add "{tag}" to languages there, or take the subtitles away, {AGAIN}',
            )
    if plain and plain not in explicit.values():
        explicit = {**explicit, _only(drop, plain, wanted, named_so): plain}
    return [(target, explicit.get(target) or named_so.get(target)) for target in wanted]


def tagged(drop: Drop) -> list[tuple[Part, Locale]]:
    """Give the SRT parts that name a locale, with that locale; file names are matched whatever their case."""
    pairs = []
    for part in drop.of(Role.SRT):
        if part.tag is None:
            continue
        locale = locales.recognise(part.tag)
        if locale is None:
            raise Refused(
                f"{shown(part)} names the language {part.tag}, which Panjaya does not know.",
                f"Rename it to {renamed(drop, locales.nearest(part.tag))} {AGAIN}",
            )
        pairs.append((part, locale))
    return pairs


def _need_own_subtitles(drop: Drop, explicit: Mapping[Locale, Part], tagged: Mapping[Locale, Part]) -> None:
    """Refuse subtitles that the TOML gives to another language than their name does, or to two."""
    owners: dict[str, Locale] = {}
    for locale, part in explicit.items():
        rival = tagged.get(locale, part)
        if rival != part:
            raise Refused(
                f"{shown(part)} and {shown(rival)} are both for {display(locale)}.",
                f"Keep the right one, take the other away {AGAIN}",
            )
        other = owners.get(part.name) or next((tag for tag, known in tagged.items() if known == part), locale)
        if other != locale:
            raise Refused(
                f"{shown(part)} is for {display(other)} and cannot be for {display(locale)} as well.",
                f"Give each language a file of its own, such as {renamed(drop, locale)}, {AGAIN}",
            )
        owners[part.name] = locale


def _only(drop: Drop, plain: Part, targets: list[Locale], tagged: Mapping[Locale, Part]) -> Locale:
    """Give the one target that an SRT without a locale can be for."""
    if len(targets) != 1:
        known = [target for target in targets if target in locales.TARGETS and target not in tagged]
        raise Refused(
            f"{shown(plain)} does not say which language it is for, and the video is dubbed into "
            f"{', '.join(map(display, targets)) or 'none yet'}.",
            f"{f'Rename it to {renamed(drop, *known)}' if known or not targets else 'Take it away'} {AGAIN}",
        )
    rival = tagged.get(targets[0])
    if rival:
        raise Refused(
            f"{shown(plain)} and {shown(rival)} are both for {targets[0]}.",
            f"Keep the right one, take the other away {AGAIN}",
        )
    return targets[0]


def need_sound_targets(drop: Drop, source: Locale, wanted: list[tuple[Locale, Part | None]]) -> None:
    """Refuse what Panjaya cannot dub into: nothing, an unknown language, the video's own, one language twice."""
    if not wanted:
        raise Refused(
            "Nothing says into which language the video should be dubbed.",
            f'Write a line such as languages = ["es-ES"] into {toml(drop)} {AGAIN}',
        )
    before: set[Locale] = set()
    for target, part in wanted:
        culprit = shown(part) if part else target
        if target not in locales.SOURCES:
            raise Refused(
                f"The video should be dubbed into {display(target)}, which Panjaya does not know.",
                f"Set languages to {choice(target)} {AGAIN}",
            )
        if target not in locales.TARGETS:
            raise Refused(
                f"Panjaya cannot dub into {locales.SOURCES[target]} ({target}), only from it.",
                f"Take {culprit} away {AGAIN}",
            )
        if target == source:
            raise Refused(
                f"The video is in {locales.SOURCES[target]} ({target}) already and cannot be dubbed into it.",
                f"Take {culprit} away, or correct locale, the language of the video, {AGAIN}",
            )
        if target in before:
            raise Refused(
                f"The video should be dubbed into {locales.SOURCES[target]} ({target}) twice.",
                f"List {target} once {AGAIN}",
            )
        before.add(target)
