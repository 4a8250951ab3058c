"""Keys and values of TOML are found where they stand."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.slips.source.toml_places import find_places

TEXT = r'''# a comment with [brackets] = "x"
name = "s" # name = "t"
"quoted key" . 'other.key'   =   'v'
list = [ 1, "two", # three ]
  [ 'nested', """multi
line""" ], { a.b = 4, c = "d" } ]
date = 1979-05-27T07:32:00Z

[ tables . t ]
columns.a = "x\ty"
key = [
  "a",
]
[[many]]
x = 1
[[many]]
x = """\
   folded "" text"""
[many.inner]
y = QQQ'it's QQQ
'''.replace("QQQ", "'" * 3)


def at(text: str, offset: int) -> str:
    return text[offset : offset + 8].splitlines()[0]


@pytest.mark.parametrize(
    ("keys", "key", "value"),
    [
        (("name",), "name", '"s"'),
        (("quoted key", "other.key"), "'other.k", "'v'"),
        (("list", 1), '"two"', '"two"'),
        (("list", 2, 0), "'nested'", "'nested'"),
        (("list", 3, "a", "b"), "b = 4", "4"),
        (("list", 3, "c"), "c = ", '"d"'),
        (("date",), "date", "1979"),
        (("tables", "t"), "t ]", "t ]"),
        (("tables", "t", "columns", "a"), "a = ", '"x\\ty"'),
        (("tables", "t", "key", 0), '"a"', '"a"'),
        (("many", 0, "x"), "x = 1", "1"),
        (("many", 1, "x"), "x = ", '"""'),
        (("many", 1, "inner", "y"), "y = ", "''''it"),
        (("tables", "t", "missing"), "t ]", "t ]"),
    ],
)
def test_a_key_and_its_value_are_found(keys: tuple[str | int, ...], key: str, value: str) -> None:
    tomllib.loads(TEXT)
    places = find_places(TEXT)
    assert at(TEXT, places.key(keys)).startswith(key)
    assert at(TEXT, places.value(keys)).startswith(value)


_CHARACTERS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
_SIMPLE = st.text("abcß '[]{}#=,.|", max_size=8)


def _basic(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("a", "\\u0061") + '"'


def _written(text: str, kind: int) -> str:
    if kind == 0 or "'" in text:
        return _basic(text) if kind != 2 else '"""\n' + _basic(text)[1:-1] + '"""'
    return f"'{text}'" if kind == 1 else f"'''\n{text}'''"


@given(
    st.dictionaries(st.one_of(_CHARACTERS, _SIMPLE), st.tuples(st.one_of(_CHARACTERS, _SIMPLE), st.integers(0, 3)), max_size=4),
    st.booleans(),
)
def test_every_character_of_every_string_is_found(content: dict[str, tuple[str, int]], inline: bool) -> None:  # noqa: FBT001
    pairs = [f"{_basic(key)} = {_written(text, kind)}" for key, (text, kind) in content.items()]
    toml = f"t = {{ {', '.join(pairs)} }}\n" if inline else "[t]\n" + "\n".join(pairs)
    assert tomllib.loads(toml)["t"] == {key: text for key, (text, _) in content.items()}
    places = find_places(toml)
    for key, (text, _) in content.items():
        for number, character in enumerate(text):
            found = toml[places.value(("t", key), number) :]
            assert found.startswith((character, "\\u0061" if character == "a" else "\\" + character))


@given(st.recursive(st.integers(0, 9), lambda inner: st.lists(inner, max_size=3), max_leaves=8))
def test_elements_of_arrays_are_found(value: Any) -> None:
    toml = f"a = {value}\n"
    places = find_places(toml)

    def check(keys: tuple[str | int, ...], one: Any) -> None:
        assert toml[places.values[keys] :].startswith(str(one))
        for number, inner in enumerate(one if isinstance(one, list) else []):
            check((*keys, number), inner)

    check(("a",), value)
