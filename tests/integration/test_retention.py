"""Retention: a settled partition of staging is dropped whole, and the books go on to balance."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from etl_actors.store.database import Connection
from etl_actors.store.retention import Hindrance, StagingPartition, Why, drop, due_partitions, hindrances
from etl_actors.store.staging import fetch
from tests.support.documents import one, stage
from tests.support.leases import claim
from tests.support.partitions import seal
from tests.support.plain_sums import differing_sums
from tests.support.replays import repeat
from tests.support.retained import ROWS, SLIP, balance, books, findings, first_of
from tests.support.settle import settle


def test_what_is_dropped_is_pruned_in_the_books_which_balance_before_and_after(settled: Connection, database: str) -> None:
    before = {"staged": 25, "loaded": 23, "rejected": 2}
    assert balance(settled) == before
    assert findings(database) == []
    due, younger = due_partitions(settled, None)
    assert [(each.row_lo, each.row_hi, each.rows) for each in due] == [(1, 10, 10), (11, 20, 10)]
    assert younger == 0
    assert all(each.nbytes > 0 for each in due)
    assert hindrances(settled, due[0]) == []
    assert drop(settled, due[0]) == []
    assert balance(settled) == before | {"staged": 15, "pruned": 10}
    assert findings(database) == []
    assert drop(settled, due[1]) == []
    assert balance(settled) == before | {"staged": 5, "pruned": 20}
    assert findings(database) == []
    assert due_partitions(settled, None) == ([], 0)
    assert [row.row_id for row in fetch(settled, [1, 11, 20, 21])] == [21]
    assert one(settled, "SELECT count(*) FROM etl.row_status WHERE row_id <= 20") == 0
    assert one(settled, "SELECT to_regclass(%s)", f"etl.{due[0].name}") is None
    assert settled.execute("SELECT source, rows FROM etl.pruned").fetchall() == [("library", 20)]
    assert (
        one(
            settled,
            "SELECT count(*) FROM etl.staging_count c JOIN etl.staging_partition p ON p.name = c.partition WHERE p.dropped_at IS NOT NULL",
        )
        == 0
    )


def test_the_target_rows_stay_and_what_was_dropped_is_on_record(settled: Connection, service_url: str) -> None:
    partition = first_of(settled)
    assert drop(settled, partition) == []
    assert one(settled, "SELECT count(*) FROM public.book WHERE _row_id <= 10") == 9
    actor, detail = one(settled, "SELECT actor, detail FROM etl.action WHERE action = 'prune'")
    assert actor == settled.info.user
    assert detail["partition"] == partition.name
    assert (detail["row_lo"], detail["row_hi"], detail["rows"]) == (1, 10, {"library": 10})


def test_only_partitions_whose_last_row_is_older_are_due(settled: Connection, producer: Connection, admin: Connection) -> None:
    first, second = due_partitions(settled, None)[0]
    times = one(settled, "SELECT min(received_at), max(received_at) FROM etl.staging WHERE row_id <= 10")
    assert (first.first_at, first.last_at) == times
    later = datetime.now(UTC) + timedelta(days=40)
    admin.execute("UPDATE etl.staging_partition SET last_received_at = %s WHERE name = %s", [later, second.name])
    assert due_partitions(settled, later - timedelta(days=30))[0] == [first]
    assert due_partitions(settled, later - timedelta(days=30))[1] == 1
    assert due_partitions(settled, times[1]) == ([], 2), "the last row is not older than itself"


def test_the_books_carried_forward_are_those_of_what_was_dropped_and_replayed(
    settled: Connection, admin: Connection, database: str
) -> None:
    """A replay's letters before it count too. Of a batch that lies in two partitions only one is gone."""
    repeat(settled, [2, 3, 7, 12], {SLIP.digest: SLIP}, SLIP.digest)
    settled.execute("UPDATE etl.reject SET status = 'discarded' WHERE status = 'open'")
    before = balance(settled)
    for partition in due_partitions(settled, None)[0]:
        assert one(settled, "SELECT etl.carry_batches(3, 0)") > 0
        assert drop(settled, partition) == []
        found = balance(settled)
        assert {name: count for name, count in found.items() if name not in ("staged", "pruned")} == {
            name: count for name, count in before.items() if name != "staged"
        }
        assert findings(database) == []
        assert differing_sums(settled) == []
    assert one(settled, "SELECT etl.carry_batches(100, 0)") > 0
    assert balance(settled) == before | {"staged": 5, "pruned": 20}
    assert findings(database) == []
    loaded, rejected = one(settled, "SELECT loaded, rejected FROM etl.carried")
    assert (loaded, rejected) == (23, 2)
    repeat(settled, [21, 22], {SLIP.digest: SLIP}, SLIP.digest)
    assert balance(settled) == before | {"staged": 5, "pruned": 20}
    admin.execute("UPDATE etl.carried SET loaded = loaded + 1, rejected = rejected - 1")
    assert findings(database) != [], "the books balance even so, and the recount by letters tells"
    assert balance(settled)


def test_new_rows_come_in_where_they_would_have_and_are_counted(settled: Connection, producer: Connection, database: str) -> None:
    for partition in due_partitions(settled, None)[0]:
        assert drop(settled, partition) == []
    assert stage(producer, "library", books(26, 20))[0] == 26
    settle(settled, {"library": SLIP}, 100)
    seal(settled, ROWS)
    assert balance(settled) == {"staged": 25, "pruned": 20, "loaded": 41, "rejected": 4}
    assert findings(database) == []


def _reopen(_: Connection, admin: Connection) -> None:
    admin.execute("UPDATE etl.reject SET status = 'open' WHERE row_id = 7")


def _replay(_: Connection, admin: Connection) -> None:
    admin.execute("INSERT INTO etl.replay (filter) VALUES ('{}')")
    admin.execute("INSERT INTO etl.replay_row SELECT replay_id, 'library', 3, NULL, NULL, 1 FROM etl.replay")


def _bypass(_: Connection, admin: Connection) -> None:
    admin.execute("SET session_replication_role = replica")
    admin.execute("DELETE FROM etl.staging WHERE row_id = 5")
    admin.execute("INSERT INTO etl.staging (row_id, source, payload) OVERRIDING SYSTEM VALUE VALUES (5, 'other', '1')")
    admin.execute("UPDATE etl.batch SET row_ids = array_replace(row_ids, 5, 1005) WHERE 5 = ANY (row_ids)")


def _miscount(_: Connection, admin: Connection) -> None:
    admin.execute("UPDATE etl.staging_count SET staged = staged + 2 WHERE partition LIKE '%%1'")


def _depend(_: Connection, admin: Connection) -> None:
    admin.execute("CREATE VIEW public.early AS SELECT * FROM etl.staging_0000000000000000001")


def _detach(_: Connection, admin: Connection) -> None:
    admin.execute("ALTER TABLE etl.staging DETACH PARTITION etl.staging_0000000000000000001")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_reopen, "1 row openly rejected"),
        (_replay, "1 row to be replayed"),
        (_bypass, "1 row never enqueued (etl-actors audit --repair)"),
        (_miscount, "2 rows more or fewer than were counted (etl-actors audit)"),
        (_depend, "others depend on its table: view public.early depends on table etl.staging_0000000000000000001"),
        (_detach, "10 rows more or fewer than were counted (etl-actors audit)"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_partition_that_is_still_needed_is_kept_and_why_is_told(
    settled: Connection, admin: Connection, spoil: Callable[[Connection, Connection], None], said: str
) -> None:
    partition = first_of(settled)
    spoil(settled, admin)
    if spoil is not _depend:
        assert [each.text for each in hindrances(settled, partition)] == [said]
    assert [each.text for each in drop(settled, partition)] == [said]
    assert one(settled, "SELECT to_regclass(%s)", f"etl.{partition.name}") is not None
    assert one(settled, "SELECT dropped_at FROM etl.staging_partition WHERE name = %s", partition.name) is None
    assert one(settled, "SELECT count(*) FROM etl.action") == 0
    admin.execute("RESET session_replication_role")


_REPEATING = "INSERT INTO etl.replay (filter, row_hi, row_cursor) VALUES ('{}', 25, 25)"
_SEEKING = "UPDATE etl.replay SET phase = 'seeking', row_cursor = %s"


def test_what_a_replay_has_vacated_keeps_all_partitions_in_which_its_winner_may_be(
    settled: Connection, admin: Connection
) -> None:
    """The document that wins an identity now is found among all that are staged; one that is gone by then would be missing for ever."""
    first, second = due_partitions(settled, None)[0]
    admin.execute(_REPEATING)
    assert [hindrances(settled, each) for each in (first, second)] == [[], []], "nothing is vacated"
    admin.execute("INSERT INTO etl.vacancy SELECT replay_id, 'public.book', gen_random_uuid() FROM etl.replay")
    kept = ["10 rows among which a replay looks for who wins what it has vacated"]
    for each in (first, second):
        assert [found.text for found in hindrances(settled, each)] == kept
        assert [found.text for found in drop(settled, each)] == kept
    admin.execute(_SEEKING, [9])
    assert [found.text for found in hindrances(settled, first)] == kept
    admin.execute(_SEEKING, [10])
    assert hindrances(settled, first) == [], "it has been looked through"
    assert [found.text for found in hindrances(settled, second)] == kept
    assert drop(settled, first) == []
    admin.execute("UPDATE etl.replay SET abandoned = true")
    assert drop(settled, second) == [], "nobody looks any more"


def test_what_waits_and_what_is_claimed_keeps_its_partition(small: Connection, producer: Connection) -> None:
    stage(producer, "library", books(1, 15))
    lease = claim(small, 4)
    seal(small, ROWS)
    partition = first_of(small)
    assert [each.text for each in drop(small, partition)] == ["6 rows pending", "4 rows claimed"]
    assert lease.row_ids == (1, 2, 3, 4)
    assert balance(small) == {"staged": 15, "pending": 11, "claimed": 4}


def test_a_run_that_waits_keeps_each_partition_that_it_reaches_into(small: Connection, producer: Connection) -> None:
    stage(producer, "library", books(1, 25))
    seal(small, ROWS)
    assert one(small, "SELECT row_id, rows FROM etl.inbox") == (1, 25)
    due = due_partitions(small, None)[0]
    assert [[each.text for each in drop(small, partition)] for partition in due] == [["10 rows pending"]] * 2
    claim(small, 15)
    said = [["10 rows claimed"], ["5 rows pending", "5 rows claimed"]]
    assert [[each.text for each in drop(small, partition)] for partition in due] == said


def test_a_partition_that_can_still_get_rows_is_not_even_dropped_by_name(small: Connection, producer: Connection) -> None:
    stage(producer, "library", books(1, 9))
    settle(small, {"library": SLIP}, 4)
    small.execute("UPDATE etl.reject SET status = 'discarded'")
    assert due_partitions(small, None) == ([], 0)
    name = f"staging_{1:019}"
    assert drop(small, StagingPartition(name, 1, 10, 9, 0, None, None)) == [Hindrance(Why.FILLING)]


def test_what_is_dropped_already_is_gone_and_what_was_never_there_too(settled: Connection) -> None:
    partition = first_of(settled)
    assert drop(settled, partition) == []
    assert drop(settled, partition) == [Hindrance(Why.GONE)]
    unknown = "pg_class; DROP TABLE etl.batch"
    assert drop(settled, StagingPartition(unknown, 1, 10, 9, 0, None, None)) == [Hindrance(Why.GONE)]


def test_an_empty_partition_goes_whatever_its_age(small: Connection, producer: Connection) -> None:
    with producer.transaction(force_rollback=True):
        stage(producer, "library", books(1, 12))
    stage(producer, "library", books(1, 1))
    seal(small, ROWS)
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    (partition,), younger = due_partitions(small, long_ago)
    assert (partition.rows, partition.first_at, partition.last_at, younger) == (0, None, None, 0)
    assert drop(small, partition) == []
    assert balance(small) == {"staged": 1, "pending": 1}


def test_it_refuses_to_look_from_a_snapshot_of_before(settled: Connection) -> None:
    partition = first_of(settled)
    settled.execute("SET default_transaction_isolation = 'repeatable read'")
    with pytest.raises(psycopg.errors.RaiseException, match="READ COMMITTED"):
        drop(settled, partition)
