"""Slips that break documents out grow all the time: loads of other slips land meanwhile."""

from dataclasses import dataclass, field

import pytest

from etl_actors.relational.breakout.seen import Seen, seen_in
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Table
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.breakout.growth import Breakouts
from etl_actors.store.database import Connection, connect
from etl_actors.store.loading.load import Loading
from etl_actors.store.slips import remember
from etl_actors.store.staging import fetch
from etl_actors.store.tables.targets import ensure_tables
from etl_actors.workers.base import Job, Role, RoleSlip
from etl_actors.workers.batch import BatchParser
from tests.support.leases import leased

BROKEN_OUT = read_slip({"slip.toml": 'name = "shop"\nsource = "shop"\n[breakout]\n'}, "public")
WRITTEN = read_slip({"slip.toml": 'name = "plain"\nsource = "shop"\n[tables.plain]\ncolumns.a = "a | int"\n'}, "public")
OTHER = read_slip({"slip.toml": 'name = "other"\nsource = "other"\n[breakout]\n'}, "public")


@dataclass
class _Growth:
    """Grows another slip, a version each time it is asked to."""

    breakouts: Breakouts
    versions: list[str] = field(default_factory=list)

    def grow(self) -> None:
        self.versions.append(self.breakouts.grow(OTHER, seen_in({f"c{len(self.versions)}": 1})).digest)


class _Loading(Loading):
    """Lets another slip grow while a load is under way."""

    growth: _Growth

    def _fill(self, table: Table) -> None:
        super()._fill(table)
        self.growth.grow()


@pytest.mark.parametrize("slip", [BROKEN_OUT, WRITTEN], ids=lambda slip: slip.name)
def test_a_batch_lands_whatever_other_slips_grow_meanwhile(
    service: Connection, service_url: str, producer: Connection, slip: Slip
) -> None:
    for one in (slip, OTHER):
        ensure_tables(service, one.targets, one.name)
        remember(service, one)
    lease = leased(producer, service, [{"a": 1}])
    parser = BatchParser(lambda row_ids: fetch(service, row_ids), "public", growing=Breakouts(service, "public"))
    parsed = parser.parse(Job(lease.row_ids, Role((RoleSlip(slip.digest, slip.files),))))
    assert isinstance(parsed, Parsed)
    loading = _Loading(service)
    with connect(service_url) as beside:
        loading.growth = _Growth(Breakouts(beside, "public"))
        loading.growth.breakouts.grow(OTHER, Seen())
        assert loading.load(lease, parsed).loaded == 1
    assert len(loading.growth.versions) in (1, 2), "it is landed once, or once more after the first version"
