"""Working off what waits without a daemon, through real slips."""

from collections.abc import Mapping

from etl_actors.relational.parsed import Parsed
from etl_actors.slips.model.slip import Slip
from etl_actors.store.database import Connection
from etl_actors.store.inbox import Inbox
from etl_actors.store.loading.load import Loading
from etl_actors.store.staging import fetch
from etl_actors.workers.base import Job, Role, RoleSlip
from etl_actors.workers.batch import BatchParser
from tests.support.leases import OWNER

__all__ = ["settle"]


def settle(service: Connection, slips: Mapping[str, Slip], rows: int) -> None:
    """Work until nothing waits, as a daemon would.

    Args:
        service: as the daemon connects.
        slips: by source.
        rows: of a batch.
    """
    inbox, loading = Inbox(service, OWNER), Loading(service)
    parser = BatchParser(lambda row_ids: fetch(service, row_ids), "public")
    inbox.look()
    while made := inbox.claim(rows, 2**30):
        for lease in made:
            slip = slips[lease.source]
            parsed = parser.parse(Job(lease.row_ids, Role((RoleSlip(slip.digest, slip.files),))))
            assert isinstance(parsed, Parsed)
            loading.load(lease, parsed)
