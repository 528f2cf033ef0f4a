"""
Merging: a watch folder's settings, what the sidecars ask for and the parts themselves become one order.

Everything the API is known to refuse is refused here, before anything is spent. Decides only: the texts were read
elsewhere, and what is asked for is judged by names, locales and numbers.
"""

from collections.abc import Mapping
from typing import Final

from panjaya_watchd.core import locales
from panjaya_watchd.core.drop import Drop, Role
from panjaya_watchd.core.names import Digest, Locale, display
from panjaya_watchd.core.order import COVERED, Asked, AutoGenerate, Defaults, Language, Order, Refusal
from panjaya_watchd.core.refusing import AGAIN, Refused, choice, named, shown, toml
from panjaya_watchd.core.targets import need_sound_targets, tagged, targets

_ALWAYS: Final = frozenset({"force"})
"""Not a setting of the folder but the dropper's own word that paying again is meant."""

_PART_KEYS: Final = {Role.SRT: "srt", Role.BACKGROUND: "background"}


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
        wanted = targets(defaults, asked, drop)
        need_sound_targets(drop, locale, wanted)
        _need_span(asked, drop, duration)
        background = _background(asked, drop)
    except Refused as reason:
        return reason.refusal
    return Order(
        locale=locale,
        languages=tuple(
            Language(locale=target, srt=part.name, srt_digest=srt_digests[part.name])
            if part
            else Language(locale=target)
            for target, part in wanted
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
        raise Refused(
            f"{one} and {other} are both there, and only one of them can be meant.",
            f"Keep the right one, take the other away {AGAIN}",
        )


def _need_permission(defaults: Defaults, asked: Asked, drop: Drop) -> None:
    """Hold every key against ``sidecar_may``; a part that speaks for a key counts as that key."""
    wishes = [(key, f"{toml(drop)} sets {key}") for key in asked.named]
    wishes += [
        (_PART_KEYS[part.role], f"{shown(part)} counts as {_PART_KEYS[part.role]}")
        for part in drop.parts
        if part.role in _PART_KEYS
    ]
    if asked.languages is None:
        wishes += [
            ("languages", f"{shown(part)} would add the language {tag}")
            for part, tag in tagged(drop)
            if tag not in defaults.languages
        ]
    for key, words in wishes:
        if COVERED.get(key, key) not in defaults.sidecar_may and key not in _ALWAYS:
            raise Refused(
                f"{words}, and the owner of this folder does not allow it.",
                f"Take it away {AGAIN} Or ask the owner of the folder to allow {key}.",
            )


def _need_video(asked: Asked, drop: Drop) -> None:
    if drop.video is not None:
        if asked.media_url is None:
            return
        raise Refused(
            f"{toml(drop)} names a video on the web, and {shown(drop.video)} is here as well.",
            f"Take the line media_url out of it {AGAIN}",
        )
    if asked.media_url is not None:
        return
    raise Refused(f"There is no video for {display(drop.stem)}.", f"Put the video beside the other files {AGAIN}")


def _source(defaults: Defaults, asked: Asked) -> Locale:
    locale = asked.locale or defaults.locale
    if locale not in locales.SOURCES:
        raise Refused(
            f"The language of the video is given as {display(locale)}, which Panjaya does not know.",
            f"Set locale to {choice(locale)} {AGAIN}",
        )
    return locale


def _need_span(asked: Asked, drop: Drop, duration: float | None) -> None:
    start, end = asked.start_time or 0.0, asked.end_time
    if start < 0 or (end is not None and start >= end):
        until = "its end" if end is None else f"second {end:g}"
        raise Refused(
            f"{toml(drop)} asks for the video from second {start:g} to {until}, and there is nothing between them.",
            f"Set start_time to 0 or more and end_time to more than that, {AGAIN}",
        )
    if duration is not None and (start >= duration or (end or 0.0) > duration + FRAME):
        key, found = ("start_time", start) if start >= duration else ("end_time", end)
        raise Refused(
            f"{toml(drop)} sets {key} to second {found:g}, and the video has only {duration:.3f} seconds.",
            f"Set it to less than that, or take the line out, {AGAIN}",
        )


def _background(asked: Asked, drop: Drop) -> str | None:
    parts = drop.of(Role.BACKGROUND)
    if asked.background is not None:
        parts = (named(drop, Role.BACKGROUND, asked.background, "the background sound"),)
    if parts and asked.background_url is not None:
        raise Refused(
            f"{shown(parts[0])} is the background sound, and {toml(drop)} names another one on the web.",
            f"Keep one of the two {AGAIN}",
        )
    if parts and asked.media_url:
        raise Refused(
            f"{shown(parts[0])} is a file, and {toml(drop)} names a video on the web, with which no file can be sent.",
            f"Name the sound on the web as well, as background_url, or put the video itself here, {AGAIN}",
        )
    return parts[0].name if parts else None
