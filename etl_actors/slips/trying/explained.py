"""Why a slip takes a document or does not: the parts of its `when`, each with whether it holds."""

from typing import Any

from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.mapping.route import predicate_of
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.values.document import Staged

__all__ = ["explain"]


def explain(slip: Slip, document: Any, staged: Staged) -> list[tuple[str, bool]]:
    """Tell which parts of a slip's `when` hold of a document.

    Args:
        slip: whose `when` it is.
        document: the row's payload, decoded.
        staged: the row.

    Returns:
        The text of each part that `and` joins, from left to right, and whether it holds; nothing where the slip has no
        `when`. A part that fails does not hold.

    Raises:
        SlipError: a part uses a step of the slip's own, and its ``steps.py`` can't be run.
    """
    if slip.when is None:
        return []
    return [(_text(slip.when_text, part), predicate_of(slip, part)(staged, document)) for part in _joined(slip.when)]


def _joined(node: n.Predicate) -> list[n.Predicate]:
    return [inner for part in node.parts for inner in _joined(part)] if isinstance(node, n.All) else [node]


def _text(when: str, part: n.Predicate) -> str:
    return when[part.at : _behind(when, part)].strip()


def _behind(when: str, part: n.Predicate) -> int:
    """Find the character behind a part: what is in it says where it ends, but for brackets."""
    match part:
        case n.All() | n.Any_():
            end = max(_behind(when, one) for one in part.parts)
        case n.Not():
            end = _behind(when, part.part)
        case _:
            end = part.end
    while _open_brackets(when[part.at : end]) > 0 and end < len(when):
        end = when.find(")", end) + 1 or len(when)
    return end


def _open_brackets(text: str) -> int:
    """Count the round brackets that are open at the end of a text, strings left out."""
    count, quote, escaped = 0, "", False
    for character in text:
        if escaped:
            escaped = False
        elif quote:
            escaped = character == "\\"
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        else:
            count += (character == "(") - (character == ")")
    return count
