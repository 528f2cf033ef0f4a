"""
Whole files only, whoever writes, however he pauses, whatever is unmounted or restarted meanwhile.

The suite plays some runs of each storage; `PYTHONPATH=tests python -m bench.whole_files --runs 10000` plays them all.
Without any one of the safeguards the same runs do damage.
"""

from collections import Counter
from itertools import chain

import pytest
from clips import CLIPS, PAGE, padding
from whole import KINDS, WITHOUT, play
from writers import SHORTEST

from panjaya_watchd.core.content import Wholeness
from panjaya_watchd.media.ending import ending

SHARES = 4
RUNS = 60
WITHIN = 400
"""Runs in which damage has to come to light; it mostly does within forty."""


class Bytes:
    """Bytes as a file that is read by position; ``unwritten`` are a hole at its end."""

    def __init__(self, content: bytes, unwritten: int = 0) -> None:
        self._content, self._written = content, len(content) - unwritten
        self.size = len(content)

    def read_at(self, offset: int, limit: int) -> bytes:
        """Read."""
        return self._content[offset : offset + limit]

    def hole(self, offset: int) -> int:
        """Give the hole at the end."""
        return max(offset, self._written)

    def data(self, offset: int) -> int:
        """Give what is before it."""
        return offset if offset < self._written else self.size


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_only_whole_files_are_sent_and_none_is_forgotten(share: int) -> None:
    """Nothing unfinished, changed or foreign is billed, nothing twice; each whole file is dubbed; no byte is lost."""
    total = Counter[str]()
    for seed in range(share, RUNS, SHARES):
        site = play(seed)
        total += site.figures()
        assert site.damage == [], site.describe()

    for each in ("whole", "broken", "restarted", "unmounted", "read-only", "suspended", "overwritten", "back"):
        assert total[each] > 0, f"{each} was not played"


@pytest.mark.slow
@pytest.mark.parametrize("safeguard", WITHOUT)
def test_without_a_safeguard_damage_is_done(safeguard: str) -> None:
    """These runs would notice."""
    assert any(play(seed, **WITHOUT[safeguard]).damage for seed in range(WITHIN))


def test_a_run_is_a_function_of_its_seed() -> None:
    """A seed that is reported shows the same again."""
    first, second = (play(len(KINDS)) for _ in range(2))

    assert first.passed == second.passed
    assert first.figures() == second.figures()


@pytest.mark.parametrize("kind", CLIPS)
def test_no_beginning_of_a_clip_passes_for_a_whole_one(kind: str) -> None:
    """What the runs rest on: the structure alone tells what a clip is, but for a chunk that no program writes."""
    whole = CLIPS[kind](1, 3)
    longer = whole + padding(kind, 300)
    cuts = chain(range(1, 400), range(400, len(whole), 7), range(len(whole) + SHORTEST, len(longer)))
    begun = [Bytes(longer[:cut]) for cut in cuts]
    begun += [
        Bytes(whole[:cut] + bytes(len(whole) - cut), unwritten)
        for cut in range(0, len(whole), PAGE)
        for unwritten in (0, len(whole) - cut)
    ]

    assert ending(Bytes(whole)).verdict is Wholeness.WHOLE
    assert ending(Bytes(longer)).verdict is Wholeness.WHOLE
    assert {ending(file).verdict for file in begun} == {Wholeness.UNFINISHED}
