"""Staged documents to rows by the service: daemons that are warm, and slept until the documents were committed."""

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from benchmarks.paired import Sample
from benchmarks.server import Server, stage
from benchmarks.service import asleep, awaited, settled

__all__ = ["WARM", "Landing", "Made"]

Made = tuple[tuple[Any, ...], ...]
"""What tables have: rows of counts, each with a checksum at its end."""

WARM = 5
"""So many of the documents come before those that are timed, each by a commit of its own: all is warm then."""


@dataclass(frozen=True, slots=True)
class Landing:
    """Documents of one source, and how the service lands them.

    Args:
        server: where.
        source: of the documents.
        documents: JSON texts, `WARM` of which are not timed.
        made: counts and sums up what is in the tables, a rival's and the service's alike.
        settings: of the daemon that are not the default ones.
    """

    server: Server
    source: str
    documents: Sequence[str]
    made: LiteralString | sql.Composed
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def timed(self) -> Sequence[str]:
        """The documents that count."""
        return self.documents[WARM:]

    def service(self, daemons: int = 1) -> Sample:
        """Land them: timed from the commit that staged them until nothing waits and nothing is in flight.

        Args:
            daemons: that share the work.
        """
        url = self.server.database()
        with asleep(url, daemons, **self.settings) as processes, psycopg.connect(url, autocommit=True) as conn:
            self.warm(conn)
            awaited(url, daemons)
            self._warm_each(url, conn, processes)
            awaited(url, daemons)
            committed = stage(conn, self.source, self.timed)
            took_s = settled(url) - committed
        made = self.state(url)
        self.server.drop(url)
        return self.sample(took_s, made)

    def warm(self, conn: psycopg.Connection) -> None:
        """Stage the documents that are not timed."""
        for document in self.documents[:WARM]:
            stage(conn, self.source, [document])

    def state(self, url: str) -> Made:
        """Sum up what the tables have."""
        with psycopg.connect(url) as conn:
            return tuple(conn.execute(self.made).fetchall())

    def sample(self, took_s: float, made: Made, *beside: tuple[str, float]) -> Sample:
        """Give the rows a second."""
        return Sample(len(self.timed) / took_s, made, beside)

    def _warm_each(self, url: str, conn: psycopg.Connection, processes: Sequence[int]) -> None:
        """Let each of several daemons land what the tables have by then, while the others stand still, who would be quicker."""
        for one in processes if len(processes) > 1 else ():
            others = [other for other in processes if other != one]
            for other in others:
                os.kill(other, signal.SIGSTOP)
            try:
                self.warm(conn)
                settled(url)
            finally:
                for other in others:
                    os.kill(other, signal.SIGCONT)
        landed = conn.execute("SELECT count(DISTINCT owner) FROM etl.batch WHERE status = 'done'").fetchone()
        if landed != (len(processes),):
            raise RuntimeError(f"{landed} of {len(processes)} daemons have landed something")
