"""
Whether all of a video is there, by its content: its kind is known by its bytes, and its structure leads to its end.

It proves what can be proven cheaply: tens of reads for a common file, however long. Of a picture in the middle that was
damaged on its way nothing is known here, nor of a whole file that is not what somebody meant to send.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from panjaya_watchd.core.content import Ending, Reads, Wholeness
from panjaya_watchd.media.blank import judge, judge_unknown
from panjaya_watchd.media.containers import asf, boxes, ebml, flv, mxf, program, riff, transport
from panjaya_watchd.media.containers.look import RUN_IN, Look, LostError, SpentError, Walk, unfinished

KINDS: Final = (boxes, ebml, riff, asf, flv, mxf, program, transport)
"""In the order in which they are asked; the two that look beyond the first bytes come late."""

_BLANK: Final = 1 << 12

_LEAST: Final = 16
"""Bytes by which most kinds can be known; a copy that pauses before them shows nothing of its kind."""


def ending(file: Reads) -> Ending:
    """
    Say what the end of a video says.

    Bounded in reads, bytes and steps, whatever the file holds; one that needs more is ``unproven``. Nothing is raised
    but `OSError`, where the storage fails.
    """
    if file.size == 0:
        return Ending(verdict=Wholeness.UNFINISHED, says="is empty")
    try:
        name, walk = _recognise(Look(file))
        if walk is None and file.size < _LEAST:
            return Ending(verdict=Wholeness.UNFINISHED, says=f"has no more than {file.size} bytes")
        if walk is None:
            return judge_unknown(Look(file)) or _unproven("is of a kind that cannot be checked")
        return _judge(file, name, walk)
    except SpentError:
        return _unproven("is too scattered to be checked")


def _recognise(look: Look) -> tuple[str | None, Callable[[Look], Walk] | None]:
    head = look.at(0, RUN_IN)
    for kind in KINDS:
        name = kind.recognise(head)
        if name is not None:
            return name, kind.walk
    return None, None


def _judge(file: Reads, name: str | None, walk: Callable[[Look], Walk]) -> Ending:
    found = _follow(Look(file), walk)
    if found.verdict is not Wholeness.UNFINISHED:
        try:
            blank = judge(Look(file), found)
        except SpentError:
            blank = _unproven("has too many holes to be checked")
        if blank is not None:
            return replace(blank, container=name)
    return Ending(verdict=found.verdict, container=name, says=found.says)


def _follow(look: Look, walk: Callable[[Look], Walk]) -> Walk:
    everything = ((0, look.size),)
    try:
        return walk(look)
    except SpentError:
        return Walk(verdict=Wholeness.UNPROVEN, says="is too intricate to be checked", payload=everything)
    except LostError as lost:
        end = min(lost.place + _BLANK, look.size)
        if lost.place < end and Look(look.file).is_blank(lost.place, end):
            return unfinished(f"has nothing but zeros at byte {lost.place}")
        says = f"cannot be followed beyond byte {lost.place}"
        return Walk(verdict=Wholeness.UNPROVEN, says=says, payload=everything)


def _unproven(says: str) -> Ending:
    return Ending(verdict=Wholeness.UNPROVEN, says=says)
