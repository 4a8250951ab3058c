"""The tables are a function of the staged rows: not of commit order, batch size, or the number of daemons."""

import random
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from tests.support.contents import contents, settled
from tests.support.daemon import environment, etl, running, wait_until
from tests.support.notes import notes, tables
from tests.support.servers import Server

_TRANSACTIONS = 12

# (batch_rows, daemons, documents, worker_kind): every size with one and with three daemons; small at size 1.
_COMBINATIONS = [
    (1, 1, 120, "thread"),
    (1, 3, 120, "process"),
    (97, 1, 3_000, "process"),
    (97, 3, 3_000, "thread"),
    (2_000, 1, 3_000, "thread"),
    (2_000, 3, 3_000, "process"),
]
_SOURCES = ["notes_ignore", "notes_update", "notes_newest"]
_NEWEST = ["note_newest", "note_newest_tag", "vendor_newest", "vendor_newest_tag", "vendor_fill"]
_TABLES = [*tables("ignore"), *tables("update"), *_NEWEST]


def _stage_shuffled(url: str, documents: list[str], dice: random.Random) -> None:
    """Stage in the order of the documents, so that row ids are the same every time, and commit in any order."""
    share = -(-len(documents) // _TRANSACTIONS)
    with ExitStack() as stack:
        transactions = [stack.enter_context(psycopg.connect(url)) for _ in range(_TRANSACTIONS)]
        for no, conn in enumerate(transactions):
            with conn.cursor().copy("COPY etl.staging (source, payload) FROM STDIN") as copy:
                for document in documents[no * share : (no + 1) * share]:
                    for source in _SOURCES:
                        copy.write_row((source, document))
        dice.shuffle(transactions)
        for no, conn in enumerate(transactions):
            conn.commit()
            if no % 3 == 2:  # now and then everything lands before the next commit
                wait_until(lambda: settled(url), "what was committed lands")


@pytest.fixture(scope="module")
def expected(server: Server, template: str) -> dict[int, dict[str, tuple[int, str]]]:
    """Load each number of documents in order, by one daemon, in batches of 500."""
    found = {}
    for count in {combination[2] for combination in _COMBINATIONS}:
        name = server.create(template)
        url = server.admin_url(name)
        with psycopg.connect(url) as conn, conn.cursor().copy("COPY etl.staging (source, payload) FROM STDIN") as copy:
            for document in notes(count, keys=count // 6):
                for source in _SOURCES:
                    copy.write_row((source, document))
        done = etl("run", "--once", env=environment(url, batch_rows=500))
        assert done.returncode == 0, done.stderr
        found[count] = contents(url, _TABLES)
        server.drop(name)
    return found


@pytest.mark.parametrize(("batch_rows", "daemons", "count", "kind"), _COMBINATIONS)
def test_any_order_gives_the_same_tables(
    database: str,
    tmp_path: Path,
    expected: dict[int, dict[str, tuple[int, str]]],
    batch_rows: int,
    daemons: int,
    count: int,
    kind: str,
) -> None:
    """Commit in shuffled order while daemons load, and compare with a load in order."""
    env = environment(database, batch_rows=batch_rows, workers=1, worker_kind=kind)
    with ExitStack() as stack:
        for no in range(daemons):
            stack.enter_context(running("run", env=env, log=tmp_path / f"daemon{no}.log"))
        _stage_shuffled(database, notes(count, keys=count // 6), random.Random(batch_rows * 10 + daemons))
        wait_until(lambda: settled(database), "everything lands")
    assert contents(database, _TABLES) == expected[count]
    assert min(rows for rows, _ in expected[count].values()) > 0
    audited = etl("audit", env=env)
    assert audited.returncode == 0, audited.stdout + audited.stderr
