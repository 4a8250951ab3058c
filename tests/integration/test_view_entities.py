"""The readable view joins documents to the entities that they have, wherever an entity's attributes are."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from etl_actors.slips.reading.read import read_slip
from etl_actors.store.database import Connection, connect
from tests.support.breaking import Breaking, stage
from tests.support.servers import Server

TOML = (
    'name = "work"\nsource = "s"\n[breakout]\nkey = "n"\n[breakout.entities]\n'
    'artist = { path = ["$.by[*]", "$.of"], key = "id" }\nsubject = { path = "$.subject", key = "id", recurse = "children[*]" }\n'
)
SLIP = read_slip({"slip.toml": TOML}, "public")
FIRST = {
    "n": "1",
    "by": [{"id": "a", "name": "Ann", "role": "x"}, {"id": "b", "name": "Bob", "role": "x"}],
    "of": {"id": "a", "name": "Ann", "role": "x"},
    "subject": {"id": "s", "name": "all", "children": [{"id": "t", "name": "some", "children": [{"id": "u", "name": "few"}]}]},
}
SHOWN = {
    "n": "1",
    "by": [{"id": "a", "name": "Ann", "role": "x"}, {"id": "b", "name": "Bob", "role": "x"}],
    "of__id": "a",
    "of__name": "Ann",
    "of__role": "x",
    "subject__id": "s",
    "subject__name": "all",
    "subject__children": [{"id": "t", "name": "some", "children": [{"id": "u", "name": "few"}]}],
}


@pytest.fixture
def breaking(service: Connection) -> Breaking:
    """Put the slip in force, and give a session."""
    return Breaking(service, SLIP)


def _feed(admin: psycopg.Connection, breaking: Breaking, *documents: Any) -> None:
    stage(admin, "s", documents)
    admin.commit()
    breaking.all()


def _viewed(conn: Any) -> list[dict[str, Any]]:
    """Read the view: what is not null, references aside."""
    rows = conn.execute("SELECT to_jsonb(whole) - '_id' - '_row_id' - '_loaded_at' FROM work_view whole ORDER BY n").fetchall()
    hidden = ("artist_id", "subject_id")
    return [{name: one for name, one in row.items() if one is not None and not name.endswith(hidden)} for (row,) in rows]


def test_a_document_is_shown_with_what_its_entities_tell(
    admin: psycopg.Connection, service: Connection, breaking: Breaking
) -> None:
    _feed(admin, breaking, FIRST)
    assert service.execute("SELECT count(*) FROM artist").fetchone() == (2,)
    assert _viewed(service) == [SHOWN]


LATER: list[dict[str, Any]] = [
    {"by": [{"id": "a", "name": "Ann", "role": "y"}]},  # what varies from now on
    {"of": {"id": "c", "no": 1}},
    {"of": {"id": "d", "no": 0.5}},  # another type in the entity's table
    {"by": [{"id": "e", "name": 7}], "of": None},
    {"by": {"id": "f"}, "of": [1]},
]


def test_the_view_follows_what_entities_are_and_is_as_if_all_had_come_at_once(
    admin: psycopg.Connection, service: Connection, breaking: Breaking, in_one_batch: Callable[[list[Any]], list[dict[str, Any]]]
) -> None:
    documents = [FIRST, *({"n": str(number)} | one for number, one in enumerate(LATER, 2))]
    for one in documents:
        _feed(admin, breaking, one)
        shown = _viewed(service)[0]
        assert all(shown[name] == SHOWN[name] for name in ("n", "of__id", "of__role", "subject__name", "subject__children"))
    found = _viewed(service)
    assert found == in_one_batch(documents)
    named = [{"id": "a", "name__text": "Ann", "role": "x"}, {"id": "b", "name__text": "Bob", "role": "x"}]
    others = {name: one for name, one in SHOWN.items() if name not in ("by", "of__name")}
    assert found == [
        others | {"by": named, "of__name__text": "Ann"},
        {"n": "2", "by": [{"id": "a", "name__text": "Ann", "role": "y"}]},
        {"n": "3", "of__id": "c", "of__no": 1},
        {"n": "4", "of__id": "d", "of__no": 0.5},
        {"n": "5", "by": [{"id": "e", "name": 7}]},
        {"n": "6", "by__id": "f", "of": [1]},
    ]


@pytest.fixture
def in_one_batch(
    server: Server, template: str, service_login: dict[str, str]
) -> Iterator[Callable[[list[Any]], list[dict[str, Any]]]]:
    """Give what the view shows where all documents come in one batch."""
    name = server.create(template)

    def load(documents: list[Any]) -> list[dict[str, Any]]:
        with psycopg.connect(server.admin_url(name)) as admin, connect(server.url(name, **service_login)) as conn:
            _feed(admin, Breaking(conn, SLIP), *documents)
            return _viewed(conn)

    yield load
    server.drop(name)


def test_a_query_of_other_columns_does_not_look_at_entities(
    admin: psycopg.Connection, service: Connection, breaking: Breaking
) -> None:
    _feed(admin, breaking, FIRST)
    plan = "\n".join(line for (line,) in service.execute("EXPLAIN SELECT n FROM work_view"))
    assert "artist" not in plan
    assert "work__by" not in plan
