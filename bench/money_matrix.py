"""
The money matrix as it is specified: every trouble with an upload, in every circumstance, with the true ten minutes.

``tests/e2e/test_money_matrix.py`` plays the same cells with a late answer after seconds. Here it comes after ten
minutes, and the upload that is cut at 99 % before its gate is a long one over a line as wide as loopback's. The cells
are played side by side, because they mostly wait. Prints a table in Markdown: what each cell cost, where its drop
ended, and after how long. Exit status 1 if a cell broke its specification; the standard error says how.

Run it in the checkout as ``PYTHONPATH=tests .venv/bin/python -m bench.money_matrix``; a part of a row's name plays the
rows that have it. Takes a little more than ten minutes, and some gigabytes of memory and disk.
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from e2e.cell import play
from e2e.matrix import Circumstance, Row, matrix

LATE = 600
LONG = 768 << 20
"""Bytes; a hundredth of them is more than what the gate holds back and what a socket holds."""
BESIDE = 8
"""Cells at a time."""


def rows() -> list[Row]:
    """Give all rows as they are specified, the one that takes longest first."""
    *others, late = matrix(late=LATE)
    return [late, *(replace(row, size=LONG, narrow=False) if row.narrow else row for row in others)]


def line(row: Row, circumstance: Circumstance) -> tuple[bool, str]:
    """Play a cell; say whether it held, and give its line of the table."""
    try:
        came = play(row, circumstance)
    except Exception as error:  # noqa: BLE001  (whatever broke: the other cells are played on, and the table says it)
        sys.stderr.write(f"{row.name}, {circumstance}: {error!r}\n\n")
        return False, f"| {row.name} | {circumstance} | | | BROKEN | |"
    paid = came.paid
    return True, f"| {row.name} | {circumstance} | {paid.bills} | {paid.uploads} | {came.end} | {came.seconds:.1f} |"


def main(part: str) -> bool:
    """Play all cells and print the table; says whether every cell held."""
    cells = [(row, circumstance) for row in rows() if part in row.name for circumstance in Circumstance]
    with ThreadPoolExecutor(BESIDE) as pool:
        lines = list(pool.map(line, *zip(*cells, strict=True)))
    print("| trouble | circumstance | bills | uploads seen | end | seconds |\n|---|---|---|---|---|---|")
    for _, text in lines:
        print(text)
    return all(held for held, _ in lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The money matrix as it is specified.")
    parser.add_argument("part", nargs="?", default="", help="play only rows with this in their name")
    sys.exit(0 if main(parser.parse_args().part) else 1)
