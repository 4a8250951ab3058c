"""A worker in the caller's own thread: no isolation, no start-up; for tests, small machines and debuggers."""

from etl_actors.relational.parsed import Parsed, Routed
from etl_actors.store.breakout.growth import Breakouts
from etl_actors.store.breakout.permission import Permission
from etl_actors.store.database import connect, translated
from etl_actors.store.staging import fetched
from etl_actors.workers.base import Job
from etl_actors.workers.batch import BatchParser

__all__ = ["InlineWorker"]


class InlineWorker:
    """Parses in the calling thread, over a connection of its own."""

    def __init__(self, url: str, target_schema: str, permission: Permission | None = None) -> None:
        self._url = url
        self._conn = connect(url, application_name="etl-actors parser")
        growing = Breakouts(self._conn, target_schema, permission or Permission())
        self._parser = BatchParser(lambda row_ids: fetched(self._conn, row_ids), target_schema, growing=growing)

    def parse(self, job: Job) -> Parsed | Routed:
        """Parse the job; see `Worker`."""
        with translated(self._url):
            return self._parser.parse(job)

    def close(self) -> None:
        """Close the connection."""
        self._conn.close()
