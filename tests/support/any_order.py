"""What is staged, loaded again and again: in batches of any cut, in any order, by several loaders at once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random

import psycopg

from etl_actors.errors import Outgrown
from etl_actors.relational.parsed import Parsed
from etl_actors.slips.model.slip import Slip
from etl_actors.store.breakout.growth import Breakouts
from etl_actors.store.database import connect
from etl_actors.store.inbox import Inbox
from etl_actors.store.leases import Lease
from etl_actors.store.loading.load import Loading
from etl_actors.store.staging import fetch
from etl_actors.workers.base import Job, Role, RoleSlip
from etl_actors.workers.batch import BatchParser
from tests.support.leases import OWNER

__all__ = ["forget_loads", "load_leases", "load_shuffled"]


def load_shuffled(url: str, slip: Slip, dice: Random, loaders: int) -> None:
    """Load all that waits.

    Args:
        url: of the service.
        slip: that takes every document.
        dice: say the cut and the order.
        loaders: how many connections load at once.
    """
    with connect(url) as conn:
        inbox = Inbox(conn, OWNER)
        inbox.look()
        leases: list[Lease] = []
        while made := inbox.claim(dice.randrange(1, 9), 2**30):
            leases += made
    dice.shuffle(leases)
    with ThreadPoolExecutor(loaders) as pool:
        for done in [pool.submit(load_leases, url, slip, leases[number::loaders]) for number in range(loaders)]:
            done.result(60)


def load_leases(url: str, slip: Slip, leases: Sequence[Lease]) -> None:
    """Load batches one after the other, over a connection of their own."""
    with connect(url) as conn, connect(url) as reading:
        growing, loading = Breakouts(reading, "public"), Loading(conn)
        parser = BatchParser(lambda row_ids: fetch(reading, row_ids), "public", growing=growing)
        for lease in leases:
            while True:
                parsed = parser.parse(Job(lease.row_ids, Role((RoleSlip(slip.digest, slip.files),))))
                assert isinstance(parsed, Parsed)
                try:
                    loading.load(lease, parsed)
                except Outgrown:
                    continue  # another has grown the slip meanwhile
                break


def forget_loads(url: str, tables: Sequence[str]) -> None:
    """Empty tables and books, and let every staged row wait again.

    Args:
        url: of the superuser.
        tables: to be emptied.
    """
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"TRUNCATE etl.batch, etl.reject, {', '.join(tables)} CASCADE".encode())
        admin.execute("INSERT INTO etl.inbox (source, row_id, bytes) SELECT source, row_id, 1 FROM etl.staging")
