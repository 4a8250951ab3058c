"""What tables of a break-out hold is read as of one moment, however they change for other documents meanwhile."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import errors as pg

from etl_actors.relational.breakout.seen import seen_in
from etl_actors.relational.parsed import Parsed
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.audit.audit import audit
from etl_actors.store.audit.documents import Deep
from etl_actors.store.breakout import rebuild
from etl_actors.store.breakout.growth import Breakouts
from etl_actors.store.breakout.moment import at_one_moment, begin_moment
from etl_actors.store.database import Connection, connect
from etl_actors.store.loading.load import Loading
from etl_actors.store.slips import remember
from etl_actors.store.staging import fetch
from etl_actors.store.tables.targets import ensure_tables
from etl_actors.workers.base import Job, Role, RoleSlip
from etl_actors.workers.batch import BatchParser
from tests.support.leases import leased

SLIP = read_slip({"slip.toml": 'name = "shop"\nsource = "shop"\n[breakout]\n'}, "public")
DOCUMENTS: list[dict[str, Any]] = [{"n": number, "at": "2024-03-09", "m": {"x": number}, "l": [number]} for number in range(7)]


@pytest.fixture(autouse=True)
def _loaded(service: Connection, producer: Connection) -> None:
    ensure_tables(service, SLIP.targets, SLIP.name)
    remember(service, SLIP)
    lease = leased(producer, service, DOCUMENTS)
    parser = BatchParser(lambda row_ids: fetch(service, row_ids), "public", growing=Breakouts(service, "public"))
    parsed = parser.parse(Job(lease.row_ids, Role((RoleSlip(SLIP.digest, SLIP.files),))))
    assert isinstance(parsed, Parsed)
    assert Loading(service).load(lease, parsed).loaded == len(DOCUMENTS)


def test_an_audit_does_not_take_a_table_that_is_altered_meanwhile_for_an_empty_one(service: Connection, database: str) -> None:
    """Alter a table once the audit has its snapshot, to which the table would be empty, and before it has read it."""

    def alter(what: str) -> None:
        if what == "the books":
            with psycopg.connect(database, autocommit=True) as other:
                other.execute("SET lock_timeout = '100ms'")
                with pytest.raises(pg.LockNotAvailable):
                    other.execute("ALTER TABLE shop ALTER COLUMN n TYPE numeric")

    assert audit(service, "public", tell=alter).findings == ()


def test_an_audit_begins_again_where_tables_have_changed_since_they_were_listed(
    service: Connection, service_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let the slip grow each time before the tables are locked, three times."""
    news = [seen_in({"at": "soon"}), seen_in({"m": {"2024": 1}}), seen_in({"n": 0.5})]

    def grow_and_begin(conn: Connection, tables: Any) -> None:
        if news:
            with connect(service_url) as other:
                Breakouts(other, "public").grow(SLIP, news.pop())
        begin_moment(conn, tables)

    monkeypatch.setattr("etl_actors.store.audit.audit.begin_moment", grow_and_begin)
    assert audit(service, "public").findings == ()
    assert news == []


@pytest.mark.parametrize("most", [None, 5])
def test_documents_are_compared_piece_by_piece_while_their_slip_grows(
    service: Connection, service_url: str, monkeypatch: pytest.MonkeyPatch, most: int | None
) -> None:
    """Let the slip grow before each piece: in place, by a swap of all tables, by a column that has another name."""
    news = [seen_in({"N": 1}), seen_in({"m": {"2024": 1}}), seen_in({"at": "soon", "n": 0.5}), seen_in({"new": [1]})]

    def grow_and_look(conn: Connection, slip: Any, target_schema: str, seen: Callable[[Any], Any]) -> Any:
        with connect(service_url) as other:
            Breakouts(other, "public").grow(SLIP, news.pop())
        return at_one_moment(conn, slip, target_schema, seen)

    monkeypatch.setattr("etl_actors.store.breakout.rebuild.at_one_moment", grow_and_look)
    monkeypatch.setattr(rebuild, "_PIECE", 2)
    looked, wrong = rebuild.differing(service, SLIP, "public", most)
    assert (looked, wrong) == (most or len(DOCUMENTS), [])
    assert len(news) <= 1


def test_what_has_changed_by_hand_is_found_in_every_piece(
    service: Connection, admin: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "_PIECE", 2)
    admin.execute("UPDATE shop SET n = n + 100 WHERE _row_id IN (1, 4, 7)")
    assert rebuild.differing(service, SLIP, "public") == (7, [1, 4, 7])
    report = audit(service, "public", deep=Deep())
    assert [finding.count for finding in report.findings if finding.check == "rebuilt shop"] == [3]


def test_documents_of_a_slip_that_breaks_none_out_by_now_are_not_looked_at(service: Connection) -> None:
    written = read_slip({"slip.toml": 'name = "shop"\nsource = "shop"\n[tables.other]\ncolumns.a = "a | int"\n'}, "public")
    remember(service, written)
    assert rebuild.differing(service, SLIP, "public") == (0, [])
