"""What a refusal is told as: where in the document, in which column, by which expression, and of a text at which place."""

from types import FrameType, TracebackType
from typing import Any

from etl_actors.combinators.excerpt import excerpt, standing
from etl_actors.relational.reject import Reject, Stage
from etl_actors.slips.blaming.elements import place_element
from etl_actors.slips.blaming.item_places import Items
from etl_actors.slips.blaming.origins import Origins
from etl_actors.slips.blaming.secret_values import Secrets
from etl_actors.slips.blaming.spots import Blame, Part, Spot
from etl_actors.slips.expressions.beginnings import let_of
from etl_actors.slips.model.names import bare_names
from etl_actors.slips.values.document import Staged
from etl_actors.slips.values.refused import Refused

__all__ = ["reject_of"]

_TEXT = ("line", "text_column", "position", "excerpt")  # the place in a text, as `Refused.detail` has it
_OWN = "step_failed"  # the reason of a refusal that the code of a slip words itself


def reject_of(
    refused: Refused,
    blame: Blame,
    staged: Staged,
    document: Any,
    *,
    item: bool = False,
    places: dict[Any, Any] | None = None,
) -> Reject:
    """Make a reject of a refusal.

    Args:
        refused: as it came out of the generated code.
        blame: of the same code.
        staged: the row.
        document: its payload.
        item: whether only an item was refused.
        places: what was found out for other items of the same document; it is added to.

    Returns:
        The reject, of stage parse where a grammar refused a text, else of stage map. In its detail, `column` is the table's;
        `text_column` is the place in the line of a text, from 1; `element` is the index in a list that steps have made.
    """
    frame, line = _frame(refused.__traceback__)
    spot = blame.spots[line - 1] if frame and line else None
    refused.__traceback__ = None  # it holds the frame, and so the whole document
    if spot is None or frame is None:
        return Reject(staged.row_id, refused.stage, refused.reason, refused.sentence, item=item)
    items = Items(blame, frame.f_locals, document, {} if places is None else places)
    at = blame.parent_of(spot.table) if spot.part is Part.EACH else spot.table
    secrets = Secrets(items, at)
    private = _is_private(refused, spot, blame) or secrets.has(refused.got) or _words_tell(refused, secrets)
    detail = _where(refused, spot, blame, items)
    detail |= {key: value for key, value in refused.detail.items() if key not in _TEXT}
    told = _in_text(refused, spot, blame, items, secrets)
    if private:
        told.pop("excerpt", None)
    detail |= told
    return Reject(staged.row_id, refused.stage, refused.reason, _sentence(refused, private=private), detail, item=item)


def _frame(traceback: TracebackType | None) -> tuple[FrameType | None, int]:
    while traceback:
        if traceback.tb_frame.f_code.co_name == "map_document":
            return traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next
    return None, 0


def _where(refused: Refused, spot: Spot, blame: Blame, items: Items) -> dict[str, Any]:
    known = None if refused.let is None else blame.lets[refused.let]
    where = (
        items.begins(known.let.node, known.table, refused.got)
        if known
        else items.begins(spot.node, spot.table, refused.got, part=spot.part)
    )
    path, elements = place_element(where, known.let.node if known else spot.node, refused.elements)
    detail: dict[str, Any] = {"path": path, "table": blame.tables[spot.table].table.qualified}
    if spot.column is not None:
        detail["column"] = spot.column
    detail["expression"] = spot.text
    if elements:
        detail["element"] = elements[0] if len(elements) == 1 else list(elements)
    if known:
        detail |= {"let": known.let.name, "let_expression": known.let.text}
    return detail


def _in_text(refused: Refused, spot: Spot, blame: Blame, items: Items, secrets: Secrets) -> dict[str, Any]:
    """Say at which place of the document's own text a text was refused.

    The place that the refusal knows is one in the text that the step was given. Where that is a piece which another
    grammar has cut out, the place is found in the text that it was cut out of.
    """
    piece = refused.got
    told = {key: refused.detail[key] for key in _TEXT if key in refused.detail}
    position: int | None = refused.detail.get("position")
    if type(piece) is not str or (position is None and refused.stage is Stage.PARSE):
        return told
    known = None if refused.let is None else blame.lets[refused.let]
    origins = Origins(blame, items)
    traced = origins.of(known.let.node, known.table) if known else origins.of(spot.node, spot.table, spot.part)
    several = [one for one in traced if one.text]
    for exactly in (True, False):
        for origin in several:
            start = origin.find(piece, exactly=exactly)
            if start is None:
                continue
            if position is None and not origin.cut:
                return {}  # a value of the document itself: its path says all
            at = start + (position or 0)
            line, column, shown = excerpt(origin.text, at)
            place: dict[str, Any] = {"line": line, "position": at}
            if position is not None:
                place["text_column"] = column
            hidden = origin.private or secrets.has(origin.text)
            return place if hidden else place | {"excerpt": shown}
    return told | {"of": "piece"} if position is not None else {}


def _is_private(refused: Refused, spot: Spot, blame: Blame) -> bool:
    """Tell whether a refusal is of a private column or let, or of the whole value of a private let."""
    if spot.private or (refused.let is not None and blame.lets[refused.let].let.private):
        return True
    if not any(known.let.private for known in blame.lets):
        return False  # as of most slips: to find the names that an expression asks takes longer than all else here
    table: int | None = spot.table
    part, node = spot.part, spot.node
    if refused.let is not None:
        known = blame.lets[refused.let]
        table, part, node = known.table, Part.COLUMN, known.let.node
    sight = blame.sight_of(table, part)
    lets = (let_of(path, sight) for path in bare_names(node) if len(path.segments) == 1)
    return any(let is not None and blame.lets[let].let.private for let in lets)


def _words_tell(refused: Refused, secrets: Secrets) -> bool:
    """Tell whether the words of a slip's own step hold what is not shown."""
    return refused.reason == _OWN and secrets.has(refused.expected)


def _sentence(refused: Refused, *, private: bool) -> str:
    if private:
        got = "null" if refused.got is None else "a private value"
        expected = "a value that the step takes" if refused.reason == _OWN else refused.expected  # a step's words may hold it
        return f"expected {expected}, got {got}"
    position = refused.detail.get("position")
    if position is None or type(refused.got) is not str:
        return refused.sentence
    return f"expected {refused.expected}, got {standing(refused.got, position)}"
