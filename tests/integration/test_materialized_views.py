"""A materialized view shows what has landed once it is refreshed, and follows its tables; nobody waits for it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from etl_actors.errors import NoPlace, SlipError
from etl_actors.relational.breakout.seen import seen_in
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.growing import grown, seen_by
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.breakout.adoption import adopt
from etl_actors.store.breakout.giving_way import GivingWay
from etl_actors.store.breakout.growth import Breakouts
from etl_actors.store.breakout.refreshing import Refreshed, refresh
from etl_actors.store.database import Connection, connect
from etl_actors.store.tables.targets import ensure_tables

SLIP = 'name = "shop"\nsource = "shop"\n[breakout]\nmaterialize = true\n'
INSERT = "INSERT INTO shop (_id, _row_id, _batch_id, a) VALUES (gen_random_uuid(), 1, 1, %s)"


def _adopted(conn: Connection, text: str = SLIP) -> Slip:
    slip = read_slip({"slip.toml": text}, "public")
    stored = conn.execute("SELECT files FROM etl.slip WHERE active").fetchone()
    slip = slip if stored is None else grown(slip, seen_by(stored[0]))
    ensure_tables(conn, slip.targets, slip.name)
    with conn.transaction():
        adopt(conn, slip)
    return slip


@pytest.fixture
def breakouts(service: Connection) -> Breakouts:
    """Put the slip in force, let it grow by a document, and give what grows it."""
    breakouts = Breakouts(service, "public")
    breakouts.grow(_adopted(service), seen_in({"a": 1, "t": ["x"]}))
    return breakouts


@pytest.fixture
def fresh(service_url: str) -> Callable[..., Refreshed]:
    """Give what refreshes the view, over a connection of its own."""

    def refreshed(*, wait: bool = False) -> Refreshed:
        with connect(service_url) as conn:
            return refresh(conn, "shop", "public", GivingWay(lambda: connect(service_url)), wait=wait)

    return refreshed


def _kind(conn: psycopg.Connection[Any], name: str = "shop_view") -> str | None:
    row = conn.execute("SELECT relkind::text FROM pg_class WHERE oid = to_regclass(%s)", [name]).fetchone()
    return None if row is None else row[0]


def _shown(conn: psycopg.Connection[Any], columns: bytes = b"a") -> list[tuple[Any, ...]]:
    return conn.execute(b"SELECT " + columns + b" FROM shop_view ORDER BY 1").fetchall()


def _grow(breakouts: Breakouts, document: Any) -> None:
    breakouts.grow(breakouts.current(read_slip({"slip.toml": SLIP}, "public")), seen_in(document))


def test_an_ordinary_view_stands_in_until_it_is_materialized(
    service: Connection, breakouts: Breakouts, fresh: Callable[..., Refreshed]
) -> None:
    service.execute(INSERT, [1])
    assert (_kind(service), _shown(service)) == ("v", [(1,)])
    assert breakouts.changed
    assert fresh() == Refreshed("public.shop_view", anew=True)
    assert (_kind(service), _shown(service)) == ("m", [(1,)])
    service.execute(INSERT, [2])
    assert _shown(service) == [(1,)]
    oid = service.execute("SELECT 'shop_view'::regclass::oid").fetchone()
    assert fresh() == Refreshed("public.shop_view")
    assert _shown(service) == [(1,), (2,)]
    assert service.execute("SELECT 'shop_view'::regclass::oid").fetchone() == oid
    assert service.execute("SELECT indexdef ~ 'UNIQUE' FROM pg_indexes WHERE tablename = 'shop_view'").fetchall() == [(True,)]


@pytest.mark.usefixtures("breakouts")
def test_readers_read_while_it_is_refreshed(service: Connection, service_url: str, fresh: Callable[..., Refreshed]) -> None:
    fresh()
    with connect(service_url) as reader, reader.transaction():
        assert _shown(reader) == []
        service.execute(INSERT, [1])
        assert fresh() == Refreshed("public.shop_view")
        assert _shown(reader) == [(1,)]


@pytest.mark.parametrize(
    ("document", "kind"),
    [({"new": 1}, "m"), ({"t": [{"x": 1}]}, "m"), ({"a": 0.5}, "v"), ({"t": [0.5, 1]}, "m"), ({"a": {"2024": 1}}, "m")],
)
def test_it_follows_its_tables_and_keeps_what_others_gave_it(
    service: Connection,
    admin: psycopg.Connection,
    breakouts: Breakouts,
    fresh: Callable[..., Refreshed],
    document: dict[str, Any],
    kind: str,
) -> None:
    fresh()
    admin.execute("GRANT SELECT ON shop_view TO etl_producer; REVOKE SELECT ON shop_view FROM etl_operator")
    admin.execute("COMMENT ON MATERIALIZED VIEW shop_view IS 'all of it'")
    service.execute(INSERT, [1])
    rights = "SELECT array_agg(grantee::regrole::text || ' ' || privilege_type ORDER BY grantee::regrole::text) FROM pg_class, aclexplode(relacl) WHERE relname = 'shop_view' AND grantee <> relowner"
    before = service.execute(rights).fetchone()
    _grow(breakouts, document)
    assert _kind(service) == kind, "only what is in the way gives way"
    assert fresh() == Refreshed("public.shop_view", anew=True)
    assert _kind(service) == "m"
    columns = {
        column for (column,) in service.execute("SELECT attname::text FROM pg_attribute WHERE attrelid = 'shop_view'::regclass")
    }
    assert {"a", "t", *document} <= columns
    assert len(_shown(service)) == 1
    assert service.execute(rights).fetchone() == before
    assert service.execute("SELECT obj_description('shop_view'::regclass)").fetchone() == ("all of it",)
    assert fresh() == Refreshed("public.shop_view")


def test_an_ordinary_view_stands_in_where_its_tables_are_filled_anew(
    service: Connection, breakouts: Breakouts, fresh: Callable[..., Refreshed]
) -> None:
    _grow(breakouts, {"m": {"k": 1}})
    fresh()
    _grow(breakouts, {"m": {"2024": 1}})
    assert _kind(service) == "v"
    assert service.execute("SELECT m FROM shop_view").fetchall() == []
    assert fresh() == Refreshed("public.shop_view", anew=True)
    assert service.execute("SELECT m FROM shop_view").fetchall() == []


def test_what_a_view_of_others_keeps_from_being_made_anew_is_filled_all_the_same(
    service: Connection, admin: psycopg.Connection, breakouts: Breakouts, fresh: Callable[..., Refreshed]
) -> None:
    fresh()
    admin.execute("CREATE VIEW theirs AS SELECT a FROM shop_view")
    _grow(breakouts, {"new": 1})
    service.execute(INSERT, [7])
    found = fresh()
    assert found.hindrance == "it would have to be made anew for its tables as they are, but view theirs depends on it"
    assert _shown(service) == [(7,)]
    with pytest.raises(NoPlace, match="theirs"):
        _grow(breakouts, {"a": 0.5})
    admin.execute("DROP VIEW theirs")
    _grow(breakouts, {"a": 0.5})
    assert fresh() == Refreshed("public.shop_view", anew=True)


@contextmanager
def _held(conn: Connection, statement: str) -> Iterator[None]:
    with conn.transaction():
        conn.execute(statement.encode())
        yield


@pytest.mark.usefixtures("breakouts")
def test_one_daemon_refreshes_at_a_time(service_url: str, fresh: Callable[..., Refreshed]) -> None:
    with connect(service_url) as other:
        other.execute("SELECT pg_advisory_lock(hashtextextended('etl.view.shop', 0))")
        assert fresh() == Refreshed(None, done=False)
        found: list[Refreshed] = []
        waiting = threading.Thread(target=lambda: found.append(fresh(wait=True)))
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        other.execute("SELECT pg_advisory_unlock_all()")
        waiting.join(60)
        assert found == [Refreshed("public.shop_view", anew=True)]


def test_it_ends_as_soon_as_somebody_waits_to_change_the_tables(
    service: Connection, service_url: str, breakouts: Breakouts, fresh: Callable[..., Refreshed]
) -> None:
    fresh()
    found: list[Refreshed] = []
    with connect(service_url) as other:
        other.execute("BEGIN")
        other.execute("LOCK TABLE shop IN ACCESS EXCLUSIVE MODE")  # so that a refresh takes long
        refreshing = threading.Thread(target=lambda: found.append(fresh()))
        refreshing.start()
        while not service.execute("SELECT FROM pg_locks WHERE NOT granted AND relation = 'shop'::regclass").fetchall():
            assert refreshing.is_alive()
        began = time.monotonic()
        _grow(breakouts, {"t": [{"x": 1}]})
        assert time.monotonic() - began < 10, "it looks five times a second; nobody else would have it end"
        refreshing.join(60)
        other.execute("ROLLBACK")
    assert found == [Refreshed(None, done=False)]
    assert fresh() == Refreshed("public.shop_view", anew=True)


@pytest.mark.usefixtures("breakouts")
def test_it_ends_as_soon_as_the_daemon_is_to_stop(service_url: str, fresh: Callable[..., Refreshed]) -> None:
    fresh()
    stop = threading.Event()
    with (
        connect(service_url) as other,
        connect(service_url) as conn,
        _held(other, "LOCK TABLE shop IN ACCESS EXCLUSIVE MODE"),
    ):
        stop.set()
        assert not refresh(conn, "shop", "public", GivingWay(lambda: connect(service_url), stop), wait=False).done


def test_a_slip_that_wants_it_ordinary_again_has_it_so_and_one_without_a_view_has_none(
    service: Connection, admin: psycopg.Connection, breakouts: Breakouts, fresh: Callable[..., Refreshed]
) -> None:
    assert fresh().anew
    admin.execute("GRANT SELECT ON shop_view TO etl_producer")
    _adopted(service, SLIP.replace("true", "false"))
    assert _kind(service) == "v"
    assert admin.execute("SELECT has_table_privilege('etl_producer', 'shop_view', 'SELECT')").fetchone() == (True,)
    assert fresh() == Refreshed(None), "it is not materialized"
    _adopted(service)
    fresh()
    _adopted(service, SLIP + 'view = "shown"\n')
    assert (_kind(service), _kind(service, "shown")) == (None, "m")
    _adopted(service, SLIP.replace("materialize = true", "view = false"))
    assert _kind(service, "shown") is None
    assert breakouts.current(read_slip({"slip.toml": SLIP}, "public")).breakout is not None


@pytest.mark.usefixtures("breakouts")
def test_a_name_that_something_else_has_is_told(admin: psycopg.Connection, fresh: Callable[..., Refreshed]) -> None:
    admin.execute("DROP VIEW shop_view; CREATE TABLE shop_view ()")
    with pytest.raises(SlipError, match="something else has that name"):
        fresh()
    admin.execute("DROP TABLE shop_view")
    assert fresh().anew
    assert _kind(admin) == "m"
