"""The extent: what a look at a watch folder goes through."""

import pytest

from panjaya_watchd.core.extent import TOP, Extent

DEEP = Extent(recursive=True, shelves=("done", "out/failed"))


@pytest.mark.parametrize(
    ("extent", "key", "shown"),
    [
        (TOP, "a", True),
        (TOP, "x/a", False),
        (DEEP, "a", True),
        (DEEP, "x/done/a", True),
        (DEEP, "done/talk/a", False),
        (DEEP, "done2/a", True),
        (DEEP, "out/a", False),
        (DEEP, "out/failed/talk/a", False),
    ],
)
def test_sub_folders_are_looked_into_but_not_where_answers_are_filed(extent: Extent, key: str, *, shown: bool) -> None:
    """Nor into what only leads there, as the look itself does it."""
    assert extent.shows(key) is shown


def test_what_two_looks_have_in_common() -> None:
    """The sub-folders that both go through."""
    assert DEEP.common(TOP).recursive is False
    assert DEEP.common(Extent(recursive=True, shelves=("done", "old"))) == Extent(
        recursive=True, shelves=("done", "old", "out/failed")
    )
