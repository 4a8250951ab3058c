"""Columns are read with their type and with what they ask of the database."""

from decimal import Decimal

import pytest

from etl_actors.relational.checks import AllOf, AnyOf, Check, Compared, Filled, NoneOf, OneOf
from etl_actors.relational.tables import Column
from tests.support.slips import first_lines, read

TOP = (
    'name = "s"\n[tables.t]\ncolumns.n = "n | text"\ncolumns.j = "j | jsonb"\ncolumns.d = "d | date"\n'
    'columns.f = "f | boolean"\ncolumns."two words" = "m | numeric(9,2)"\n'
)


def test_a_column_is_text_or_says_more() -> None:
    slip = read(
        'name = "s"\n[tables.t]\ncolumns.a = "a | int"\n'
        'columns.b = { expr = "b | text", null = false, check = "b != \'x\'", comment = "as shown", private = true }'
    )
    assert slip.root.columns == (
        Column("a", "int"),
        Column("b", "text", null=False, check=Compared("b", "<>", "x"), comment="as shown"),
    )
    assert [(column.text, column.null, column.private) for column in slip.tables[0].columns] == [
        ("a | int", True, False),
        ("b | text", False, True),
    ]


@pytest.mark.parametrize(
    ("check", "tree"),
    [
        ("a >= 0", Compared("a", ">=", 0)),
        ("0 <= a", Compared("a", ">=", 0)),
        ("0.5 != a", Compared("a", "<>", Decimal("0.5"))),
        ("f == true", Compared("f", "=", other=True)),
        ("d > '2024-01-02'", Compared("d", ">", "2024-01-02")),
        ("@['two words'] < a", Compared("two words", "<", "a", column_too=True)),
        ("n in ['x', \\\"y\\\"]", OneOf("n", ("x", "y"))),
        ("exists(j)", Filled("j")),
        ("a != null", Filled("a")),
        ("a == null", NoneOf(Filled("a"))),
        (
            "a > 1 and (n == 'x' or not exists(@.d))",
            AllOf((Compared("a", ">", 1), AnyOf((Compared("n", "=", "x"), NoneOf(Filled("d")))))),
        ),
    ],
)
def test_a_check_is_a_predicate_over_the_columns_of_the_table(check: str, tree: Check) -> None:
    slip = read(f'{TOP}columns.a = {{ expr = "a | int", check = "{check}" }}')
    assert slip.root.columns[-1].check == tree


LIMITS = "a check sees the columns of its table, by their names, and constants; nothing else"


@pytest.mark.parametrize(
    ("check", "wanted"),
    [
        ("a >", "8:45: expected"),
        ("b > 1", "8:42: there is no column `b`"),
        ("1 > 2", "8:46: expected a column, got a constant"),
        ("a > a.b", f"8:46: {LIMITS}"),
        ("exists($.a)", f"8:49: {LIMITS}"),
        ("a == n | trim", f"8:47: {LIMITS}"),
        ("type(a) == 'number'", f"8:42: {LIMITS}"),
        ("@ == 1", f"8:42: {LIMITS}"),
        ("matches(n, g)", "8:42: a check compares columns with one another or with constants; it knows no grammars"),
        ("a > 'x'", "8:46: `a` is int: expected a number to compare it with, got 'x'"),
        ("a == true", "8:47: `a` is int: expected a number to compare it with, got true"),
        ("f == 1", "8:47: `f` is boolean: expected a boolean to compare it with, got 1"),
        ("n in ['x', 1]", "8:53: `n` is text: expected a string to compare it with, got 1"),
        (
            "d > '2024-13-01'",
            "8:46: `d` is date: expected a day of the calendar, from 0001-01-01 to 9999-12-31, got '2024-13-01'",
        ),
        ("a > n", "8:46: `a` is int and `n` text"),
        ("a < null", "8:46: nothing compares with null; `exists(a)` asks for a value"),
        ("a in []", "8:42: expected at least one value behind `in`"),
        ("a in [n]", "8:48: expected a constant"),
        ("j == 1", "8:47: `j` is jsonb, which a check can't compare; it can ask `exists(j)`"),
    ],
)
def test_a_check_of_anything_else_is_refused_with_its_place(check: str, wanted: str) -> None:
    (line,) = first_lines(f'{TOP}columns.a = {{ expr = "a | int", check = "{check}" }}')
    assert line.startswith(f"slip.toml:{wanted}")


def test_a_check_on_a_column_that_cannot_be_read_is_not_called_wrong_too() -> None:
    toml = 'name = "s"\n[tables.t]\ncolumns.a = "a |"\ncolumns.b = { expr = "b | int", check = "a > \'x\' and a < b" }'
    assert [line.split(": ")[0] for line in first_lines(toml)] == ["slip.toml:3:17"]


@pytest.mark.parametrize(
    ("column", "wanted"),
    [
        ("1", "3:13: expected an expression, in quotes"),
        ("{ expr = 1 }", "3:22: expected an expression, in quotes"),
        ("{ null = false }", "3:9: a column needs an `expr`"),
        ('""', "3:14: expected an expression, got nothing"),
        ('"a"', "3:15: this column has no type; end it in one, as in `| text`"),
        ('"a | dte"', "3:18: there is no step `dte`; did you mean `date`?"),
        ('"a | text / b"', "3:25: this option of the choice has no type"),
        ('"a | text / b | int"', "3:14: the options of a choice are of several types: text, int"),
        ('"\\u0061 \\u007C dte"', "3:28: there is no step `dte`"),
        ("'''\na |\ndte'''", "5:1: there is no step `dte`"),
        ('"""a \\\n   | dte"""', "4:6: there is no step `dte`"),
        ('"a | trim(1) | text"', "3:18: the step `trim` takes"),
        ('"a[?b] | text"', "3:16: filters in paths are not supported"),
        ('"@kee | text"', "3:14: there is no `@kee`; did you mean `@key`?"),
        ('"a' + ".b" * 400 + ' | text"', "3:14: this expression is nested too deeply"),
        ("'''a | replace('x'''", "3:28: this string has no end"),
        ('{ exp = "a", expr = "a | text" }', "3:15: a column has no key `exp`; did you mean `expr`?"),
        ('{ expr = "a | text", null = "no" }', "3:41: expected true or false, without quotes"),
        ('{ expr = "a | text", private = 1 }', "3:44: expected true or false, without quotes"),
        ('{ expr = "a | text", check = 1 }', "3:42: expected text, in quotes"),
        ('{ expr = "a | text", comment = 1 }', "3:44: expected text, in quotes"),
        (
            '{ expr = "a | text", comment = "\\u0000" }',
            "3:44: expected a text without the character U+0000, which PostgreSQL can't keep",
        ),
    ],
)
def test_a_wrong_column_is_refused_with_its_place(column: str, wanted: str) -> None:
    (line,) = first_lines(f'name = "s"\n[tables.t]\ncolumns.a = {column}')
    assert line.startswith(f"slip.toml:{wanted}")


def test_columns_within_braces_are_found_too() -> None:
    (line,) = first_lines('name = "s"\n[tables.t]\ncolumns = { b = "b | text", a = { expr = "a | dte" } }')
    assert line.startswith("slip.toml:3:47: there is no step `dte`")


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        ("columns = 1", '3:11: expected columns as columns.NAME = "expression"'),
        ('columns._id = "a | uuid"', "3:9: the name `_id` is the service's own or PostgreSQL's"),
        ('columns.ctid = "a | text"', "3:9: the name `ctid` is the service's own or PostgreSQL's"),
        (f'columns.{"x" * 64} = "a | text"', "3:9: expected a name of 1 to 63 bytes for this column"),
    ],
)
def test_a_name_that_no_column_can_have_is_refused(table: str, wanted: str) -> None:
    (line,) = first_lines(f'name = "s"\n[tables.t]\n{table}')
    assert line.startswith(f"slip.toml:{wanted}")
