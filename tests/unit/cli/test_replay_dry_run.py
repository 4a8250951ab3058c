from dataclasses import replace

import pytest

from etl_actors.cli.replay.dry_run_told import dry_run_json, show_dry_run
from etl_actors.dry_run.found import DryRun, Refusals
from etl_actors.relational.reject import Reject, Stage
from etl_actors.store.replay.differences import Example, TableChange

_OFFER = TableChange(
    table="public.offer",
    there=True,
    new_columns=("size", "note"),
    added=1000,
    changed=2,
    removed=3,
    unchanged=4,
    taken_over=1,
    examples=(Example("6f1c3a52", {"sku": "A-1"}, {"title": ("kettle", None), "size": ("x" * 60, "")}),),
)
_SAME = DryRun(10, 10, (replace(_OFFER, new_columns=(), added=0, changed=0, removed=0, taken_over=0, examples=()),), {("l", "l"): 10}, Refusals(), 0, 0, 0)  # fmt: skip


def lines_of(found: DryRun, capsys: pytest.CaptureFixture[str]) -> list[str]:
    show_dry_run(found)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_where_nothing_would_change_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines_of(_SAME, capsys) == [
        "10 rows would be replayed.",
        "table          added   changed   removed   unchanged",
        "────────────────────────────────────────────────────",
        "public.offer       0         0         0           4",
        "",
        "No row's outcome would change.",
        "Nothing would change in the tables, and nothing was changed.",
    ]


def test_what_would_change_is_told_by_counts_and_examples(capsys: pytest.CaptureFixture[str]) -> None:
    refusals = Refusals()
    refusals.note(Reject(7, Stage.MAP, "not_a_number", "expected a number, got 'cheap'"))
    refusals.note(Reject(8, Stage.MAP, "null_key", "expected a value", item=True))
    found = DryRun(250_000, 100_000, (_OFFER,), {("l", "r"): 1, ("r", "l"): 20, ("d", "d"): 9}, refusals, 50, 30, 900)
    assert lines_of(found, capsys) == [
        "Sampled: 100,000 of 250,000 rows, at random; all counts are of the sample.",
        "table          added   changed   removed   unchanged",
        "────────────────────────────────────────────────────",
        "public.offer   1,000         2         3           4",
        "public.offer: columns size, note would be new: etl-actors slips apply",
        "public.offer: 2 rows would change, such as",
        "  sku A-1 (6f1c3a52)",
        "      title: kettle → null",
        f"      size: {'x' * 39}… → ''",
        "",
        "rejected for   rows   such as row   because",
        "──────────────────────────────────────────────────────────────────",
        "not_a_number      1             7   expected a number, got 'cheap'",
        "",
        "Outcomes that would change: 1 from loaded to rejected, about 20 from rejected to loaded.",
        "1 item would be rejected alone: null_key 1.",
        "1 row would be taken over by documents that had lost to a chosen one.",
        "Of 900 documents that may take over what the rows would let go, 50 were parsed, at random: fewer rows would be removed.",
        (
            "Of 900 documents that may take over what the rows would let go, 30 were settled by a steps.py that is not installed: "
            "there the replay would stand still."
        ),
        "Nothing was changed.",
    ]


def test_a_table_that_is_not_there_is_new(capsys: pytest.CaptureFixture[str]) -> None:
    table = replace(_OFFER, there=False, new_columns=(), examples=(), changed=0)
    assert "public.offer is new." in lines_of(replace(_SAME, tables=(table,)), capsys)


def test_as_json_everything_is_told() -> None:
    refusals = Refusals()
    refusals.note(Reject(7, Stage.MAP, "not_a_number", "expected a number, got 'cheap'"))
    told = dry_run_json(replace(_SAME, chosen=20, tables=(_OFFER,), refusals=refusals, sought=1, losers=2))
    assert told["sampled"] is True
    assert told["tables"][0]["examples"] == [
        {
            "_id": "6f1c3a52",
            "key": {"sku": "A-1"},
            "changes": {"title": {"before": "kettle", "after": None}, "size": {"before": "x" * 60, "after": ""}},
        }
    ]
    assert told["outcomes"] == [{"before": "loaded", "after": "loaded", "rows": 10}]
    assert told["rejected"] == [
        {
            "reason": "not_a_number",
            "rows": 1,
            "items": 0,
            "example": {"row_id": 7, "stage": "map", "message": "expected a number, got 'cheap'"},
        }
    ]
    assert told["taken_over"] == {"rows": 1, "sought": 1, "withheld": 0, "of": 2}


def test_as_json_a_dry_run_that_chooses_nothing_has_the_same_shape() -> None:
    nothing = dry_run_json(DryRun())
    assert nothing.keys() == dry_run_json(_SAME).keys()
    assert (nothing["dry_run"], nothing["chosen"], nothing["sampled"], nothing["tables"]) == (True, 0, False, [])
    assert nothing["taken_over"] == {"rows": 0, "sought": 0, "withheld": 0, "of": 0}
