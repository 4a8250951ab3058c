"""Rows of a former version of a slip that land while another session has it grow."""

import psycopg
import pytest

from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Table
from etl_actors.store.breakout.growth import Breakouts
from etl_actors.store.database import Connection, connect
from etl_actors.store.inbox import Inbox
from etl_actors.store.leases import Lease
from etl_actors.store.loading import load
from etl_actors.store.loading.load import Loading
from etl_actors.store.slips import remember
from etl_actors.store.staging import fetch
from etl_actors.store.tables.kin import Kin, find_kin
from etl_actors.store.tables.targets import ensure_tables
from etl_actors.workers.base import Job, Role, RoleSlip
from etl_actors.workers.batch import BatchParser
from tests.support.documents import stage
from tests.support.leases import OWNER
from tests.support.slips import read

SLIP = read('name = "shop"\nsource = "shop"\n[breakout]\nkey = "k"\non_duplicate = "update"\n')


def _parsed(conn: Connection, lease: Lease) -> Parsed:
    parser = BatchParser(lambda row_ids: fetch(conn, row_ids), "public", growing=Breakouts(conn, "public"))
    parsed = parser.parse(Job(lease.row_ids, Role((RoleSlip(SLIP.digest, SLIP.files),))))
    assert isinstance(parsed, Parsed)
    return parsed


def test_a_row_leaves_nothing_of_one_of_a_version_that_came_while_its_batch_was_about_to_land(
    service: Connection, service_url: str, producer: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_tables(service, SLIP.targets, SLIP.name)
    remember(service, SLIP)
    stage(producer, "shop", [{"k": 1, "b": 2, "t": [3]}, {"k": 1, "a": 1}])
    inbox = Inbox(service, OWNER)
    inbox.look()
    first, second = inbox.claim(1, 2**30) + inbox.claim(1, 2**30)
    asked: list[tuple[Table, ...]] = []

    def finding(conn: Connection, tables: tuple[Table, ...], target_schema: str) -> Kin:
        kin = find_kin(conn, tables, target_schema)
        asked.append(tables)
        if len(asked) == 1:
            with connect(service_url) as other:
                assert Loading(other).load(first, _parsed(other, first)).loaded == 1
        return kin

    parsed = _parsed(service, second)
    monkeypatch.setattr(load, "find_kin", finding)
    assert Loading(service).load(second, parsed).replaced == 1
    assert service.execute("SELECT a, b FROM shop").fetchall() == [(1, None)]
    assert service.execute("SELECT count(*) FROM shop__t").fetchone() == (0,)
