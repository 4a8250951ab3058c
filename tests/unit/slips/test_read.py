"""Slips are read as a whole, and everything wrong with them is said at once, with its place."""

import re

import pytest

from etl_actors.errors import SlipError
from etl_actors.relational.tables import Column
from etl_actors.slips.model import Slip
from etl_actors.slips.read import read_slip

TABLE = '\n[tables.t]\ncolumns.a = "a | text"\n'


def read(toml: str, **files: str) -> Slip:
    return read_slip({"slip.toml": toml, **files}, "public")


def refusal(toml: str) -> str:
    with pytest.raises(SlipError) as refused:
        read(toml)
    return str(refused.value)


def test_a_slip_says_what_it_takes() -> None:
    slip = read('name = "s"\nsource = ["x", "y", "x"]\nwhen = "exists(a)"\npriority = 3' + TABLE)
    assert (slip.name, slip.sources, slip.priority, slip.when_text) == ("s", ("x", "y"), 3, "exists(a)")
    assert slip.takes("x")
    assert not slip.takes("z")
    assert slip.root.columns == (Column("a", "text"),)


def test_a_slip_can_stand_in_a_set() -> None:
    assert len({read('name = "s"' + TABLE), read('name = "s"' + TABLE)}) == 1


@pytest.mark.parametrize(
    ("toml", "wanted"),
    [
        ('name = "s"\nsorce = "x"' + TABLE, "slip.toml:2:1: there is no key `sorce`; did you mean `source`?"),
        (TABLE, "slip.toml:1:1: a slip needs a `name`"),
        ('name = "a/b"' + TABLE, "slip.toml:1:8: expected a name"),
        ('name = "s"\nsource = []' + TABLE, "slip.toml:2:10: expected the name of a source"),
        ('name = "s"\npriority = true' + TABLE, "slip.toml:2:12: expected an integer"),
        ('name = "s"\nwhen = "exists(a"' + TABLE, "slip.toml:2:17: expected"),
        ('name = "s"\nwhen = "a"' + TABLE, "slip.toml:2:10: expected `in` or a comparison, got the end"),
        ('name = "s"\nwhen = "@key == 1"' + TABLE, "slip.toml:2:9: `@key` has a meaning only in a table with `each`"),
        ('name = "s"', "slip.toml:1:1: a slip needs at least one table"),
        ('name = "s"\n[let]\nx = "1"' + TABLE, "slip.toml:2:2: `let` is not supported by this release"),
        ('name = "s"\n[breakout]\ntable = "t"', "slip.toml:2:2: `breakout` is not supported by this release"),
        ('name = "s"\n[tables.t]\ncolumns.a = "a | dte"', "slip.toml:3:18: there is no step `dte`; did you mean `date`?"),
        (
            'name = "s"\n[tables.t]\ncolumns.a = "a | parse(x)"',
            "slip.toml:3:18: the step `parse` is not supported by this release",
        ),
        ('name = "s"\n[tables.t]\ncolumns.a = "a"', "slip.toml:3:15: this column has no type"),
        ('name = "s"\n[tables.t]\ncolumns.a = "a | text / b"', "slip.toml:3:25: this option of the choice has no type"),
        (
            'name = "s"\n[tables.t]\ncolumns.a = "a | text / b | int"',
            "slip.toml:3:14: the options of a choice are of several types: text, int",
        ),
        ('name = "s"\n[tables.t]\ncolumns.a = "\\u0061 \\u007C dte"', "slip.toml:3:28: there is no step `dte`"),
        ("name = \"s\"\n[tables.t]\ncolumns.a = '''\na |\ndte'''", "slip.toml:5:1: there is no step `dte`"),
        ('name = "s"\n[tables.t]\ncolumns.a = """a \\\n   | dte"""', "slip.toml:4:6: there is no step `dte`"),
        (
            'name = "s"\n[tables.t]\ncolumns = { b = "b | text", a = { expr = "a | dte" } }',
            "slip.toml:3:47: there is no step `dte`",
        ),
        (
            'name = "s"\n[tables.t]\ncolumns.a = { exp = "a | text" }',
            "slip.toml:3:15: a column has no key `exp`; did you mean `expr`?",
        ),
        (
            'name = "s"\n[tables.t]\ncolumns.a = { expr = "a | text", private = true }',
            "slip.toml:3:34: `private` is not supported",
        ),
        ('name = "s"\n[tables.t]\ncolumns.a = 5', "slip.toml:3:13: expected an expression, in quotes"),
        ('name = "s"\n[tables.t]\ncolumns._id = "a | text"', "slip.toml:3:9: the name `_id` is the service's own"),
        ('name = "s"\n[tables.t]\ncolumns.xmin = "a | text"', "slip.toml:3:9: the name `xmin`"),
        (f'name = "s"\n[tables.{"t" * 64}]\ncolumns.a = "a | text"', "slip.toml:2:9: expected a name of 1 to 63 bytes"),
        ('name = "s"\n[tables.t]\nkey = ["a", "b", "a"]\ncolumns.a = "a | text"', "slip.toml:3:13: there is no column `b`"),
        (
            'name = "s"\n[tables.t]\nkey = ["a", "a"]\ncolumns.a = "a | text"',
            "slip.toml:3:13: the column `a` is in the key already",
        ),
        ('name = "s"\n[tables.t]\nkey = []\ncolumns.a = "a | text"', "slip.toml:3:7: expected a list of columns"),
        (
            'name = "s"\n[tables.t]\non_duplicate = "newest(a)"\ncolumns.a = "a | text"',
            "slip.toml:3:16: `newest(a)` is not supported",
        ),
        ('name = "s"\n[tables.t]\non_duplicate = "keep"\ncolumns.a = "a | text"', "slip.toml:3:16: expected ignore or update"),
        ('name = "s"\n[tables.t]\nidentity = "row"\nkey = ["a"]\ncolumns.a = "a | text"', "slip.toml:3:12: a table with a key"),
        (
            'name = "s"\n[tables.t]\nschema = "etl"\ncolumns.a = "a | text"',
            "slip.toml:3:10: the schema `etl` is not for target tables",
        ),
        (f'name = "s"{TABLE}[tables.u]\ncolumns.a = "a | text"', "slip.toml:4:9: a slip has one root: `t` and `u`"),
        (
            f'name = "s"{TABLE}[tables.u]\nparent = "tt"\ncolumns.a = "a | text"',
            "slip.toml:5:10: there is no table `tt`; did you mean `t`?",
        ),
        (
            f'name = "s"{TABLE}[tables.u]\nparent = "u"\ncolumns.a = "a | text"',
            "slip.toml:5:10: the table `u` is its own ancestor",
        ),
        (f'name = "s"{TABLE}[tables.u]\neach = "u"\ncolumns.a = "a | text"', "slip.toml:5:8: `each` without `parent`"),
        (
            f'name = "s"{TABLE}[tables.u]\nparent = "t"\non_duplicate = "update"\ncolumns.a = "a | text"',
            "slip.toml:6:16: a child without `key`",
        ),
        (
            f'name = "s"{TABLE}[tables.u]\nparent = "t"\nrecurse = "x"\ncolumns.a = "a | text"',
            "slip.toml:6:1: `recurse` is not supported",
        ),
        ('name = "s"\n[tables.s]\nparent = "s2"\n[tables.s2]\nparent = "s"', "slip.toml:2:9: a slip without a root table"),
        ('name = "s"\nname = "t"', "slip.toml:2:"),
        ('name = "s', "slip.toml:1:"),
        (
            "name = \"s\"\n[tables.t]\ncolumns.a = \"a | timestamptz('%d', tz='UTC')\"",
            "slip.toml:3:36: the argument `tz=` is not supported",
        ),
        ('name = "s"\n[tables.t]\ncolumns.a = "a | numeric(0)"', "slip.toml:3:18: numeric takes a precision"),
        ('name = "s"\n[tables.t]\ncolumns.a = "a | int(3)"', "slip.toml:3:18: the type int takes no arguments"),
        ('name = "s"\n[tables.t]\ncolumns.a = "a | trim(1) | text"', "slip.toml:3:18: the step `trim` takes no arguments, got 1"),
        (
            'name = "s"\n[tables.t]\ncolumns.a = "a | split(\'\') | text"',
            "slip.toml:3:24: the step `split` takes a quoted string here",
        ),
        ('name = "s"\n[tables.t]\ncolumns.a = "a[?b] | text"', "slip.toml:3:16: filters in paths are not supported"),
        ('name = "s"\n[tables.t]\ncolumns.a = "a..b | text"', "slip.toml:3:15: `..` is not supported by this release"),
        ('name = "s"\n[tables.t]\ncolumns.a = "@up.id | text"', "slip.toml:3:14: `@up` is not supported by this release"),
        (
            f'name = "s"{TABLE}[tables.u]\nparent = "t"\ncolumns.a = "@index | int"',
            "slip.toml:6:14: `@index` has a meaning only in a table with `each`",
        ),
        (f'name = "s"{TABLE}[tables.u]\nparent = "t"\neach = "a[@key]"', "slip.toml:6:11: expected"),
        (f'name = "s"\n[tables.t]\ncolumns.a = "a{".b" * 400} | text"', "slip.toml:3:14: this expression is nested too deeply"),
        ('name = "s"\n[tables.t]\ncolumns.a = "@kee | text"', "slip.toml:3:14: there is no `@kee`; did you mean `@key`?"),
        (
            'name = "s"\n[tables.t]\ncolumns.a = "if(a, b) | text"',
            "slip.toml:3:14: the function `if` is not supported by this release",
        ),
        ('name = "s"\n[tables.t]\ncolumns.a = "\'\\\\q\' | text"', "slip.toml:3:15: there is no escape `\\q`"),
        ("name = 's'\n[tables.t]\ncolumns.a = '''a | replace('x''' ", "slip.toml:3:28: this string has no end"),
        ('name = "s"\n[tables.t]\ncolumns.a = ""', "slip.toml:3:14: expected an expression, got nothing"),
        (
            (
                f'name = "s"{TABLE}[tables.u]\nparent = "t"\neach = "a"\nkey = ["k"]\ncolumns.k = "k | int"\n'
                '[tables.v]\nparent = "u"\neach = "b"\ncolumns.x = "x | int"'
            ),
            "slip.toml:10:10: a child without `key` below one with a key of its own is not supported by this release",
        ),
    ],
)
def test_a_wrong_slip_is_refused_with_its_place(toml: str, wanted: str) -> None:
    lines = refusal(toml).splitlines()
    assert any(line.startswith(wanted) for line in lines), "\n".join(lines)


def test_the_caret_stands_under_what_is_wrong() -> None:
    text = refusal('name = "s"\n[tables.t]\n\tcolumns.a = "a | dte"')
    _, source, caret = text.splitlines()
    assert source[caret.index("^") :] == 'dte"'


def test_all_that_is_wrong_is_said_in_the_order_of_the_file() -> None:
    text = refusal('nam = 1\nwhen = "("\n[tables.t]\nparnt = 1\ncolumns.a = "a |"\ncolumns.b = "b"\n[[tables.u]]\n')
    places = re.findall(r"^slip.toml:(\d+):", text, re.MULTILINE)
    assert places == sorted(places, key=int)
    assert {"1", "2"} <= set(places)


def test_errors_of_several_tables_come_together() -> None:
    text = refusal('name = "s"\n[tables.t]\ncolumns.a = "a |"\ncolumns.b = "b"\n[tables.u]\nparnt = "t"\ncolumns.c = "c | dte"')
    assert re.findall(r"^slip.toml:(\d+):", text, re.MULTILINE) == ["3", "4", "6", "7"]


def test_files_beside_the_slip_are_refused_not_ignored() -> None:
    with pytest.raises(SlipError, match="grammars and steps of a slip's own are not supported"):
        read('name = "s"' + TABLE, **{"x.lark": ""})


def test_the_origin_is_in_front_of_the_file() -> None:
    with pytest.raises(SlipError, match=r"^parsers/s/slip\.toml:1:1: "):
        read_slip({"slip.toml": ""}, "public", origin="parsers/s")
