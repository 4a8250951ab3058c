"""``ref('table')``: the `_id` that the row with a key has or will have, whether or not it has arrived."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from etl_actors.relational.canonical import key_canonicaliser
from etl_actors.relational.identity import key_identity
from etl_actors.slips.casts.column_type import ColumnType, column_type, is_type
from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.expressions.expression_type import cast_of, type_of
from etl_actors.slips.source.problems import ExpressionError, did_you_mean

__all__ = ["Ref", "reference", "reference_of", "refs_of"]


@dataclass(frozen=True, slots=True)
class Ref:
    """A `ref` as a slip has it.

    Args:
        at: where it begins.
        table: to whose rows it points.
        types: of its values, in the key's order; None of one that no cast gives a type.
    """

    at: int
    table: str
    types: tuple[ColumnType | None, ...]


def refs_of(node: Any) -> list[Ref]:
    """List the refs of an expression or predicate, in order."""
    return [Ref(step.at, _table(step), _types(step)) for step in _refs(node)]


def _refs(node: Any) -> Iterator[n.Step]:
    if isinstance(node, tuple):
        for one in node:
            yield from _refs(one)
    elif is_dataclass(node):
        for each in fields(node):
            if each.name != "behind":
                yield from _refs(getattr(node, each.name))
        if isinstance(node, n.Step) and node.name == "ref":
            yield node


def reference_of(step: n.Step, keys: Mapping[str, tuple[ColumnType, ...]]) -> Callable[..., str | None]:
    """Make the function of a `ref`.

    Args:
        step: the `ref`.
        keys: of each table of the slip: the types of its key, in the key's order.

    Returns:
        A function of the key's values.

    Raises:
        ExpressionError: the values are more or fewer than the key has, or nothing says what types they are of.
    """
    table = _table(step)
    if table in keys:
        wanted, got = len(keys[table]), len(step.arguments)
        if wanted != got:
            raise ExpressionError(
                step.at, f"the key of `{table}` has {wanted} column{'s' * (wanted != 1)}; got {got} value{'s' * (got != 1)}"
            )
        return reference(table, keys[table])
    found = _types(step)
    kinds = [kind for kind in found if kind is not None]
    if len(kinds) < len(found):
        near = did_you_mean(table, list(keys))
        at = step.at if found[0] is None else step.arguments[found.index(None)].at
        typed = f"a value says its type, as in `field | text | ref('{table}')`"
        if near:
            sentence = f"this slip has no table `{table}` with a key{near} To point to another slip's table {typed}"
        else:
            sentence = f"`{table}` is a table of another slip; to point there {typed}"
        raise ExpressionError(at, sentence)
    for kind in kinds:
        if not kind.keyable:
            raise ExpressionError(step.at, f"a value of type {kind.name} can't be in a key")
    return reference(table, kinds)


def reference(table: str, kinds: Sequence[ColumnType]) -> Callable[..., str | None]:
    """Make the function that names a row by its key.

    Args:
        table: the table's name, unqualified.
        kinds: of the key's columns, in the key's order.

    Returns:
        A function of the key's values, which gives a uuid's text; None where a value is null.
    """
    makers = [(kind.text, key_canonicaliser(kind.name)) for kind in kinds]

    def identity(*values: Any) -> str | None:
        texts = []
        for value, (text_of, canonical) in zip(values, makers, strict=True):
            text = text_of(value)
            if text is None:
                return None
            texts.append(canonical(text))
        digits = key_identity(table, texts)
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    return identity


def _table(step: n.Step) -> str:
    first = step.arguments[0] if step.arguments else step
    if isinstance(first, n.Literal) and type(first.value) is str and first.value:
        return first.value
    raise ExpressionError(first.at, "the step `ref` takes the name of a table in quotes, as in `ref('subject')`")


def _types(step: n.Step) -> tuple[ColumnType | None, ...]:
    return (_type(step.behind), *map(_type, step.arguments[1:]))


def _type(node: Any) -> ColumnType | None:
    """Find the type of a value whose last step is a cast."""
    match node:
        case n.Pipe(_, _, (*_, n.Step() as last)):
            if is_type(last.name):
                return cast_of(last).column
            return column_type("uuid") if last.name == "ref" else None
        case n.Choice() | n.If():
            return type_of(node)
        case _:
            return None
