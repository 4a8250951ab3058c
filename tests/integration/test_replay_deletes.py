"""A replay of documents that delete rows, or did, leaves what one load would have made; a dry run says what it then does."""

from pathlib import Path
from random import Random

import pytest

from etl_actors.slips.model.slip import Slip
from etl_actors.store.audit.audit import audit
from etl_actors.store.database import Connection
from etl_actors.store.replay.choice import Choice
from etl_actors.store.slips import remember
from etl_actors.store.tables.targets import ensure_tables
from tests.support.any_order import forget_loads
from tests.support.changing import documents, load, slip_of
from tests.support.contents import contents
from tests.support.documents import one, stage
from tests.support.previews import difference, rows_of, said, settings_of, told
from tests.support.replays import repeat
from tests.support.slips import read

_TABLES = ["note", "note_deleted", "note_tag", "note_tag_bit", "vendor", "vendor_tag", "person"]
_POLICIES = ["update", "newest(at)", "history(at)"]
_CHANGES = [
    ("nothing", "", "at > 4"),
    ("nothing", "at > 4", ""),
    ("nothing", "at > 4", "at < 3"),
    ("keys", "title == 'a'", "title == 'a'"),
    ("times", "title == 'a'", "title == 'a'"),
    ("fewer", "at > 3", "at > 5"),
]


def versions(service: Connection, change: str, policy: str, before: str, after: str) -> tuple[Slip, Slip]:
    first, later = slip_of("nothing", policy, "update", before), slip_of(change, policy, "update", after)
    for slip in (first, later):
        ensure_tables(service, slip.targets, "note")
        remember(service, slip)
    return first, later


@pytest.mark.parametrize("policy", _POLICIES)
@pytest.mark.parametrize(("change", "before", "after"), _CHANGES, ids=str)
def test_a_replay_leaves_what_one_load_would_have_made(
    producer: Connection,
    service: Connection,
    admin: Connection,
    database: str,
    policy: str,
    change: str,
    before: str,
    after: str,
) -> None:
    first, later = versions(service, change, policy, before, after)
    slips = {first.digest: first, later.digest: later}
    dice = Random(f"{policy} {change} {after}")
    row_ids = stage(producer, "notes", documents(dice, 40))
    for count in (3, 15, 40):
        load(service, first, later, frozenset())
        chosen = frozenset(dice.sample(row_ids, count))
        repeat(service, sorted(chosen), slips, later.digest)
        replayed = contents(database, _TABLES)
        assert not audit(admin, "public").findings
        assert one(admin, "SELECT bool_and(balanced) FROM etl.ledger")
        forget_loads(database, [*_TABLES, "etl.vacancy"])
        load(service, first, later, chosen)
        assert not audit(admin, "public").findings
        assert replayed == contents(database, _TABLES), f"{count} rows"
        forget_loads(database, _TABLES)


@pytest.mark.parametrize("policy", _POLICIES)
def test_the_counts_of_a_dry_run_are_what_the_replay_then_does(
    producer: Connection, service: Connection, admin: Connection, database: str, tmp_path: Path, policy: str
) -> None:
    dice = Random(policy)
    slips: dict[str, Slip] = {}
    row_ids: list[int] = []
    for change, before, after in _CHANGES:  # each on top of what the ones before have left
        first, later = versions(service, change, policy, before, after)
        slips |= {first.digest: first, later.digest: later}
        row_ids += stage(producer, "notes", documents(dice, 10))
        load(service, first, later, frozenset())
        chosen = sorted(dice.sample(row_ids, dice.choice([3, len(row_ids) // 2, len(row_ids)])))
        were = rows_of(admin, _TABLES)
        found = told(database, settings_of(later, tmp_path, database), Choice(rows=tuple(chosen)))
        assert rows_of(admin, _TABLES) == were
        repeat(service, chosen, slips, later.digest, 15)
        assert said(found) == difference(were, rows_of(admin, _TABLES)), f"{change}, {len(chosen)} of {len(row_ids)} rows"
        loaded = sum(rows for (_, letter), rows in found.outcomes.items() if letter in "ld")
        letters = "SELECT count(*) FROM etl.settled(1, 1000000) WHERE letter IN ('l', 'd') AND row_id = ANY (%s)"
        assert loaded == one(admin, letters, chosen)


def test_a_dry_run_finds_who_comes_back_where_nothing_but_a_tombstone_goes(
    producer: Connection, service: Connection, admin: Connection, database: str, tmp_path: Path
) -> None:
    without, later = versions(service, "nothing", "update", "", "at > 4")
    note = {"id": 1, "title": "a", "tags": [], "bits": [], "vendors": []}
    stage(producer, "notes", [{**note, "at": 1}])
    load(service, without, later, frozenset())
    (marker,) = stage(producer, "notes", [{**note, "at": 5}])
    load(service, without, later, frozenset([marker]))
    assert one(admin, "SELECT count(*) FROM note") == 0
    never = read(slip_of("rejects", "update", "update", "at > 9").files["slip.toml"].replace("if(at == 2,", "if(at == 5,"))
    remember(service, never)
    found = told(database, settings_of(never, tmp_path, database), Choice(rows=(marker,)))
    assert said(found) == {"public.note": (1, 0, 0), "public.note_deleted": (0, 0, 1)}
    repeat(service, [marker], {slip.digest: slip for slip in (without, later, never)}, never.digest)
    assert (one(admin, "SELECT count(*) FROM note"), one(admin, "SELECT count(*) FROM note_deleted")) == (1, 0)
