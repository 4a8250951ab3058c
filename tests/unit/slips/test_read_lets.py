"""Lets name values, for the document or for a table's items; each sees those before it."""

import pytest

from etl_actors.slips.model.slip import MAX_LETS
from tests.support.slips import TABLE, first_lines, read

from .conftest import MapOne


def test_lets_are_kept_in_order_with_what_they_say() -> None:
    slip = read(
        'name = "s"\n[let]\na = "x | trim"\nb = "a | upper"\n[tables.t]\nlet.c = "b"\nlet.d = "c"\ncolumns.e = "d | text"\n'
        '[tables.u]\nparent = "t"\neach = "$.u[*]"\nlet.c = "@.c"\ncolumns.e = "c | text"'
    )
    assert [(let.name, let.text) for let in slip.lets] == [("a", "x | trim"), ("b", "a | upper")]
    assert [[let.name for let in table.lets] for table in slip.tables] == [["c", "d"], ["c"]]


def test_a_let_that_a_private_column_is_made_of_is_private_through_others_too() -> None:
    slip = read(
        'name = "s"\n[let]\na = "x | trim"\nb = "a | upper"\nc = "y"\n[tables.t]\nlet.d = "b"\nlet.e = "c"\n'
        'columns.one = { expr = "if(exists(d), z, null) | text", private = true }\ncolumns.two = "e | text"'
    )
    assert {let.name: let.private for let in (*slip.lets, *slip.tables[0].lets)} == {
        "a": True,
        "b": True,
        "c": False,
        "d": True,
        "e": False,
    }
    assert [column.private for column in slip.tables[0].columns] == [True, False]


def test_the_name_of_a_let_may_be_that_of_a_grammar_too() -> None:
    read('name = "s"\n[grammars]\nline = "std:ip"\n[let]\nline = "message | parse(line)"' + TABLE)


def test_a_child_without_items_of_its_own_sees_the_lets_of_its_parent() -> None:
    """What is no let would be a field, and of no type: that the field of a grammar is checked shows that it is a let."""
    top = (
        'name = "s"\n[grammars]\ng = { text = "start: A B\\nA: /a/\\nB: /b/" }\n[tables.t]\n'
        'let.x = "m | parse(g)"\ncolumns.a = "x.a | text"\n[tables.u]\nparent = "t"\n'
    )
    assert first_lines(f'{top}columns.c = "x.c | text"') == ["slip.toml:9:14: `start` has no field `c`; it has `a`, `b`"]
    read(f'{top}each = "$.u[*]"\ncolumns.c = "x.c | text"')


def test_a_let_may_have_the_name_of_the_field_that_it_is_made_of() -> None:
    """A let does not see itself: that would have no end."""
    read(
        'name = "s"\n[let]\nx = "x | trim"\n[tables.t]\nlet.y = "y | trim"\ncolumns.a = "y | text"\n'
        '[tables.u]\nparent = "t"\neach = "$.u[*]"\nlet.y = "y | trim"\ncolumns.a = "y | text"'
    )


@pytest.mark.parametrize(
    ("toml", "wanted"),
    [
        ('let = 1\nname = "s"' + TABLE, '1:1: expected lets as NAME = "expression"'),
        ('name = "s"\n[let]\nx = 1' + TABLE, "3:5: expected an expression, in quotes"),
        ('name = "s"\n[let]\nx = "a | | trim"' + TABLE, "3:10: expected a step or a type behind `|`, got `|`"),
        ('name = "s"\n[let]\nx = "a | dte"' + TABLE, "3:10: there is no step `dte`; did you mean `date`?"),
        ('name = "s"\n[let]\nx-y = "a"' + TABLE, "3:1: expected a name that expressions can use: letters, digits and `_`"),
        ('name = "s"\n[let]\nnot = "a"' + TABLE, "3:1: expected a name that expressions can use: letters, digits and `_`"),
        (
            'name = "s"\n[let]\nx = "a | default(y.b)"\ny = "a"' + TABLE,
            "3:18: `y` is a let, and a let uses those before it; a field of that name is `@.y`",
        ),
        ('name = "s"\n[let]\nx = "a"' + TABLE + 'let.x = "b"', "6:5: there is a let `x` in `[let]` already"),
        ('name = "s"\n[let]\nx = "@key"' + TABLE, "3:6: `@key` has a meaning only in a table with `each`"),
        ('name = "s"' + TABLE + 'let.y = "b | dte"', "4:14: there is no step `dte`; did you mean `date`?"),
    ],
)
def test_a_wrong_let_is_refused_with_its_place(toml: str, wanted: str) -> None:
    assert first_lines(toml) == [f"slip.toml:{wanted}"]


def test_what_uses_a_broken_let_is_not_called_wrong_too() -> None:
    toml = 'name = "s"\n[let]\nx = "a |"\ny = "x.b"\n[tables.t]\ncolumns.a = "y.c | text"'
    assert first_lines(toml) == ["slip.toml:3:9: expected a step or a type behind `|`, got the end"]


@pytest.mark.parametrize("depth", [300, 1500])
@pytest.mark.parametrize(
    ("opened", "inner", "closed"),
    [("(", "a", " / b)"), ("if(a == 1, ", "a", ", null)"), ("a | default(", "b", ")"), ("(", "a | trim", ").x")],
)
def test_what_is_nested_too_deeply_is_refused_wherever_python_gives_up(opened: str, inner: str, closed: str, depth: int) -> None:
    text = f"{opened * depth}{inner}{closed * depth}"
    assert first_lines(f'name = "s"\n[let]\nx = "{text}"{TABLE}') == ["slip.toml:3:6: this expression is nested too deeply"]
    assert first_lines(f'name = "s"\n[tables.t]\ncolumns.a = "{text} | text"') == [
        "slip.toml:3:14: this expression is nested too deeply"
    ]


@pytest.mark.parametrize("depth", range(100, 320, 20))
def test_steps_within_steps_are_refused_wherever_python_gives_up(depth: int) -> None:
    (line,) = first_lines(f'name = "s"\n[let]\nx = "a | {"map(" * depth}trim{")" * depth}"{TABLE}')
    assert line == "slip.toml:3:6: this expression is nested too deeply"


def _lets(count: int) -> str:
    """Write lets that each use the one before, and not as a mere path."""
    return "".join(f'x{number} = "{f"x{number - 1}" if number else "a"} / null"\n' for number in range(count))


def test_as_many_lets_as_there_may_be_can_use_one_another(map_one: MapOne) -> None:
    rows = map_one(f'[let]\n{_lets(MAX_LETS)}[tables.t]\ncolumns.a = "x{MAX_LETS - 1} | text"', {"a": "1"})
    assert isinstance(rows, dict)
    assert rows["t"][0]["a"] == "1"


def test_more_lets_than_one_expression_can_see_are_refused() -> None:
    top = f'name = "s"\n[let]\n{_lets(MAX_LETS - 1)}'
    sentence = "an expression sees at most 200 lets, got 201"
    assert first_lines(f'{top}more = "a"\nyet_more = "a"{TABLE}') == [f"slip.toml:2:2: {sentence}"]
    line = top.count("\n") + 2
    assert first_lines(f'{top}[tables.t]\nlet.y = "a"\nlet.z = "a"\ncolumns.a = "a | text"') == [
        f"slip.toml:{line}:1: {sentence}"
    ]
    table = '[tables.t]\nlet.y = "a"\ncolumns.a = "a | text"\n[tables.u]\nparent = "t"\nlet.z = "a"\ncolumns.a = "a | text"\n'
    assert first_lines(f"{top}{table}") == [f"slip.toml:{line + 4}:1: {sentence}"]
    items = table.replace('parent = "t"', 'parent = "t"\neach = "$.u[*]"')
    read(f"{top}{items}")  # items see the lets of the document only
