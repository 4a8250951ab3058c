"""How many statements a batch costs: the same for 20 rows as for 2,000."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from psycopg.pq import Trace

from etl_actors.relational.tables import Policy
from etl_actors.store.database import Connection
from etl_actors.store.loading.load import Loading
from etl_actors.store.queries import queries
from tests.support.leases import leased
from tests.support.tables import Note, Shape, parsed, shape

TABLES = shape(Policy.UPDATE)


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
    made: list[str] = []
    with counted(service, made):
        leased(producer, service, 100)
    assert len(made) == 2, "one looks for the sources, one claims"


@pytest.mark.parametrize(
    "file",
    [
        "audit",
        "batches",
        "batches_listed",
        "daemons",
        "inbox",
        "ledger",
        "rejects",
        "slips",
        "staging",
        "targets",
        "trace",
        "versions",
    ],
)
def test_every_named_statement_is_valid(service: Connection, file: str) -> None:
    """PostgreSQL parses and plans each as the service, its parameters unknown; none is run."""
    for name, statement in queries(file).items():
        if statement.rpartition(b"\n")[2].startswith(b"LISTEN"):
            continue  # a utility statement: nothing to plan
        numbered, known = statement.decode(), dict[str, int]()
        for part in statement.decode().split("%(")[1:]:
            known.setdefault(part.partition(")")[0], len(known) + 1)
        for parameter, number in known.items():
            numbered = numbered.replace(f"%({parameter})s", f"${number}")
        service.execute(f"PREPARE valid AS {numbered}".encode())
        service.execute("DEALLOCATE valid")
        assert numbered.count("%(") == 0, name
