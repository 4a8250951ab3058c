"""Paths into the values of grammars, whose shapes are known: what a segment finds there, or why it can find nothing."""

from collections.abc import Sequence

from etl_actors.combinators.shape import AnyOf, Many, Object, Shape, Text
from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.source.problems import ExpressionError, did_you_mean

__all__ = ["any_of", "follow", "items", "options"]

_FEW = 8  # names in one message


def options(shape: Shape) -> list[Object | Many | Text]:
    """List what a shape may be, each once."""
    if not isinstance(shape, AnyOf):
        return [shape]
    return list(dict.fromkeys(one for option in shape.options for one in options(option)))


def any_of(shapes: Sequence[Shape]) -> Shape | None:
    """Join shapes to one; None of none."""
    found = list(dict.fromkeys(one for shape in shapes for one in options(shape)))
    return found[0] if len(found) == 1 else AnyOf(tuple(found)) if found else None


def items(shape: Shape) -> Shape | None:
    """Give the shape of a list's elements, None of what is never a list."""
    return any_of([one.item for one in options(shape) if isinstance(one, Many)])


def follow(shape: Shape, segments: Sequence[n.Segment], at: int, said: str) -> Shape:
    """Follow segments into a value.

    Args:
        shape: of the value.
        segments: to follow.
        at: where the expression that they belong to begins.
        said: the value as the expression has it, for messages; empty where it has no name.

    Raises:
        ExpressionError: a segment can find nothing in any value of that shape.
    """
    several = False
    for segment in segments:
        shape = _found(shape, segment, at, said)
        several = several or not isinstance(segment, n.Field | n.Index)
        said = said and said + _written(segment)
    return Many(shape) if several else shape


def _found(shape: Shape, segment: n.Segment, at: int, said: str) -> Shape:
    if isinstance(segment, n.Descendants | n.Union):
        inside = [one for option in options(shape) for one in _below(option)] if isinstance(segment, n.Descendants) else [shape]
        within = any_of(inside) or shape
        found = [_selected(within, selector, at, said) for selector in segment.selectors]
    else:
        found = [_selected(shape, segment, at, said)]
    return any_of(found) or shape


def _selected(shape: Shape, selector: n.Field | n.Index | n.Slice | n.Wild, at: int, said: str) -> Shape:
    found: Shape | None
    match selector:
        case n.Field(name):
            found = any_of([one.fields[name] for one in options(shape) if isinstance(one, Object) and name in one.fields])
        case n.Wild():
            found = any_of([inner for one in options(shape) for inner in _members(one)])
        case _:
            found = items(shape)
    if found is None:
        raise ExpressionError(at, _reason(shape, selector, said))
    return found


def _members(shape: Shape) -> list[Shape]:
    if isinstance(shape, Object):
        return list(shape.fields.values())
    return [shape.item] if isinstance(shape, Many) else []


def _below(shape: Shape) -> list[Shape]:
    """List a shape and all below it; rules that are recursive come once."""
    found: dict[Shape, None] = {}
    waiting = options(shape)
    while waiting:
        one = waiting.pop()
        if one not in found:
            found[one] = None
            waiting += [inner for member in _members(one) for inner in options(member)]
    return list(found)


def _reason(shape: Shape, selector: n.Field | n.Index | n.Slice | n.Wild, said: str) -> str:
    written = _written(selector)
    here = f"`{said}`" if said else f"what stands before `{written}`"
    objects = [one for one in options(shape) if isinstance(one, Object)]
    if isinstance(selector, n.Field) and objects:
        rules = " or ".join(f"`{rule}`" for rule in dict.fromkeys(one.rule for one in objects))
        known = list(dict.fromkeys(name for one in objects for name in one.fields))
        hint = did_you_mean(selector.name, known) or f"; it has {_listed(known)}"
        return f"{rules} has no field `{selector.name}`{hint}"
    if isinstance(selector, n.Field) and any(isinstance(one, Many) for one in options(shape)):
        return (
            f"{here} is a list, which has no field `{selector.name}`: `[0]` takes its first element, `[*]` all, and a table with "
            "`each` has a row for each"
        )
    if objects:
        return f"{here} is an object of `{objects[0].rule}` and no list: `{written}` finds nothing in it (`as_list` makes a list)"
    if isinstance(selector, n.Field):
        return f"{here} is a text: it has no fields, and so no `{selector.name}`"
    return f"{here} is {'a text' if Text() in options(shape) else 'empty'}: `{written}` finds nothing in it"


def _listed(names: list[str]) -> str:
    if not names:
        return "none"
    few = ", ".join(f"`{name}`" for name in names[:_FEW])
    return f"{few} and {len(names) - _FEW} more" if len(names) > _FEW else few


def _written(segment: n.Segment) -> str:
    match segment:
        case n.Field(name):
            return f".{name}" if name.isidentifier() else f"['{name}']"
        case n.Index(number):
            return f"[{number}]"
        case n.Slice(start, stop, step):
            bounds = f"{'' if start is None else start}:{'' if stop is None else stop}"
            return f"[{bounds}]" if step is None else f"[{bounds}:{step}]"
        case n.Wild():
            return "[*]"
        case n.Union(selectors):
            return f"[{','.join(_inner(one) for one in selectors)}]"
        case n.Descendants(selectors):
            return f"..[{','.join(_inner(one) for one in selectors)}]"


def _inner(selector: n.Field | n.Index | n.Slice | n.Wild) -> str:
    return f"'{selector.name}'" if isinstance(selector, n.Field) else _written(selector)[1:-1]
