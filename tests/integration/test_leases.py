"""The fence: whoever lost a batch lands nothing, whatever it had prepared; split, release, rescue."""

import threading
from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from etl_actors.errors import LeaseLost
from etl_actors.relational.parsed import Group
from etl_actors.relational.tables import Policy
from etl_actors.store.database import Connection, connect
from etl_actors.store.leases import Lease, release, release_strays, rescue, split
from etl_actors.store.loading.load import Loading
from tests.support.documents import one, stage, until_blocked, waiting
from tests.support.leases import OWNER, claim, leased
from tests.support.tables import Note, parsed, shape

RESCUER = OWNER + 1
NOTE = shape(Policy.IGNORE).root


def status(conn: Connection, lease: Lease) -> tuple[object, ...]:
    row: tuple[object, ...] = one(conn, "SELECT status, owner, attempt FROM etl.batch WHERE batch_id = %s", lease.batch_id)
    return row


def note(lease: Lease) -> list[Note]:
    return [Note(row_id, key) for key, row_id in enumerate(lease.row_ids)]


def pipelined(conn: Connection, lease: Lease) -> int:
    """Finish as a naive loader would: the finish and COMMIT leave together, before the finish's reply is read."""
    with conn.pipeline():
        conn.execute("BEGIN")
        conn.execute("INSERT INTO naive VALUES (%s)", [lease.batch_id])
        finish = conn.execute(
            "UPDATE etl.batch SET finished_at = now() WHERE batch_id = %s AND lease_token = %s AND status = 'claimed'",
            [lease.batch_id, lease.token],
        )
        conn.execute("COMMIT")
    return finish.rowcount


def test_a_finish_pipelined_with_its_commit_lands_the_rows_of_a_lost_lease(producer: Connection, service: Connection) -> None:
    service.execute("CREATE TABLE naive (batch_id bigint)")
    lease = leased(producer, service)
    lost = replace(lease, token=lease.token - 1)
    assert pipelined(service, lost) == 0, "the fence says that the lease is lost"
    assert one(service, "SELECT count(*) FROM naive") == 1, "and the rows landed all the same"


def test_a_load_under_a_lost_lease_lands_nothing(producer: Connection, service: Connection) -> None:
    lease = leased(producer, service, 3)
    (ours,) = rescue(service, RESCUER, 60, 10)
    assert (ours.batch_id, ours.row_ids, ours.attempt) == (lease.batch_id, lease.row_ids, 2)
    assert ours.token > lease.token
    loading = Loading(service)
    with pytest.raises(LeaseLost):
        loading.load(lease, parsed(NOTE, note(lease)))
    assert one(service, "SELECT count(*) FROM note") == 0
    assert status(service, lease) == ("claimed", RESCUER, 2)
    assert loading.load(ours, parsed(NOTE, note(ours))).loaded == 3
    with pytest.raises(LeaseLost):
        loading.load(lease, parsed(NOTE, note(lease)))
    assert loading.finished(lease) is None, "what the rescuer landed is not the old owner's"
    assert loading.finished(ours) is not None


def test_a_lease_lost_between_fence_and_finish_would_land_without_the_fence(
    producer: Connection, service: Connection, service_url: str
) -> None:
    """Without FOR NO KEY UPDATE a rescue slips in while rows are being written; with it, it passes the batch by."""
    lease = leased(producer, service)
    with connect(service_url) as loader:
        loader.execute("BEGIN")
        loader.execute("SELECT 1 FROM etl.batch WHERE batch_id = %s AND lease_token = %s", [lease.batch_id, lease.token])
        (stolen,) = rescue(service, RESCUER, 60, 10)
        loader.execute("ROLLBACK")
        loader.execute("BEGIN")
        fence = "SELECT 1 FROM etl.batch WHERE batch_id = %s AND lease_token = %s FOR NO KEY UPDATE"
        assert one(loader, fence, stolen.batch_id, stolen.token) == 1
        assert rescue(service, RESCUER + 1, 60, 10) == ()
        loader.execute("COMMIT")
    assert len(rescue(service, RESCUER + 1, 60, 10)) == 1


def test_a_rescue_during_a_load_passes_by_and_the_load_lands(
    producer: Connection, service: Connection, service_url: str, database: str
) -> None:
    """The load is held up in its middle by a lock on its target; the rescue comes at that moment."""
    warm = leased(producer, service)
    Loading(service).load(warm, parsed(NOTE, note(warm)))
    lease = leased(producer, service)
    with connect(service_url) as other, psycopg.connect(database, autocommit=True) as admin:
        admin.execute("BEGIN")
        admin.execute("LOCK TABLE note IN SHARE MODE")
        loader = Running(lambda: Loading(other).load(lease, parsed(NOTE, note(lease))))
        until_blocked(service, other.info.backend_pid)
        assert rescue(service, RESCUER, 60, 10) == ()
        admin.execute("COMMIT")
        loader.join()
    assert status(service, lease) == ("done", OWNER, 1)


class Running(threading.Thread):
    """A call in a thread of its own, whose error `join` raises."""

    def __init__(self, call: Callable[[], object]) -> None:
        super().__init__()
        self._call = call
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._call()
        except BaseException as exc:  # noqa: BLE001 - raised again by join
            self._error = exc

    def join(self, timeout: float | None = 10) -> None:
        super().join(timeout)
        assert not self.is_alive()
        if self._error is not None:
            raise self._error


def test_a_load_waits_for_a_rescue_that_is_under_way_and_then_lands_nothing(
    producer: Connection, service: Connection, service_url: str
) -> None:
    lease = leased(producer, service)
    with connect(service_url) as rescuer, connect(service_url) as other:
        rescuer.execute("BEGIN")
        assert len(rescue(rescuer, RESCUER, 60, 10)) == 1
        loader = Running(lambda: Loading(other).load(lease, parsed(NOTE, note(lease))))
        until_blocked(service, other.info.backend_pid)
        rescuer.execute("COMMIT")
        with pytest.raises(LeaseLost):
            loader.join()
    assert one(service, "SELECT count(*) FROM note") == 0


def test_two_rescuers_at_once_never_share_a_batch(producer: Connection, service: Connection, service_url: str) -> None:
    for _ in range(4):
        leased(producer, service)
    with connect(service_url) as second:
        service.execute("BEGIN")
        first_half = rescue(service, RESCUER, 60, 2)
        second_half = rescue(second, RESCUER + 1, 60, 10)
        service.execute("COMMIT")
    assert (len(first_half), len(second_half)) == (2, 2)
    assert not {lease.batch_id for lease in first_half} & {lease.batch_id for lease in second_half}
    tokens = [lease.token for lease in (*first_half, *second_half)]
    assert len(set(tokens)) == 4


def test_a_split_leaves_each_row_in_exactly_one_child(producer: Connection, service: Connection) -> None:
    lease = leased(producer, service, 5)
    a, b, c, d, e = lease.row_ids
    children = split(service, lease, [Group("one", (a, c)), Group("two", (b, e)), Group(None, (d,))])
    assert [(child.slip, child.row_ids, child.attempt) for child in children] == [
        ("one", (a, c), 1),
        ("two", (b, e), 1),
        (None, (d,), 1),
    ]
    assert status(service, lease)[0] == "released"
    assert one(service, "SELECT count(*) FROM etl.batch WHERE parent_id = %s AND status = 'claimed'", lease.batch_id) == 3
    assert all(child.token > lease.token for child in children)
    with pytest.raises(LeaseLost):
        Loading(service).load(lease, parsed(NOTE, note(lease)))
    with pytest.raises(LeaseLost):
        split(service, lease, [Group(None, lease.row_ids)])
    assert one(service, "SELECT count(*) FROM etl.batch") == 4


def test_a_split_that_would_lose_or_double_a_row_is_refused(producer: Connection, service: Connection) -> None:
    lease = leased(producer, service, 2)
    a, b = lease.row_ids
    for groups in ([Group(None, (a,))], [Group(None, (a, b)), Group(None, (b,))]):
        with pytest.raises(ValueError, match="each once"):
            split(service, lease, groups)
    assert status(service, lease)[0] == "claimed"


def test_a_split_of_a_rescued_batch_changes_nothing(producer: Connection, service: Connection) -> None:
    lease = leased(producer, service, 2)
    rescue(service, RESCUER, 60, 10)
    with pytest.raises(LeaseLost):
        split(service, lease, [Group(None, lease.row_ids[:1]), Group(None, lease.row_ids[1:])])
    assert one(service, "SELECT count(*) FROM etl.batch") == 1


@pytest.mark.parametrize("named", [None, "named"])
def test_a_rescued_child_keeps_the_slip_that_its_rows_name_and_no_other(
    admin: Connection, service: Connection, named: str | None
) -> None:
    """What its dead owner chose among slips of its own may be none of the rescuer's: good rows would be rejected."""
    rows = "INSERT INTO etl.staging (source, payload, slip) SELECT 'shop', '{}', %s FROM generate_series(1, 3)"
    admin.execute(rows, [named])
    lease = claim(service)
    assert lease.slip == named
    split(service, lease, [Group(named or "chosen", lease.row_ids[:1]), Group(named or "chosen", lease.row_ids[1:])])
    ours = rescue(service, RESCUER, 60, 10)
    assert [child.slip for child in ours] == [named, named]
    assert service.execute("SELECT slip FROM etl.batch WHERE status = 'claimed'").fetchall() == [(named,), (named,)]


def test_a_release_gives_the_rows_back_as_they_were(producer: Connection, service: Connection, admin: Connection) -> None:
    rows = "INSERT INTO etl.staging (source, payload, slip) SELECT 'shop', '{}', 'named' FROM generate_series(1, 700)"
    admin.execute(rows)
    before = service.execute("SELECT * FROM etl.inbox ORDER BY row_id").fetchall()
    assert len(before) == 2
    lease = claim(service)
    assert lease.slip == "named"
    assert one(service, "SELECT count(*) FROM etl.inbox") == 0
    assert release(service, lease.batch_id, lease.token) == 700
    assert service.execute("SELECT * FROM etl.inbox ORDER BY row_id").fetchall() == before
    assert status(service, lease)[0] == "released"
    assert release(service, lease.batch_id, lease.token) == 0, "twice gives them back once"


def test_a_release_under_a_lost_lease_gives_nothing_back(producer: Connection, service: Connection) -> None:
    lease = leased(producer, service, 2)
    rescue(service, RESCUER, 60, 10)
    assert release(service, lease.batch_id, lease.token) == 0
    assert one(service, "SELECT count(*) FROM etl.inbox") == 0
    assert status(service, lease) == ("claimed", RESCUER, 2)


def test_a_claim_whose_reply_was_lost_is_given_back(producer: Connection, service: Connection) -> None:
    known = leased(producer, service, 2)
    stray = leased(producer, service, 3)
    foreign = leased(producer, service, 1, owner=RESCUER)
    assert release_strays(service, OWNER, {known.batch_id}) == [stray.batch_id]
    assert waiting(service) == list(stray.row_ids)
    assert status(service, known)[0] == "claimed"
    assert status(service, foreign)[0] == "claimed"


def test_staging_goes_on_while_rows_of_it_are_claimed_and_released(producer: Connection, service: Connection) -> None:
    """A claim that is rolled back leaves the inbox as it was, and no batch."""
    stage(producer, "shop", [{}, {}])
    service.execute("BEGIN")
    lease = claim(service)
    assert len(lease.row_ids) == 2
    stage(producer, "shop", [{}])
    service.execute("ROLLBACK")
    assert len(waiting(service)) == 3
    assert one(service, "SELECT count(*) FROM etl.batch") == 0
