"""Things that documents repeat are in their table once, whatever varies between occurrences, and whoever brings them when."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from etl_actors.errors import DataRefused, Outgrown
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.breakout import in_place
from etl_actors.store.breakout.rebuild import differing
from etl_actors.store.database import Connection, connect
from etl_actors.store.slips import remember
from tests.support.breaking import Breaking, contents, stage
from tests.support.daemon import wait_until
from tests.support.replays import repeat
from tests.support.servers import Server

TOML = (
    'name = "work"\nsource = "s"\n[breakout]\nkey = "n"\non_duplicate = "update"\n{}[breakout.entities]\n'
    'artist = {{ path = ["$.by[*]", "$.of"], key = "id" }}\n'
)
SLIP = read_slip({"slip.toml": TOML.format("")}, "public")


def _rows(conn: Connection, statement: str) -> list[tuple[Any, ...]]:
    return conn.execute(statement.encode()).fetchall()


def _columns(conn: Connection, table: str) -> list[str]:
    statement = (
        "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped "
        "AND attname !~ '^_' ORDER BY attname"
    )
    return [name for (name,) in conn.execute(statement, [table])]


def _feed(admin: psycopg.Connection, breaking: Breaking, *documents: Any) -> None:
    stage(admin, "s", documents)
    admin.commit()
    breaking.all()


@pytest.fixture
def breaking(service: Connection) -> Breaking:
    """Put the slip in force, and give a session."""
    return Breaking(service, SLIP)


def _require_rebuilt(breaking: Breaking, documents: int) -> None:
    assert differing(breaking.conn, breaking.current(), "public") == (documents, [])


def test_what_varies_within_one_batch_is_where_the_entity_occurs(admin: psycopg.Connection, breaking: Breaking) -> None:
    _feed(
        admin,
        breaking,
        {"n": 1, "by": [{"id": 1, "name": "x", "role": "a"}, {"id": 2, "name": "y", "role": "a"}]},
        {"n": 2, "by": [{"id": 1, "name": "x", "role": "b"}]},
    )
    assert _rows(breaking.conn, "SELECT id, name FROM artist ORDER BY id") == [("1", "x"), ("2", "y")]
    links = "SELECT l.role, a.id FROM work__by l JOIN artist a ON a._id = l.artist_id JOIN work w ON w._id = l._root_id ORDER BY w.n, _index"
    assert _rows(breaking.conn, links) == [("a", "1"), ("a", "2"), ("b", "1")]
    _require_rebuilt(breaking, 2)


@pytest.mark.parametrize(
    ("first", "then", "columns"),
    [
        ({"role": "a"}, {"role": "b"}, ["artist_id", "role"]),
        ({"role": "a"}, {}, ["artist_id", "role"]),
        ({}, {"role": "a"}, ["artist_id", "role"]),
        ({"role": "a"}, {"role": None}, ["artist_id", "role"]),
        ({"role": None}, {}, ["artist_id"]),
        ({"no": 1}, {"no": 1.0}, ["artist_id", "no"]),
        ({"no": 1}, {"no": "1"}, ["artist_id", "no", "no__text"]),
        ({"at": "2024-03-09T10:00:00Z"}, {"at": "2024-03-09T11:00:00+01:00"}, ["artist_id", "at"]),
        ({"at": "2024-03-09T11:00:00+01:00"}, {"at": "soon"}, ["artist_id", "at"]),
        ({"on": {"in": "x", "day": "2024-03-09"}}, {"on": {"in": "x", "day": "2024-03-10"}}, ["artist_id", "on__day"]),
        ({"tags": ["x"]}, {"tags": ["y"]}, ["artist_id"]),
        ({"yes": True, "name": "x"}, {"yes": False, "name": "y"}, ["artist_id", "name", "yes"]),
    ],
)
def test_what_begins_to_vary_in_a_later_batch_is_as_if_it_always_had(
    admin: psycopg.Connection,
    breaking: Breaking,
    in_one_batch: Callable[[list[Any]], dict[str, Any]],
    first: dict[str, Any],
    then: dict[str, Any],
    columns: list[str],
) -> None:
    documents = [
        {"n": 1, "by": [{"id": 1} | first, {"id": 2} | first, {"id": None} | first, {"id": None} | then]},
        {"n": 2, "by": [{"id": 1} | then], "of": {"id": 2} | first},
    ]
    _feed(admin, breaking, documents[0])
    assert _columns(breaking.conn, "work__by") == ["artist_id"]
    _feed(admin, breaking, documents[1])
    assert _columns(breaking.conn, "work__by") == columns
    _require_rebuilt(breaking, 2)
    assert contents(breaking.conn, lineage=True) == in_one_batch(documents)


@pytest.fixture
def in_one_batch(server: Server, template: str, service_login: dict[str, str]) -> Iterator[Callable[[list[Any]], dict[str, Any]]]:
    """Give what tables hold where all documents come in one batch."""
    made = []

    def load(documents: list[Any]) -> dict[str, Any]:
        made.append(server.create(template))
        with psycopg.connect(server.admin_url(made[-1])) as admin, connect(server.url(made[-1], **service_login)) as conn:
            _feed(admin, Breaking(conn, SLIP), *documents)
            return contents(conn, lineage=True)

    yield load
    for name in made:
        server.drop(name)


def test_documents_come_in_any_order_and_those_that_lose_have_their_entities(
    admin: psycopg.Connection, breaking: Breaking, in_one_batch: Callable[[list[Any]], dict[str, Any]]
) -> None:
    documents = [
        {"n": 1, "by": [{"id": 1, "name": "x", "role": "a"}, {"id": 9, "name": "of a loser"}]},
        {"n": 1, "by": [{"id": 1, "name": "x", "role": "b", "no": 5}]},
        {"n": 2, "by": [{"id": 1, "name": "x", "no": 5}, {"id": None, "no": 5}], "of": {"id": 2, "name": "y"}},
        {"n": 1, "by": [{"id": 2, "name": "y", "role": "b", "no": 6}]},
        {"n": 2, "by": [{"id": 2, "name": "y"}]},
    ]
    stage(admin, "s", documents)
    admin.commit()
    admin.execute("DELETE FROM etl.inbox")
    for group in [(5,), (3, 4), (2,), (1,)]:
        admin.execute("INSERT INTO etl.inbox (source, row_id, bytes) SELECT 's', unnest(%s::bigint[]), 1", [list(group)])
        admin.commit()
        Breaking(breaking.conn, SLIP).all()
    assert contents(breaking.conn, lineage=True) == in_one_batch(documents)
    assert _rows(breaking.conn, "SELECT id, name, _row_id FROM artist ORDER BY id") == [
        ("1", "x", 1),
        ("2", "y", 3),
        ("9", "of a loser", 1),
    ]
    _require_rebuilt(breaking, 2)


def test_the_same_documents_once_more_add_nothing(admin: psycopg.Connection, breaking: Breaking) -> None:
    documents = [{"n": n, "by": [{"id": n % 3, "name": n % 3, "role": n}], "of": {"id": n % 2, "name": n % 2}} for n in range(20)]
    _feed(admin, breaking, *documents)
    before = contents(breaking.conn)
    digest = breaking.current().digest
    _feed(admin, breaking, *documents)
    assert contents(breaking.conn) == before
    assert breaking.current().digest == digest


def test_sessions_that_bring_one_entity_at_once_see_that_it_varies(
    admin: psycopg.Connection, service_url: str, breaking: Breaking
) -> None:
    _feed(admin, breaking, {"n": 0, "by": [{"id": 0, "name": "x", "role": "a"}]})
    stage(
        admin, "s", [{"n": 1, "by": [{"id": 1, "name": "x", "role": "a"}]}, {"n": 2, "by": [{"id": 1, "name": "x", "role": "b"}]}]
    )
    admin.commit()
    first, second = breaking.claim(1)[0], breaking.claim(1)[0]
    with connect(service_url) as conn:
        other = Breaking(conn, SLIP)
        late = other.parse(second)
        blocked, tried = threading.Event(), []

        def load() -> None:
            blocked.set()
            try:
                other.loading.load(second, late)
            except Outgrown:
                tried.append("outgrown")

        with breaking.conn.transaction():
            breaking.loading.load(first, breaking.parse(first))  # not committed yet
            thread = threading.Thread(target=load)
            thread.start()
            blocked.wait()
            _wait_for_lock(admin)
        thread.join()
        assert tried == ["outgrown"]
        other.load(second)
    assert _columns(breaking.conn, "work__by") == ["artist_id", "role"]
    assert _columns(breaking.conn, "artist") == ["id", "name"]
    _require_rebuilt(breaking, 3)


def _wait_for_lock(admin: psycopg.Connection) -> None:
    def waits() -> bool:
        admin.rollback()
        asked = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'advisory')"
        return admin.execute(asked.encode()).fetchone() != (0,)

    wait_until(waits, "the second session waits for the first")


def test_tables_that_are_filled_anew_have_the_entities_of_losers_too(
    admin: psycopg.Connection, breaking: Breaking, in_one_batch: Callable[[list[Any]], dict[str, Any]]
) -> None:
    documents: list[Any] = [
        {"n": 1, "by": [{"id": 1, "at": {"x": 1}}, {"id": 9, "at": {"x": 2}}]},
        {"n": 1, "by": [{"id": 1, "at": {"x": 1}, "role": "a"}]},
        {"n": 2, "by": [{"id": 1, "at": {"1.0": 1}, "role": "b"}]},
    ]
    for one in documents[:2]:
        _feed(admin, breaking, one)
    assert _columns(breaking.conn, "artist") == ["at__x", "id"]
    _feed(admin, breaking, documents[2])
    assert _columns(breaking.conn, "artist") == ["id"]
    assert _rows(breaking.conn, "SELECT id, _row_id FROM artist ORDER BY id") == [("1", 1), ("9", 1)]
    assert contents(breaking.conn, lineage=True) == in_one_batch(documents)
    _require_rebuilt(breaking, 2)


@pytest.mark.parametrize("contract", ["freeze", "discard_row", "discard_value"])
def test_what_begins_to_vary_is_refused_where_tables_are_to_stay_as_they_are(
    admin: psycopg.Connection, breaking: Breaking, contract: str
) -> None:
    _feed(admin, breaking, {"n": 1, "by": [{"id": 1, "role": "a"}]})
    frozen = read_slip({**breaking.current().files, "slip.toml": TOML.format(f'contract = "{contract}"\n')}, "public")
    remember(breaking.conn, frozen)
    stage(admin, "s", [{"n": 2, "by": [{"id": 1, "role": "b"}]}, {"n": 3, "by": [{"id": 1, "role": "a"}]}])
    admin.commit()
    one, other = breaking.claim(1)[0], breaking.claim(1)[0]
    with pytest.raises(DataRefused, match="expected role of `artist` to be the same as in other documents") as refused:
        breaking.load(one)
    assert refused.value.reason == "frozen"
    assert breaking.load(other).loaded == 1
    assert _columns(breaking.conn, "work__by") == ["artist_id"]


def test_a_view_keeps_what_begins_to_vary_from_moving(admin: psycopg.Connection, breaking: Breaking) -> None:
    _feed(admin, breaking, {"n": 1, "by": [{"id": 1, "role": "a"}]})
    admin.execute("CREATE VIEW theirs AS SELECT role FROM artist")
    stage(admin, "s", [{"n": 2, "by": [{"id": 1, "role": "b"}]}])
    admin.commit()
    (lease,) = breaking.claim(1)
    with pytest.raises(DataRefused, match="view theirs depends on column role") as refused:
        breaking.load(lease)
    assert refused.value.reason == "no_place"
    assert _columns(breaking.conn, "work__by") == ["artist_id"]


def test_a_large_table_in_which_an_entity_begins_to_vary_is_filled_beside(
    admin: psycopg.Connection,
    breaking: Breaking,
    in_one_batch: Callable[[list[Any]], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(in_place, "_MOVED_BYTES", 0)
    documents = [{"n": 1, "by": [{"id": 1, "role": "a"}]}, {"n": 1, "by": [{"id": 2, "role": "a"}]}, {"n": 2, "by": [{"id": 1}]}]
    for one in documents:
        _feed(admin, breaking, one)
    assert _rows(breaking.conn, "SELECT count(*)::int FROM etl.schema_change WHERE statement ~ '^UPDATE'") == [(0,)]
    assert contents(breaking.conn, lineage=True) == in_one_batch(documents)
    admin.execute("SET session_replication_role = replica")
    admin.execute("DELETE FROM etl.staging WHERE row_id = 1")  # of a loser: then it can only be done in place
    admin.execute("RESET session_replication_role")
    admin.commit()
    _feed(admin, breaking, {"n": 3, "by": [{"id": 2, "role": "a", "name": "x"}, {"id": 2, "role": "a", "name": "y"}]})
    _feed(admin, breaking, {"n": 4, "by": [{"id": 5, "of": 1}, {"id": 5, "of": 2}]})
    assert _columns(breaking.conn, "work__by") == ["artist_id", "name", "of", "role"]


def test_a_replay_holds_an_entity_against_what_is_there_whoever_gave_that(admin: psycopg.Connection, breaking: Breaking) -> None:
    for number in (1, 2):
        _feed(admin, breaking, {"n": number, "by": [{"id": 1, "name": "x"}]})
    current = breaking.current()
    breaking.conn.execute("UPDATE artist SET name = 'by hand'")
    with pytest.raises(Outgrown):
        repeat(breaking.conn, [2], {current.digest: current}, current.digest)


def test_a_replay_leaves_what_is_the_same_and_takes_away_what_nobody_has_any_more(
    admin: psycopg.Connection, breaking: Breaking
) -> None:
    documents = [
        {"n": 1, "by": [{"id": 1, "name": "x", "role": "a"}, {"id": 9, "name": "z"}]},
        {"n": 2, "by": [{"id": 1, "name": "x", "role": "b"}]},
        {"n": 3, "of": {"id": 2, "name": "y"}},
    ]
    for one in documents:
        _feed(admin, breaking, one)
    before, current = contents(breaking.conn, lineage=True), breaking.current()
    repeat(breaking.conn, [1, 2, 3], {current.digest: current}, current.digest, size=2)
    assert contents(breaking.conn, lineage=True) == before
    breaking.conn.execute("DELETE FROM artist WHERE id = '1'")
    repeat(breaking.conn, [1, 2], {current.digest: current}, current.digest)
    assert contents(breaking.conn, lineage=True) == before
    less = read_slip({**current.files, "slip.toml": TOML.format('when = "n != 1"\n')}, "public")
    remember(breaking.conn, less)
    repeat(breaking.conn, [1], {current.digest: current, less.digest: less}, less.digest, growing=breaking.breakouts)
    assert _rows(breaking.conn, "SELECT id, name, _row_id FROM artist ORDER BY id") == [("1", "x", 2), ("2", "y", 3)]
    assert differing(breaking.conn, less, "public") == (2, [])
