"""Sums that are carried forward come to what all batches add up to, whatever happens to batches meanwhile, and nothing is carried twice."""

import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest

from etl_actors.store.database import Connection, connect
from etl_actors.store.ledger import carry
from etl_actors.store.slips import versions
from tests.support.documents import one
from tests.support.plain_sums import differing_sums

_TAIL = 2**63 - 1
_CLAIM = """
INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, owner)
SELECT 'source ' || %s::int, ARRAY[n, n + 1], n, n + 1, 1, 1 FROM generate_series(1, %s) n RETURNING batch_id
"""
_FINISH = """
UPDATE etl.batch SET status = 'done', outcomes = o, loaded = (length(o) - length(replace(o, 'l', ''))),
       duplicate = (length(o) - length(replace(o, 'd', ''))), rejected = (length(o) - length(replace(o, 'r', ''))),
       slip_digest = 'digest ' || o, finished_at = clock_timestamp()
  FROM (SELECT %(outcomes)s::text AS o) given WHERE batch_id = %(batch)s AND status = %(status)s
"""
_REPEAT = """
INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, owner, replay_id, prior, prior_batches, outcomes, status, loaded, finished_at)
SELECT source, row_ids, row_lo, row_hi, 1, 1, 1, outcomes, ARRAY[batch_id, batch_id], 'll', 'done', 2, clock_timestamp()
  FROM etl.batch WHERE batch_id = %s AND status = 'done'
"""


@pytest.fixture
def sessions(database: str, admin: Connection) -> Iterator[list[psycopg.Connection[Any]]]:
    """Open sessions whose transactions a test leaves open; there is a replay for batches of one."""
    admin.execute("INSERT INTO etl.replay (filter, status, finished_at) VALUES ('{}', 'done', now())")
    with ExitStack() as stack:
        yield [stack.enter_context(psycopg.connect(database)) for _ in range(4)]


def _letters(dice: random.Random) -> str:
    return "".join(dice.choice("lldr") for _ in range(2))


def _act(dice: random.Random, session: psycopg.Connection[Any], other: Connection) -> None:
    """Do something to batches in a transaction that stays open, or end it; or change what is done, by hand."""
    given = {"outcomes": _letters(dice), "batch": dice.randint(1, one(other, "SELECT coalesce(max(batch_id), 1) FROM etl.batch"))}
    match dice.randrange(11):
        case 0 | 1:
            session.execute(_CLAIM, [dice.randrange(3), dice.randint(1, 4)])
        case 2 | 3:
            session.commit()
        case 4:
            session.rollback()
        case 5 | 6:
            other.execute(_FINISH, given | {"status": "claimed"})
        case 7:
            other.execute("UPDATE etl.batch SET status = 'released' WHERE batch_id = %(batch)s AND status = 'claimed'", given)
        case 8:
            session.execute(_REPEAT, [given["batch"]])
        case 9:
            other.execute(_FINISH, given | {"status": "done"})
        case 10:
            other.execute("DELETE FROM etl.batch WHERE batch_id = %(batch)s", given)


@pytest.mark.parametrize("seed", range(4))
def test_after_each_step_of_a_random_walk_the_books_are_the_plain_sum(
    sessions: list[psycopg.Connection[Any]], admin: Connection, service: Connection, seed: int
) -> None:
    dice = random.Random(seed)
    carried = 0
    for _ in range(500):
        _act(dice, dice.choice(sessions), admin)
        assert differing_sums(admin) == []
        if dice.randrange(3) == 0:
            carried += one(service, "SELECT etl.carry_batches(%s, %s)", dice.randint(1, 6), dice.randrange(3))
            assert differing_sums(admin) == []
    for session in sessions:
        session.commit()
    admin.execute("UPDATE etl.batch SET status = 'released' WHERE status = 'claimed'")
    for _ in range(3):
        while one(service, "SELECT etl.carry_batches(10, 0)"):
            pass
    assert differing_sums(admin) == []
    assert carried > 30
    newest = one(admin, "SELECT max(batch_id) FROM etl.batch")
    assert admin.execute("SELECT batch_lo, batch_hi FROM etl.uncarried").fetchall() == [(newest + 1, _TAIL)], (
        "nothing is left over"
    )
    assert one(admin, "SELECT sum(loaded) FROM etl.carried_version") == one(
        admin, "SELECT sum(loaded) FROM etl.batch WHERE status = 'done' AND slip_digest IS NOT NULL"
    )


def _work(database: str, seed: int) -> None:
    """Claim batches and settle them, and now and then change one that is settled."""
    dice = random.Random(seed)
    with psycopg.connect(database, autocommit=True) as conn:
        for _ in range(150):
            ids = _claimed(conn, dice.randint(1, 3))
            for batch_id in ids:
                conn.execute(_FINISH, {"outcomes": _letters(dice), "batch": batch_id, "status": "claimed"})
            if dice.randrange(4) == 0:
                conn.execute(_FINISH, {"outcomes": _letters(dice), "batch": dice.choice(ids), "status": "done"})


def test_carriers_beside_each_other_and_beside_loads_carry_each_batch_once(
    database: str, service_url: str, admin: Connection
) -> None:
    """Readers see the plain sum at every moment; in one snapshot, since batches go on to change."""
    stop, failed = threading.Event(), []

    def carrying() -> None:
        with connect(service_url) as conn:
            while not stop.is_set():
                conn.execute("SELECT etl.carry_batches(20, 3)")

    def reading() -> None:
        with psycopg.connect(database, autocommit=True) as conn:
            while not stop.is_set():
                failed.extend(differing_sums(conn))

    loads = [threading.Thread(target=_work, args=[database, seed]) for seed in range(3)]
    others = [threading.Thread(target=do) for do in (carrying, carrying, reading)]
    for thread in loads + others:
        thread.start()
    for thread in loads:
        thread.join()
    stop.set()
    for thread in others:
        thread.join()
    assert failed == []
    assert differing_sums(admin) == []
    assert one(admin, "SELECT batch_lo FROM etl.uncarried WHERE batch_hi = %s", _TAIL) > 100


def _claimed(conn: Connection, batches: int = 1) -> list[int]:
    return [batch_id for (batch_id,) in conn.execute(_CLAIM, [1, batches]).fetchall()]


def _done(admin: Connection, ids: list[int]) -> None:
    for batch_id in ids:
        admin.execute(_FINISH, {"outcomes": "lr", "batch": batch_id, "status": "claimed"})


def test_what_is_claimed_for_long_holds_nobody_back(admin: Connection, service: Connection) -> None:
    ids = _claimed(admin, 9)
    _done(admin, ids[:4] + ids[5:])
    assert one(service, "SELECT etl.carry_batches(100, 0)") == 8
    ranges = "SELECT batch_lo, batch_hi FROM etl.uncarried ORDER BY batch_lo"
    assert admin.execute(ranges).fetchall() == [(ids[4], ids[4]), (ids[8] + 1, _TAIL)]
    assert one(service, "SELECT loaded FROM etl.ledger") == 8
    assert one(service, "SELECT etl.carry_batches(100, 0)") == 0
    _done(admin, [ids[4]])
    assert one(service, "SELECT etl.carry_batches(100, 0)") == 1
    assert admin.execute(ranges).fetchall() == [(ids[8] + 1, _TAIL)]
    assert one(service, "SELECT loaded FROM etl.carried") == 9


def test_an_id_that_was_drawn_and_is_not_seen_yet_is_waited_for(
    sessions: list[psycopg.Connection[Any]], admin: Connection, service: Connection
) -> None:
    late, *_ = sessions
    late.execute("SELECT count(*) FROM etl.batch")
    (drawn,) = _claimed(late)
    _done(admin, _claimed(admin, 3))
    for _ in range(3):
        one(service, "SELECT etl.carry_batches(100, 0)")
    assert one(admin, "SELECT batch_hi FROM etl.uncarried WHERE batch_lo = %s", drawn) == drawn
    late.commit()
    assert one(service, "SELECT claimed FROM etl.ledger") == 2
    _done(admin, [drawn])
    assert one(service, "SELECT loaded FROM etl.ledger") == 4
    assert one(service, "SELECT etl.carry_batches(100, 0)") == 1
    assert one(service, "SELECT loaded FROM etl.carried") == 4


def test_an_id_that_nobody_will_use_is_forgotten(
    sessions: list[psycopg.Connection[Any]], admin: Connection, service: Connection
) -> None:
    late, *_ = sessions
    _claimed(late, 2)
    _done(admin, _claimed(admin, 3))
    assert one(service, "SELECT etl.carry_batches(100, 0)") == 3
    assert one(admin, "SELECT count(*) FROM etl.uncarried") == 2
    late.rollback()
    assert one(service, "SELECT etl.carry_batches(100, 0)") == 0
    assert one(admin, "SELECT count(*) FROM etl.uncarried") == 1


def test_the_newest_batches_are_left_and_few_are_not_worth_it(admin: Connection, service: Connection) -> None:
    _done(admin, _claimed(admin, 900))
    assert carry(service) == 0
    _done(admin, _claimed(admin, 200))
    assert carry(service) == 600
    assert carry(service) == 0
    assert differing_sums(admin) == []


def test_a_batch_that_is_changed_by_hand_is_counted_as_it_stands_also_in_the_same_transaction(
    admin: Connection, service: Connection
) -> None:
    ids = _claimed(admin, 3)
    _done(admin, ids)
    one(service, "SELECT etl.carry_batches(100, 0)")
    books = "SELECT loaded, rejected FROM etl.ledger"
    with admin.transaction():
        admin.execute(_FINISH, {"outcomes": "ll", "batch": ids[1], "status": "done"})
        assert one(admin, books) == (4, 2)
        assert one(service, books) == (3, 3)
        assert one(service, "SELECT etl.carry_batches(100, 0)") == 0, "nobody carries meanwhile, and nobody waits"
    assert one(service, books) == (4, 2)
    assert one(service, "SELECT etl.carry_batches(100, 0)") == 1
    admin.execute("DELETE FROM etl.batch WHERE batch_id = %s", [ids[0]])
    assert one(service, books) == (3, 1)
    admin.execute("TRUNCATE etl.batch CASCADE")
    assert service.execute(books).fetchall() == []


def test_what_each_version_of_a_slip_has_loaded_is_told_from_what_is_carried_and_what_is_not(
    admin: Connection, service: Connection
) -> None:
    admin.execute("INSERT INTO etl.slip (digest, name, files) VALUES ('digest lr', 'a', '{}'), ('digest ll', 'a', '{}')")
    ids = _claimed(admin, 6)
    _done(admin, ids[:3])
    one(service, "SELECT etl.carry_batches(100, 0)")
    _done(admin, ids[3:])
    told = {version.digest: (version.loaded, version.last_loaded) for version in versions(service)}
    assert told == {"digest lr": (6, one(admin, "SELECT max(finished_at) FROM etl.batch")), "digest ll": (0, None)}


def test_who_carries_must_see_what_others_commit(service: Connection) -> None:
    with service.transaction():
        service.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with pytest.raises(psycopg.errors.RaiseException, match=r"repeatable read transaction.*READ COMMITTED"):
            service.execute("SELECT etl.carry_batches()")
