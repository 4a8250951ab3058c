"""Loads, rejects, replays, prunes, and sums carried forward, in any order: the books balance, and are the plain sum of all batches."""

import random

import pytest

from etl_actors.store.database import Connection
from etl_actors.store.leases import release
from etl_actors.store.retention import due_partitions
from tests.support.documents import one, stage
from tests.support.leases import claim
from tests.support.partitions import seal
from tests.support.plain_sums import differing_sums
from tests.support.replays import repeat
from tests.support.retained import ROWS, SLIP, at_once, balance, books, findings
from tests.support.settle import settle

_STAGED = "SELECT array_agg(s.row_id) FROM etl.staging s JOIN etl.row_status r USING (row_id) WHERE r.status NOT IN ('pending', 'claimed')"


def _step(dice: random.Random, service: Connection, producer: Connection) -> str:
    """Do one of all that may happen to rows; return what."""
    did = dice.choice(("load", "load", "replay", "settle letters", "reopen", "prune", "claim and release", "carry", "carry"))
    rows = one(service, _STAGED) or []
    seal(service, ROWS, 1)
    match did:
        case "load":
            stage(producer, "library", books(dice.randrange(1, 90), dice.randint(1, 9)))
            settle(service, {"library": SLIP}, dice.randint(1, 5))
        case "replay" if rows:
            repeat(service, sorted(dice.sample(rows, min(len(rows), 7))), {SLIP.digest: SLIP}, SLIP.digest, dice.randint(1, 4))
        case "settle letters":
            service.execute("UPDATE etl.reject SET status = 'discarded' WHERE status = 'open'")
        case "reopen":
            service.execute("UPDATE etl.reject SET status = 'open' WHERE reject_id = (SELECT max(reject_id) FROM etl.reject)")
        case "prune":
            seal(service, ROWS, 4)
            kept = [at_once(service, each) for each in due_partitions(service, None)[0]]
            return "pruned" if [] in kept else "kept"
        case "claim and release":
            stage(producer, "library", books(95, 2))
            lease = claim(service, 1)
            release(service, lease.batch_id, lease.token)
            settle(service, {"library": SLIP}, 5)
        case "carry":
            one(service, "SELECT etl.carry_batches(%s, %s)", dice.randint(1, 9), dice.randrange(4))
    return did


@pytest.mark.parametrize("seed", range(3))
def test_the_books_are_the_plain_sum_after_each_step(small: Connection, producer: Connection, database: str, seed: int) -> None:
    dice, done = random.Random(seed), set()
    for _ in range(60):
        did = _step(dice, small, producer)
        done.add(did)
        assert differing_sums(small) == [], did
        assert one(small, "SELECT coalesce(bool_and(balanced), true) FROM etl.ledger"), did
    assert {"pruned", "replay", "carry"} <= done
    while one(small, "SELECT etl.carry_batches(100, 0)"):
        pass
    before = balance(small)
    assert findings(database) == []
    assert one(small, "SELECT loaded FROM etl.carried") == before["loaded"]
