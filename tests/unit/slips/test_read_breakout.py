"""A slip that breaks documents out is read, and grows with what was seen of them."""

from typing import Any

import pytest

from etl_actors.errors import SlipError
from etl_actors.relational.breakout.evidence import written_evidence
from etl_actors.relational.breakout.seen import Seen, seen_in
from etl_actors.relational.breakout.view import View
from etl_actors.relational.tables import Kind, Policy
from etl_actors.slips.model.breakout import EVIDENCE
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.growing import grown, seen_by, written_alike
from etl_actors.slips.reading.read import read_slip


def _read(toml: str, *documents: Any) -> Slip:
    seen = Seen()
    for one in documents:
        seen.add(one)
    evidence = {EVIDENCE: written_evidence(seen)} if documents else {}
    return read_slip({"slip.toml": f'name = "Some Shop"\n{toml}', **evidence}, "public")


def test_without_documents_there_is_the_root_alone() -> None:
    slip = _read("[breakout]\n")
    assert slip.root.qualified == "public.some_shop"
    assert (slip.root.kind, slip.root.policy, slip.root.key) == (Kind.ROOT, Policy.IGNORE, ())
    assert [(column.name, column.type) for column in slip.root.columns] == [("_rest", "jsonb")]


def test_documents_give_it_tables() -> None:
    slip = _read(
        '[breakout]\ntable = "T"\nschema = "s"\nkey = ["id"]\non_duplicate = "update"\ncontract = "evolve"\n',
        {"id": 1, "t": ["x"]},
    )
    assert [(table.qualified, table.kind, table.parent, table.key) for table in slip.targets] == [
        ("s.T", Kind.ROOT, None, ("id",)),
        ("s.t__t", Kind.SET, "s.T", ()),
    ]
    assert slip.root.policy is Policy.UPDATE


@pytest.mark.parametrize(
    ("toml", "view"),
    [
        ("[breakout]\n", View("public", "some_shop_view")),
        ("[breakout]\nschema = 's'\nview = 'shown'\n", View("s", "shown")),
        ("[breakout]\nmaterialize = true\n", View("public", "some_shop_view", materialized=True)),
        ("[breakout]\nview = false\n", None),
    ],
)
def test_it_says_which_view_there_is(toml: str, view: View | None) -> None:
    slip = _read(toml)
    assert slip.breakout is not None
    assert slip.breakout.view == view


def test_a_version_that_has_seen_more_is_another_of_what_was_written_once() -> None:
    slip = _read("[breakout]\n")
    more = grown(slip, seen_in({"a": 1}))
    assert more.digest != slip.digest
    assert more.written_digest == slip.written_digest == slip.digest
    assert written_alike(more.files, slip.files)
    assert not written_alike(more.files, _read('[breakout]\nkey = "a"\n').files)
    assert grown(more, seen_in({"a": 2})).digest == more.digest
    assert seen_by(more.files) == seen_in({"a": 1})


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("[breakout]\nname = 'x'\n", "3:1: [breakout] has no key `name`"),
        ("[breakout]\ndelete_when = 'exists(a)'\n", "3:1: `delete_when` deletes the row of a key: the table needs a `key`"),
        (
            "[breakout]\nkey = 'k'\ndelete_when = 'exists(a)'\n",
            "4:1: what deletes a row comes after it, and by `ignore`, the default of",
        ),
        (
            "[breakout]\nkey = 'k'\non_duplicate = 'update'\ndelete_when = '@key == 1'\n",
            "5:16: `@key` has a meaning only in a table",
        ),
        ("[breakout]\nkey = 'k'\non_duplicate = 'history(a)'\ncolumns.k = 'k | int'\n", "4:25: there is no column `a`"),
        ("[breakout]\ntable = 1\n", "3:9: expected text, in quotes"),
        ("[breakout]\ntable = ''\n", "expected a name of 1 to 63 bytes for this table"),
        ("[breakout]\nkey = [1]\n", "3:7: expected a list of fields of the documents, each once"),
        ("[breakout]\nkey = ['a', 'a']\n", "3:7: expected a list of fields of the documents, each once"),
        (
            "[breakout]\non_duplicate = 'newest(a)'\n",
            "3:16: expected one of ignore, update, got `newest(a)`; others need a column, by `columns`",
        ),
        ("[breakout]\ncontracts = 'freeze'\n", "3:13: expected contracts by name of table"),
        ("[breakout]\ncontracts.t = 'no'\n", "3:15: expected one of evolve, freeze, discard_row, discard_value, got `no`"),
        ("[breakout]\ncontract = 'never'\n", "3:12: expected one of evolve, freeze, discard_row, discard_value, got `never`"),
        (
            "[breakout]\nmaps = ['$.a[0]']\n",
            '3:8: expected a list of places in the documents, such as "$.offers[*].price", got `$.a[0]`',
        ),
        ("[breakout]\nnumbers = 1\n", "3:11: expected a list of places in the documents"),
        (
            "[breakout]\nmaps = '$.a'\nfields = ['$.a']\n",
            "3:8: expected each place under maps or under fields, got one under both",
        ),
        ("[breakout]\nkey = ['b']\ncolumns.a = 'a | int'\n", "3:8: there is no column `b`"),
        ("[breakout]\ncolumns.a = 'a | nix'\n", "3:18: "),
        ("[breakout]\non_duplicate = 'newest(b)'\ncolumns.a = 'a | int'\n", "3:24: there is no column `b`"),
        ("[breakout]\ncolumns.a = { expr = 'a | int', private = true }\n", "it has no private columns"),
        ("[breakout]\nwhen = 'a ='\n", "3:"),
        ("[breakout]\nview = true\n", "3:8: expected the name of the view, in quotes, or false for none"),
        ("[breakout]\nview = ''\n", "3:8: expected a name of 1 to 63 bytes for this view"),
        ("[breakout]\nview = 'some_shop'\n", "3:8: expected a name that no table of the slip has, got `some_shop`"),
        ("[breakout]\nview = 'some_shop__v'\n", "3:8: expected a name that no table of the slip has, got `some_shop__v`"),
        (
            "[breakout]\nkey = 'k'\non_duplicate = 'history(a)'\nview = 'some_shop_history'\ncolumns.a = 'a | int'\n",
            "5:8: expected a name that nothing has beside the table, got `some_shop_history`",
        ),
        (
            "[breakout]\nkey = 'k'\non_duplicate = 'update'\ndelete_when = 'exists(a)'\nview = 'some_shop_deleted'\n",
            "6:8: expected a name that nothing has beside the table, got `some_shop_deleted`",
        ),
        ("[breakout]\ntable = 'a_'\n", "3:9: expected a name that no table of the slip has, got `a__view`"),
        ("[breakout]\nmaterialize = 1\n", "3:15: expected true or false, without quotes"),
        ("[breakout]\nview = false\nmaterialize = true\n", "4:15: there is no view that could be materialized"),
        ("breakout = true\n", "2:1: expected `table`, `key` and `contract` below [breakout]"),
        (
            "[breakout]\n[tables.t]\ncolumns.a = 'a | text'\n",
            "a slip with [breakout] has the tables that its documents have, and no `tables`",
        ),
        ("when = 'exists('\n[breakout]\n", "2:"),
    ],
)
def test_what_is_wrong_with_it_is_told_with_its_place(toml: str, told: str) -> None:
    with pytest.raises(SlipError) as error:
        _read(toml)
    assert told in str(error.value), str(error.value)


def test_evidence_that_is_none_is_refused() -> None:
    with pytest.raises(SlipError, match="expected evidence of a break-out"):
        read_slip({"slip.toml": 'name = "s"\n[breakout]\n', EVIDENCE: '{"members": 1}'}, "public")
