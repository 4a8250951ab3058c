"""What a row costs the server besides time: log, dead tuples, bloat, catalogue rows and round trips, by PostgreSQL's own counters.

On Debian's server, whose contrib the embedded one lacks: pg_stat_statements and pgstattuple.
"""

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import LiteralString

import psycopg

from benchmarks.documents import products
from benchmarks.server import Server, held_snapshot, stage
from benchmarks.service import asleep, settled
from benchmarks.wanted import Wanted
from etl_actors.embedded import Binaries, acquire
from etl_actors.store.database import Connection

__all__ = ["Bloat", "Upkeep", "as_lines", "measured", "server_with_contrib", "upkeep"]

_BINARIES = Path("/usr/lib/postgresql/15/bin")
_VERSION = 15
_SOURCE = "bench_shop"
_HELD = "under an old transaction"
_WARM_ROWS = 4_000  # tables, temps and plans are there after them

# What a statement is of, by its text: the first that fits.
_PARTS = (
    ("producer: staging", re.compile(r"COPY etl\.staging")),
    ("trigger: inbox", re.compile(r"INSERT INTO etl\.inbox .*new_rows", re.DOTALL)),
    ("claim: inbox, batch", re.compile(r"DELETE FROM etl\.inbox")),
    ("fence, finish: batch", re.compile(r"UPDATE etl\.batch|FROM etl\.batch.*FOR NO KEY", re.DOTALL)),
    ("target", re.compile(r'"public"\.')),
    ("daemon: beats, flags", re.compile(r"etl\.daemon")),
)
_REST = "all else"
OWN = ("trigger: inbox", "claim: inbox, batch", "fence, finish: batch", "daemon: beats, flags", _REST)
"""Parts that are of etl's own tables, beside the staged documents themselves."""

_TABLES = ("etl.inbox", "etl.batch", "etl.daemon", "pg_catalog.pg_class", "pg_catalog.pg_attribute", "pg_catalog.pg_type")
_INDEXES = ("etl.inbox_pkey", "etl.batch_pkey", "etl.batch_claimed", "etl.batch_by_source", "pg_catalog.pg_class_oid_index")
_STATEMENTS: LiteralString = (
    "SELECT s.query, s.toplevel, CASE WHEN s.toplevel AND s.userid = 'etl_service'::regrole THEN s.calls ELSE 0 END, "
    "s.wal_bytes::bigint, s.wal_fpi FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid "
    "WHERE d.datname = current_database() AND s.query !~ 'pg_stat_|pgstat|pg_current_wal'"
)


@dataclass(frozen=True, slots=True)
class Bloat:
    """A table or index.

    Args:
        name: with its schema.
        bytes: of its file.
        dead: tuples of a table that are dead; of an index, the share of its leaves that is not filled, in per cent.
    """

    name: str
    bytes: int
    dead: float


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What a load has cost.

    Args:
        rows: that were loaded.
        batches: in which.
        wal_bytes: of the log, all told.
        page_images: of these, whole pages: the first change of each after a checkpoint.
        parts: bytes of the log by what the statements are of.
        statements: that the daemon sent, polls and beats among them.
        catalogue: rows of system catalogues that died meanwhile.
        loaded: tables and indexes right after the load.
        vacuumed: the same after a vacuum.
    """

    rows: int
    batches: int
    wal_bytes: int
    page_images: int
    parts: dict[str, int]
    statements: int
    catalogue: int
    loaded: tuple[Bloat, ...]
    vacuumed: tuple[Bloat, ...]

    @property
    def own_bytes_per_row(self) -> float:
        """Bytes of the log a row, of etl's own tables but staging."""
        return sum(self.parts.get(part, 0) for part in OWN) / self.rows


@contextmanager
def server_with_contrib(*, throwaway: bool = False) -> Iterator[Server]:
    """Start Debian's server with pg_stat_statements loaded.

    Raises:
        FileNotFoundError: it is not installed.
    """
    if not (_BINARIES / "postgres").exists():
        raise FileNotFoundError(
            f"Expected PostgreSQL {_VERSION} in {_BINARIES}, but it is not there: apt install postgresql-{_VERSION}."
        )
    with tempfile.TemporaryDirectory(prefix="etl-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)  # root's server runs as another user, who must pass through
        start = partial(acquire, folder, _VERSION, throwaway=throwaway, binaries=Binaries(_BINARIES))
        with start() as lease, psycopg.connect(lease.url, autocommit=True) as conn:
            conn.execute("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
        with start() as lease:
            with psycopg.connect(lease.url, autocommit=True) as conn:
                conn.execute("ALTER SYSTEM SET pg_stat_statements.track = 'all'")  # what triggers do, too
                conn.execute("SELECT pg_reload_conf()")
            yield Server(lease, folder)


def upkeep(server: Server, wanted: Wanted) -> dict[str, Upkeep]:
    """Measure a load by itself, and one under an old transaction."""
    rows = wanted.of(200_000)
    return {name: measured(server, rows, held=name == _HELD, tell=wanted.tell) for name in ("a load", _HELD)}


def measured(server: Server, rows: int, *, held: bool, tell: Callable[[str], None]) -> Upkeep:
    """Load documents by a daemon that is warm, and ask the server what it cost.

    Args:
        server: with contrib.
        rows: how many documents.
        held: whether another transaction keeps a snapshot from before the load.
        tell: told what is done.
    """
    url = server.database()
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("CREATE EXTENSION pg_stat_statements")
        conn.execute("CREATE EXTENSION pgstattuple")
        documents = products(_WARM_ROWS + rows)
        with asleep(url):
            stage(conn, _SOURCE, documents[:_WARM_ROWS])
            settled(url)
            with held_snapshot(url) if held else nullcontext():
                tell(f"{rows:,} rows{', under an old transaction' if held else ''}")
                found = _loaded(conn, url, documents[_WARM_ROWS:])
    server.drop(url)
    return found


def _loaded(conn: Connection, url: str, documents: list[str]) -> Upkeep:
    conn.execute("CHECKPOINT")
    dead, before, batches = _dead(conn), _lsn(conn), _batches(conn)
    conn.execute("SELECT pg_stat_statements_reset()")
    stage(conn, _SOURCE, documents)
    settled(url)
    wal_bytes, batches = _lsn(conn) - before, _batches(conn) - batches
    parts, statements, images = _by_part(conn)
    loaded = _bloat(conn)
    dead = _dead(conn) - dead
    conn.execute("VACUUM etl.inbox, etl.batch, etl.daemon")
    return Upkeep(len(documents), batches, wal_bytes, images, parts, statements, dead, loaded, _bloat(conn))


def _by_part(conn: Connection) -> tuple[dict[str, int], int, int]:
    parts: dict[str, int] = {}
    statements = images = nested = 0
    for query, toplevel, calls, wal_bytes, page_images in conn.execute(_STATEMENTS).fetchall():
        part = next((name for name, fits in _PARTS if fits.search(query)), _REST)
        parts[part] = parts.get(part, 0) + wal_bytes
        nested += 0 if toplevel else wal_bytes
        statements += calls
        images += page_images if toplevel else 0
    # What a trigger writes counts for the statement that fired it, too.
    parts["producer: staging"] = parts.get("producer: staging", 0) - nested
    return parts, statements, images


def _bloat(conn: Connection) -> tuple[Bloat, ...]:
    tables = conn.execute(
        "SELECT t, s.table_len, s.dead_tuple_count FROM unnest(%s::text[]) AS t, pgstattuple(t::regclass) AS s", [list(_TABLES)]
    ).fetchall()
    indexes = conn.execute(
        "SELECT t, s.index_size, 100 - s.avg_leaf_density FROM unnest(%s::text[]) AS t, pgstatindex(t::regclass) AS s",
        [list(_INDEXES)],
    ).fetchall()
    # Of an empty index the density is no number.
    return tuple(Bloat(name, size, float(dead) if dead == dead else 0.0) for name, size, dead in (*tables, *indexes))  # noqa: PLR0124


def _dead(conn: Connection) -> int:
    return _number(
        conn,
        "SELECT sum(n_tup_upd + n_tup_del) FROM pg_stat_sys_tables WHERE schemaname = 'pg_catalog' AND relname NOT LIKE 'pg_stat%'",
    )


def _lsn(conn: Connection) -> int:
    return _number(conn, "SELECT pg_current_wal_insert_lsn() - '0/0'")


def _batches(conn: Connection) -> int:
    return _number(conn, "SELECT count(*) FROM etl.batch WHERE status = 'done'")


def _number(conn: Connection, question: LiteralString) -> int:
    row = conn.execute(question).fetchone()
    return int(row[0]) if row else 0


def as_lines(found: dict[str, Upkeep]) -> list[str]:
    """Write what was measured as tables, a column each."""
    lines = [f"| a row | {' | '.join(found)} |", f"|---|{'---|' * len(found)}"]
    told: list[tuple[str, Callable[[Upkeep], str]]] = [
        ("bytes of log", lambda one: f"{one.wal_bytes / one.rows:,.0f}"),
        *((f"— {part}", lambda one, part=part: f"{one.parts.get(part, 0) / one.rows:,.1f}") for part in (*dict(_PARTS), _REST)),
        ("whole pages, share of the log", lambda one: f"{8192 * one.page_images / one.wal_bytes:.0%}"),
        ("rows a batch", lambda one: f"{one.rows / one.batches:,.0f}"),
        ("statements a batch, polls and beats too", lambda one: f"{one.statements / one.batches:.1f}"),
        ("catalogue rows that died, a batch", lambda one: f"{one.catalogue / one.batches:.1f}"),
    ]
    lines += [f"| {name} | {' | '.join(tell(one) for one in found.values())} |" for name, tell in told]
    lines += [
        "",
        f"| kB, and dead tuples (of indexes: free in leaves) | {' | '.join(f'{n}, loaded | vacuumed' for n in found)} |",
    ]
    lines += [f"|---|{'---|---|' * len(found)}"]
    for no, name in enumerate((*_TABLES, *_INDEXES)):
        of = "%" if name in _INDEXES else ""
        cells = [one for each in found.values() for one in (each.loaded[no], each.vacuumed[no])]
        lines += [f"| {name} | {' | '.join(f'{one.bytes / 1024:,.0f}, {one.dead:,.0f}{of}' for one in cells)} |"]
    return lines
