"""Reading `[breakout]`: a slip that names no column has the tables that its documents have."""

from etl_actors.relational.breakout.asked import Asked, Place, Wish, asked_of, place_of
from etl_actors.relational.breakout.evidence import read_evidence
from etl_actors.relational.breakout.fitting import Contract
from etl_actors.relational.breakout.layout import laid_out
from etl_actors.relational.breakout.names import plain
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.targets import broken_targets
from etl_actors.relational.tables import Policy
from etl_actors.slips.model.breakout import Breakout
from etl_actors.slips.model.slip import SlipTable
from etl_actors.slips.reading.columns import name_problem
from etl_actors.slips.source.section import Section

__all__ = ["broken_tables", "read_breakout"]

_KNOWN = ("table", "schema", "key", "on_duplicate", "contract", "contracts", *(wish.value for wish in Wish))
_POLICIES = ("ignore", "update")


def read_breakout(section: Section, schema: str, name: str, evidence: str) -> Breakout | None:
    """Read how a slip breaks documents out.

    Args:
        section: of the slip.
        schema: for tables, where the section names none.
        name: of the slip, which its root table has too if it names none.
        evidence: what was seen of its documents; empty for nothing.

    Returns:
        None where something is wrong with it, which is noted.
    """
    section.check_keys(_KNOWN, "[breakout]", later=("entities",))
    table = section.text("table")
    table = plain((name,)) if table is None else table
    problem = name_problem(table, "table")
    if problem:
        section.wrong("table", problem)
    contract = _contract(section, "contract") or Contract.EVOLVE
    where = section.text("schema") or schema
    key = _key(section)
    policy = section.text("on_duplicate") or "ignore"
    if policy not in _POLICIES:
        section.wrong("on_duplicate", f"expected one of {', '.join(_POLICIES)}, got `{policy}`")
        return None
    asked = _asked(section)
    try:
        seen = read_evidence(evidence, asked) if evidence else Seen(asked=asked)
    except ValueError as error:
        section.problems.at_key(section.keys, str(error))
        return None
    for one in key:
        seen.members.pop(one, None)  # which has a column whatever was seen there
    return Breakout(table, where, key, Policy(policy), evidence, laid_out(seen, table, key), contract, _contracts(section), asked)


def broken_tables(breakout: Breakout) -> tuple[SlipTable, ...]:
    """Give the tables of a break-out as those of a slip."""
    names = {None: None} | {number: table.name for number, table in enumerate(breakout.layout.tables)}
    targets = broken_targets(breakout.layout, breakout.schema, breakout.key, breakout.policy)
    return tuple(
        SlipTable(target, names[table.parent], None, None, ())
        for target, table in zip(targets, breakout.layout.tables, strict=True)
    )


def _contract(section: Section, key: str) -> Contract | None:
    given = section.text(key)
    if given is None or given in [*Contract]:
        return None if given is None else Contract(given)
    section.wrong(key, f"expected one of {', '.join(Contract)}, got `{given}`")
    return None


def _contracts(section: Section) -> dict[str, Contract]:
    """Read the contracts of single tables."""
    given = section.content.get("contracts", {})
    if not isinstance(given, dict):
        section.wrong("contracts", 'expected contracts by name of table, such as { product__offers = "freeze" }')
        return {}
    below = Section(given, section.problems, (*section.keys, "contracts"))
    return {name: found for name in given if (found := _contract(below, name)) is not None}


def _asked(section: Section) -> Asked | None:
    """Read what is said of places by hand: a list of paths for each wish."""
    wishes: list[tuple[Place, Wish]] = []
    for wish in Wish:
        given = section.content.get(wish.value, [])
        for text in [given] if isinstance(given, str) else given if isinstance(given, list) else [None]:
            place = place_of(text) if isinstance(text, str) else None
            if place is None:
                section.wrong(
                    wish.value, f'expected a list of places in the documents, such as "$.offers[*].price", got `{text}`'
                )
            else:
                wishes.append((place, wish))
    both = {place for place, wish in wishes if wish is Wish.MAPS} & {place for place, wish in wishes if wish is Wish.FIELDS}
    if both:
        section.wrong(Wish.MAPS.value, "expected each place under maps or under fields, got one under both")
    return asked_of(wishes)


def _key(section: Section) -> tuple[str, ...]:
    given = section.content.get("key", [])
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, list) or not all(isinstance(one, str) and one for one in given) or len({*given}) != len(given):
        section.wrong("key", "expected a list of fields of the documents, each once")
        return ()
    return tuple(given)
