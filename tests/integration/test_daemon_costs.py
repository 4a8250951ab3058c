"""What a daemon asks per batch and per poll costs the same at ten times the rows, whatever the planner knows of them."""

from typing import Any

import pytest

from etl_actors.store.claimed import Claimed
from etl_actors.store.daemons import living, write_own
from etl_actors.store.database import Connection
from etl_actors.store.inbox import Inbox
from etl_actors.store.leases import LOCK_BASE, release_strays, rescue
from etl_actors.store.loading.load import Loading
from etl_actors.store.queries import queries
from etl_actors.store.replay.queue import ReplayQueue
from etl_actors.store.staging import fetch, keep_partitions
from tests.support.explaining import Way
from tests.support.growth import Cases, Pair, grown
from tests.support.large import Known, Large
from tests.support.servers import Server

_NODE = 5  # of the daemon that asks
_ROWS = 1000
_GROWING = "inbox", "batch", "staging_0", "reject", "replay_row"
_DONE: dict[str, Any] = {
    "after": None,
    "prior": None,
    "slip": "a",
    "digest": "digest 0",
    "target": "public.t",
    "outcomes": "l",
    "loaded": 1,
    "duplicate": 0,
    "skipped": 0,
    "rejected": 0,
    "differing": 0,
    "replaced": 0,
    "rows_added": "{}",
}
_REJECT = '[{"row_id": 1, "stage": "map", "reason": "x", "message": "y", "detail": {}, "item": false}]'


def _master(conn: Connection) -> Inbox:
    return Inbox(conn, _NODE)


def _claims(conn: Connection, _: Large) -> None:
    inbox = _master(conn)
    inbox.look()
    inbox.claim(_ROWS, 2**40)
    inbox.look()
    inbox.claim(_ROWS, 2**40)
    inbox.waiting_since()


def _of_daemon(conn: Connection, name: str, **values: Any) -> None:
    _master(conn)
    conn.execute(queries("daemons")[name], values or None)


def _of_batch(conn: Connection, large: Large, name: str, **values: Any) -> None:
    conn.execute(queries("batches")[name], large.holding | values)


def _of_load(conn: Connection, large: Large, name: str, **values: Any) -> None:
    Loading(conn)
    _of_batch(conn, large, name, **values)


def _of_replay(conn: Connection, name: str, **values: Any) -> None:
    _master(conn)
    conn.execute(queries("replay_queue")[name], {"replay_id": 1} | values)


def _windows(conn: Connection, large: Large, name: str, given: dict[str, Any]) -> None:
    _master(conn)
    conn.execute(queries("replay_queue")[name], given | {"cursor": 9000, "upto": 19_000})


def _of_landing(conn: Connection, name: str, **values: Any) -> None:
    Loading(conn)
    conn.execute(queries("replay_landing")["joins"])
    conn.execute(queries("replay_landing")[name], values)


# What the driver does not prepare, since a connection does not run it five times.
_SELDOM = "finished", "release", "split", "leave", "active slips", "latest rollout", "vacated targets", "turn of a replay"

_BY_ROW = ("fetch",)  # of few pages all may be read; else each row is looked up

CASES: Cases = {
    "claim": _claims,
    "rescue": lambda conn, _: (_master(conn), rescue(conn, _NODE, 60, 10)),
    "rescue of some sources": lambda conn, _: (_master(conn), rescue(conn, _NODE, 60, 10, ["source 1"])),
    "strays": lambda conn, large: (_master(conn), release_strays(conn, 77, large.claimed)),
    "fetch": lambda conn, _: fetch(conn, range(5000, 5000 + 20 * _ROWS, 20)),
    "fence": lambda conn, large: _of_load(conn, large, "fence"),
    "finish": lambda conn, large: _of_load(conn, large, "finish", **_DONE),
    "finished": lambda conn, large: _of_load(conn, large, "finished"),
    "reject": lambda conn, large: _of_load(conn, large, "reject", batch_id=1, slip="a", digest="d", rejects=_REJECT),
    "release": lambda conn, large: _of_batch(conn, large, "release"),
    "split": lambda conn, large: _of_batch(conn, large, "split", attempt=1, groups=[0], slips=["a"], row_ids=[large.held]),
    "before the claimed": lambda conn, _: (_master(conn), Claimed(conn).floor()),
    "is alive": lambda conn, _: _of_daemon(conn, "holds_lock", lock_base=LOCK_BASE, node=1),
    "beat": lambda conn, _: (_master(conn), write_own(conn, "beat", 1)),
    "fall asleep": lambda conn, _: (_master(conn), write_own(conn, "sleep", 1, asleep_s=20.0)),
    "wake": lambda conn, _: (_master(conn), write_own(conn, "wake", 1)),
    "doze": lambda conn, _: _of_daemon(conn, "older_transactions", mark=1),
    "leave": lambda conn, _: _of_daemon(conn, "forget_dead"),
    "peers": lambda conn, _: (_master(conn), living(conn)),
    "active slips": lambda conn, _: conn.execute(queries("versions")["active"]),
    "latest rollout": lambda conn, _: conn.execute(queries("versions")["latest_rollout"]),
    "active version": lambda conn, _: (Loading(conn), conn.execute(queries("breakouts")["active_digest"], {"name": "a"})),
    "partitions": lambda conn, _: keep_partitions(conn, 1_000_000),
    "current replay": lambda conn, _: (_master(conn), ReplayQueue(conn, _NODE, "public").current()),
    "claim of a replay": lambda conn, _: _of_replay(
        conn, "claim", rows=500, bytes=2**40, owner=1, only=[], source="source 3", row_id=9000
    ),
    "first claim of a replay": lambda conn, _: _of_replay(
        conn, "claim", rows=500, bytes=2**40, owner=1, only=["source 3"], source="", row_id=0
    ),
    "how a replay stands": lambda conn, _: _of_replay(conn, "standing", only=[]),
    "next window of a replay": lambda conn, large: _windows(conn, large, "next_chosen", {"filter": '{"source": "source 4"}'}),
    "next of listed rows": lambda conn, large: _windows(conn, large, "next_chosen", {"filter": '{"rows": [25000]}'}),
    "next rejected row": lambda conn, large: _windows(conn, large, "next_chosen", {"filter": '{"rejected": true}'}),
    "next sought row": lambda conn, large: _windows(conn, large, "next_sought", {"digests": ["digest 0"]}),
    "whether a replay can be taken from": lambda conn, _: _of_replay(conn, "may_take"),
    "window of a replay that is taken": lambda conn, _: _of_replay(
        conn, "take", rows=500, bytes=2**40, owner=1, only=[], filter='{"source": "source 4"}', lo=9000, hi=9999
    ),
    "lock of a replay": lambda conn, _: _of_replay(conn, "lock"),
    "what bars a replay": lambda conn, _: _of_replay(conn, "barring"),
    "vacated targets": lambda conn, _: _of_replay(conn, "vacated_targets"),
    "letters before": lambda conn, large: _of_landing(
        conn, "prior", batches=list(range(100, 200)), batch_id=large.holding["batch_id"]
    ),
    "letters superseded": lambda conn, _: _of_landing(conn, "supersede", row_ids=list(range(2000, 3000))),
    "letters of a run superseded": lambda conn, _: _of_landing(conn, "supersede_run", lo=2000, hi=2999),
    "letters of items": lambda conn, _: _of_landing(
        conn, "keep_items", batch_id=7, batches=list(range(100, 200)), row_ids=list(range(2000, 3000))
    ),
    "progress of a replay": lambda conn, _: _of_landing(conn, "advance", replay_id=1, done=1, vacated=0, sought=0, found=0),
}


@pytest.fixture(scope="module")
def costs(server: Server, template: str, service_login: dict[str, str]) -> dict[tuple[str, str], list[Pair]]:
    return grown(server, template, service_login, CASES)


@pytest.mark.parametrize("case", CASES)
def test_it_costs_the_same_at_ten_times_the_rows(costs: dict[tuple[str, str], list[Pair]], case: str) -> None:
    for known in Known if case in _SELDOM else (Way.KEPT, *Known):
        for pair in costs[case, known]:
            large = [name for name in pair.large.read_whole if name.startswith(_GROWING)]
            assert not large, f"{known}: reads {large} from end to end\n{pair.large}"
            most = max(1.25 * pair.small.pages + 100, 4 * _ROWS if case in _BY_ROW else 0)
            assert pair.large.pages <= most, f"{known}: {pair.small.pages} pages at a tenth\n{pair.large}"
            assert pair.large.most_sorted <= _ROWS, f"{known}: sorts more than a batch\n{pair.large}"
