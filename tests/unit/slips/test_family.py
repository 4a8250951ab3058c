"""Tables hang together: a root, children, entities; what decides for a row of each follows from that."""

import pytest

from etl_actors.relational.tables import Kind, Policy
from etl_actors.slips.mapping.compile import compile_slip
from tests.support.slips import first_lines, read

ROOT = '[tables.t]\ncolumns.a = "a | text"\n'
ENTITY = '[tables.e]\neach = "$.e[*]"\nkey = ["k"]\ncolumns.k = "k | int"\n'


def kinds(toml: str) -> dict[str, tuple[Kind, Policy, str | None, str | None]]:
    """Give kind, policy, parent and owner of each table."""
    return {table.name: (table.kind, table.policy, table.parent, table.owner) for table in read(toml).targets}


def test_whoever_decides_for_a_keyless_child_is_the_nearest_above_it_with_a_key() -> None:
    toml = (
        'name = "s"\n[tables.set_set]\nparent = "set"\n[tables.own_set]\nparent = "own"\n[tables.set]\nparent = "t"\n'
        '[tables.own_set_set]\nparent = "own_set"\n[tables.own]\nparent = "set"\neach = "$.own[*]"\nkey = ["k"]\n'
        'on_duplicate = "update"\ncolumns.k = "k | int"\n[tables.e_set]\nparent = "e"\neach = "@.s[*]"\n'
        '[tables.e_own]\nparent = "e"\neach = "@.o[*]"\nkey = ["k"]\ncolumns.k = "k | int"\n'
    )
    assert kinds(f"{toml}{ROOT}{ENTITY}") == {
        "t": (Kind.ROOT, Policy.IGNORE, None, None),
        "set": (Kind.SET, Policy.IGNORE, "public.t", None),
        "set_set": (Kind.SET, Policy.IGNORE, "public.set", None),
        "own": (Kind.OWN, Policy.UPDATE, "public.set", None),
        "own_set": (Kind.SET, Policy.UPDATE, "public.own", "public.own"),
        "own_set_set": (Kind.SET, Policy.UPDATE, "public.own_set", "public.own"),
        "e": (Kind.ENTITY, Policy.IGNORE, None, None),
        "e_set": (Kind.SET, Policy.IGNORE, "public.e", "public.e"),
        "e_own": (Kind.OWN, Policy.IGNORE, "public.e", None),
    }


def test_parents_come_before_children_and_the_root_first() -> None:
    toml = f'name = "s"\n[tables.v]\nparent = "u"\n[tables.u]\nparent = "t"\n{ENTITY}{ROOT}'
    assert [table.name for table in read(toml).targets] == ["t", "u", "v", "e"]


def test_a_slip_of_entities_only_is_given_a_root_of_its_name() -> None:
    slip = read(f'name = "s"\n{ENTITY}on_duplicate = "fill"')
    assert [(table.name, table.kind, table.policy) for table in slip.targets] == [
        ("s", Kind.ROOT, Policy.IGNORE),
        ("e", Kind.ENTITY, Policy.FILL),
    ]
    assert slip.root.columns == ()


def test_the_policy_of_newest_is_that_of_the_set_too() -> None:
    toml = 'name = "s"\n[tables.t]\non_duplicate = "newest(a)"\ncolumns.a = "a | int"\n[tables.u]\nparent = "t"\n'
    assert [(table.policy, table.newest) for table in read(toml).targets] == [(Policy.NEWEST, "a"), (Policy.NEWEST, "")]


FILLED = 'a row of `e` is filled by many documents (`on_duplicate = "fill"`): what is below it needs a `key`'
ONE_ROOT = "a slip has one root: `t` and `u` have neither `each` nor `parent`"


@pytest.mark.parametrize(
    ("tables", "wanted"),
    [
        (f'{ROOT}[tables.u]\ncolumns.a = "a | text"', f"4:9: {ONE_ROOT}"),
        (f'{ROOT}[tables.u]\nparent = "tt"', "5:10: there is no table `tt`; did you mean `t`?"),
        (f'{ROOT}[tables.u]\nparent = "u"', "5:10: the table `u` is its own ancestor"),
        (f"{ROOT}[tables.u]\nparent = 1", "5:10: expected text, in quotes"),
        (
            f'{ROOT}[tables.u]\neach = "u"',
            (
                "4:9: `u` has `each` and no `parent`: its rows are shared by documents and known by a `key`, which it needs; "
                "rows that belong to one document need a `parent`"
            ),
        ),
        (
            f'{ROOT}[tables.u]\nparent = "t"\non_duplicate = "update"',
            "6:16: a child without `key` follows its parent; `on_duplicate` needs a `key`",
        ),
        (f'{ROOT}[tables.u]\nparent = "t"\nidentity = "row"', '6:12: `identity = "row"` is for the root'),
        (
            '[tables.t]\non_duplicate = "fill"',
            '3:16: "fill" is for rows that many documents share: a table with `each`, a `key` and no `parent`',
        ),
        (
            f'{ROOT}[tables.u]\nparent = "t"\nkey = ["a"]\non_duplicate = "fill"\ncolumns.a = "a | int"',
            '7:16: "fill" is for rows that many documents share: a table with `each`, a `key` and no `parent`',
        ),
        (f'{ENTITY}on_duplicate = "fill"\n[tables.u]\nparent = "e"', f"8:10: {FILLED}"),
        (
            f'{ROOT}[tables.u]\nparent = "t"\neach = "$.u[*]"\ncolumns.b = "b | text | ref(\'t\')"',
            "7:25: the table `t` has no `key`, so that nothing can point to its rows",
        ),
        (
            f"{ENTITY}columns.above = \"@.above | ref('e', 1)\"",
            "6:28: the key of `e` has 1 column; got 2 values",
        ),
        (
            '[tables.s]\nparent = "s2"\n[tables.s2]\nparent = "s"',
            "2:9: a slip without a root table is given one of its own name, but `s` is taken",
        ),
    ],
)
def test_tables_that_make_no_family_are_refused_with_their_place(tables: str, wanted: str) -> None:
    assert f"slip.toml:{wanted}" in first_lines(f'name = "s"\n{tables}')


def test_tables_below_one_another_are_counted() -> None:
    tables = "".join(f'[tables.t{number + 1}]\nparent = "t{number}"\n' for number in range(13))
    assert first_lines(f'name = "s"\n[tables.t0]\n{tables}') == ["slip.toml:28:10: tables are at most 12 below the root"]


def _chain(alone: int, plain: int) -> str:
    """Nest tables with items in one another, at first those whose items are rejected alone."""
    tables = ""
    for number in range(alone + plain):
        on_error = 'on_error = "item"\n' if number < alone else ""
        tables += f'[tables.t{number}]\nparent = "{f"t{number - 1}" if number else "t"}"\neach = "@.n[*]"\n{on_error}'
        tables += 'columns.a = "a | text"\n'
    return f'name = "s"\n{ROOT}{tables}'


@pytest.mark.parametrize(("alone", "plain"), [(9, 1), (8, 3), (7, 5)])
def test_as_many_loops_are_taken_as_python_nests(alone: int, plain: int) -> None:
    compile_slip(read(_chain(alone, plain)))


@pytest.mark.parametrize(("alone", "plain", "place"), [(10, 0, "52:12"), (11, 0, "52:12"), (9, 2, "55:8"), (8, 4, "58:8")])
def test_more_loops_than_python_nests_are_refused(alone: int, plain: int, place: str) -> None:
    sentence = (
        "too many tables with `each` are below one another: at most 19 are, of which one with "
        '`on_error = "item"` counts twice, got 20; let fewer of them reject an item alone'
    )
    assert first_lines(_chain(alone, plain)) == [f"slip.toml:{place}: {sentence}"]


def test_each_of_several_that_are_their_own_ancestors_is_told_and_those_below_them_are_not() -> None:
    toml = f'name = "s"\n{ROOT}[tables.u]\nparent = "v"\n[tables.v]\nparent = "u"\n[tables.w]\nparent = "v"'
    assert first_lines(toml) == [
        "slip.toml:5:10: the table `u` is its own ancestor",
        "slip.toml:7:10: the table `v` is its own ancestor",
    ]


def test_a_root_that_is_given_has_a_name_that_a_table_can_have() -> None:
    (line,) = first_lines(f'name = "{"ü" * 40}"\n{ENTITY}')
    assert line.startswith("slip.toml:1:8: a slip without a root table is given one of its own name, but")


def test_what_points_to_a_table_whose_key_cannot_be_read_is_not_called_wrong_too() -> None:
    toml = f'name = "s"\n{ENTITY.replace("k | int", "k | it")}columns.above = "@.above | ref(\'e\')"'
    assert [line.partition(" ")[0] for line in first_lines(toml)] == ["slip.toml:5:18:"]
