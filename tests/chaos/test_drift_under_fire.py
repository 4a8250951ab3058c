"""Producers add, retype and remove fields while three daemons load and readers read: nothing is lost, and no reader is held."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import errors as pg
from psycopg import sql

from tests.support.broken_loads import broken_contents
from tests.support.contents import contents, settled
from tests.support.daemon import environment, etl, running, start, wait_until
from tests.support.drift import drifting
from tests.support.servers import Server

_PRODUCERS = 3
_DOCUMENTS = 2_000  # of each producer
_HELD_S = 1.0  # no reader longer than this; on a busy machine of CI five times that
_READERS = [(1, 0.002), (1, 0.05), (6, 0.03), (40, 0.02)]  # how many tables in one transaction, seconds between two reads
_SLIP = 'name = "stock"\nsource = "stock"\n[breakout]\nkey = ["sku"]\non_duplicate = "update"\n'


@dataclass
class _Reading:
    """One reader: it reads all tables and the views on them again and again, last ones first.

    Args:
        url: of the database.
        together: how many tables it reads in one transaction, which keeps all of them until its end.
        rest_s: between two reads.
    """

    url: str
    together: int
    rest_s: float
    over: threading.Event
    longest_s: float = 0.0
    slowest: str = ""
    reads: int = 0
    problems: list[str] = field(default_factory=list)
    _most: dict[str, int] = field(default_factory=dict)

    def run(self) -> None:
        """Read until it is over; whatever the server refuses is a problem."""
        try:
            with psycopg.connect(self.url, autocommit=True, prepare_threshold=None) as conn:
                while not self.over.is_set():
                    names = _tables(conn)[::-1]
                    for first in range(0, len(names), self.together):
                        self._read_together(conn, names[first : first + self.together])
        except psycopg.Error as error:
            self.problems.append(f"{type(error).__name__}: {error}")

    def _read_together(self, conn: psycopg.Connection, names: Sequence[str]) -> None:
        with suppress(pg.UndefinedTable), conn.transaction():  # what was in it is elsewhere by now
            for name in names:
                try:
                    self._read(conn, name)
                except pg.UndefinedTable:
                    self.problems += [f"{name} is missing"] if name.endswith("_view") else []
                    raise
                time.sleep(self.rest_s)
        if self.together > 1:
            time.sleep(self.rest_s * 5)  # somebody who looks at much looks away for a while, too

    def _read(self, conn: psycopg.Connection, name: str) -> None:
        began = time.monotonic()
        statement = sql.SQL("SELECT count(whole_row), max(_row_id) FROM {} whole_row").format(sql.Identifier(name))
        count, _ = conn.execute(statement).fetchone() or (0, 0)
        took = time.monotonic() - began
        self.reads += 1
        if took > self.longest_s:
            self.longest_s, self.slowest = took, name
        if "__" not in name and count < self._most.get(name, 0):
            self.problems.append(f"{name} had {self._most[name]} rows, then {count}")
        self._most[name] = count


def _tables(conn: psycopg.Connection) -> list[str]:
    found = conn.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace = 'public'::regnamespace "
        "AND relname ~ '^(fire[0-9]|stock)(__|_view$|$)' ORDER BY 1"
    )
    return [name for (name,) in found]


@contextmanager
def _readers(url: str) -> Iterator[list[_Reading]]:
    over = threading.Event()
    readings = [_Reading(url, together, rest_s, over) for together, rest_s in _READERS]
    threads = [threading.Thread(target=reading.run) for reading in readings]
    for thread in threads:
        thread.start()
    try:
        yield readings
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _produce(url: str, producer: int) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        for source, document in drifting(producer, _DOCUMENTS):
            conn.execute("INSERT INTO etl.staging (source, payload) VALUES (%s, %s)", [source, json.dumps(document)])
            time.sleep(0.005)


@contextmanager
def _producing(url: str) -> Iterator[None]:
    """Let all producers begin, and wait at the end until the last of them is through."""
    threads = [threading.Thread(target=_produce, args=(url, producer)) for producer in range(_PRODUCERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join()


def _staged(url: str) -> int:
    with psycopg.connect(url) as conn:
        row = conn.execute("SELECT count(*) FROM etl.staging").fetchone()
    return 0 if row is None else int(row[0])


@contextmanager
def _auditor(env: dict[str, str]) -> Iterator[list[str]]:
    """Audit again and again while all goes on; yield what was found to be wrong, which is nothing."""
    over, found = threading.Event(), [""]

    def audit() -> None:
        while not over.wait(0.2):
            audited = etl("audit", "--deep", env=env)
            found[0] = found[0] or (audited.stdout + audited.stderr) * bool(audited.returncode)
            found.append(found[0])

    auditor = threading.Thread(target=audit)
    auditor.start()
    try:
        yield found
    finally:
        over.set()
        auditor.join()


def _one_after_the_other(url: str, staged: Sequence[tuple[int, str, str]], env: dict[str, str]) -> None:
    """Load the same rows by one daemon, in their order."""
    statement = "COPY etl.staging (row_id, source, payload) FROM STDIN"
    with psycopg.connect(url) as conn, conn.cursor().copy(statement) as copy:
        for row in staged:
            copy.write_row(row)
    done = etl("run", "--once", env=env)
    assert done.returncode == 0, done.stderr


def test_tables_follow_under_fire_and_hold_what_one_daemon_would_have_made(
    server: Server, database: str, template: str, tmp_path: Path
) -> None:
    (tmp_path / "slips" / "stock").mkdir(parents=True)
    (tmp_path / "slips" / "stock" / "slip.toml").write_text(_SLIP)
    env = environment(database, tmp_path / "slips", unmatched="breakout", batch_rows=40, workers=1)
    began = time.monotonic()
    with ExitStack() as stack:
        for number in range(2):
            stack.enter_context(running("run", env=env, log=tmp_path / f"daemon{number}.log"))
        victim = start("run", env=env, log=tmp_path / "victim.log")
        readings = stack.enter_context(_readers(database))
        found = stack.enter_context(_auditor(env))
        with _producing(database):
            wait_until(lambda: _staged(database) > _PRODUCERS * _DOCUMENTS // 2, "half of the documents")
            os.kill(victim.pid, signal.SIGKILL)
            victim.wait()
            stack.enter_context(running("run", env=env, log=tmp_path / "another.log"))
        print(f"produced after {time.monotonic() - began:.1f} s")
        wait_until(lambda: settled(database), "everything lands", 90)
        print(f"settled after {time.monotonic() - began:.1f} s")
    longest = max(readings, key=lambda reading: reading.longest_s)
    reads = sum(reading.reads for reading in readings)
    print(f"{reads:,} reads, the longest {longest.longest_s * 1000:.0f} ms, of {longest.slowest}")
    print(f"{len(found) - 1} audits meanwhile")
    assert found[0] == ""
    for reading in readings:
        assert reading.problems == []
        assert reading.longest_s < 5 * _HELD_S
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone() == (0,)
        assert conn.execute("SELECT row_id, message FROM etl.reject").fetchall() == []
        staged = conn.execute("SELECT row_id, source, payload::text FROM etl.staging ORDER BY row_id").fetchall()
        (changes,) = conn.execute("SELECT count(*) FROM etl.schema_change").fetchone() or (0,)
        tables = _tables(conn)
    print(f"{changes} changes, {len(tables)} tables")
    assert len(staged) == _PRODUCERS * _DOCUMENTS
    audited = etl("audit", "--deep", env=env)
    assert audited.returncode == 0, audited.stdout + audited.stderr
    print(f"audited after {time.monotonic() - began:.1f} s")
    undisturbed = server.create(template)
    try:
        url = server.admin_url(undisturbed)
        _one_after_the_other(url, staged, env | environment(url, tmp_path / "slips", unmatched="breakout"))
        with psycopg.connect(url) as conn:
            assert _tables(conn) == tables
        assert contents(database, tables) == contents(url, tables), "the rows that won, from which staged rows"
        sources = {source for _, source, _ in staged}
        assert broken_contents(database, sources) == broken_contents(url, sources), "the types, too"
    finally:
        server.drop(undisturbed)
    print(f"compared after {time.monotonic() - began:.1f} s")
