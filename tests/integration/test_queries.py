"""How many statements a batch costs: the same for 20 rows as for 2,000."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg import Error
from psycopg.pq import Trace

from etl_actors import store
from etl_actors.relational.tables import Policy
from etl_actors.store.database import Connection
from etl_actors.store.inbox import Inbox
from etl_actors.store.loading.load import Loading
from etl_actors.store.queries import queries
from tests.support.documents import stage
from tests.support.leases import OWNER, leased
from tests.support.tables import Note, Shape, parsed, shape

TABLES = shape(Policy.UPDATE)

_FOLDER = Path(store.__file__).parent / "sql"
_UNPREPARED = {  # utility statements: PREPARE takes none
    ("audit", "hold_staging"): "LOCK TABLE",
    ("daemons", "listen"): "LISTEN",
    ("daemons", "listen_slips"): "LISTEN",
    ("feed", "act_as_operator"): "SET ROLE",
    ("feed", "copy"): "COPY",
    ("feed", "copy_with_slip"): "COPY",
    ("replay_preview", "analyze_chosen"): "ANALYZE",
    ("replay_preview", "make_chosen"): "CREATE TEMP TABLE",
    ("replay_preview", "make_losers"): "CREATE TEMP TABLE",
}
_MADE = ("make_chosen", "make_losers")  # the temp tables that the other statements of replay_preview name


@contextmanager
def counted(conn: Connection, into: list[str]) -> Iterator[None]:
    """Note every statement that goes to the server meanwhile, from the wire protocol itself."""
    with tempfile.TemporaryFile("w+b") as log:
        conn.pgconn.trace(log.fileno())
        conn.pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
        try:
            yield
        finally:
            conn.pgconn.untrace()
        log.seek(0)
        messages = [line.split("\t")[2] for line in log.read().decode().splitlines() if line.startswith("F\t")]
    into += [message for message in messages if message.split()[0] in {"Query", "Execute"}]


def cost(producer: Connection, service: Connection, loading: Loading, rows: int, *, children: bool) -> int:
    """Return how many statements the load of one batch takes, once tables and temps are there."""
    made: list[str] = []
    for n in range(7):  # the driver prepares what it has sent five times: fewer messages, no fewer statements
        lease = leased(producer, service, rows)
        tags = [("t", [1, 2])] if children else []
        notes = [Note(row_id, row_id % (rows // 2), str(n), tags) for row_id in lease.row_ids]
        three = Shape(TABLES.root, TABLES.tag, TABLES.bit, TABLES.vendor) if children else TABLES.root
        made.clear()
        with counted(service, made):
            loading.load(lease, parsed(three, notes))
    return len(made)


@pytest.mark.parametrize(("children", "most"), [(False, 9), (True, 16)], ids=["root_alone", "root_and_children"])
def test_a_batch_of_2000_rows_costs_as_many_statements_as_one_of_20(
    producer: Connection, service: Connection, *, children: bool, most: int
) -> None:
    loading = Loading(service)
    few = cost(producer, service, loading, 20, children=children)
    many = cost(producer, service, loading, 2000, children=children)
    print(f"statements a batch, {'root and three children' if children else 'root alone'}: {few} (20 rows), {many} (2,000 rows)")
    assert few == many
    assert few <= most


def test_a_claim_is_one_statement(producer: Connection, service: Connection) -> None:
    inbox = Inbox(service, OWNER)
    row_ids = stage(producer, "shop", range(100))
    made: list[str] = []
    with counted(service, made):
        assert inbox.look()
        (lease,) = inbox.claim(1000, 2**30)
    assert list(lease.row_ids) == row_ids
    assert len(made) == 2, "one looks for the sources, one claims"


_NAMES = [(path.stem, name) for path in sorted(_FOLDER.glob("*.sql")) for name in queries(path.stem)]


def _numbered(statement: str) -> str:
    """Write the parameters as PREPARE has them: the same name, the same number."""
    numbers: dict[str, int] = {}
    return re.sub(r"%\((\w+)\)s", lambda found: f"${numbers.setdefault(found[1], len(numbers) + 1)}", statement)


def _refused(conn: Connection, statement: str) -> str:
    """Let PostgreSQL parse and plan a statement, its parameters unknown; return why it does not, empty where it does."""
    try:
        conn.execute(f"PREPARE valid AS {_numbered(statement)}".encode())
    except Error as exc:
        return str(exc).partition("\n")[0]
    conn.execute("DEALLOCATE valid")
    return ""


def test_every_named_statement_is_valid(service: Connection) -> None:
    """Of every file; none is run but those that make the temp tables which others name."""
    for name in _MADE:
        service.execute(queries("replay_preview")[name])
    refused = {(file, name): _refused(service, queries(file)[name].decode()) for file, name in _NAMES}
    assert {each: why for each, why in refused.items() if why and each not in _UNPREPARED} == {}
    wrongly = {each for each, words in _UNPREPARED.items() if refused[each] != f'syntax error at or near "{words.split()[0]}"'}
    assert not wrongly, "these could be prepared, or are refused for something else"
