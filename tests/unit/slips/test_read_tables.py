"""Tables are read key by key."""

import pytest

from etl_actors.relational.tables import Policy
from tests.support.slips import first_lines, read

COLUMNS = 'columns.a = "a | text"\ncolumns.b = "b | int"\n'


def test_a_table_says_all_that_it_is() -> None:
    slip = read(
        'name = "s"\n[tables.t]\nkey = ["b", "a"]\non_duplicate = "newest(c)"\nschema = "mine"\nwhen = "exists(a)"\n'
        f'index = [["a"], "b", ["a", "b"]]\n{COLUMNS}columns.c = "c | date"\n'
        '[tables.u]\nparent = "t"\neach = "$.u[*]"\nrecurse = "below[*]"\non_error = "item"\ncolumns.a = "@up.a | text"'
    )
    table, child = slip.targets
    assert (table.qualified, table.key, table.policy, table.newest) == ("mine.t", ("b", "a"), Policy.NEWEST, "c")
    assert table.indexes == (("a",), ("b",), ("a", "b"))
    assert slip.tables[0].when_text == "exists(a)"
    assert child.parent == "mine.t"
    assert (slip.tables[1].each_text, slip.tables[1].recurse_text) == ("$.u[*]", "below[*]")
    assert slip.tables[1].recurse is not None
    assert [made.item_alone for made in slip.tables] == [False, True]


def test_a_key_may_be_one_name_and_the_least_table_says_nothing() -> None:
    assert read(f'name = "s"\n[tables.t]\nkey = "a"\n{COLUMNS}').root.key == ("a",)
    (made,) = read(f'name = "s"\n[tables.t]\nidentity = "row"\n{COLUMNS}').tables
    assert (made.own_rows, made.table.policy, made.table.indexes, made.lets) == (True, Policy.IGNORE, (), ())


POLICIES = "expected ignore, update, newest(COLUMN), history(COLUMN) or fill"


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        ('evry = "x"', "3:1: a table has no key `evry`"),
        ('comment = "x"', "3:1: a table has no key `comment`"),
        ("key = []", "3:7: expected a list of columns"),
        ('key = ["c"]', "3:8: there is no column `c`"),
        ('key = ["a", "a"]', "3:13: the column `a` is in the key already"),
        ("key = 1", "3:7: expected a list of columns"),
        ('on_duplicate = "keep"', f"3:16: {POLICIES}, got `keep`"),
        ('on_duplicate = "newest"', f"3:16: {POLICIES}, got `newest`"),
        ('on_duplicate = "newest()"', "3:24: expected a column, as in `newest(seen_at)`"),
        ('on_duplicate = "newest( c )"', "3:25: there is no column `c`"),
        (
            'on_duplicate = "newest(a)"\nkey = ["a"]',
            "3:24: the column `a` is in the key: it does not tell rows of one key apart",
        ),
        ('on_duplicate = "newest(j)"\ncolumns.j = "j | jsonb"', "3:24: the column `j` is jsonb, of which none is the newest"),
        ('on_duplicate = "history()"\nkey = ["a"]', "3:25: expected a column, as in `history(seen_at)`"),
        ('on_duplicate = "history(a)"', "3:16: `history` keeps the versions of a key: the table needs a `key`"),
        (
            'on_duplicate = "history(i)"\nkey = ["a"]\ncolumns.i = "i | interval"',
            "3:25: the column `i` is interval, which can't tell versions apart",
        ),
        (
            'on_duplicate = "history(j)"\nkey = ["a"]\ncolumns.j = "j | jsonb"',
            "3:25: the column `j` is jsonb, of which none is the newest",
        ),
        ("on_duplicate = 1", "3:16: expected text, in quotes"),
        ('identity = "document"', '3:12: expected "row", got `document`'),
        ('identity = "row"\nkey = ["a"]', '3:12: a table with a key is known by it; take away `key` or `identity = "row"`'),
        ('on_error = "item"', '3:12: `on_error = "item"` has a meaning only in a table with `each`'),
        ('on_error = "items"', "3:12: expected document or item, got `items`; did you mean `item`?"),
        ('recurse = "a"', "3:1: `recurse` goes on from the items of `each`, and there is none"),
        ('index = "a"', '3:9: expected a list of indexes, each a list of columns, as in [["a"], ["a", "b"]]'),
        ("index = [[]]", '3:9: expected a list of indexes, each a list of columns, as in [["a"], ["a", "b"]]'),
        ('index = [["a", "c"]]', "3:16: there is no column `c`"),
        ('index = ["c"]', "3:10: there is no column `c`"),
        ('index = [["a", "a"]]', "3:16: the column `a` is in this index already"),
        ('index = [["a"], "a"]', "3:17: there is an index of (a) already"),
        ('schema = "etl"', "3:10: the schema `etl` is not for target tables"),
        ('schema = ""', "3:10: expected the name of a schema of 1 to 63 bytes"),
        ('when = "exists(a"', "3:17: expected"),
        ('when = "@key == 1"', "3:9: `@key` has a meaning only in a table with `each`"),
        ('when = "@depth == 1"', "3:9: `@depth` has a meaning only in a table with `recurse`"),
        ('when = "exists(@up)"', "3:16: `@up` has a meaning only in a table with `each` that has a `parent` or `recurse`"),
        ("let = 1", '3:1: expected lets as NAME = "expression"'),
        ("when = 1", "3:8: expected text, in quotes"),
    ],
)
def test_a_wrong_key_of_a_table_is_refused_with_its_place(table: str, wanted: str) -> None:
    (line,) = first_lines(f'name = "s"\n[tables.t]\n{table}\n{COLUMNS}')
    assert line.startswith(f"slip.toml:{wanted}")


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        ('each = "u ||"', "6:12: expected"),
        ('each = "@key"', "6:9: `@key` has a meaning only in a table with `each`"),
        ('each = "u"\nrecurse = "b |"', "7:15: expected"),
        ('each = "u"\nrecurse = "b | dte"', "7:16: there is no step `dte`"),
        ('each = "u"\ncolumns.c = "@depth | int"', "7:14: `@depth` has a meaning only in a table with `recurse`"),
    ],
)
def test_wrong_items_are_refused_with_their_place(table: str, wanted: str) -> None:
    (line,) = first_lines(f'name = "s"\n[tables.t]\n{COLUMNS}[tables.u]\n{table}\nparent = "t"')
    assert line.startswith(f"slip.toml:{wanted}")


def test_a_name_that_no_table_can_have_is_refused() -> None:
    (line,) = first_lines(f'name = "s"\n[tables.{"x" * 64}]\n{COLUMNS}')
    assert line == "slip.toml:2:9: expected a name of 1 to 63 bytes for this table"


def test_tables_that_are_no_tables_are_refused() -> None:
    assert first_lines('name = "s"\n[tables]\nt = 1') == ["slip.toml:2:2: expected tables as [tables.NAME]"]


def test_a_table_has_a_number_of_columns_that_postgresql_takes() -> None:
    columns = "".join(f'columns.c{number} = "c | int"\n' for number in range(1501))
    (line,) = first_lines(f'name = "s"\n[tables.t]\n{columns}')
    assert line == "slip.toml:2:9: a table has at most 1,500 columns, got 1,501"


def test_the_items_of_a_grammars_list_have_a_known_shape() -> None:
    top = "name = 's'\n[grammars]\ng = { text = '''\nstart: pair+\npair: A B\nA: /a/\nB: /b/''' }\n[let]\nx = 'm | parse(g)'\n"
    table = '[tables.t]\n[tables.u]\nparent = "t"\neach = "x.pair[*]"\n'
    read(f'{top}{table}columns.c = "a | text"')
    assert first_lines(f'{top}{table}columns.c = "c | text"') == ["slip.toml:14:14: `pair` has no field `c`; it has `a`, `b`"]
