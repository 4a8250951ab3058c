"""Which element of a list was refused, where that list stands in the document itself."""

from etl_actors.slips.blaming.item_places import Where
from etl_actors.slips.expressions import nodes as n

__all__ = ["place_element"]

_KEEPING = frozenset({"as_list", "default", "map", "null_if", "required"})  # an element stays where it was
_Parts = tuple[n.Step | n.Segment, ...]


def place_element(where: Where, node: n.Expression | n.Predicate, elements: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    """Go on from a list to the element that was refused.

    Args:
        where: what the expression begins with.
        node: the expression.
        elements: indexes, as `Refused.elements` has them.

    Returns:
        The path, and the indexes that it does not say: those in lists that steps have made.
    """
    path, value, parts = where.text, where.value, _parts_behind(node) if where.exact else ()
    while elements and type(value) is list and elements[0] < len(value):
        step = _last_by_element(parts)
        if step is None:
            break
        path, value, elements = f"{path}[{elements[0]}]", value[elements[0]], elements[1:]
        inner = step.arguments[0] if step.name == "map" and step.arguments else None
        parts = inner.parts if isinstance(inner, n.Steps) else ()
    return path, elements


def _parts_behind(node: n.Expression | n.Predicate) -> _Parts:
    match node:
        case n.Pipe(_, n.Path() as path, parts) if not path.plural:
            return parts
        case _:
            return ()


def _last_by_element(parts: _Parts) -> n.Step | None:
    """Find the last step that takes element by element; None where the elements that it takes may not be those of the value."""
    several = [number for number, part in enumerate(parts) if isinstance(part, n.Step) and (part.array or part.name == "map")]
    upto = parts[: several[-1] + 1] if several else ()
    steps = [part for part in upto if isinstance(part, n.Step) and (part.array or part.name in _KEEPING)]
    return steps[-1] if steps and len(steps) == len(upto) else None
