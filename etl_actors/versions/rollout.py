"""A rollout: slips are checked, their tables made, their text stored, and only then every daemon is told to read its folders."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from etl_actors.errors import NoPlace, SlipError, UsageError
from etl_actors.relational.breakout.seen import Seen
from etl_actors.settings import Settings
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.shelf.found import Found, Shelf, find_slips
from etl_actors.slips.shelf.in_force import Standing
from etl_actors.slips.shelf.unmatched import is_unmatched
from etl_actors.store.breakout.adoption import adopt, hold
from etl_actors.store.breakout.growth import Breakouts
from etl_actors.store.breakout.permission import Plan, planned, plans
from etl_actors.store.database import Connection, connect, translated
from etl_actors.store.versions import Ring, lock, record_rollout, retire, ring
from etl_actors.versions.reading import Reading

__all__ = ["Applied", "Effect", "Rollout", "apply"]


class Effect(StrEnum):
    """What applying a slip did."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one slip.

    Args:
        name: of the slip.
        effect: what applying it did.
        digest: of the version that is active now; None where there is none.
        before: of the version that was active; None where there was none.
        problem: why it was refused; empty otherwise.
        tables: qualified names of those that were made or got columns.
    """

    name: str
    effect: Effect
    digest: str | None
    before: str | None
    problem: str = ""
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grown:
    """What became of the changes that documents of a break-out asked for.

    Args:
        name: of the slip.
        tables: qualified names of those that were made or changed.
        problem: why they were not; empty otherwise.
    """

    name: str
    tables: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Rollout:
    """What a rollout did.

    Args:
        slips: those applied, by name.
        elsewhere: names of slips that are active and in none of the folders: rows wait for the daemon that has them.
        retired: names of those that are active no more.
        grown: break-outs whose documents waited for their tables to be changed.
    """

    slips: tuple[Applied, ...]
    elsewhere: tuple[str, ...]
    retired: tuple[str, ...]
    grown: tuple[Grown, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether any slip was refused."""
        return any(slip.effect is Effect.REFUSED for slip in self.slips) or any(one.problem for one in self.grown)

    @property
    def changes_anything(self) -> bool:
        """Whether daemons have something to take from it, were it only that all is as it was; not where all was refused."""
        taken = any(slip.effect is not Effect.REFUSED for slip in self.slips)
        return taken or bool(self.retired) or any(not one.problem for one in self.grown)


def apply(url: str, settings: Settings, names: Collection[str] = (), *, retiring: Collection[str] = ()) -> Rollout:
    """Put the folders' slips in force.

    A slip that cannot be used, or that the database refuses, is left as it was; the others are applied.

    Args:
        url: of the database in use, whose revision is one that this release accepts.
        settings: for the folders and the target schema.
        names: of the slips to be applied; none for all.
        retiring: names of slips that are in no folder any more, and for which rows are not to wait.

    Raises:
        UsageError: there is no slip of such a name, or one to be retired is in a folder.
        DatabaseUnavailable: nothing is in force that was not before, though tables may have been made.
    """
    shelf = find_slips(settings.parser_folders, settings.target_schema)
    with connect(url, application_name="etl-actors slips apply") as conn, translated(url):
        _require(shelf, sorted({*names} - {plan.name for plan in plans(conn)}), retiring)
        reading = Reading(conn, settings.target_schema, shelf)
        standings = reading.settled(names)
        before = {one.name: one.digest for one in reading.active}
        slips = tuple(_applied(standing, before, reading) for standing in standings if not names or standing.name in names)
        retired = sorted(before.keys() & set(retiring))
        with conn.transaction():
            lock(conn)
            good = [each for each in standings if not each.problem and (not names or each.name in names)]
            wanted = [each.slip for each in good if each.slip is not None]
            hold(conn, wanted)
            for slip in sorted(wanted, key=lambda slip: slip.name):
                adopt(conn, slip)
            retire(conn, retired)
            detail: dict[str, dict[str, str | None]] = {slip.effect.value: {} for slip in slips}
            for each in slips:
                detail[each.effect.value][each.name] = each.digest
            record_rollout(conn, {**detail, "retired": retired})
            ring(conn, Ring.READ)
        grown = tuple(_grown(conn, plan, settings.target_schema) for plan in plans(conn) if not names or plan.name in names)
    elsewhere = {name for name in before if not is_unmatched(name)} - {found.name for found in shelf.slips} - set(retired)
    return Rollout(tuple(sorted(slips, key=lambda slip: slip.name)), tuple(sorted(elsewhere)), tuple(retired), grown)


def _grown(conn: Connection, plan: Plan, target_schema: str) -> Grown:
    """Make what documents of a break-out ask for."""
    growth = Breakouts(conn, target_schema)
    slip = read_slip(plan.files, target_schema)
    try:
        growth.grow(slip, planned(conn, slip) or Seen())
    except (SlipError, NoPlace) as exc:
        return Grown(plan.name, problem=str(exc))
    return Grown(plan.name, tuple(growth.changed))


def _require(shelf: Shelf, names: Collection[str], retiring: Collection[str]) -> None:
    missing = [*shelf.missing.values(), *shelf.empty.values()]
    if missing:
        raise UsageError("\n".join(missing))
    there = {found.name: found for found in shelf.slips}
    unknown = [name for name in names if name not in there]
    if unknown:
        raise UsageError(
            f"There is no slip {', '.join(unknown)} in the folders of slips; there are {_listed(shelf.slips) or 'none'}."
        )
    kept = [there[name] for name in retiring if name in there]
    if kept:
        raise UsageError(f"{kept[0].folder} holds the slip {kept[0].name}: a slip is retired once its folder is gone.")


def _listed(found: Collection[Found]) -> str:
    return ", ".join(sorted(each.name for each in found))


def _applied(standing: Standing, before: dict[str, str], reading: Reading) -> Applied:
    was = before.get(standing.name)
    if standing.problem or standing.slip is None:
        return Applied(standing.name, Effect.REFUSED, was, was, standing.problem)
    digest = standing.slip.digest
    effect = Effect.NEW if was is None else Effect.UNCHANGED if was == digest else Effect.CHANGED
    return Applied(standing.name, effect, digest, was, "", tuple(reading.tables.get(digest, ())))
