"""The shape of a grammar's values, as a tree to be read and as JSON."""

from collections.abc import Iterator

from etl_actors.combinators.shape import AnyOf, Many, Object, Shape, Text

__all__ = ["shape_json", "shape_lines"]


def shape_lines(shape: Shape) -> list[str]:
    """Draw a shape: a field a line, `[]` behind a list, what is in an object indented under it."""
    match shape:
        case Object():
            return list(_fields(shape, ()))
        case _:
            return [f"(the value){_suffix(shape)}", *_inside(shape, ())]


def _fields(shape: Object, above: tuple[Object, ...]) -> Iterator[str]:
    for name, inner in shape.fields.items():
        yield f"{name}{_suffix(inner, name)}"
        yield from _inside(inner, (*above, shape))


def _inside(shape: Shape, above: tuple[Object, ...]) -> Iterator[str]:
    match shape:
        case Text():
            return
        case Many(item):
            yield from _inside(item, above)
        case AnyOf(options):
            for option in options:
                yield f"  either{_suffix(option) or ' text'}"
                yield from (f"  {line}" for line in _inside(option, above))
        case Object() if shape in above:
            yield f"  … as `{shape.rule}` above"
        case Object():
            yield from (f"  {line}" for line in _fields(shape, above))


def _suffix(shape: Shape, name: str = "") -> str:
    match shape:
        case Many(item):
            return f"[]{_suffix(item, name)}"
        case AnyOf():
            return "  one of several"
        case Object(rule):
            return f"  ({rule})" if rule != name else ""
        case _:
            return ""


def shape_json(shape: Shape, above: tuple[Object, ...] = ()) -> object:
    """Write a shape as JSON: ``"text"``, a list of one, an object of its fields, ``{"any of": […]}``; a rule's name where it recurs."""
    match shape:
        case Text():
            return "text"
        case Many(item):
            return [shape_json(item, above)]
        case AnyOf(options):
            return {"any of": [shape_json(option, above) for option in options]}
        case Object() if shape in above:
            return shape.rule
        case Object():
            return {name: shape_json(inner, (*above, shape)) for name, inner in shape.fields.items()}
