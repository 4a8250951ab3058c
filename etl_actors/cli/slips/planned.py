"""What is to come of a slip: statements, tables to be filled anew, conflicts, and what becomes of a sample of its rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl_actors.cli.refusals import refusals_json, show_refusals
from etl_actors.cli.render import plural, say, show_lines
from etl_actors.errors import DatabaseUnsuitable, SlipError
from etl_actors.slips.model.slip import Slip

if TYPE_CHECKING:
    from etl_actors.dry_run.sample import Sample
    from etl_actors.settings import Settings
    from etl_actors.slips.shelf.catalogue import Catalogue
    from etl_actors.store.breakout.permission import Plan
    from etl_actors.store.breakout.planned import Growth, Refilling
    from etl_actors.store.database import Connection

__all__ = ["Planned", "planned", "planned_json", "show_planned", "waiting"]

_MEGABYTE = 1e6


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to come for one slip.

    Args:
        name: of the slip.
        changes: each as a sentence and its statement.
        refill: its tables would be filled anew; None where they would not.
        conflicts: why it cannot be, or what stands against a part of it; empty where nothing does.
        sample: what became of rows that are staged; None where none were looked at.
        by_documents: whether documents make the changes, when they land.
        waits: why documents that ask for changes do not make them; empty where none do, or they make them.
    """

    name: str
    changes: tuple[tuple[str, str], ...] = ()
    refill: "Refilling | None" = None
    conflicts: tuple[str, ...] = ()
    sample: "Sample | None" = None
    by_documents: bool = False
    waits: str = ""

    @property
    def count(self) -> int:
        """How much is to come."""
        return len(self.changes) + (self.refill is not None)


def planned(conn: "Connection", settings: "Settings", catalogue: "Catalogue", slip: Slip, rows: int) -> Planned:
    """Plan one slip.

    Args:
        conn: as the service.
        settings: for the target schema and the rows of a batch.
        catalogue: the slips that would be in force, this one among them.
        slip: as it is in its folder.
        rows: staged rows that are looked at, at most.
    """
    from etl_actors.dry_run.sample import sampled

    sample = None
    try:
        sample = sampled(conn, settings, catalogue, slip, rows)
        return _planned(conn, settings, sample.slip, sample)
    except (DatabaseUnsuitable, SlipError) as conflict:
        return Planned(slip.name, conflicts=(str(conflict),), sample=sample)


def waiting(conn: "Connection", settings: "Settings", plan: "Plan") -> Planned:
    """Plan a slip that is in no folder here, by what its documents wait for.

    Args:
        conn: as the service.
        settings: for the target schema, and what documents make by themselves.
        plan: that waits.
    """
    from etl_actors.relational.breakout.seen import Seen
    from etl_actors.slips.reading.growing import grown
    from etl_actors.slips.reading.read import read_slip
    from etl_actors.store.breakout.column_map import breakout_in_force
    from etl_actors.store.breakout.permission import planned as asked_before

    try:
        slip = read_slip(plan.files, settings.target_schema)
        known = breakout_in_force(conn, plan.name, settings.target_schema) or slip
        return _planned(conn, settings, grown(known, asked_before(conn, slip) or Seen()))
    except (DatabaseUnsuitable, SlipError) as conflict:
        return Planned(plan.name, conflicts=(str(conflict),))


def _planned(conn: "Connection", settings: "Settings", slip: Slip, sample: "Sample | None" = None) -> Planned:
    growth = _growth(conn, slip, settings)
    changes = tuple((change.sentence, change.statement.as_string(conn)) for change in growth.changes)
    by_documents = slip.breakout is not None and not growth.waits
    return Planned(slip.name, changes, growth.refill, growth.conflicts, sample, by_documents=by_documents, waits=growth.waits)


def _growth(conn: "Connection", slip: Slip, settings: "Settings") -> "Growth":
    from etl_actors.store.breakout.permission import Permission
    from etl_actors.store.breakout.planned import Growth, planned_growth
    from etl_actors.store.tables.kin import require_same_identity, stored_slips
    from etl_actors.store.tables.targets import plan_tables

    require_same_identity(conn, slip, stored_slips(conn, settings.target_schema))
    if slip.breakout is None:
        return Growth(tuple(plan_tables(conn, slip.targets, slip.name, settings.target_schema)))
    permission = Permission(settings.ddl == "auto", settings.ddl_max_rewrite_mb)
    return planned_growth(conn, slip, settings.target_schema, permission)


def show_planned(planned: Planned) -> None:
    """Print what is to come of a slip; nothing where nothing is, and no row that is staged may come to it."""
    said = ", ".join(_counted(planned))
    if said:
        show_lines([f"slip {planned.name}: {said}"], "bold")
    show_lines([f"  {line}" for conflict in planned.conflicts for line in conflict.splitlines()])
    for sentence, statement in planned.changes:
        show_lines([f"  {sentence}"])
        show_lines([f"      {statement};"], "dim")
    if planned.refill:
        show_lines([f"  {_refilled(planned.refill)}"])
    if planned.count and planned.waits:
        say(f"  Documents that ask for it wait, since {planned.waits}.")
    if planned.sample and planned.sample.looked_at:
        _show_sample(planned.sample)


def _counted(planned: Planned) -> Iterator[str]:
    if planned.count:
        yield plural(planned.count, "change")
        if planned.conflicts:
            yield plural(len(planned.conflicts), "conflict")
    elif planned.conflicts:
        yield "it cannot be"
    elif planned.sample and planned.sample.looked_at:
        yield "nothing to do"


def _refilled(refill: "Refilling") -> str:
    size = f"{plural(refill.rows, 'row')}, {refill.nbytes / _MEGABYTE:,.1f} MB"
    return f"fill {', '.join(refill.tables)} anew ({size}): {refill.why}"


def _show_sample(sample: "Sample") -> None:
    looked_at = f"Of the {plural(sample.looked_at, 'row')} staged last that may come to it,"
    if not sample.came:
        say(f"  {looked_at} none does.")
        return
    said = [f"{looked_at} {sample.came:,} {'does' if sample.came == 1 else 'do'}"]
    said += [f"{sample.skipped:,} would be skipped"] * bool(sample.skipped)
    said += [f"{sample.rejected:,} would be rejected ({_rate(sample)} %)" if sample.rejected else "none would be rejected"]
    items = sum(sample.refusals.items.values())
    said += [f"{plural(items, 'item')} alone"] * bool(items)
    say(f"  {'; '.join(said)}.")
    if sample.rejected:
        show_refusals(sample.refusals)


def _rate(sample: "Sample") -> str:
    return f"{100 * sample.rejected / sample.came:.3g}"


def planned_json(planned: Planned) -> dict[str, object]:
    """Tell the same as JSON."""
    refill, sample = planned.refill, planned.sample
    return {
        "name": planned.name,
        "changes": [{"sentence": sentence, "statement": statement} for sentence, statement in planned.changes],
        "refill": refill
        and {"sentence": _refilled(refill), "tables": refill.tables, "rows": refill.rows, "bytes": refill.nbytes},
        "waits": (planned.waits or None) if planned.count else None,
        "conflict": "\n".join(planned.conflicts) or None,
        "sample": sample
        and {
            "rows": sample.looked_at,
            "came": sample.came,
            "skipped": sample.skipped,
            "rejected": sample.rejected,
            "rate": sample.rejected / sample.came if sample.came else None,
            "reasons": refusals_json(sample.refusals),
        },
    }
