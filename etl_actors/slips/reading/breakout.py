"""Reading `[breakout]`: a slip that names no column has the tables that its documents have."""

from dataclasses import replace

from etl_actors.relational.breakout.asked import Asked, Place, Wish, asked_of, place_of
from etl_actors.relational.breakout.evidence import read_evidence
from etl_actors.relational.breakout.fitting import Contract
from etl_actors.relational.breakout.layout import laid_out
from etl_actors.relational.breakout.lifted import lifted
from etl_actors.relational.breakout.names import plain
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import Cell, CellKind
from etl_actors.relational.breakout.targets import broken_targets
from etl_actors.relational.tables import Column, Policy
from etl_actors.slips.model.breakout import Breakout
from etl_actors.slips.model.draft import Draft
from etl_actors.slips.model.slip import SlipColumn, SlipTable
from etl_actors.slips.reading.columns import name_problem
from etl_actors.slips.reading.entities import read_entities
from etl_actors.slips.reading.own_names import check_own_names
from etl_actors.slips.reading.tables import read_table
from etl_actors.slips.reading.view import read_view
from etl_actors.slips.source.section import Section

__all__ = ["broken_tables", "given_root", "read_breakout"]

_BY_EXPRESSION = ("columns", "when", "index", "delete_when")
_VIEW = ("view", "materialize")
_KNOWN = (
    *("table", "schema", "key", "on_duplicate", "contract", "contracts", "entities"),
    *_BY_EXPRESSION,
    *_VIEW,
    *(wish.value for wish in Wish),
)
_POLICIES = ("ignore", "update")


def given_root(section: Section, schema: str, name: str) -> dict[str, Draft]:
    """Read what expressions make of the root: its columns, and a key, a policy and a condition by these.

    Args:
        section: of the slip.
        schema: for tables, where the section names none.
        name: of the slip.

    Returns:
        The root by its name; nothing where no expression is asked for.
    """
    if not any(key in section.content for key in _BY_EXPRESSION):
        return {}
    columns = section.content.get("columns", {})
    for column_name, column in columns.items() if isinstance(columns, dict) else ():
        if isinstance(column, dict) and "private" in column:
            section.problems.at_key(
                (*section.keys, "columns", column_name), "a break-out shows whole documents: it has no private columns"
            )
    taken = (*_BY_EXPRESSION, *(("key", "on_duplicate") if "columns" in section.content else ()))
    content = {key: section.content[key] for key in taken if key in section.content}
    table = section.content.get("table", plain((name,)))
    draft = read_table(str(table), Section(content, section.problems, section.keys), schema)
    if "columns" not in section.content:  # then the key is one of fields
        draft.content = {key: section.content[key] for key in (*taken, "key") if key in section.content}
        draft.policy = Policy.UPDATE if section.content.get("on_duplicate") == Policy.UPDATE.value else Policy.IGNORE
    return {draft.name: draft}


def read_breakout(section: Section, schema: str, name: str, evidence: str, given: SlipTable | None = None) -> Breakout | None:
    """Read how a slip breaks documents out.

    Args:
        section: of the slip.
        schema: for tables, where the section names none.
        name: of the slip, which its root table has too if it names none.
        evidence: what was seen of its documents; empty for nothing.
        given: the root as expressions make it, if they do.

    Returns:
        None where something is wrong with it, which is noted.
    """
    section.check_keys(_KNOWN, "[breakout]")
    table = section.text("table")
    table = plain((name,)) if table is None else table
    problem = name_problem(table, "table")
    if problem:
        section.wrong("table", problem)
    contract = _contract(section, "contract") or Contract.EVOLVE
    where = section.text("schema") or schema
    by_expression = "columns" in section.content
    key = () if by_expression else _key(section)
    policy = "ignore" if by_expression else section.text("on_duplicate") or "ignore"
    if policy not in _POLICIES:
        section.wrong(
            "on_duplicate", f"expected one of {', '.join(_POLICIES)}, got `{policy}`; others need a column, by `columns`"
        )
        return None
    asked = _asked(section)
    view = read_view(section, where, table)
    entities = read_entities(section, table)
    check_own_names(section, table, view, entities)
    if section.problems:
        return None
    try:
        seen = read_evidence(evidence, asked) if evidence else Seen(asked=asked)
    except ValueError as error:
        section.problems.at_key(section.keys, str(error))
        return None
    for one in key:
        seen.members.pop(one, None)  # which has a column whatever was seen there
    return Breakout(
        table,
        where,
        key,
        Policy(policy),
        evidence,
        lifted(laid_out(seen, table, key, _cells(given), [one.name for one in entities]), entities, seen.varying),
        contract,
        _contracts(section),
        asked,
        _known_by(key, given),
        view,
        entities,
        deletes="delete_when" in section.content,
    )


def _known_by(key: tuple[str, ...], given: SlipTable | None) -> tuple[str, ...]:
    if given is None or not given.table.key:
        return key
    texts = {column.name: column.text for column in given.columns}
    return tuple(f"{name} by `{texts[name]}`" for name in given.table.identity)


def _cells(given: SlipTable | None) -> tuple[Cell, ...]:
    if given is None:
        return ()
    columns = zip(given.columns, given.table.columns, strict=True)
    return tuple(Cell(one.name, (), CellKind.GIVEN, column.type, expression=_asked_of(one, column)) for one, column in columns)


def _asked_of(made: SlipColumn, column: Column) -> str:
    return f"{made.text}{'' if column.null else ' not null'}{f' check {column.check}' if column.check else ''}"


def broken_tables(breakout: Breakout, given: SlipTable | None = None, marker: SlipTable | None = None) -> tuple[SlipTable, ...]:
    """Give the tables of a break-out as those of a slip; the root has the condition that the slip gives it, and so have the tombstones."""
    layout = breakout.layout
    names = {None: None} | {number: table.name for number, table in enumerate(layout.tables)}
    parents = [*(names[table.parent] for table in layout.tables), *(None for _ in layout.entities)]
    root = None if given is None else given.table
    tombstones = None if marker is None else marker.table
    first, *others = broken_targets(layout, breakout.schema, breakout.key, breakout.policy, root, tombstones)
    made = [SlipTable(target, parent, None, None, ()) for target, parent in zip(others, parents[1:], strict=False)]
    if marker is not None:
        made.append(replace(marker, table=others[-1], columns=()))
    return (SlipTable(first, None, None, None if given is None else given.when, ()), *made)


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
