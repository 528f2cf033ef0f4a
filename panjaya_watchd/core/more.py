"""
More languages for a video that is done: what sidecars that came later, or a person's word, order for its asset.

Nothing of the video is sent again, so everything else about it has to stay as it was ordered then. Only what the asset
lacks is bought.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from panjaya_watchd.core import words
from panjaya_watchd.core.claim import Claim, Destination, Outcome
from panjaya_watchd.core.drop import Drop, Role
from panjaya_watchd.core.merge import merge
from panjaya_watchd.core.names import Digest, Locale, display
from panjaya_watchd.core.order import Asked, Defaults, Language, Order, Refusal
from panjaya_watchd.core.twins import SETTINGS

_AGAIN: Final = f"If that is meant, drop the video with all its files once more, and {words.FORCE} That costs again."


def merge_more(
    defaults: Defaults, asked: Asked, drop: Drop, srt_digests: Mapping[str, Digest], earlier: Claim
) -> Order | Refusal:
    """
    Make the order for further languages of an earlier claim's asset, or say why there can be none.

    Args:
        defaults: the watch folder's settings; of them only what a sidecar may say counts.
        asked: what the TOML sidecar, or a person, says.
        drop: the sidecars; none where a person says it.
        srt_digests: as for `merge`.
        earlier: is done, and has an order and an asset.

    """
    had = earlier.order
    assert had is not None, "a claim that is done has an order"
    as_then = replace(
        defaults,
        locale=had.locale,
        languages=(),
        auto_generate=had.auto_generate,
        lips_model=had.lips_model,
        speakers_count=had.speakers_count,
    )
    # As if the video were on the web: it is not here, and nothing of it is sent.
    silent = replace(
        asked,
        start_time=had.start_time if asked.start_time is None else asked.start_time,
        end_time=had.end_time if asked.end_time is None else asked.end_time,
        background_url=asked.background_url or had.background_url,
        media_url=asked.media_url or had.media_url or "",
    )
    made = merge(as_then, silent, drop, srt_digests, earlier.duration)
    return made if isinstance(made, Refusal) else _only_new(made, drop, earlier, had)


def _only_new(made: Order, drop: Drop, earlier: Claim, had: Order) -> Order | Refusal:
    name = display(earlier.drop.stem)
    if made.force:
        return Refusal(
            why=f"force = true means to dub {name} once more, and the video is not here.",
            todo="Drop the video together with these files. That costs again.",
        )
    differing = [setting for setting in SETTINGS if getattr(made, setting) != getattr(had, setting)]
    differing += ["background"] if drop.of(Role.BACKGROUND) else []
    if differing:
        return Refusal(
            why=f"{name} was dubbed with other settings, which stay as they are: {', '.join(differing)}.", todo=_AGAIN
        )
    there = {language.locale: language for language in had.languages}
    again = [language.locale for language in made.languages if _is_other(language, there.get(language.locale))]
    if again:
        return Refusal(
            why=f"{name} is dubbed into {words.languages(again)} already, and other subtitles do not change that.",
            todo=_AGAIN,
        )
    new = tuple(language for language in made.languages if language.locale not in there)
    if not new:
        return Refusal(
            why=f"{name} is dubbed into {words.languages([*there])} already, and nothing else is asked for.",
            todo="Look into the folder done. For another language, name it in languages, as in the sample.",
        )
    return replace(
        made, languages=new, background=had.background, media_url=had.media_url, callback_url=had.callback_url
    )


def _is_other(language: Language, there: Language | None) -> bool:
    return there is not None and language.srt is not None and language.srt_digest != there.srt_digest


def no_more(earlier: Claim | None) -> Outcome:
    """Answer an order of languages for a claim that came to nothing after all, so that there is no asset to add to."""
    name = "The video" if earlier is None else display(earlier.drop.stem)
    return Outcome(
        to=Destination.FAILED,
        why=f"{name} has no dubbing to which these languages could be added.",
        todo="Drop the video together with these files.",
        details=(("Cost", "nothing was sent"),),
    )


def asked_for(locales: Iterable[Locale]) -> Asked:
    """Give a person's word as what a sidecar would ask for."""
    return Asked(languages=tuple((locale, None) for locale in locales))
