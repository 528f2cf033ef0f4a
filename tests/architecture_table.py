"""The tables of states in ARCHITECTURE.md are made of the rows; ``make table`` writes them, a test compares them."""

import re
from pathlib import Path

from panjaya_watchd.core.states import table

PAGE = Path(__file__).parents[1] / "ARCHITECTURE.md"


def with_tables(page: str) -> str:
    """Give the page with the tables as the rows have them."""
    made = "<!-- table -->\n" + "\n".join(table()) + "\n<!-- end of table -->"
    return re.sub(r"<!-- table -->\n.*?<!-- end of table -->", lambda _: made, page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
