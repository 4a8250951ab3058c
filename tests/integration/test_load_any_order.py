"""The tables are a function of the staged rows: whatever the cut into batches, their order, and who loads beside whom."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from etl_actors.relational.tables import Column, Policy
from etl_actors.store.database import Connection, connect
from etl_actors.store.inbox import Inbox
from etl_actors.store.leases import Lease
from etl_actors.store.loading.load import Loading
from etl_actors.store.tables import kin
from etl_actors.store.tables.targets import ensure_tables
from tests.support.documents import one, stage
from tests.support.leases import OWNER
from tests.support.people import Doc, Tables, contents, expected, invented, parsed_docs, tables

_DOCS = 24
_POLICIES = [
    (Policy.IGNORE, Policy.UPDATE, Policy.NEWEST),
    (Policy.UPDATE, Policy.NEWEST, Policy.IGNORE),
    (Policy.NEWEST, Policy.IGNORE, Policy.UPDATE),
    (Policy.NEWEST, Policy.NEWEST, Policy.FILL),
    (Policy.IGNORE, Policy.IGNORE, Policy.FILL),
]


def cut(producer: Connection, service: Connection, dice: Random) -> list[Lease]:
    """Stage documents of three sources in turn, so that batches interleave, and claim them in batches of any size."""
    for _ in range(_DOCS):
        stage(producer, f"source {dice.randrange(3)}", [{}])
    inbox = Inbox(service, OWNER)
    inbox.look()
    leases: list[Lease] = []
    while made := inbox.claim(dice.randrange(1, 7), 2**30):
        leases += made
    dice.shuffle(leases)
    return leases


def load_all(service_url: str, slip_of: Callable[[int], Tables], shares: Sequence[Sequence[Lease]], docs: dict[int, Doc]) -> None:
    """Load from as many threads as there are shares, all at once."""
    failures: list[BaseException] = []
    barrier = threading.Barrier(len(shares), timeout=60)

    def run(share: Sequence[Lease]) -> None:
        try:
            with connect(service_url) as conn:
                loading = Loading(conn)
                barrier.wait()
                for lease in share:
                    loading.load(lease, parsed_docs(slip_of(lease.row_ids[0]), [docs[row_id] for row_id in lease.row_ids]))
        except BaseException as exc:  # noqa: BLE001 - shown by the assertion below
            failures.append(exc)

    threads = [threading.Thread(target=run, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


@pytest.mark.parametrize("loaders", [1, 2])
@pytest.mark.parametrize("policies", _POLICIES, ids=lambda some: "_".join(policy.value for policy in some))
def test_any_cut_in_any_order_gives_the_same_tables(
    producer: Connection, service: Connection, service_url: str, policies: tuple[Policy, Policy, Policy], loaders: int
) -> None:
    to = tables(*policies)
    for seed in range(6):
        dice = Random(seed)
        leases = cut(producer, service, dice)
        docs = {doc.row_id: doc for doc in invented(dice, sorted(row_id for lease in leases for row_id in lease.row_ids))}
        load_all(service_url, lambda _: to, [leases[n::loaders] for n in range(loaders)], docs)
        assert contents(service, to) == expected(to, docs.values()), f"seed {seed}"
        books = (
            "SELECT coalesce(sum(a.value::int), 0) FROM etl.batch, jsonb_each_text(rows_added) a WHERE a.key = 'public.' || %s"
        )
        for table in to.all:
            assert one(service, books, table.name) == one(service, f"SELECT count(*) FROM {table.name}"), table.name
        empty(service, to)


def empty(service: Connection, to: Tables) -> None:
    """Take all rows out, and what the books say of them."""
    for table in to.all:
        service.execute(f"TRUNCATE {table.name}".encode())
    service.execute("UPDATE etl.batch SET rows_added = '{}'")


@pytest.mark.parametrize("loaders", [1, 2])
def test_slips_that_fill_different_columns_of_one_entity_fill_it_together(
    producer: Connection, service: Connection, service_url: str, monkeypatch: pytest.MonkeyPatch, loaders: int
) -> None:
    name, stamp, size, marks = (Column("name", "text"), Column("stamp", "text"), Column("size", "int"), Column("marks", "int[]"))
    whole, *slips = (
        tables(Policy.IGNORE, Policy.IGNORE, Policy.FILL, columns)
        for columns in ((name, stamp, size, marks), (name, stamp, size), (name, size, marks), (name,))
    )
    for slip in slips:
        ensure_tables(service, slip.all, "some")
        service.execute("INSERT INTO etl.slip (digest, name, files) VALUES (%s, 'some', '{}')", [str(id(slip))])
    monkeypatch.setattr(kin, "stored_slips", lambda *_: [SimpleNamespace(targets=slip.all, breakout=None) for slip in slips])
    for seed in range(8):
        dice = Random(seed)
        leases = cut(producer, service, dice)
        docs = {doc.row_id: doc for doc in invented(dice, sorted(row_id for lease in leases for row_id in lease.row_ids))}
        slip_of = {row_id: slips[int(lease.source[-1])] for lease in leases for row_id in lease.row_ids}
        load_all(service_url, slip_of.__getitem__, [leases[n::loaders] for n in range(loaders)], docs)
        seen = [masked(doc, slip_of[doc.row_id]) for doc in docs.values()]
        assert contents(service, whole)["person"] == expected(whole, seen)["person"], f"seed {seed}"
        empty(service, whole)


def masked(doc: Doc, slip: Tables) -> Doc:
    """Leave out of a document's people what its slip does not fill."""
    unseen: dict[str, Any] = {
        name: None for name in ("stamp", "size", "marks") if name not in {column.name for column in slip.person.columns}
    }
    return replace(doc, people=tuple(replace(item, **unseen) for item in doc.people))
