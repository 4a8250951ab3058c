"""Documents that delete rows: of a row and a tombstone of one key one stands, whatever comes first, and whoever loads beside whom."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest

from etl_actors.relational.parsed import Parsed
from etl_actors.slips.model.slip import Slip
from etl_actors.store.audit.audit import audit
from etl_actors.store.database import Connection, connect
from etl_actors.store.inbox import Inbox
from etl_actors.store.loading import load
from etl_actors.store.loading.dead_letters import insert_rejects
from etl_actors.store.slips import remember
from etl_actors.store.tables.targets import ensure_tables
from tests.support.any_order import forget_loads, load_leases, load_shuffled
from tests.support.contents import contents
from tests.support.documents import one, stage
from tests.support.leases import OWNER
from tests.support.settle import settle
from tests.support.slips import read

SLIP = """name = "book"
source = "library"
[tables.book]
key = ["isbn"]
on_duplicate = "{policy}"
delete_when = "gone == true"
columns.isbn  = "isbn | int"
columns.at    = "at | {kind}"
columns.title = {{ expr = "title | required | text", null = false }}
[tables.book_tag]
parent = "book"
each = "@.tags[*]"
columns.tag = "@ | text"
[tables.vendor]
parent = "book"
each = "@.vendors[*]"
key = ["name"]
on_duplicate = "update"
columns.name = "name | text"
"""
_TABLES = ["book", "book_tag", "vendor", "book_deleted"]
_POLICIES = ["update", "newest(at)", "history(at)"]


def slip_of(service: Connection, policy: str, kind: str = "int") -> Slip:
    slip = read(SLIP.format(policy=policy, kind=kind))
    ensure_tables(service, slip.targets, slip.name)
    remember(service, slip)
    return slip


def invented(dice: Random, count: int, *, nulls: bool) -> list[dict[str, Any]]:
    """Make books and markers of four keys, which meet at five times."""
    made: list[dict[str, Any]] = []
    for number in range(count):
        document: dict[str, Any] = {"isbn": dice.randrange(4), "at": dice.choice([*range(5), *[None] * nulls])}
        if dice.random() < 0.4:
            document["gone"] = True
        else:
            document |= {
                "title": f"title {number}",
                "tags": [dice.choice("xyz") for _ in range(dice.randrange(3))],
                "vendors": [{"name": dice.choice("vw")}] * dice.randrange(2),
            }
        made.append(document)
    return made


def standing(policy: str, staged: Sequence[tuple[int, dict[str, Any]]]) -> tuple[set[int], set[int]]:
    """Say of which staged rows there are books, and of which tombstones."""

    def strength(row: tuple[int, dict[str, Any]]) -> tuple[Any, ...]:
        row_id, document = row
        if policy == "update":
            return (row_id,)
        return (-row_id,) if policy == "history(at)" else (document["at"] is not None, document["at"], row_id)

    keys: dict[Any, list[tuple[int, dict[str, Any]]]] = {}
    for row in staged:
        keys.setdefault((row[1]["isbn"], row[1]["at"] if policy == "history(at)" else None), []).append(row)
    strongest = [max(rows, key=strength) for rows in keys.values()]
    books = {row_id for row_id, document in strongest if "gone" not in document}
    return books, {row_id for row_id, _ in strongest} - books


@pytest.mark.parametrize("loaders", [1, 2])
@pytest.mark.parametrize("policy", _POLICIES)
def test_any_cut_in_any_order_leaves_the_same_rows_and_tombstones(
    producer: Connection, service: Connection, service_url: str, database: str, admin: Connection, policy: str, loaders: int
) -> None:
    slip = slip_of(service, policy)
    dice = Random(f"{policy} {loaders}")
    documents = invented(dice, 40, nulls=policy == "newest(at)")
    row_ids = stage(producer, "library", documents)
    books, tombstones = standing(policy, list(zip(row_ids, documents, strict=True)))
    results = []
    for _ in range(8):
        load_shuffled(service_url, slip, dice, loaders)
        results.append(contents(database, _TABLES))
        assert {row_id for (row_id,) in admin.execute("SELECT _row_id FROM book")} == books
        assert {row_id for (row_id,) in admin.execute("SELECT _row_id FROM book_deleted")} == tombstones
        assert {row_id for (row_id,) in admin.execute("SELECT DISTINCT _row_id FROM book_tag")} == {
            row_id for row_id in books if documents[row_ids.index(row_id)]["tags"]
        }
        assert one(admin, "SELECT bool_and(balanced) FROM etl.ledger")
        assert not audit(admin, "public").findings
        forget_loads(database, _TABLES)
    assert all(result == results[0] for result in results)


def test_a_marker_takes_the_row_and_its_children_and_an_older_document_does_not_bring_them_back(
    producer: Connection, service: Connection, admin: Connection
) -> None:
    slip = slip_of(service, "newest(at)", "timestamptz")
    book = {"isbn": 1, "title": "a", "tags": ["x"], "vendors": [{"name": "v"}]}
    marker = {"isbn": 1, "gone": True}
    letters = "SELECT string_agg(outcomes, '' ORDER BY row_lo) FROM etl.batch WHERE status = 'done'"

    def there() -> tuple[int, ...]:
        return tuple(one(service, f"SELECT count(*) FROM {table}") for table in _TABLES)

    def come(day: int, document: dict[str, Any]) -> tuple[str, tuple[int, ...]]:
        stage(producer, "library", [{**document, "at": f"2026-01-{day:02}T00:00Z"}])
        settle(service, {"library": slip}, 1)
        return one(service, letters)[-1], there()

    assert come(5, book) == ("l", (1, 1, 1, 0))
    assert come(4, marker) == ("d", (1, 1, 1, 0)), "it deletes what had been there before"
    assert come(7, marker) == ("l", (0, 0, 1, 1)), "a child with a key of its own stays"
    assert come(6, book) == ("d", (0, 0, 1, 1))
    assert come(7, marker) == ("l", (0, 0, 1, 1))
    assert come(8, book) == ("l", (1, 1, 1, 0))
    assert come(7, marker) == ("d", (1, 1, 1, 0))
    assert one(service, "SELECT bool_and(balanced) FROM etl.ledger")
    assert not audit(admin, "public").findings


def test_of_a_marker_only_key_and_version_are_looked_at(producer: Connection, service: Connection) -> None:
    slip = slip_of(service, "history(at)")
    stage(
        producer, "library", [{"gone": True, "isbn": 1, "at": 1, "tags": 7}, {"gone": True, "at": 2}, {"gone": True, "isbn": 3}]
    )
    settle(service, {"library": slip}, 3)
    assert one(service, "SELECT string_agg(outcomes, '' ORDER BY batch_id) FROM etl.batch WHERE status = 'done'") == "lrr"
    assert service.execute("SELECT reason, message, detail ->> 'table' FROM etl.reject ORDER BY row_id").fetchall() == [
        ("null_key", "expected a value for `isbn`, which is in the key of `book`, got null", "public.book_deleted"),
        (
            "null_version",
            "expected a value for `at`, which tells the versions of a key of `book` apart, got null",
            "public.book_deleted",
        ),
    ]


@pytest.mark.parametrize("marker_first", [True, False])
def test_a_document_and_what_deletes_it_wait_for_each_other(
    producer: Connection,
    service: Connection,
    service_url: str,
    admin: Connection,
    monkeypatch: pytest.MonkeyPatch,
    *,
    marker_first: bool,
) -> None:
    slip = slip_of(service, "update")
    book, marker = {"isbn": 1, "title": "a"}, {"isbn": 1, "gone": True}
    stage(producer, "library", [marker, book] if marker_first else [book, marker])
    first_in, second_waits = threading.Event(), threading.Event()
    held = [first_in]

    def hold(conn: Connection, batch_id: int, parsed: Parsed) -> None:
        """Keep the first transaction open, once all that it does is done, until the other one waits or is over."""
        if held:
            held.pop().set()
            assert second_waits.wait(60)
        insert_rejects(conn, batch_id, parsed)

    monkeypatch.setattr(load, "insert_rejects", hold)
    with ThreadPoolExecutor(2) as pool, connect(service_url) as beside:
        inbox = Inbox(beside, OWNER)
        inbox.look()
        leases = [lease for _ in range(2) for lease in inbox.claim(1, 2**30)]
        first = pool.submit(load_leases, service_url, slip, leases[:1])
        assert first_in.wait(60)
        second = pool.submit(load_leases, service_url, slip, leases[1:])
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while not one(admin, waiting) and not second.done():
            time.sleep(0.01)
        second_waits.set()
        first.result(60)
        second.result(60)
    there = (one(admin, "SELECT count(*) FROM book"), one(admin, "SELECT count(*) FROM book_deleted"))
    assert there == ((1, 0) if marker_first else (0, 1))


def test_of_a_history_a_marker_ends_the_version_before_it_and_is_none_itself(
    producer: Connection, service: Connection, admin: Connection
) -> None:
    slip = slip_of(service, "history(at)")
    seen = "SELECT at, title, _valid_to, _current FROM book_history WHERE isbn = 1 ORDER BY at"
    book = {"isbn": 1, "title": "a"}
    stage(
        producer,
        "library",
        [{**book, "at": 1}, {**book, "at": 5}, {"isbn": 1, "at": 3, "gone": True}, {**book, "isbn": 2, "at": 2}],
    )
    settle(service, {"library": slip}, 4)
    assert service.execute(seen).fetchall() == [(1, "a", 3, False), (5, "a", None, True)]
    stage(producer, "library", [{"isbn": 1, "at": 7, "gone": True}, {**book, "at": 2, "title": "late"}])
    settle(service, {"library": slip}, 2)
    assert service.execute(seen).fetchall() == [(1, "a", 2, False), (2, "late", 3, False), (5, "a", 7, False)]
    assert service.execute("SELECT isbn, at FROM book_deleted ORDER BY at").fetchall() == [(1, 3), (1, 7)]
    assert not audit(admin, "public").findings
    assert ensure_tables(service, slip.targets, slip.name) == []
    without = read(SLIP.format(policy="history(at)", kind="int").replace('delete_when = "gone == true"', ""))
    assert ensure_tables(service, without.targets, slip.name) == [], "what was deleted stays so"


def test_the_audit_finds_a_row_that_has_a_tombstone_too(producer: Connection, service: Connection, admin: Connection) -> None:
    slip = slip_of(service, "update")
    stage(producer, "library", [{"isbn": 1, "title": "a"}, {"isbn": 2, "gone": True}])
    settle(service, {"library": slip}, 2)
    admin.execute("INSERT INTO book_deleted SELECT _id, _row_id, _batch_id, _loaded_at, isbn FROM book")
    assert [finding.check for finding in audit(admin, "public").findings] == [
        "count public.book_deleted",
        "deleted public.book",
    ]


def test_versions_of_one_key_and_what_deletes_them_are_found_by_index(service: Connection) -> None:
    slip_of(service, "history(at)")
    for table, more in (("book", ", title"), ("book_deleted", "")):
        value = ", 'a'" if more else ""
        service.execute(
            f"INSERT INTO {table} (_id, _row_id, _batch_id, isbn, at{more}) "
            f"SELECT gen_random_uuid(), n, 1, n % 20000, n{value} FROM generate_series(1, 60000) n".encode()
        )
        service.execute(f"ANALYZE {table}".encode())
    plan = "\n".join(line for (line,) in service.execute("EXPLAIN SELECT * FROM book_history WHERE isbn = 7"))
    assert "Seq Scan" not in plan
    assert plan.count("Index Cond: (isbn = 7)") == 2
