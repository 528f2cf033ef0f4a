"""The board: what moves, for people only."""

from panjaya_watchd.run.board import Board, Progress

HALF = Progress(sent=5, total=10, since=1.0)


def test_what_is_shown_is_read_by_its_claim_until_it_is_wiped() -> None:
    """Each claim has its own lines, and taking down what is not there does nothing."""
    board = Board()
    board.show("one", "upload", HALF)
    board.show("one", "download es-ES", HALF)
    board.show("two", "upload", HALF)
    board.wipe("one", "upload")
    board.wipe("nobody", "upload")

    assert board.read("one") == {"download es-ES": HALF}
    assert board.read("two") == {"upload": HALF}
    assert board.read("nobody") == {}


def test_all_that_moves_one_way_is_a_share_of_the_whole() -> None:
    """By bytes, so that a large video counts for what it is; what nobody knows the size of says nothing."""
    board = Board()
    assert board.percent("upload") is None
    board.show("three", "upload", Progress(sent=5, total=None, since=1.0))
    board.show("three", "download es-ES", Progress(sent=9, total=9, since=1.0))
    assert board.percent("upload") is None
    board.show("one", "upload", HALF)
    board.show("two", "upload", Progress(sent=0, total=90, since=1.0))

    assert board.percent("upload") == 5
