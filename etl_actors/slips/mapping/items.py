"""The loops of a mapper: over the items of an `each`, and with `recurse` over the items below them."""

from typing import Any

from etl_actors.slips.blaming.spots import Part, Spot
from etl_actors.slips.emitting.scope import Scope, of_document
from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.expressions import paths
from etl_actors.slips.mapping.code import Code
from etl_actors.slips.values.document import MAX_DEPTH
from etl_actors.slips.values.refused import Refused

__all__ = ["item_scope", "write_below", "write_items"]

Trail = tuple["Trail | None", int]
"""Where an item of a `recurse` stands: the trail of the one above it, and the how-manieth it is below that."""

Waiting = tuple[str | None, Any, Any, int, Trail]
"""An item of a `recurse` whose turn will come: key, item, item above, depth, trail."""


def item_scope(code: Code, number: int, outer: Scope, top: Scope) -> Scope:
    """Give the variables that the expressions of a table's items see, but for the table's own lets.

    Args:
        code: of the mapper.
        number: of a table with `each`.
        outer: what its `each` sees.
        top: what is seen outside of all items; of the lets, the items see those of the whole document.
    """
    made = code.slip.tables[number]
    recursive = made.recurse is not None
    own = {let.name: "" for let in made.lets}
    below = Scope(lets={**top.lets, **own})
    return Scope(
        f"item{number}",
        f"fields{number}",
        f"key{number}",
        f"index{number}",
        f"up{number}" if recursive else outer.value if made.parent is not None else "",
        f"depth{number}" if recursive else "",
        top.lets,
        parsed=not (of_document(made.each, outer) and (not recursive or of_document(made.recurse, below))),
    )


def write_items(code: Code, number: int, outer: Scope, scope: Scope, depth: int) -> int:
    """Write the head of a table's loop.

    Args:
        code: of the mapper.
        number: of a table with `each`.
        outer: what its `each` sees.
        scope: of the items.
        depth: of indentation.

    Returns:
        The depth within the loop.
    """
    made = code.slip.tables[number]
    assert made.each is not None
    private = _has_private(code, number)
    spot = Spot(number, Part.EACH, made.each_text, made.each, private=private or "each" in made.hidden)
    if made.recurse is not None:
        begun = code.emitter.bound("begun", _begun)
        code.add(depth, f"waiting{number} = {begun}({_pairs(code, made.each, outer)})", spot)
        code.add(depth, f"index{number} = -1")
        code.add(depth, f"while waiting{number}:")
        code.add(depth + 1, f"key{number}, item{number}, up{number}, depth{number}, trail{number} = waiting{number}.pop()")
        code.add(depth + 1, f"index{number} += 1")
        too_deep = code.emitter.bound("too_deep", _too_deep)
        recursed = Spot(number, Part.RECURSE, made.recurse_text, made.recurse, private=private or "recurse" in made.hidden)
        code.add(depth + 1, f"if depth{number} >= {MAX_DEPTH}: {too_deep}(item{number})", recursed)
    elif _keyed(made.each):
        written = _pairs(code, made.each, outer)
        code.add(depth, f"for index{number}, (key{number}, item{number}) in enumerate({written}):", spot)
    else:
        written = code.emitter.value(made.each, outer)
        if not (isinstance(made.each, n.Path) and made.each.plural):
            written = f"{code.emitter.bound('items', _items)}({written})"
        code.add(depth, f"for index{number}, item{number} in enumerate({written}):", spot)
        code.add(depth + 1, f"key{number} = {_constant_key(made.each)!r}")
    an_object = f"isinstance(item{number}, dict)" if scope.parsed else f"type(item{number}) is dict"
    code.add(depth + 1, f"fields{number} = item{number} if {an_object} else EMPTY")
    return depth + 1


def write_below(code: Code, number: int, scope: Scope, depth: int) -> None:
    """Write the line that puts the items below an item next in turn."""
    made = code.slip.tables[number]
    assert made.recurse is not None
    below = code.emitter.bound("below", _below)
    private = _has_private(code, number) or "recurse" in made.hidden
    spot = Spot(number, Part.RECURSE, made.recurse_text, made.recurse, private=private)
    pairs = _pairs(code, made.recurse, scope)
    code.add(depth, f"waiting{number} += {below}({pairs}, item{number}, depth{number}, trail{number})", spot)


def _has_private(code: Code, number: int) -> bool:
    """Tell whether a private column is made of a table's items, so that what is no item is not shown either."""
    return any(code.slip.tables[one].has_private for one in (number, *code.below(number)))


def _keyed(node: n.Expression) -> bool:
    return isinstance(node, n.Path) and node.plural and isinstance(node.segments[-1], n.Wild)


def _constant_key(node: n.Expression) -> str | None:
    last = node.segments[-1] if isinstance(node, n.Path) and node.plural else None
    return last.name if isinstance(last, n.Field) else None


def _pairs(code: Code, node: n.Expression, scope: Scope) -> str:
    """Write a list of the key and value of each item."""
    bound = code.emitter.bound
    if _keyed(node):
        assert isinstance(node, n.Path)
        upto = n.Path(node.at, node.root, node.segments[:-1])
        several = bound("named_matches", _named_matches) if upto.plural else bound("named_members", paths.named_members)
        return f"{several}({code.emitter.value(upto, scope)})"
    written = code.emitter.value(node, scope)
    if not (isinstance(node, n.Path) and node.plural):
        written = f"{bound('items', _items)}({written})"
    return f"{bound('with_key', _with_key)}({written}, {_constant_key(node)!r})"


# What the loops call


def _items(value: Any) -> list[Any]:
    """List the items of an `each` that is no path to several matches: the elements of an array, or an object as the one."""
    if value is None:
        return []
    if type(value) is list:
        return value
    if isinstance(value, dict):
        return [value]
    raise Refused("not_an_array", "an array or an object (`as_list` makes an array)", value)


def _with_key(values: list[Any], key: str | None) -> list[tuple[str | None, Any]]:
    return [(key, value) for value in values]


def _named_matches(values: list[Any]) -> list[tuple[str | None, Any]]:
    return [pair for value in values for pair in paths.named_members(value)]


def _begun(pairs: list[tuple[str | None, Any]]) -> list[Waiting]:
    """List the first items of a `recurse`, the first one last, where its turn comes first."""
    return [(key, item, None, 0, (None, place)) for place, (key, item) in reversed(list(enumerate(pairs)))]


def _below(pairs: list[tuple[str | None, Any]], above: Any, depth: int, trail: Trail) -> list[Waiting]:
    """List the items below one, the first one last."""
    return [(key, item, above, depth + 1, (trail, place)) for place, (key, item) in reversed(list(enumerate(pairs)))]


def _too_deep(item: Any) -> None:
    raise Refused("too_deep", f"items at most {MAX_DEPTH} below one another", item)
