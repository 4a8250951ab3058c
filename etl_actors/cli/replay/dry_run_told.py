"""What a dry run has found, as tables and sentences, and as JSON."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from etl_actors.cli.refusals import refusals_json, show_refusals
from etl_actors.cli.render import Column, number, plural, say, show_lines, show_table
from etl_actors.cli.widths import shortened
from etl_actors.relational.outcome import Outcome

if TYPE_CHECKING:
    from etl_actors.dry_run.found import DryRun
    from etl_actors.store.replay.differences import Example, TableChange

__all__ = ["dry_run_json", "show_dry_run"]

_COUNTS = ("added", "changed", "removed", "unchanged")
_VALUE = 40  # characters of a value
_KEY = 30
_ABOUT = "about "
_UNSURE = {Outcome.LOADED, Outcome.DUPLICATE}  # which of the two, the order in which batches land has a say in


def show_dry_run(found: "DryRun") -> None:
    """Print what a replay would change."""
    say(_looked_at(found))
    if found.tables:
        show_table(
            [Column("table"), *(Column(name, right=True) for name in _COUNTS)],
            [[table.table, *(number(getattr(table, name)) for name in _COUNTS)] for table in found.tables],
        )
    for table in found.tables:
        show_lines(list(_of_table(table)))
    if found.refusals.rows:
        say("")
        show_refusals(found.refusals)
    say("")
    for sentence in _sentences(found):
        say(sentence)


def _looked_at(found: "DryRun") -> str:
    if found.looked_at < found.chosen:
        return f"Sampled: {found.looked_at:,} of {plural(found.chosen, 'row')}, at random; all counts are of the sample."
    return f"{plural(found.chosen, 'row')} would be replayed."


def _of_table(table: "TableChange") -> Iterator[str]:
    if not table.there and table.added:
        yield f"{table.table} is new."
    if table.new_columns:
        names = ", ".join(table.new_columns)
        yield f"{table.table}: column{'' if len(table.new_columns) == 1 else 's'} {names} would be new: etl-actors slips apply"
    if table.examples:
        shown = len(table.examples)
        yield f"{table.table}: {plural(table.changed, 'row')} would change" + (", such as" if shown < table.changed else "")
        for example in table.examples:
            yield f"  {_known_as(example)}"
            for name, (before, after) in example.changes.items():
                yield f"      {name}: {_value(before)} → {_value(after)}"


def _known_as(example: "Example") -> str:
    key = ", ".join(f"{name} {_value(value, _KEY)}" for name, value in example.key.items())
    return f"{key} ({example.id})" if key else example.id


def _value(text: str | None, width: int = _VALUE) -> str:
    return "null" if text is None else shortened(text, width) or "''"


def _sentences(found: "DryRun") -> Iterator[str]:
    moves = [
        f"{_ABOUT * (after in _UNSURE)}{rows:,} from {Outcome(before).word} to {Outcome(after).word}"
        for (before, after), rows in found.outcomes.items()
        if before != after
    ]
    yield f"Outcomes that would change: {', '.join(moves)}." if moves else "No row's outcome would change."
    items = sum(found.refusals.items.values())
    if items:
        yield f"{plural(items, 'item')} would be rejected alone: {_counted(list(found.refusals.items.most_common()))}."
    over = sum(table.taken_over for table in found.tables)
    if over:
        yield f"{plural(over, 'row')} would be taken over by documents that had lost to a chosen one."
    may = f"Of {plural(found.losers, 'document')} that may take over what the rows would let go"
    if found.sought + found.withheld < found.losers:
        yield f"{may}, {found.sought:,} were parsed, at random: fewer rows would be removed."
    if found.withheld:
        yield f"{may}, {found.withheld:,} were settled by a steps.py that is not installed: there the replay would stand still."
    touched = any(table.touched for table in found.tables)
    yield "Nothing was changed." if touched else "Nothing would change in the tables, and nothing was changed."


def _counted(counts: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{reason} {rows:,}" for reason, rows in counts)


def dry_run_json(found: "DryRun") -> dict[str, Any]:
    """Tell the same as JSON."""
    return {
        "dry_run": True,
        "chosen": found.chosen,
        "looked_at": found.looked_at,
        "sampled": found.looked_at < found.chosen,
        "tables": [_table_json(table) for table in found.tables],
        "outcomes": [
            {"before": Outcome(before).word, "after": Outcome(after).word, "rows": rows}
            for (before, after), rows in found.outcomes.items()
        ],
        "rejected": refusals_json(found.refusals),
        "taken_over": {
            "rows": sum(table.taken_over for table in found.tables),
            "sought": found.sought,
            "withheld": found.withheld,
            "of": found.losers,
        },
    }


def _table_json(table: "TableChange") -> dict[str, Any]:
    return {
        "table": table.table,
        "there": table.there,
        "new_columns": list(table.new_columns),
        **{name: getattr(table, name) for name in _COUNTS},
        "taken_over": table.taken_over,
        "examples": [
            {
                "_id": example.id,
                "key": dict(example.key),
                "changes": {name: {"before": before, "after": after} for name, (before, after) in example.changes.items()},
            }
            for example in table.examples
        ],
    }
