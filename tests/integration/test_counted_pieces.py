"""Staging is counted piece by piece, each once no transaction can add to it any more, so that the ledger counts little itself."""

import alembic.command
import psycopg
import pytest

from etl_actors.store.database import Connection
from etl_actors.store.ledger import ledger
from etl_actors.store.migrate import migrate
from tests.support.documents import one, stage
from tests.support.partitions import tiny_partitions


def count(admin: Connection, pieces: int = 10) -> None:
    admin.execute("SELECT etl.seal_staging_partitions(%s)", [pieces])


def counted(admin: Connection) -> tuple[int | None, list[tuple[str, int]]]:
    """Return up to which row staging is counted, and the counts."""
    counts = admin.execute("SELECT source, sum(staged)::int FROM etl.staging_count GROUP BY source ORDER BY source").fetchall()
    return one(admin, "SELECT max(counted_hi) FROM etl.staging_partition"), counts


def test_a_piece_is_counted_once_and_the_next_one_is_added_to_it(admin: Connection, producer: Connection) -> None:
    count(admin)
    stage(producer, "shop", range(8))
    stage(producer, "web", range(4))
    count(admin)
    assert counted(admin) == (None, []), "who was inserting then may add to it until the next look"
    stage(producer, "shop", range(5))
    count(admin)
    assert counted(admin) == (13, [("shop", 8), ("web", 4)])
    stage(producer, "shop", range(10))
    count(admin)
    count(admin)
    assert counted(admin) == (28, [("shop", 23), ("web", 4)])
    assert [(row.source, row.staged, row.pending, row.balanced) for row in ledger(admin)] == [
        ("shop", 23, 23, True),
        ("web", 4, 4, True),
    ]


def test_what_is_too_little_for_a_piece_is_left_to_the_ledger(admin: Connection, producer: Connection) -> None:
    stage(producer, "shop", range(9))
    for _ in range(3):
        count(admin)
    assert counted(admin) == (None, [])
    assert [(row.staged, row.balanced) for row in ledger(admin)] == [(9, True)]


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_piece_waits_for_a_producer_that_holds_one_of_its_rows(
    admin: Connection, producer: Connection, producer_url: str, end: str
) -> None:
    with psycopg.connect(producer_url) as late:
        stage(late, "shop", ["late"])
        stage(producer, "shop", range(12))
        for _ in range(3):
            count(admin)
        assert counted(admin) == (None, [])
        getattr(late, end)()
    count(admin)
    rows = 13 if end == "commit" else 12
    assert counted(admin) == (14, [("shop", rows)])
    assert [(row.staged, row.balanced) for row in ledger(admin)] == [(rows, True)]


def test_a_partition_of_which_a_piece_was_counted_is_sealed_with_the_rest(admin: Connection, producer: Connection) -> None:
    for name, *_ in admin.execute("SELECT name FROM etl.staging_partition").fetchall():
        admin.execute(psycopg.sql.SQL("DROP TABLE etl.{}").format(psycopg.sql.Identifier(name)))
    admin.execute("DELETE FROM etl.staging_partition")
    admin.execute("SELECT etl.add_staging_partitions(20)")
    stage(producer, "shop", range(12))
    count(admin)
    count(admin)
    assert counted(admin) == (13, [("shop", 12)])
    stage(producer, "shop", range(18))
    for _ in range(3):
        count(admin)
    sealed = admin.execute("SELECT row_lo, counted_hi, sealed_at IS NOT NULL FROM etl.staging_partition ORDER BY 1").fetchall()
    assert sealed[:2] == [(1, 21, True), (21, 31, False)]
    assert counted(admin) == (31, [("shop", 30)])
    assert [(row.staged, row.balanced) for row in ledger(admin)] == [(30, True)]


@pytest.mark.parametrize("rows", [12, 20])
def test_what_the_server_before_a_restore_was_about_to_count_is_counted_by_its_own_transactions(
    admin: Connection, producer: Connection, service: Connection, rows: int
) -> None:
    tiny_partitions(admin, service, 20)
    stage(producer, "shop", range(rows))
    count(admin)
    admin.execute(
        "UPDATE etl.staging_partition SET passed_xid = '900000000000', passed_by = '{3/17}' WHERE passed_xid IS NOT NULL"
    )
    for _ in range(2):
        count(admin)
    assert counted(admin) == (rows + 1, [("shop", rows)])
    stage(producer, "shop", range(20))
    for _ in range(4):
        count(admin)
    assert counted(admin) == (rows + 21, [("shop", rows + 20)])
    assert [(row.staged, row.balanced) for row in ledger(admin)] == [(rows + 20, True)]


def test_what_the_release_before_has_counted_stays_counted_and_what_it_was_about_to_is_next(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        upgrade = alembic.command.upgrade
        earlier.setattr(alembic.command, "upgrade", lambda config, _: upgrade(config, "0002"))
        migrate(empty_database, partition_rows=10)
    with psycopg.connect(empty_database, autocommit=True) as admin:
        stage(admin, "shop", range(25))
        for _ in range(2):
            admin.execute("SELECT etl.seal_staging_partitions()")
    assert migrate(empty_database, partition_rows=10)[-1] == "0004"
    with psycopg.connect(empty_database, autocommit=True) as admin:
        assert counted(admin) == (11, [("shop", 10)])
        assert [(row.staged, row.balanced) for row in ledger(admin)] == [(25, True)]
        count(admin, 5)
        assert counted(admin) == (21, [("shop", 20)])
        count(admin, 5)
        assert counted(admin) == (26, [("shop", 25)])
        assert [(row.staged, row.balanced) for row in ledger(admin)] == [(25, True)]
