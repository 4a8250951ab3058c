"""A dry run says what the replay then does, and writes nothing."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest

from etl_actors.dry_run.found import DryRun
from etl_actors.errors import DatabaseUnsuitable
from etl_actors.store.database import Connection
from etl_actors.store.replay.choice import Choice
from etl_actors.store.slips import remember
from etl_actors.store.tables.targets import ensure_tables
from tests.support.changing import CHANGES, documents, load, slip_of
from tests.support.documents import stage
from tests.support.previews import difference, rows_of, said, settings_of, told
from tests.support.replays import repeat
from tests.support.settle import settle
from tests.support.slips import read

_TABLES = ["note", "note_tag", "note_tag_bit", "vendor", "vendor_tag", "person"]
_POLICIES = [("update", "newest(rating)"), ("ignore", "update"), ("newest(at)", "ignore"), ("history(at)", "history(rating)")]
_CHANGES = {policies: [*list(CHANGES)[n % 3 :: 3], "keys"][:4] for n, policies in enumerate(_POLICIES)}


def letters(admin: Connection) -> dict[int, str]:
    return dict(admin.execute("SELECT row_id, letter FROM etl.settled(1, 1000000)").fetchall())


def told_apart(outcomes: Mapping[tuple[str, str], int]) -> Counter[tuple[str, str]]:
    """Count outcomes, loaded and duplicate as one."""
    found: Counter[tuple[str, str]] = Counter()
    for (before, after), rows in outcomes.items():
        found[before, after.replace("l", "d")] += rows
    return found


@pytest.mark.parametrize("policies", _POLICIES, ids=str)
def test_the_counts_of_a_dry_run_are_what_the_replay_then_does(
    producer: Connection, service: Connection, admin: Connection, database: str, tmp_path: Path, policies: tuple[str, str]
) -> None:
    first = slip_of("nothing", *policies)
    ensure_tables(service, first.targets, "note")
    remember(service, first)
    slips = {first.digest: first}
    row_ids: list[int] = []
    dice = Random(str(policies))
    for change in _CHANGES[policies]:  # each on top of what the ones before have left
        later = slip_of(change, *policies)
        remember(service, later)
        slips[later.digest] = later
        row_ids += stage(producer, "notes", documents(dice, 10))
        load(service, first, later, frozenset())
        chosen = sorted(dice.sample(row_ids, dice.choice([3, len(row_ids) // 2, len(row_ids)])))
        before, were = rows_of(admin, _TABLES), letters(admin)
        found = told(database, settings_of(later, tmp_path, database), Choice(rows=tuple(chosen)))
        assert rows_of(admin, _TABLES) == before
        repeat(service, chosen, slips, later.digest, 15)
        after, are = rows_of(admin, _TABLES), letters(admin)
        assert said(found) == difference(before, after), f"{change}, {len(chosen)} of {len(row_ids)} rows"
        # Of rows that meet in one key, who counts as loaded depends on the batches that they come in.
        assert told_apart(found.outcomes) == told_apart(Counter((were[row_id], are[row_id]) for row_id in chosen))
        assert found.refusals.rows.total() == sum(are[row_id] == "r" for row_id in chosen)


_OFFERS = """name = "offer"
source = "offers"
[tables.offer]
key = ["id"]
columns.id = "id | int"
columns.size = "size | smallint"
"""


def test_what_would_be_taken_over_or_refused_or_new_is_told_also_of_a_sample(
    producer: Connection, service: Connection, database: str, tmp_path: Path
) -> None:
    first = read(_OFFERS)
    ensure_tables(service, first.targets, "offer")
    remember(service, first)
    row_ids = stage(producer, "offers", [{"id": 1, "size": 1}, {"id": 1, "size": 2}, {"id": 3, "size": 3}, {"id": 4, "size": 4}])
    settle(service, {"offers": first}, 10)
    moved = _OFFERS.replace("id | int", "if(size == 1, 9, id) | int").replace(
        "size | smallint", "if(size == 3, 40000, size) | bigint"
    )
    checked = moved.replace('"if(size == 3, 40000, size) | bigint"', '{ expr = "size | smallint", check = "size < 3" }')
    later = read(checked + '[tables.offer_note]\nparent = "offer"\ncolumns.note = "\'x\' | text"\n')
    settings = settings_of(later, tmp_path, database)
    found = told(database, settings, Choice(rows=tuple(row_ids)))
    offer, note = found.tables
    assert (offer.added, offer.changed, offer.removed, offer.unchanged) == (1, 1, 2, 0), "9 is added, 1 is the second's now"
    assert (note.table, note.there, note.added) == ("public.offer_note", False, 2)
    assert (offer.taken_over, dict(found.refusals.rows)) == (0, {"check_violation": 2}), "the second is chosen itself"
    alone = told(database, settings, Choice(rows=(row_ids[0],)))
    assert (alone.tables[0].added, alone.tables[0].changed, alone.tables[0].taken_over) == (1, 1, 1)
    assert [example.changes for example in alone.tables[0].examples] == [{"size": ("1", "2")}]
    assert (alone.sought, alone.losers) == (1, 1)
    sample = told(database, settings, Choice(source="offers"), 2)
    assert (sample.chosen, sample.looked_at, sum(sample.outcomes.values())) == (4, 2, 2)


def test_a_choice_of_nothing_is_told_as_such(database: str, tmp_path: Path) -> None:
    assert told(database, settings_of(read(_OFFERS), tmp_path, database), Choice(source="nobody")) == DryRun()


def test_a_slip_that_takes_none_of_the_rows_any_more_would_remove_them(
    producer: Connection, service: Connection, database: str, tmp_path: Path
) -> None:
    first = read(_OFFERS)
    ensure_tables(service, first.targets, "offer")
    remember(service, first)
    stage(producer, "offers", [{"id": 1}, {"id": 2}])
    settle(service, {"offers": first}, 10)
    found = told(database, settings_of(read(_OFFERS.replace('"offers"', '"others"')), tmp_path, database), Choice(slip="offer"))
    assert [(table.table, table.removed, table.touched) for table in found.tables] == [("public.offer", 2, True)]
    assert (found.outcomes, found.refusals.rows) == ({("l", "r"): 2}, {"no_slip": 2})


def test_code_out_of_the_database_does_not_run_in_a_dry_run(
    producer: Connection, service: Connection, database: str, tmp_path: Path
) -> None:
    made = _OFFERS.replace("size | smallint", "size | halved | smallint").replace('["id"]', '["id"]\non_duplicate = "update"')
    code = "from etl_actors.steps import step\n\n@step\ndef halved(value: int) -> int:\n    return value // {}\n"
    first = read(made, steps_py=code.format(2))
    ensure_tables(service, first.targets, "offer")
    remember(service, first)
    loser, winner = stage(producer, "offers", [{"id": 1, "size": 8}, {"id": 1, "size": 9}])
    settle(service, {"offers": first}, 10)
    moved = read(made.replace("id | int", "id | add(1) | int"), steps_py=code.format(3))
    settings = settings_of(moved, tmp_path, database)
    (tmp_path / "offer" / "steps.py").write_text(code.format(3), "utf-8")
    found = told(database, settings, Choice(rows=(winner,)))
    assert (found.sought, found.withheld, found.losers) == (0, 1, 1), f"{loser} was settled by other code"
    allowed = settings.model_copy(update={"stored_steps": "any"})
    again = told(database, allowed, Choice(rows=(winner,)))
    assert (again.sought, again.withheld, again.tables[0].taken_over) == (1, 0, 1)


def test_a_slip_that_could_not_be_in_force_has_no_dry_run(
    producer: Connection, service: Connection, database: str, tmp_path: Path
) -> None:
    first = read(_OFFERS)
    ensure_tables(service, first.targets, "offer")
    remember(service, first)
    stage(producer, "offers", [{"id": 1, "size": 2}])
    settle(service, {"offers": first}, 10)
    typed = settings_of(read(_OFFERS.replace("size | smallint", "size | text")), tmp_path, database)
    with pytest.raises(
        DatabaseUnsuitable, match=r"^Slip offer makes public\.offer\.size a text, but in the database it is a smallint"
    ):
        told(database, typed, Choice(source="offers"))
    keyed = settings_of(read(_OFFERS.replace('["id"]', '["id", "size"]')), tmp_path, database)
    with pytest.raises(
        DatabaseUnsuitable, match=r"^Slip offer knows the rows of public\.offer by \(id, size\), but those that are"
    ):
        told(database, keyed, Choice(source="offers"))


_SHARED = """name = "{source}"
source = "{source}"
[tables.note]
key = ["id"]
on_duplicate = "{policy}"
columns.id = "id | int"
columns.{own} = "{own} | text"
[tables.note_{source}]
parent = "note"
each = "@.{each}[*]"
columns.item = "@ | text"
[tables.person]
each = "$.vendors[*]"
key = ["name"]
on_duplicate = "fill"
columns.name = "name | text"
columns.{own} = "if(rating > 2, $.{own}, null) | text"
"""


@pytest.mark.parametrize("policy", ["update", "ignore"])
def test_it_counts_what_slips_of_other_sources_have_put_into_the_same_tables(
    producer: Connection, service: Connection, admin: Connection, database: str, tmp_path: Path, policy: str
) -> None:
    web, shop = (
        read(_SHARED.format(source=source, policy=policy, own=own, each=each))
        for source, own, each in (("web", "title", "tags"), ("shop", "at", "bits"))
    )
    slips = {slip.digest: slip for slip in (web, shop)}
    for slip in slips.values():
        ensure_tables(service, slip.targets, slip.name)
        remember(service, slip)
    dice, row_ids = Random(policy), list[int]()
    tables = ["note", "note_web", "note_shop", "person"]
    for old, new in (
        ("id | int", "if(id > 2, at, id) | int"),
        ("rating > 2", "rating > 3"),
        ("name | text", "if(rating > 3, 'x', name) | text"),
    ):
        later = read(web.files["slip.toml"].replace(old, new))
        remember(service, later)
        slips[later.digest] = later
        for source in ("web", "shop", "web"):
            staged = stage(producer, source, documents(dice, 6))
            row_ids += staged if source == "web" else []
        settle(service, {"web": web, "shop": shop}, 20)
        chosen = sorted(dice.sample(row_ids, len(row_ids) // 2))
        before = rows_of(admin, tables)
        found = told(database, settings_of(later, tmp_path, database), Choice(rows=tuple(chosen)))
        repeat(service, chosen, slips, later.digest, 20)
        assert said(found) == difference(before, rows_of(admin, tables)), new
