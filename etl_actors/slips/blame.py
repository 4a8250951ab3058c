"""Which column of which table refused a value, told from the line of generated code that raised, at no cost before."""

from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any

from etl_actors.relational.reject import Reject, Stage
from etl_actors.slips import nodes as n
from etl_actors.slips.document import Staged
from etl_actors.slips.model import SlipTable
from etl_actors.slips.paths import located, location_text
from etl_actors.slips.refused import Refused

__all__ = ["Blame", "Spot", "reject_of"]

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """What a line of generated code computes.

    Args:
        table: its number in the slip.
        column: its name; None for `each` and `when`.
        text: the expression as written.
        node: the expression as read.
    """

    table: int
    column: str | None
    text: str
    node: n.Expression | n.Predicate | None


@dataclass(frozen=True, slots=True)
class Blame:
    """The lines of a mapper.

    Args:
        spots: one a line, from the first; None where nothing can be refused.
        tables: of the slip.
    """

    spots: tuple[Spot | None, ...]
    tables: tuple[SlipTable, ...]


def reject_of(refused: Refused, blame: Blame, staged: Staged, document: Any) -> Reject:
    """Make a reject of a refusal: where in the document, in which column, by which expression.

    Args:
        refused: as it came out of the generated code.
        blame: of the same code.
        staged: the row.
        document: its payload.

    Returns:
        The reject, of stage map.
    """
    frame, line = _frame(refused.__traceback__)
    spot = blame.spots[line - 1] if frame and line else None
    detail: dict[str, Any] = {}
    if spot and frame:
        place = _item_place(
            blame.tables, spot.table, frame.f_locals, document, each=spot.column is None and _is_each(spot, blame)
        )
        detail["path"] = _path(place, spot.node)
        detail["table"] = blame.tables[spot.table].table.qualified
        if spot.column is not None:
            detail["column"] = spot.column
        detail["expression"] = spot.text
    refused.__traceback__ = None  # it holds the frame, and so the whole document
    return Reject(staged.row_id, Stage.MAP, refused.reason, refused.sentence, detail)


def _is_each(spot: Spot, blame: Blame) -> bool:
    return spot.node is blame.tables[spot.table].each


def _frame(traceback: TracebackType | None) -> tuple[FrameType | None, int]:
    while traceback:
        if traceback.tb_frame.f_code.co_name == "map_document":
            return traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next
    return None, 0


def _item_place(tables: tuple[SlipTable, ...], number: int, variables: dict[str, Any], document: Any, *, each: bool) -> Place:
    """Find where the item of a table stands, from the loop's variables at the time of the refusal."""
    made = tables[number]
    parent = next((i for i, other in enumerate(tables) if other.table.name == made.parent), None)
    above: Place = () if parent is None else _item_place(tables, parent, variables, document, each=False)
    if made.each is None or each:
        return above
    index = variables[f"index{number}"]
    base = variables["document"]
    start: Place = ()
    path = _first_path(made.each)
    if path is None:
        return (*above, index)
    if path.root != "$":
        base, start = _value_at(document, above), above
    found = located(base, path.segments)
    if path.plural and made.each is path:
        return (*start, *found[index][0])
    if not found:
        return (*start, index)
    place, value = found[0]
    return (*start, *place, index) if type(value) is list else (*start, *place)


def _value_at(document: Any, place: Place) -> Any:
    for step in place:
        document = document[step]
    return document


def _first_path(node: Any) -> n.Path | None:
    """Find the path that an expression begins with."""
    match node:
        case n.Path():
            return node
        case n.Pipe() | n.TypeOf() | n.Exists():
            return _first_path(node.value)
        case n.Choice():
            return next((found for option in node.options if (found := _first_path(option))), None)
        case n.Compare() | n.Member():
            return _first_path(node.left)
        case n.All() | n.Any_():
            return next((found for part in node.parts if (found := _first_path(part))), None)
        case n.Not():
            return _first_path(node.part)
        case _:
            return None


def _path(place: Place, node: Any) -> str:
    path = _first_path(node)
    if path is None:
        return location_text(place)
    text = "$" if path.root == "$" else location_text(place)
    for segment in path.segments:
        match segment:
            case n.Field(name):
                text = location_text((name,), text)
            case n.Index(number):
                text = location_text((number,), text)
            case _:
                text += "[*]"
    return text
