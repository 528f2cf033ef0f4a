"""The lines of keys."""

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from panjaya_watchd.settings.faults import KeyPath
from panjaya_watchd.settings.lines import scan

DOCUMENT = '''\
# a comment with [[brackets]] and = signs
top = 1
"quoted key" = 2
dotted.inner = 3

[table] # [other]
multi = """
[[not.a.header]]
key = 1
"""
list = [ # [
  1,

  [2, 3], 4, # ]
  "]"]
inline = { a = 1, "b" = [1, 2] }

  [[many]]
one = 1
[[many]]
two = [{ x = 1 },
  { x = 2 }]
[many.sub]
three = 1
[[many.deep]]
four = 1
[[many.deep]]
five = 1
[many.deep.end]
six = 1
spread = [ # the first element takes three lines
  [ 1,
    2,
  ],
  3,
]
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("quoted key",), 3),
        (("dotted",), 4),
        (("dotted", "inner"), 4),
        (("table",), 6),
        (("table", "multi"), 7),
        (("table", "list"), 11),
        (("table", "list", 0), 12),
        (("table", "list", 1), 14),
        (("table", "list", 2), 14),
        (("table", "list", 3), 15),
        (("table", "inline", "b", 1), 16),
        (("many",), 18),
        (("many", 0), 18),
        (("many", 0, "one"), 19),
        (("many", 1), 20),
        (("many", 1, "two"), 21),
        (("many", 1, "two", 1), 22),
        (("many", 1, "two", 1, "x"), 22),
        (("many", 1, "sub", "three"), 24),
        (("many", 1, "deep", 0, "four"), 26),
        (("many", 1, "deep", 1, "five"), 28),
        (("many", 1, "deep", 1, "end", "six"), 30),
        (("many", 1, "deep", 1, "end", "spread"), 31),
        (("many", 1, "deep", 1, "end", "spread", 0), 32),
        (("many", 1, "deep", 1, "end", "spread", 1), 35),
    ],
)
def test_every_key_has_its_line(path: KeyPath, line: int) -> None:
    """Strings, comments and lists over many lines are not taken for headers or keys."""
    assert scan(DOCUMENT)[path] == line


@pytest.mark.parametrize("absent", [("not",), ("table", "key"), ("many", 2), ("brackets",)])
def test_nothing_else_has_a_line(absent: KeyPath) -> None:
    """What only looks like a key is not one."""
    assert absent not in scan(DOCUMENT)


_KEYS = st.text("ab.\"'# =[]", max_size=4)
_LEAVES = st.integers() | st.booleans() | st.text('ab\n"[]=#\r', max_size=6)
_VALUES = st.recursive(_LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3))


def _paths(node: object, path: KeyPath = ()) -> list[KeyPath]:
    """List the paths of all tables and keys, and of the tables in lists."""
    found: list[KeyPath] = []
    if isinstance(node, dict):
        for key, child in node.items():
            found += [(*path, key), *_paths(child, (*path, key))]
    elif isinstance(node, list):
        for index, child in enumerate(node):
            found += _paths(child, (*path, index))
    return found


@pytest.mark.slow
@given(st.dictionaries(_KEYS, _VALUES, max_size=3))
def test_every_key_of_any_document_stands_where_we_say(document: dict[str, object]) -> None:
    """Whatever a writer of TOML makes of keys and values, each key is found, on a line that holds its name."""
    text = tomli_w.dumps(document)
    lines = text.split("\n")
    found = scan(text)

    for path in _paths(document):
        assert path in found
        if all(isinstance(step, str) for step in path):
            escaped = tomli_w.dumps({str(path[-1]): 0}).removesuffix(" = 0\n")
            assert escaped in lines[found[path] - 1]
