"""The readable view of a break-out follows its tables, and stays what others have made of it."""

import threading
import time
from typing import Any

import psycopg
import pytest

from etl_actors.errors import DatabaseUnsuitable, NoPlace, SlipError
from etl_actors.relational.breakout.seen import seen_in
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.growing import grown, seen_by
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.shelf.unmatched import Unmatched
from etl_actors.store.breakout.adoption import adopt, require_view
from etl_actors.store.breakout.growth import Breakouts
from etl_actors.store.breakout.reshape import reshape
from etl_actors.store.database import Connection, connect
from etl_actors.store.tables.targets import ensure_tables

SLIP = 'name = "shop"\nsource = "shop"\n[breakout]\n'
FIRST = {"a": 1, "d": "2024-03-09", "x y": 1, "t": [{"n": 1, "d": "2024-03-09"}], "m": {"k": 1}}


def _slip(more: str = "") -> Slip:
    return read_slip({"slip.toml": SLIP + more}, "public")


def _adopted(conn: Connection, more: str = "") -> Slip:
    slip = _slip(more)
    stored = conn.execute("SELECT files FROM etl.slip WHERE active").fetchone()
    if stored is not None:
        slip = grown(slip, seen_by(stored[0]))
    require_view(conn, slip)
    ensure_tables(conn, slip.targets, slip.name)
    with conn.transaction():
        adopt(conn, slip)
    return slip


@pytest.fixture
def breakouts(service: Connection) -> Breakouts:
    """Put the slip in force, let it grow by a document, and give what grows it."""
    slip = _adopted(service)
    breakouts = Breakouts(service, "public")
    breakouts.grow(slip, seen_in(FIRST))
    return breakouts


def _grow(breakouts: Breakouts, document: Any) -> None:
    breakouts.grow(breakouts.current(_slip()), seen_in(document))


def _columns(conn: psycopg.Connection[Any], view: str = "shop_view") -> dict[str, str]:
    statement = (
        "SELECT attname::text, atttypid::regtype::text FROM pg_attribute "
        "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped AND attname !~ '^_'"
    )
    return dict(conn.execute(statement, [view]).fetchall())


def _oid(conn: psycopg.Connection[Any], view: str = "shop_view") -> int | None:
    row = conn.execute("SELECT to_regclass(%s)::oid::bigint", [view]).fetchone()
    return None if row is None else row[0]


BASE = {"a": "bigint", "d": "date", "x_y": "bigint", "t": "jsonb", "m__k": "bigint"}


def test_the_view_is_made_with_the_tables_and_readers_may_read_it(service: Connection, breakouts: Breakouts) -> None:
    assert _columns(service) == BASE
    with service.transaction():
        service.execute("RESET ROLE")
        assert service.execute("SELECT has_table_privilege('etl_reader', 'shop_view', 'SELECT')").fetchone() == (True,)
    changes = service.execute("SELECT statement FROM etl.schema_change WHERE target = 'public.shop_view' ORDER BY change_id")
    assert next(statement.split(" AS ")[0] for (statement,) in changes) == 'CREATE VIEW "public"."shop_view"'


KEPT: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"new": 1}, {"new": "bigint"}),
    ({"u": ["x"]}, {"u": "jsonb"}),
    ({"t": [{"n": 0.5, "d": "soon", "o": 1}]}, {}),
    ({"t": [[1]]}, {}),
]
ANEW: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"a": 0.5}, {"a": "numeric"}),
    ({"d": "soon"}, {"d": "text"}),
    ({"m": {"2024": 2}}, {"m": "jsonb"}),
]


@pytest.mark.parametrize(("document", "more"), KEPT)
def test_what_only_adds_to_the_view_leaves_it_the_same(
    service: Connection, breakouts: Breakouts, document: dict[str, Any], more: dict[str, str]
) -> None:
    before = _oid(service)
    _grow(breakouts, document)
    assert _columns(service) == BASE | more
    assert _oid(service) == before


@pytest.mark.parametrize(("document", "more"), ANEW)
def test_another_type_or_tables_filled_anew_make_it_anew_with_what_others_gave_it(
    service: Connection, admin: psycopg.Connection, breakouts: Breakouts, document: dict[str, Any], more: dict[str, str]
) -> None:
    admin.execute("GRANT SELECT ON shop_view TO etl_producer WITH GRANT OPTION; GRANT SELECT (a) ON shop_view TO PUBLIC")
    admin.execute("REVOKE SELECT ON shop_view FROM etl_operator")
    admin.execute("COMMENT ON VIEW shop_view IS 'it''s 100%'; COMMENT ON COLUMN shop_view.a IS 'how many'")
    rights = "SELECT (relacl::text[]), (SELECT attacl::text FROM pg_attribute WHERE attrelid = c.oid AND attname = 'a') FROM pg_class c WHERE relname = 'shop_view'"
    told = "SELECT obj_description('shop_view'::regclass), col_description('shop_view'::regclass, (SELECT attnum FROM pg_attribute WHERE attrelid = 'shop_view'::regclass AND attname = 'a'))"
    before, oid = service.execute(rights).fetchone(), _oid(service)
    _grow(breakouts, document)
    wanted = {name: kind for name, kind in BASE.items() if not (name == "m__k" and "m" in more)}
    assert _columns(service) == wanted | more
    assert _oid(service) != oid
    after = service.execute(rights).fetchone()
    assert before is not None
    assert after is not None
    assert (sorted(after[0]), after[1]) == (sorted(before[0]), before[1])
    assert service.execute(told).fetchone() == ("it's 100%", "how many")


def test_a_column_that_gets_another_name_has_it_in_the_view_and_in_views_on_it(
    service: Connection, admin: psycopg.Connection, breakouts: Breakouts
) -> None:
    admin.execute("CREATE VIEW theirs AS SELECT x_y FROM shop_view")
    oid = _oid(service)
    _grow(breakouts, {"x_y": 2})
    (marked,) = _columns(service).keys() - BASE.keys()
    assert marked.startswith("x_y_")
    assert _oid(service) == oid
    (written,) = service.execute("SELECT pg_get_viewdef('theirs'::regclass)").fetchone() or ("",)
    assert (
        written.replace("shop_view.", "") == f" SELECT {marked} AS x_y\n   FROM shop_view;"
    )  # before 16 names of columns are whole


def test_a_view_of_others_on_it_stands_as_long_as_nothing_of_it_has_to_be_made_anew(
    service: Connection, admin: psycopg.Connection, breakouts: Breakouts
) -> None:
    admin.execute("CREATE VIEW theirs AS SELECT a, t FROM shop_view")
    for document, _ in KEPT:
        _grow(breakouts, document)
    for document, _ in ANEW:
        before = breakouts.current(_slip()).digest
        with pytest.raises(NoPlace, match="theirs"):
            _grow(breakouts, document)
        assert breakouts.current(_slip()).digest == before
        assert {"a": "bigint", "d": "date"}.items() <= _columns(service).items()
    assert admin.execute("SELECT * FROM theirs").fetchall() == []


def test_a_view_that_somebody_dropped_is_there_again_when_the_tables_grow(service: Connection, breakouts: Breakouts) -> None:
    service.execute("DROP VIEW shop_view")
    _grow(breakouts, {"a": 0.5})
    assert _columns(service)["a"] == "numeric"


def test_a_name_that_something_else_has_is_refused(service: Connection, admin: psycopg.Connection) -> None:
    admin.execute("CREATE VIEW shop_view AS SELECT 1 AS one")
    with pytest.raises(DatabaseUnsuitable, match=r"makes the view public\.shop_view, but something else has that name"):
        _adopted(service)
    slip = _adopted(service, "view = false\n")
    breakouts = Breakouts(service, "public")
    breakouts.grow(slip, seen_in({"a": 1}))
    assert _columns(service) == {"one": "integer"}
    assert service.execute("SELECT count(*) FROM shop").fetchone() == (0,)


def test_a_name_that_something_else_has_by_the_time_the_tables_grow_changes_nothing(
    service: Connection, admin: psycopg.Connection, breakouts: Breakouts
) -> None:
    admin.execute("DROP VIEW shop_view; CREATE TABLE shop_view (one int)")
    with pytest.raises(SlipError, match="something else has that name"):
        _grow(breakouts, {"new": 1})
    assert _columns(service, "shop").keys() == {"a", "d", "x_y", "m__k"}


def test_documents_that_no_slip_takes_get_no_place_where_something_has_the_name_of_their_view(
    service: Connection, admin: psycopg.Connection
) -> None:
    admin.execute("CREATE TABLE other_view ()")
    slip = Unmatched("public").slip("other")
    assert slip is not None
    with pytest.raises(NoPlace, match=r"makes the view public\.other_view, but .* rename that, or write a slip"):
        Breakouts(service, "public").grow(slip, seen_in({"a": 1}))
    assert _columns(service, "other") == {}


def test_a_slip_that_says_otherwise_of_its_documents_and_of_its_view_has_no_other_view_left(
    service: Connection, breakouts: Breakouts
) -> None:
    slip = _slip('view = "shown"\njson = "$.t"\n')
    require_view(service, slip)
    reshape(service, slip, "public")
    with service.transaction():
        adopt(service, slip)
    assert breakouts.current(slip).breakout is not None
    assert _oid(service) is None
    assert _oid(service, "shown") is not None
    assert service.execute("SELECT * FROM shown").fetchall() == []


def test_a_slip_that_names_its_view_otherwise_has_it_renamed_and_one_that_wants_none_has_none(
    service: Connection, admin: psycopg.Connection, breakouts: Breakouts
) -> None:
    oid = _oid(service)
    admin.execute("CREATE VIEW theirs AS SELECT a FROM shop_view")
    _adopted(service, 'view = "shown"\n')
    assert _oid(service, "shown") == oid
    assert _oid(service) is None
    with pytest.raises(DatabaseUnsuitable, match=r"public\.shown dropped or made anew, but view theirs depends on it"):
        _adopted(service, "view = false\n")
    admin.execute("DROP VIEW theirs")
    _adopted(service, "view = false\n")
    assert _oid(service, "shown") is None
    _adopted(service)
    assert _columns(service) == BASE
    slip = _adopted(service, 'table = "other"\nview = "shop_view"\n')
    assert _columns(service).keys() == BASE.keys(), "what was seen is not forgotten"
    definition = service.execute("SELECT pg_get_viewdef('shop_view'::regclass)").fetchone()
    assert definition is not None
    assert "FROM other t0" in definition[0]
    assert slip.root.name == "other"


def test_what_waits_for_a_load_is_not_hurried_by_the_view(service: Connection) -> None:
    slip = _slip()
    ensure_tables(service, slip.targets, slip.name)
    with service.transaction():
        adopt(service, slip)
        assert service.execute("SHOW lock_timeout").fetchone() == ("0",)


def test_readers_find_the_view_at_every_moment_while_the_tables_change(
    service: Connection, service_url: str, breakouts: Breakouts
) -> None:
    stop = threading.Event()
    failures: list[str] = []
    waits: list[float] = []

    def read() -> None:
        with connect(service_url) as conn:
            conn.prepare_threshold = None
            while not stop.is_set():
                began = time.monotonic()
                try:
                    conn.execute("SELECT * FROM shop_view").fetchall()
                except psycopg.Error as error:
                    failures.append(str(error))
                waits.append(time.monotonic() - began)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number, (document, _) in enumerate([*KEPT, *ANEW]):
            _grow(breakouts, document)
            _grow(breakouts, {f"w{number}": number})
            _grow(breakouts, {f"w{number}": 0.5, "l": [{f"v{number}": 1}]})
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert len(waits) > 50
    assert max(waits) < 5 * 0.5, "a change that does not get its locks gives up after half a second"
