"""Staging: what enqueues a row, what is refused, and the partitions that rows live in."""

import json
import threading

import psycopg
import pytest

from etl_actors.store.database import Connection
from etl_actors.store.ledger import ledger
from etl_actors.store.staging import fetch, keep_partitions
from tests.support.documents import one, stage, until_blocked
from tests.support.partitions import tiny_partitions

_PARTITION = "etl.staging_0000000000000000001"

_WAYS = {
    "insert": "INSERT INTO etl.staging (source, payload) VALUES ('shop', '{}'), ('shop', '[]'), ('web', '1')",
    "insert_select_in_a_cte": """
        WITH made AS (
            INSERT INTO etl.staging (source, payload)
            SELECT s, to_jsonb(s) FROM unnest(ARRAY['shop', 'shop', 'web']) s RETURNING row_id)
        SELECT count(*) FROM made""",
    "on_conflict_do_nothing": """
        INSERT INTO etl.staging (source, payload) VALUES ('shop', '{}'), ('shop', '{}'), ('web', '{}') ON CONFLICT DO NOTHING""",
    "merge": """
        MERGE INTO etl.staging t USING (VALUES ('shop', 1), ('shop', 2), ('web', 3)) AS s (source, n) ON false
        WHEN NOT MATCHED THEN INSERT (source, payload) VALUES (s.source, to_jsonb(s.n))""",
}


def queued(conn: Connection) -> list[tuple[object, ...]]:
    runs = "SELECT i.source, u FROM etl.inbox i, generate_series(i.row_id, i.row_id + i.rows - 1) u ORDER BY u"
    return conn.execute(runs).fetchall()


def staged(conn: Connection) -> list[tuple[object, ...]]:
    return conn.execute("SELECT source, row_id FROM etl.staging ORDER BY row_id").fetchall()


@pytest.mark.parametrize("way", _WAYS)
def test_every_statement_that_inserts_enqueues(admin: Connection, way: str) -> None:
    admin.execute(_WAYS[way].encode())
    assert [source for source, _ in queued(admin)] == ["shop", "shop", "web"]
    assert queued(admin) == staged(admin)


def test_copy_enqueues(producer: Connection, service: Connection) -> None:
    with producer.cursor() as cursor, cursor.copy("COPY etl.staging (source, payload) FROM STDIN") as copy:
        for n in range(1000):
            copy.write_row(("shop", str(n)))
    assert len(queued(service)) == 1000
    assert queued(service) == staged(service)


def test_a_rolled_back_insert_enqueues_nothing(producer: Connection, service: Connection) -> None:
    with producer.transaction(force_rollback=True):
        stage(producer, "shop", [1, 2])
    assert queued(service) == []


def test_the_inbox_knows_slip_and_size_of_each_row(admin: Connection) -> None:
    admin.execute(
        "INSERT INTO etl.staging (source, payload, slip) VALUES ('shop', %s, 'a'), ('shop', '1', NULL)", ['"%s"' % ("x" * 500)]
    )
    small, large = admin.execute("SELECT slip, bytes FROM etl.inbox ORDER BY bytes").fetchall()
    assert (small[0], large[0]) == (None, "a")
    assert small[1] < 50
    assert 500 < large[1] < 600


@pytest.mark.parametrize("storage", ["MAIN", "EXTENDED"], ids=["inline", "toasted"])
def test_a_document_taken_compressed_from_another_table_counts_what_it_holds(
    admin: Connection, service: Connection, storage: str
) -> None:
    """Its bytes are the credit that keeps what is in flight in bounds; a parser gets it in full."""
    size = 5_000_000 if storage == "EXTENDED" else 50_000
    admin.execute("CREATE TABLE archive (document jsonb)")
    admin.execute(psycopg.sql.SQL("ALTER TABLE archive ALTER document SET STORAGE {}").format(psycopg.sql.SQL(storage)))
    admin.execute("INSERT INTO archive SELECT to_jsonb(repeat('etl ', %s / 4))", [size])
    assert one(admin, "SELECT pg_column_size(document) FROM archive") < size / 20, "compressed, and counted so it would be"
    admin.execute("INSERT INTO etl.staging (source, payload) SELECT 'shop', document FROM archive")
    admin.execute("INSERT INTO etl.staging (source, payload) SELECT 'shop', to_jsonb(repeat('etl ', %s / 4))", [size])
    taken, made = (size for (size,) in service.execute("SELECT bytes FROM etl.inbox ORDER BY row_id").fetchall())
    assert abs(taken - made) < 100
    assert made > size


@pytest.mark.parametrize(
    "change",
    ["UPDATE etl.staging SET payload = '2'", "DELETE FROM etl.staging", "TRUNCATE etl.staging"],
    ids=lambda sql: sql.split()[0],
)
def test_not_even_a_superuser_changes_a_staged_row(admin: Connection, change: str) -> None:
    stage(admin, "shop", [1])
    with pytest.raises(psycopg.errors.RaiseException, match="immutable"):
        admin.execute(change.encode())
    assert one(admin, "SELECT payload FROM etl.staging") == 1


@pytest.mark.parametrize("who", ["producer_url", "service_url"])
def test_a_row_that_would_bypass_the_trigger_through_a_partition_is_refused(
    request: pytest.FixtureRequest, admin: Connection, who: str
) -> None:
    bypass = f"INSERT INTO {_PARTITION} (row_id, source, payload) OVERRIDING SYSTEM VALUE VALUES (1, 'shop', '{{}}')".encode()
    admin.execute(bypass)
    assert queued(admin) == [], "the trigger is the parent's alone: such a row waits for nobody"
    with psycopg.connect(request.getfixturevalue(who)) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute(bypass.replace(b"(1,", b"(2,"))


@pytest.mark.parametrize(
    "values",
    ["('', '{}')", "(repeat('x', 256), '{}')", "(NULL, '{}')", "('shop', NULL)"],
    ids=["empty_source", "long_source", "no_source", "no_payload"],
)
def test_what_no_book_could_hold_is_refused(producer: Connection, values: str) -> None:
    with pytest.raises(psycopg.IntegrityError):
        producer.execute(f"INSERT INTO etl.staging (source, payload) VALUES {values}".encode())


def test_a_producer_may_not_choose_row_ids(producer: Connection) -> None:
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.GeneratedAlways)):
        producer.execute("INSERT INTO etl.staging (row_id, source, payload) OVERRIDING SYSTEM VALUE VALUES (1, 'shop', '{}')")


def test_a_producer_may_not_name_a_slip(producer: Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        producer.execute("INSERT INTO etl.staging (source, payload, slip) VALUES ('shop', '{}', 'a')")


def test_a_producer_held_to_its_sources_feeds_no_other(producer: Connection, admin: Connection) -> None:
    stage(producer, "anything", [1])
    admin.execute("INSERT INTO etl.producer_source VALUES (%s, 'shop')", [producer.info.user])
    stage(producer, "shop", [1])
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match='may not feed source "web"'):
        producer.execute("INSERT INTO etl.staging (source, payload) VALUES ('shop', '1'), ('web', '1')")
    assert [source for source, _ in queued(admin)] == ["anything", "shop"], "of the refused statement nothing is staged"
    stage(admin, "web", [1])
    admin.execute("DELETE FROM etl.producer_source")
    stage(producer, "web", [1])


def test_a_producer_whose_sources_were_copied_in_is_held_to_them_too(producer: Connection, admin: Connection) -> None:
    stage(producer, "web", [1])
    with admin.cursor() as cursor, cursor.copy("COPY etl.producer_source (role, source) FROM STDIN") as copy:
        copy.write_row((producer.info.user, "shop"))
        copy.write_row(("another", "web"))
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match='may not feed source "web"'):
        stage(producer, "web", [1])


def test_documents_are_fetched_as_their_canonical_text_in_order(producer: Connection, service: Connection) -> None:
    row_ids = stage(producer, "shop", [{"b": 1.50, "a": "é"}, 12345678901234567890123])
    found = fetch(service, [*reversed(row_ids), 999])
    assert [(row.row_id, row.raw, row.source) for row in found] == [
        (row_ids[0], '{"a": "é", "b": 1.5}'.encode(), "shop"),
        (row_ids[1], b"12345678901234567890123", "shop"),
    ]
    assert fetch(service, []) == []
    assert fetch(service, [999]) == []


@pytest.mark.parametrize("gap", [False, True])
def test_rows_of_several_sources_and_moments_are_fetched_each_with_its_own(
    producer: Connection, service: Connection, *, gap: bool
) -> None:
    first = stage(producer, "a\nb", [1, 2])
    (other,) = stage(producer, "shop", [3])
    wanted = [first[0], other] if gap else [*first, other]
    found = fetch(service, wanted)
    held = "SELECT row_id, payload::text, source, received_at::text FROM etl.staging WHERE row_id = ANY (%s) ORDER BY row_id"
    assert [(row.row_id, row.raw.decode(), row.source, row.received_at) for row in found] == service.execute(
        held, [wanted]
    ).fetchall()
    assert len({row.received_at for row in found}) == 2, "of two transactions"


@pytest.mark.parametrize("gap", [False, True])
@pytest.mark.parametrize("rows", [199, 200, 201, 400, 450])
def test_any_number_of_rows_is_fetched_in_order(producer: Connection, service: Connection, rows: int, *, gap: bool) -> None:
    row_ids = stage(producer, "shop", list(range(rows + 1)))
    wanted = [row_id for row_id in row_ids if not gap or row_id != row_ids[7]]
    assert [row.row_id for row in fetch(service, wanted)] == wanted
    assert [json.loads(row.raw) for row in fetch(service, wanted)] == [row_id - row_ids[0] for row_id in wanted]
    assert [row.row_id for row in fetch(service, [*wanted, *range(10**6, 10**6 + 250)])] == wanted, "the others are not there"


def test_line_breaks_in_documents_do_not_mix_them(producer: Connection, service: Connection) -> None:
    documents = [{"a\nb": "c\nd"}, "\n", "\r\u2028\u0085", {}]
    assert [json.loads(row.raw) for row in fetch(service, stage(producer, "shop", documents))] == documents


# Partitions --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def tiny(admin: Connection, service: Connection) -> Connection:
    """Make the partitions of ten rows each, as a deployment with tiny ones would have them."""
    tiny_partitions(admin, service, 10)
    return service


def edges(conn: Connection) -> list[tuple[object, ...]]:
    return conn.execute("SELECT row_lo, row_hi, sealed_at IS NOT NULL FROM etl.staging_partition ORDER BY row_lo").fetchall()


def test_partitions_are_made_two_ahead_and_once(tiny: Connection, producer: Connection) -> None:
    assert [hi for _, hi, _ in edges(tiny)] == [11, 21, 31]
    assert keep_partitions(tiny, 10) == 0
    stage(producer, "shop", range(10))
    assert keep_partitions(tiny, 10) == 1
    assert [hi for _, hi, _ in edges(tiny)] == [11, 21, 31, 41]


def test_the_identity_runs_over_a_partitions_border_within_one_statement(tiny: Connection, producer: Connection) -> None:
    row_ids = stage(producer, "shop", range(25))
    assert row_ids == list(range(1, 26))
    assert tiny.execute("SELECT tableoid::regclass::text, count(*) FROM etl.staging GROUP BY 1 ORDER BY 1").fetchall() == [
        (f"etl.staging_{lo:019}", n) for lo, n in ((1, 10), (11, 10), (21, 5))
    ]
    assert [row_id for _, row_id in queued(tiny)] == row_ids
    assert [row.row_id for row in fetch(tiny, row_ids)] == row_ids


def test_without_partitions_ahead_a_producer_is_refused_and_loses_nothing(tiny: Connection, producer: Connection) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="no partition"):
        stage(producer, "shop", range(31))
    assert queued(tiny) == []
    keep_partitions(tiny, 100)
    assert len(stage(producer, "shop", range(31))) == 31


def test_a_partition_is_sealed_only_when_no_transaction_can_add_to_it(
    tiny: Connection, producer: Connection, producer_url: str
) -> None:
    """A late producer holds row 10; naively, the partition would be counted once the identity has passed its end."""
    stage(producer, "shop", range(9))
    with psycopg.connect(producer_url) as late:
        stage(late, "shop", ["late"])
        stage(producer, "shop", range(5))
        keep_partitions(tiny, 10)
        keep_partitions(tiny, 10)
        naive = one(tiny, "SELECT count(*) FROM etl.staging WHERE row_id <= 10")
        assert naive == 9
        assert edges(tiny)[0] == (1, 11, False)
        late.commit()
    keep_partitions(tiny, 10)
    assert edges(tiny)[0] == (1, 11, True)
    assert one(tiny, "SELECT staged FROM etl.staging_count") == 10
    (books,) = ledger(tiny)
    assert (books.staged, books.pending, books.balanced) == (15, 15, True)


def test_partitions_are_sealed_one_after_the_other(tiny: Connection, producer: Connection) -> None:
    for n in range(3):
        stage(producer, "shop", range(n * 10, n * 10 + 10))
        keep_partitions(tiny, 10)
    for _ in range(4):
        keep_partitions(tiny, 10)
    # The last one's end is the identity's last value: the next row will be the first beyond it.
    assert [sealed for *_, sealed in edges(tiny)][:3] == [True, True, False]
    assert tiny.execute("SELECT staged FROM etl.staging_count ORDER BY partition").fetchall() == [(10,), (10,)]


def test_a_partition_waits_for_a_producer_that_has_a_row_id_but_no_transaction_id_yet(
    tiny: Connection, producer: Connection, producer_url: str, admin: Connection
) -> None:
    """The row id is drawn before the rest of the row is evaluated, the transaction id when the row is written."""
    slow = b"INSERT INTO etl.staging (source, payload) VALUES ('shop', to_jsonb(pg_advisory_xact_lock(1)::text))"
    stage(producer, "shop", range(5))
    admin.execute("SELECT pg_advisory_lock(1)")
    with psycopg.connect(producer_url, autocommit=True) as late:
        inserting = threading.Thread(target=late.execute, args=(slow,))
        inserting.start()
        try:
            until_blocked(admin, late.info.backend_pid)
            assert stage(producer, "shop", range(6))[0] == 7, "row 6 is drawn"
            for _ in range(3):
                keep_partitions(tiny, 10)
            too_early = edges(tiny)[0]
        finally:
            admin.execute("SELECT pg_advisory_unlock(1)")
            inserting.join(60)
    assert too_early == (1, 11, False)
    for _ in range(2):
        keep_partitions(tiny, 10)
    assert edges(tiny)[0] == (1, 11, True)
    (books,) = ledger(tiny)
    assert (books.staged, books.pending, books.balanced) == (12, 12, True)


def test_a_run_that_a_repair_enqueues_over_a_border_is_counted_on_both_sides(
    tiny: Connection, producer: Connection, admin: Connection
) -> None:
    stage(producer, "shop", range(8))
    admin.execute("SELECT nextval('etl.staging_row_id_seq') FROM generate_series(1, 4)")
    for _ in range(4):
        keep_partitions(tiny, 10)
        stage(producer, "shop", range(5))
    for _ in range(4):
        keep_partitions(tiny, 10)
    assert [sealed for *_, sealed in edges(tiny)][:2] == [True, True]
    admin.execute("SET session_replication_role = replica")
    admin.execute(
        "INSERT INTO etl.staging (row_id, source, payload) OVERRIDING SYSTEM VALUE SELECT n, 'shop', '{}' FROM generate_series(9, 12) n"
    )
    assert admin.execute("SELECT * FROM etl.enqueue_lost()").fetchall() == [("shop", 4, 9)]
    assert one(tiny, "SELECT rows FROM etl.inbox WHERE row_id = 9") == 4
    assert one(tiny, "SELECT staged, pending, balanced FROM etl.ledger") == (32, 32, True)


def test_a_producer_whose_sources_were_replicated_is_held_to_them_too(producer: Connection, admin: Connection) -> None:
    admin.execute("SET session_replication_role = replica")  # as what applies changes of another server works
    admin.execute("INSERT INTO etl.producer_source (role, source) VALUES (%s, 'shop')", [producer.info.user])
    admin.execute("SET session_replication_role = origin")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match='may not feed source "web"'):
        stage(producer, "web", [1])
