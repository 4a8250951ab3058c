"""What a replay leaves where nothing changes, and how it counts it, is the same whether unchanged documents are landed or passed over."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from random import Random
from typing import Any

import pytest

from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.database import Connection
from etl_actors.store.loading.load import Loading
from etl_actors.store.replay import repeating
from etl_actors.store.replay.unchanged import Unchanged, unchanged
from etl_actors.store.slips import remember
from etl_actors.store.tables.targets import ensure_tables
from tests.support.breaking import Breaking
from tests.support.breaking import contents as broken_out
from tests.support.changing import documents, load
from tests.support.documents import stage
from tests.support.replays import repeat
from tests.support.whole_rows import CHANGES, POLICIES, slip_of

_ROW = "md5(_id::text)::uuid, _row_id, _batch_id, now()"
_UPSETS: dict[str, str] = {
    "nothing": "SELECT 1",
    "root gone": "DELETE FROM note WHERE id IN (1, 2)",
    "root changed": "UPDATE note SET title = 'by hand', at = 0 WHERE id % 2 = 0",
    "root of another document": "UPDATE note n SET _row_id = (SELECT min(_row_id) FROM note o WHERE o._row_id > n._row_id) WHERE id < 3 AND EXISTS (SELECT FROM note o WHERE o._row_id > n._row_id)",
    "root too many": f"INSERT INTO note (id, _id, _row_id, _batch_id, _loaded_at) SELECT 70 + id, {_ROW} FROM note WHERE id = 3",
    "set changed": "UPDATE note_tag SET tag = 'by hand' WHERE _index = 1",
    "set less": "DELETE FROM note_tag_bit WHERE _index = 0",
    "set too many": "INSERT INTO note_tag SELECT (jsonb_populate_record(t, jsonb_build_object('_id', md5(_id::text)::uuid, '_index', 9))).* FROM note_tag t WHERE _index = 0",
    "own gone": "DELETE FROM vendor WHERE rating < 3",
    "own changed": "UPDATE vendor SET rating = 9 WHERE name = 'v1'",
    "own too many": "INSERT INTO vendor SELECT (jsonb_populate_record(t, jsonb_build_object('_id', md5(_id::text)::uuid, 'name', 'by hand'))).* FROM vendor t WHERE name = 'v2'",
    "entity gone": "DELETE FROM person WHERE name = 'v0'",
    "entity changed": "UPDATE person SET rating = NULL, _row_id = _row_id + 1 WHERE name IN ('v3', 'v4')",
}  # fmt: skip
_TABLES = ("note", "note_tag", "note_tag_bit", "vendor", "person", "people")
_EMPTY = f"TRUNCATE etl.inbox, etl.batch, etl.reject, etl.vacancy, {', '.join(_TABLES)} CASCADE"
_AGAIN = "INSERT INTO etl.inbox (source, row_id, bytes) SELECT source, row_id, 1 FROM etl.staging WHERE row_id = ANY (%s)"
_DONE = (
    "SELECT row_ids, outcomes, prior, loaded, duplicate, skipped, rejected, differing, replaced, rows_added, seeking FROM etl.batch "
    "WHERE replay_id IS NOT NULL AND status = 'done' ORDER BY batch_id"
)
_BOOKS = (
    _DONE,
    "SELECT rows_done, vacated, sought, found FROM etl.replay ORDER BY replay_id DESC LIMIT 1",
    "SELECT row_id, stage, reason, status, item FROM etl.reject ORDER BY reject_id",
    "SELECT to_jsonb(l) FROM etl.ledger l",
)


@dataclass
class _Ways:
    """Lets replays pass unchanged documents over, or land them all, and keeps what was found unchanged."""

    monkeypatch: pytest.MonkeyPatch
    found: list[Unchanged | None] = field(default_factory=list)
    passed_over: int = 0  # documents that were not landed

    def quick(self) -> None:
        def kept(*given: Any) -> Unchanged | None:
            found = unchanged(*given)
            self.found.append(found)
            self.passed_over += 0 if found is None else len(given[1]) - len(found.others)
            return found

        self.monkeypatch.setattr(repeating, "unchanged", kept)
        self.monkeypatch.setattr(repeating, "_MOST_CHANGED", 0.99)

    def whole(self) -> None:
        self.monkeypatch.undo()
        self.monkeypatch.setattr(repeating, "unchanged", lambda *_: None)


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> _Ways:
    """Give what chooses the way."""
    return _Ways(monkeypatch)


def _left(conn: Connection) -> list[Any]:
    """Tell what tables and books hold, but for moments and the ids of batches."""
    whose = "SELECT to_jsonb(t.*) - '{_batch_id,_loaded_at}'::text[], b.replay_id IS NULL, b.row_lo FROM %s t JOIN etl.batch b ON b.batch_id = t._batch_id"
    tables = [sorted(map(str, conn.execute((whose % table).encode()).fetchall())) for table in _TABLES]
    return [*tables, *(conn.execute(books.encode()).fetchall() for books in _BOOKS)]


def _differences(one: list[Any], other: list[Any]) -> list[tuple[Any, Any]]:
    pairs = [pair for a, b in zip(one, other, strict=True) for pair in zip_longest(a, b)]
    return [(a, b) for a, b in pairs if a != b]


def _both(
    conns: tuple[Connection, Connection], ways: _Ways, row_ids: Sequence[int], slips: tuple[Slip, Slip], upset: str, size: int
) -> tuple[list[Any], list[Any]]:
    """Load, upset by hand, and replay, by the quick way and with all rows landed."""
    service, admin = conns
    first, later = slips
    left = []
    for way in (ways.quick, ways.whole):
        admin.execute(_EMPTY.encode())
        admin.execute(_AGAIN, [list(row_ids)])
        load(service, first, later, frozenset())
        admin.execute(upset.encode())
        way()
        chosen = sorted(Random(size).sample(row_ids, len(row_ids) - len(row_ids) // 4)) if size % 2 else row_ids
        repeat(service, chosen, {slip.digest: slip for slip in slips}, later.digest, size=size)
        left.append(_left(admin))
        ways.monkeypatch.undo()
    return left[0], left[1]


@pytest.mark.parametrize(("upset", "policies"), [(upset, POLICIES[n % 4]) for n, upset in enumerate(_UPSETS)], ids=str)
def test_what_was_changed_by_hand_is_put_right_the_same(
    producer: Connection,
    service: Connection,
    admin: Connection,
    ways: _Ways,
    upset: str,
    policies: tuple[str, str, str],
) -> None:
    slip = slip_of("nothing", policies)
    for version in (slip, slip_of("another table", policies)):
        ensure_tables(service, version.targets, "note")
    remember(service, slip)
    row_ids = stage(producer, "notes", documents(Random(f"{upset} {policies}"), 30))
    for size in (6, 31):
        quick, whole = _both((service, admin), ways, row_ids, (slip, slip), _UPSETS[upset], size)
        assert not _differences(quick, whole), f"{size} rows a batch"
    assert ways.passed_over


_VERSIONS = [("nothing", change) for change in CHANGES] + [("rejects", "nothing"), ("keys", "nothing"), ("times", "nothing")]


@pytest.mark.parametrize(("versions", "policies"), [(both, POLICIES[n % 4]) for n, both in enumerate(_VERSIONS)], ids=str)
def test_another_version_of_a_slip_leaves_the_same(
    producer: Connection,
    service: Connection,
    admin: Connection,
    ways: _Ways,
    versions: tuple[str, str],
    policies: tuple[str, str, str],
) -> None:
    slips = slip_of(versions[0], policies), slip_of(versions[1], policies)
    for slip in (*slips, slip_of("another table", policies)):
        ensure_tables(service, slip.targets, "note")
        remember(service, slip)
    row_ids = stage(producer, "notes", documents(Random(f"{versions} {policies}"), 30))
    for size in (5, 30):
        quick, whole = _both((service, admin), ways, row_ids, slips, "SELECT 1", size)
        assert not _differences(quick, whole), f"{size} rows a batch"
    assert ways.passed_over


def test_columns_may_be_called_as_what_is_compared(
    producer: Connection, service: Connection, admin: Connection, ways: _Ways
) -> None:
    called = ("came", "held", "lone", "there", "met", "same", "loses", "differs", "above", "whose", "t")
    given = {
        "more": "\n".join(f'columns.{name} = "at | int"' for name in called),
        "tag": 'text"\n' + "".join(f'columns.{name} = "@ | text"\n' for name in called) + 'columns.more = "@ | ',
    }
    slip, another = (slip_of(change, POLICIES[1], **given) for change in ("nothing", "another table"))
    for version in (slip, another):
        ensure_tables(service, version.targets, "note")
    remember(service, slip)
    row_ids = stage(producer, "notes", documents(Random(5), 30))
    quick, whole = _both((service, admin), ways, row_ids, (slip, slip), _UPSETS["set changed"], 31)
    assert not _differences(quick, whole)
    assert ways.passed_over


def test_a_column_whose_type_was_changed_by_hand_is_compared_as_text(
    producer: Connection, service: Connection, admin: Connection
) -> None:
    slip = slip_of("nothing", POLICIES[0])
    ensure_tables(service, slip.targets, "note")
    remember(service, slip)
    row_ids = stage(producer, "notes", documents(Random(4), 12))
    load(service, slip, slip, frozenset())
    loading = Loading(service)
    repeat(service, row_ids, {slip.digest: slip}, slip.digest, loading=loading)
    admin.execute("ALTER TABLE note ALTER at TYPE bigint; UPDATE note SET title = 'by hand' WHERE id = 1")
    whose = "SELECT id, _batch_id FROM note WHERE id <> 1 ORDER BY id"
    before = service.execute(whose).fetchall()
    repeat(service, row_ids, {slip.digest: slip}, slip.digest, loading=loading)
    assert service.execute(whose).fetchall() == before
    assert service.execute("SELECT count(*) FROM note WHERE title = 'by hand'").fetchone() == (0,)


def test_what_a_break_out_has_made_is_put_right_where_it_was_changed_by_hand(
    admin: Connection, service: Connection, ways: _Ways
) -> None:
    breaking = Breaking(service, read_slip({"slip.toml": 'name = "work"\nsource = "s"\n[breakout]\nkey = "n"\n'}, "public"))
    stage(
        admin,
        "s",
        [{"n": min(n, n % 6 + 3), "a": None, "by": [{"name": f"x{n}", "born": {}}, {"of": [n, str(n)]}]} for n in range(12)],
    )
    breaking.all()
    before, current = broken_out(service, lineage=True), breaking.current()
    admin.execute(
        "UPDATE work SET _rest = NULL WHERE n = '1'; UPDATE work__by SET name = 'by hand' WHERE name = 'x2'; DELETE FROM work WHERE n = '3'; "
        "DELETE FROM work__by__of WHERE _row_id = 5 AND _index = 1"
    )
    ways.quick()
    repeat(service, range(1, 13), {current.digest: current}, current.digest, size=12)
    assert broken_out(service, lineage=True) == before
    (found,) = ways.found
    assert found is not None
    assert found.others == {2, 3, 4, 5, 7}, "the last one wants what the fourth had"


def test_who_wins_a_row_that_had_no_rival_so_far_leaves_that_ones_document_a_duplicate(
    producer: Connection, service: Connection, ways: _Ways
) -> None:
    first, later = slip_of("rejects", POLICIES[1]), slip_of("nothing", POLICIES[1])
    ensure_tables(service, first.targets, "note")
    for slip in (first, later):
        remember(service, slip)
    row_ids = stage(
        producer, "notes", [{"id": 1, "at": 1, "title": "a"}, {"id": 1, "at": 2, "title": "b"}, {"id": 2, "title": "c"}]
    )
    load(service, first, later, frozenset())
    ways.quick()
    repeat(service, row_ids, {slip.digest: slip for slip in (first, later)}, later.digest)
    assert service.execute("SELECT outcomes, prior, replaced FROM etl.batch WHERE replay_id IS NOT NULL").fetchall() == [
        ("dll", "lrl", 1)
    ]
    assert service.execute("SELECT id, title FROM note ORDER BY id").fetchall() == [(1, "b"), (2, "c")]
    (found,) = ways.found
    assert found is not None
    assert (found.winners, found.others) == ({row_ids[2]}, set(row_ids[:2]))


_DELETES, _FILL = {"deletes": 'delete_when = "at == 3"'}, {"entity": "fill"}


@pytest.mark.parametrize("versions", [(_DELETES, _DELETES), (_FILL, _FILL), (_DELETES, {}), (_FILL, {})], ids=str)
def test_rows_that_do_not_win_as_a_whole_or_not_only_among_their_like_are_all_landed(
    producer: Connection, service: Connection, ways: _Ways, versions: tuple[dict[str, str], dict[str, str]]
) -> None:
    first, later = (
        slip_of("nothing", ("update", "update", given.get("entity", "update")), deletes=given.get("deletes", ""))
        for given in versions
    )
    for slip in (first, later):
        ensure_tables(service, slip.targets, "note")
        remember(service, slip)
    row_ids = stage(producer, "notes", documents(Random(4), 12))
    load(service, first, later, frozenset())
    ways.quick()
    repeat(service, row_ids, {slip.digest: slip for slip in (first, later)}, later.digest)
    assert ways.found
    assert set(ways.found) == {None}
