"""How a load begins: its transaction, the fence, and what is asked of its tables, in one round trip."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from psycopg import Transaction

from etl_actors.errors import LeaseLost
from etl_actors.store.database import Connection
from etl_actors.store.leases import Lease
from etl_actors.store.loading.straight import Question
from etl_actors.store.queries import queries

__all__ = ["opened"]

_SQL = queries("batches")


@contextmanager
def opened(
    conn: Connection, lease: Lease, together: AbstractContextManager[None], ask: Callable[[], Question | None]
) -> Iterator[Question | None]:
    """Open a load's transaction: it ends with the block.

    The fence is looked at before the block begins. What is asked behind it, before it has been looked at, changes no row.

    Args:
        conn: in autocommit mode.
        lease: of the batch.
        together: sends what is executed in it together.
        ask: asks of the tables what can be asked on the same way.

    Yields:
        What `ask` gave.

    Raises:
        LeaseLost: the batch is somebody else's by now.
    """
    with ExitStack() as ending:
        with together:
            ending.enter_context(Transaction(conn))  # conn.transaction() would keep the pipeline open for as long as itself
            fence = conn.execute(_SQL["fence"], {"batch_id": lease.batch_id, "token": lease.token})
            question = ask()
        if fence.fetchone() is None:
            raise LeaseLost.of(lease.batch_id, lease.token)
        yield question
