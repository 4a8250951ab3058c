"""Jobs that do nothing, by pgqueuer. It runs in the peers' environment, in a process of its own for each measurement.

It reads a line of JSON, which says how, makes pgqueuer's tables, works off some jobs, so that all is imported, enqueues those that are
measured, and says that it is ready. At the second line its workers, processes that are warm, work them off, and it answers with the
seconds from then until the last job was logged as successful.
"""

import asyncio
import json
import sys
from datetime import timedelta
from multiprocessing import get_context
from typing import Any

import asyncpg  # type: ignore[import-not-found]  # all of these are in the peers' environment only
import uvloop  # type: ignore[import-not-found]
from pgqueuer import PgQueuer  # type: ignore[import-not-found]
from pgqueuer.db import AsyncpgDriver  # type: ignore[import-not-found]
from pgqueuer.queries import Queries  # type: ignore[import-not-found]
from pgqueuer.types import QueueExecutionMode  # type: ignore[import-not-found]

_WARM = 500
_LIMIT_S = 60.0
_AT_ONCE = 10_000  # enqueued by one statement
_LAST = "SELECT extract(epoch FROM max(created))::float8 FROM pgqueuer_log WHERE status = 'successful' AND created >= $1"
_DONE = "SELECT count(*) FROM pgqueuer_log WHERE status = 'successful' AND created >= $1"


def main() -> None:
    """Be ready, wait for the sign, have it worked off."""
    order = json.loads(sys.stdin.readline())
    uvloop.run(_prepare(order, _WARM * order["processes"]))
    context = get_context("fork")
    warm, go = context.Barrier(order["processes"] + 1), context.Event()
    workers = [context.Process(target=_be_worker, args=(order, warm, go)) for _ in range(order["processes"])]
    for worker in workers:
        worker.start()
    warm.wait(_LIMIT_S)
    uvloop.run(_prepare(order, order["jobs"]))
    print("ready", flush=True)
    sys.stdin.readline()
    began = uvloop.run(_ask(order, "SELECT clock_timestamp()"))
    go.set()
    for worker in workers:
        worker.join()
    ended, done = (uvloop.run(_ask(order, question, began)) for question in (_LAST, _DONE))
    if done != order["jobs"] or any(worker.exitcode for worker in workers):
        raise SystemExit(f"{done} of {order['jobs']} jobs were done")
    print(json.dumps({"took_s": ended - began.timestamp()}), flush=True)


def _be_worker(order: dict[str, Any], warm: Any, go: Any) -> None:
    uvloop.run(_work(order))
    warm.wait(_LIMIT_S)
    go.wait()
    uvloop.run(_work(order))


async def _prepare(order: dict[str, Any], jobs: int) -> None:
    """Enqueue jobs, and make the tables before, unless they are there."""
    conn = await asyncpg.connect(**order["server"])
    queries = Queries(AsyncpgDriver(conn))
    if not await queries.schema_is_installed():
        await queries.install()
    await _enqueue(queries, jobs)
    await conn.execute("VACUUM ANALYZE pgqueuer")
    await conn.close()


async def _ask(order: dict[str, Any], question: str, *values: Any) -> Any:
    conn = await asyncpg.connect(**order["server"])
    answer = await conn.fetchval(question, *values)
    await conn.close()
    return answer


async def _enqueue(queries: Any, jobs: int) -> None:
    for first in range(0, jobs, _AT_ONCE):
        count = min(_AT_ONCE, jobs - first)
        await queries.enqueue(["nothing"] * count, [None] * count, [0] * count)


async def _work(order: dict[str, Any]) -> None:
    """Work off what is enqueued, by consumers with a connection each."""
    await asyncio.gather(*(_consume(order) for _ in range(order["consumers"])))


async def _consume(order: dict[str, Any]) -> None:
    conn = await asyncpg.connect(**order["server"])
    consumer = PgQueuer(AsyncpgDriver(conn))

    @consumer.entrypoint("nothing")  # type: ignore[untyped-decorator]
    async def nothing(_job: Any) -> None:
        pass

    await consumer.qm.run(batch_size=order["batch_size"], mode=QueueExecutionMode.drain, log_aggregation_interval=timedelta(0))
    await conn.close()


if __name__ == "__main__":
    main()
