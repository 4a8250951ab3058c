"""Rows that would be rejected, by reason, with one of each to look at."""

from typing import TYPE_CHECKING, Any

from etl_actors.cli.render import Column, number, show_table

if TYPE_CHECKING:
    from etl_actors.dry_run.found import Refusals

__all__ = ["refusals_json", "show_refusals"]


def show_refusals(refusals: "Refusals") -> None:
    """Print how many rows would be rejected for which reason, and one of each."""
    lines = [
        [reason, number(rows), str(refusals.examples[reason].row_id), refusals.examples[reason].message]
        for reason, rows in refusals.rows.most_common()
    ]
    show_table([Column("rejected for"), Column("rows", right=True), Column("such as row", right=True), Column("because")], lines)


def refusals_json(refusals: "Refusals") -> list[dict[str, Any]]:
    """Tell the same, and of items that would be rejected alone, as JSON."""
    return [
        {
            "reason": reason,
            "rows": refusals.rows[reason],
            "items": refusals.items[reason],
            "example": {"row_id": example.row_id, "stage": example.stage.value, "message": example.message},
        }
        for reason, example in refusals.examples.items()
    ]
