"""A loader's temp tables are bounded, however many tables and versions of them it meets."""

import pytest

from etl_actors.relational.parsed import Parsed
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.database import Connection, connect
from etl_actors.store.inbox import Inbox
from etl_actors.store.loading.load import Loading
from etl_actors.store.slips import remember
from etl_actors.store.staging import fetch
from etl_actors.store.tables import temps
from etl_actors.store.tables.targets import ensure_tables
from etl_actors.workers.base import Job, Role, RoleSlip
from etl_actors.workers.batch import BatchParser
from tests.support.documents import one, stage
from tests.support.leases import OWNER


def test_a_session_does_not_keep_the_temp_tables_of_all_that_it_has_loaded(
    producer: Connection, service: Connection, service_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At its end it could not lock more than `max_locks_per_transaction` times the connections, and would leave all of them behind."""
    monkeypatch.setattr(temps, "_MOST", 3)
    inbox, parser = Inbox(service, OWNER), BatchParser(lambda row_ids: fetch(service, row_ids), "public")
    with connect(service_url) as conn:
        loading = Loading(conn)
        for number in [*range(10), *range(10)]:
            text = f'name = "s{number}"\nsource = "s{number}"\n[tables.t{number}]\nkey = ["n"]\ncolumns.n = "n | int"\n'
            slip = read_slip({"slip.toml": text}, "public")
            ensure_tables(service, slip.targets, slip.name)
            remember(service, slip)
            stage(producer, f"s{number}", [{"n": 1}])
            assert inbox.look(thorough=True)
            (lease,) = inbox.claim(10, 2**30)
            parsed = parser.parse(Job(lease.row_ids, Role((RoleSlip(slip.digest, slip.files, slip.name),))))
            assert isinstance(parsed, Parsed)
            loading.load(lease, parsed)
            held = one(conn, "SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r'")
            assert held <= 4
    assert one(service, "SELECT sum(loaded) FROM etl.batch") == 10
