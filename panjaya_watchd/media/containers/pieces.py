"""Where each piece of media lies, by a container's own index: it tells media from padding, and heads from bodies."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from panjaya_watchd.media.containers.look import Span

HEAD: Final = 16
"""Bytes at the begin of an encoded picture, or of its chunk, that cannot all be zero: a length, a start code."""


class Pieces:
    """Pieces in any order; ``heads`` are the places where a piece begins that cannot begin with zeros."""

    def __init__(self, spans: Iterable[Span], heads: Iterable[int]) -> None:
        self._spans = sorted(spans)
        self._ends: Sequence[int] = [end for _, end in self._spans]
        self._heads = sorted(heads)

    def covered(self, start: int, end: int) -> int:
        """Give how many bytes between two places are media."""
        total = 0
        for at in range(bisect_right(self._ends, start), len(self._spans)):
            first, last = self._spans[at]
            if first >= end:
                break
            total += max(0, min(last, end) - max(first, start))
        return total

    def begins(self, start: int, end: int) -> bool:
        """Say whether a head lies between two places."""
        at = bisect_left(self._heads, start)
        return at < len(self._heads) and self._heads[at] + HEAD <= end
