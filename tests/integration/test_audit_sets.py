"""The audit of entities, filled columns, sets of any owner and rejected items: clean after honest loads, and not when broken."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import psycopg
import pytest

from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.source.files import read_slip_folder
from etl_actors.store.audit.audit import audit, examine
from etl_actors.store.database import Connection, connect
from etl_actors.store.slips import remember
from tests.support.documents import one, stage
from tests.support.servers import Server
from tests.support.settle import settle

_ODD = """
name = "odd"
source = "odd"
[tables."100%s"]
key = ["id"]
columns.id = "id | int"
[tables."tags %"]
parent = "100%s"
each = "tags[*]"
columns.tag = "@ | text"
[tables."% of"]
each = "$.shares[*]"
key = ["of"]
on_duplicate = "fill"
columns.of = "of | text"
columns."% share" = "share | int"
"""
_SLIP = Path(__file__).parents[1] / "slips" / "book"


def book(dice: Random) -> dict[str, object]:
    """Make a book; of its editions some have no page, and its authors are not known in full."""
    return {
        "id": dice.randrange(30),
        "seen": dice.choice([None, "2020", "2021"]),
        "tags": ["t"] * dice.randrange(3),
        "editions": [
            {"isbn": f"{dice.randrange(40)}", "pages": dice.choice([10, 20, None]), "notes": ["a b", "c"][: dice.randrange(3)]}
            for _ in range(dice.randrange(3))
        ],
        "authors": [
            {"name": f"n{dice.randrange(9)}", "born": dice.choice([None, 1900]), "city": dice.choice([None, "here", "there"])}
            for _ in range(dice.randrange(3))
        ],
        "places": [{"name": f"p{dice.randrange(50)}", "size": 1, "aliases": ["x", "y"]} for _ in range(dice.randrange(2))],
    }


@pytest.fixture(scope="module")
def loaded(server: Server, template: str) -> Iterator[str]:
    """Load books of which most are named more than once; this is the database's name."""
    name = server.create(template)
    url = server.admin_url(name)
    dice = Random(5)
    with psycopg.connect(url, autocommit=True) as producer, connect(url) as service:
        slip = read_slip(read_slip_folder(_SLIP), "public")
        remember(service, slip)
        stage(producer, "books", [book(dice) for _ in range(120)] + [{"id": "no number", "editions": [{"isbn": "1"}]}])
        settle(service, {"books": slip}, 25)
    yield name
    server.drop(name)


@pytest.fixture(scope="module")
def everything(server: Server, loaded: str) -> Iterator[Connection]:
    """Connect to that database as one who may break all of it."""
    with connect(server.admin_url(loaded), role=None) as admin:
        yield admin


def test_honest_loads_leave_nothing_to_find(everything: Connection) -> None:
    report = audit(everything, "public")
    assert report.findings == ()
    names = {check.name for check in report.checks}
    assert {"owned public.edition_note", "owned public.edition_word", "owned public.place_alias", "filled public.author"} <= names
    assert {"lineage public.author", "lineage public.place", "lineage public.edition", "mixed public.book_tag"} <= names
    for table in ("book", "book_tag", "edition", "edition_note", "edition_word", "author", "place", "place_alias"):
        assert one(everything, f"SELECT count(*) FROM {table}") > 5, table
    assert one(everything, "SELECT count(*) FROM author WHERE _filled IS NOT NULL") > 2
    assert one(everything, "SELECT array_agg(DISTINCT item ORDER BY item) FROM etl.reject") == [False, True]


def test_names_with_percent_signs_are_audited_as_others(database: str) -> None:
    """They stand in statements that have parameters."""
    slip = read_slip({"slip.toml": _ODD}, "public")
    with connect(database) as service, psycopg.connect(database, autocommit=True) as producer:
        remember(service, slip)
        stage(
            producer, "odd", [{"id": 1, "tags": ["x"], "shares": [{"of": "a"}]}, {"id": 2, "shares": [{"of": "a", "share": 5}]}]
        )
        settle(service, {"odd": slip}, 1)
        report = audit(service, "public")
        assert one(service, 'SELECT count(*) FROM "% of" WHERE _filled IS NOT NULL') == 1
    assert report.findings == ()
    names = {check.name for check in report.checks}
    assert {"lineage public.100%s", "mixed public.tags %", "filled public.% of", "orphan public.% of"} <= names


_ONE = "(SELECT min(_id::text)::uuid FROM {})"
_HARM = {
    "an_entity_is_lost": (
        f"DELETE FROM place WHERE _id = {_ONE.format('place')}",
        {"count public.place", "owned public.place_alias"},
    ),
    "an_entity_comes_from_a_document_that_was_rejected": (
        "UPDATE author SET _row_id = (SELECT max(row_id) FROM etl.reject WHERE NOT item) WHERE name = 'n1'",
        {"lineage public.author", "filled public.author"},
    ),
    "a_set_stays_while_its_owner_is_replaced": (
        (
            "UPDATE edition SET _row_id = (SELECT min(row_ids[1]) FROM etl.batch) - 1 WHERE _id = "
            "(SELECT min(_parent_id::text)::uuid FROM edition_note)"
        ),
        {"lineage public.edition", "owned public.edition_note"},
    ),
    "a_set_below_a_set_comes_from_another_batch": (
        f"UPDATE edition_word SET _batch_id = _batch_id + 1 WHERE _id = {_ONE.format('edition_word')}",
        {"owned public.edition_word"},
    ),
    "a_row_of_a_set_lost_what_it_lies_under": (
        "DELETE FROM edition_note WHERE _id = (SELECT min(_parent_id::text)::uuid FROM edition_word)",
        {"count public.edition_note", "owned public.edition_word"},
    ),
    "a_filled_column_is_said_to_come_from_a_rejected_document": (
        (
            "UPDATE author SET _filled = jsonb_build_object('city', (SELECT max(row_id) FROM etl.reject WHERE NOT item)) "
            "WHERE city IS NOT NULL"
        ),
        {"filled public.author"},
    ),
    "a_filled_column_is_empty": ("UPDATE author SET city = NULL WHERE _filled ? 'city'", {"filled public.author"}),
    "a_filled_column_is_none_of_the_table": (
        "UPDATE author SET _filled = jsonb_build_object('wrong', 120) WHERE name = 'n1'",
        {"filled public.author"},
    ),
    "a_filled_column_came_before_the_first_document": (
        "UPDATE author SET _filled = jsonb_build_object('name', _row_id) WHERE name = 'n1'",
        {"filled public.author"},
    ),
    "who_filled_a_column_is_no_row": (
        "UPDATE author SET _filled = '{\"name\": 900000}' WHERE name = 'n1'",
        {"filled public.author"},
    ),
    "a_key_of_an_entity_was_changed": ("UPDATE author SET name = 'other' WHERE name = 'n1'", {"identity public.author"}),
    "a_reject_of_an_item_is_said_to_be_of_its_row": (
        "UPDATE etl.reject SET item = false WHERE reject_id = (SELECT min(reject_id) FROM etl.reject WHERE item)",
        {"unexplained_rejects"},
    ),
    "a_reject_of_a_row_is_said_to_be_of_an_item": (
        "UPDATE etl.reject SET item = true WHERE NOT item",
        {"unexplained_rejects", "stray_items"},
    ),
    "an_item_is_of_a_row_of_another_batch": (
        "UPDATE etl.reject SET row_id = row_id + 100 WHERE reject_id = (SELECT min(reject_id) FROM etl.reject WHERE item)",
        {"stray_items"},
    ),
}


@pytest.mark.parametrize("harm", _HARM)
def test_what_is_broken_is_found(everything: Connection, harm: str) -> None:
    statement, expected = _HARM[harm]
    with everything.transaction(force_rollback=True):
        assert everything.execute(statement.encode()).rowcount > 0, "the harm was done"
        found = examine(everything, "public", None, lambda _: None).findings
    assert {finding.check for finding in found} == expected
    assert all(finding.count >= 1 for finding in found)
    assert all(finding.examples for finding in found)
