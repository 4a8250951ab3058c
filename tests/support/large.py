"""Databases that have much in them, made in seconds, and what a planner knows of them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import psycopg

__all__ = ["Known", "Large", "begin", "fill", "know"]

# What a daemon meets in its first minute: one of each was there when the tables were looked at.
_FEW = """
INSERT INTO etl.staging (source, payload) VALUES ('source 1', '1'), ('source 2', '2');
INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, owner, status, outcomes, loaded, finished_at)
VALUES ('source 1', '{1}', 1, 1, 1, 1, 'done', 'l', 1, now()), ('source 1', '{2}', 2, 2, 1, 1, 'done', 'r', 1, now());
INSERT INTO etl.reject (row_id, batch_id, stage, reason, message) VALUES (2, 2, 'map', 'x', 'y');
INSERT INTO etl.replay (filter) VALUES ('{}');
INSERT INTO etl.replay_row (replay_id, source, row_id, batch_id) VALUES (1, 'source 1', 1, 1);
DELETE FROM etl.inbox;
"""
# Settled rows in batches of three, the sources in turns, then as many that wait.
_MANY = """
INSERT INTO etl.staging (source, payload) SELECT 'source ' || n %% 20, '1' FROM generate_series(3, 6 * %(batches)s) n;
INSERT INTO etl.batch (source, slip, slip_digest, row_ids, row_lo, row_hi, bytes, owner, status, outcomes, loaded, rejected, claimed_at,
                       finished_at)
SELECT 'source ' || lo %% 20, 'a', 'digest 0', ARRAY[lo, lo + 20, lo + 40], lo, lo + 40, 3, 1, 'done', 'llr', 2, 1, at, at
  FROM (SELECT 60 * (b / 20) + b %% 20 + 20 AS lo, timestamptz '2026-01-01 00:00Z' + b * interval '1 s' AS at
          FROM generate_series(0, %(batches)s - 1) b) n;
INSERT INTO etl.batch (source, slip, row_ids, row_lo, row_hi, bytes, owner, parent_id, status, finished_at)
SELECT 'source 3', 'a', ARRAY[b * 20 + 3], b * 20 + 3, b * 20 + 3, 1, 1, b, 'released', now() FROM generate_series(1, %(batches)s / 10) b;
INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, owner)
SELECT 'source 1', ARRAY[lo], lo, lo, 1, 77 FROM generate_series(3 * %(batches)s + 101, 3 * %(batches)s + 181, 20) lo;
INSERT INTO etl.reject (row_id, batch_id, stage, reason, message, status)
SELECT row_hi, batch_id, 'map', 'x', 'y', CASE WHEN batch_id %% 9 = 0 THEN 'open' ELSE 'discarded' END FROM etl.batch
 WHERE status = 'done' AND batch_id > 2 AND batch_id %% 3 = 0;
INSERT INTO etl.inbox (source, row_id, bytes)
SELECT source, row_id, 1 FROM etl.staging WHERE row_id > 3 * %(batches)s + 200;
INSERT INTO etl.replay_row (replay_id, source, row_id, batch_id)
SELECT 1, 'source ' || n %% 20, n, 2 FROM generate_series(20, 10000) n;
UPDATE etl.replay SET row_hi = 3 * %(batches)s;
INSERT INTO etl.replay (filter, status, finished_at) SELECT '{}', 'done', now() FROM generate_series(1, %(batches)s / 100);
INSERT INTO etl.slip (digest, name, files, active)
SELECT 'digest ' || n, 'a', jsonb_build_object('slip.toml', 'name = "a"' || repeat('#', 300), 'evidence.json', '{}'), n = 0
  FROM generate_series(0, %(batches)s / 50) n;
UPDATE etl.staging_partition SET counted_hi = 6 * %(batches)s - 1000 WHERE row_lo = 1;
INSERT INTO etl.staging_count (partition, source, staged)
SELECT p.name, 'source ' || n, (6 * %(batches)s - 1000) / 20 FROM etl.staging_partition p, generate_series(0, 19) n WHERE p.row_lo = 1;
INSERT INTO etl.daemon (name, version) VALUES ('here:1', '1');
INSERT INTO etl.action (action, detail) SELECT 'audit', '{}' FROM generate_series(1, %(batches)s / 10);
INSERT INTO etl.schema_change (target, statement, status)
SELECT 'public.t' || n %% 10, 'CREATE TABLE', 'made' FROM generate_series(1, %(batches)s / 100) n;
"""


class Known(StrEnum):
    """What the planner knows of the tables of schema etl."""

    FEW = "few"  # that each had a row or two
    NOTHING = "nothing"  # nobody has ever looked
    EMPTY = "empty"  # that they were empty
    ALL = "all"  # what is there


@dataclass(frozen=True, slots=True)
class Large:
    """A database that has much in it, and where in it what is.

    Args:
        batches: that are done, of three rows each, of 20 sources in turns. A tenth as many were released, five are claimed by node 77,
            and three times as many rows wait: as many as are settled.
    """

    batches: int

    @property
    def settled(self) -> tuple[int, ...]:
        """Rows that are settled, at the beginning and at the end."""
        return 5000, 3 * self.batches - 100

    @property
    def held(self) -> int:
        """The first row that is claimed; the others are 20, 40, 60 and 80 beyond."""
        return 3 * self.batches + 101

    @property
    def holding(self) -> dict[str, int]:
        """The batch that holds it, and its token: no other has been claimed before."""
        return dict.fromkeys(("batch_id", "token"), self.batches + self.batches // 10 + 3)

    @property
    def claimed(self) -> range:
        """All batches that are claimed."""
        return range(self.holding["batch_id"], self.holding["batch_id"] + 5)

    @property
    def waiting(self) -> int:
        """A row that waits."""
        return 5 * self.batches


def begin(admin: psycopg.Connection[Any]) -> None:
    """Let a new database have a row or two of everything, and let the planner know that.

    Args:
        admin: as superuser, in autocommit mode.
    """
    tables = admin.execute("SELECT relname FROM pg_class WHERE relnamespace = 'etl'::regnamespace AND relkind = 'r'").fetchall()
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")  # past the trigger: what is settled does not wait
        for (table,) in tables:
            admin.execute(f'ALTER TABLE etl."{table}" SET (autovacuum_enabled = off)'.encode())
        admin.execute(_FEW)
    admin.execute("ANALYZE")


def fill(admin: psycopg.Connection[Any], large: Large) -> None:
    """Fill a database that was begun; what the planner knows stays `Known.FEW`.

    Args:
        admin: as superuser, in autocommit mode.
        large: how far.
    """
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        for statement in _MANY.split(";\n"):
            if statement.strip():
                admin.execute(statement.encode(), {"batches": large.batches})
    while admin.execute("SELECT etl.carry_batches(20000)").fetchone() != (0,):
        pass


def know(admin: psycopg.Connection[Any], known: Known) -> None:
    """Make the planner know so much.

    Args:
        admin: as superuser, in autocommit mode.
        known: what; `Known.FEW` is what it begins with.
    """
    if known is Known.ALL:
        admin.execute("ANALYZE")
        return
    ours = "SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'etl'::regnamespace AND c.relkind IN ('r', 'i', 'p')"
    rows = -1 if known is Known.NOTHING else 0
    admin.execute(f"UPDATE pg_class SET relpages = 0, reltuples = {rows}, relallvisible = 0 WHERE oid IN ({ours})".encode())
    admin.execute(f"DELETE FROM pg_statistic WHERE starelid IN ({ours})".encode())
