"""The shapes of a slip's expressions, as its grammars decide them: a field that no value has is told before any document comes.

A document's own values have no shape (None): whatever is asked of them may be there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from etl_actors.combinators.shape import Many, Shape, Text
from etl_actors.slips.checking.cast_shapes import check_cast
from etl_actors.slips.checking.shape_paths import any_of, follow, items, options
from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.expressions.unbuilt import bare_name
from etl_actors.slips.model.vocabulary import Vocabulary
from etl_actors.slips.steps.known import STEPS

__all__ = ["check_predicate", "item_shape", "shape_of"]

Names = Mapping[str, Shape | None]

_SAME = frozenset({"required", "null_if"})
_NAMED = frozenset({"parse", "lookup", "map", "many", "sep_by"})  # their arguments are names and steps, not values


def shape_of(node: n.Expression, names: Names, vocabulary: Vocabulary) -> Shape | None:
    """Find the shape of an expression's value; None where documents decide it.

    Args:
        node: the expression.
        names: the shape of each let in sight by its name; of the item as ``@``, of the one above it as ``@up``. What is
            missing has none, but a bare name that is missing is a field of the item.
        vocabulary: the slip's grammars.

    Raises:
        ExpressionError: a path asks for what no value has there, or there is no such grammar.
    """
    return _Shapes(names, vocabulary).value(node)


def check_predicate(node: n.Predicate, names: Names, vocabulary: Vocabulary) -> None:
    """Check the expressions in a predicate, as `shape_of` does.

    Raises:
        ExpressionError: as of `shape_of`.
    """
    _Shapes(names, vocabulary).predicate(node)


def item_shape(shape: Shape | None) -> Shape | None:
    """Give the shape of the items of an `each` whose value has a shape; None of what is no list."""
    return None if shape is None else items(shape)


@dataclass(frozen=True, slots=True)
class _Shapes:
    names: Names
    vocabulary: Vocabulary

    def value(self, node: n.Expression) -> Shape | None:
        match node:
            case n.Literal(_, value):
                return Text() if type(value) is str else None
            case n.Path():
                return self._path(node)
            case n.Special(_, name):
                return self.names.get(f"@{name}")
            case n.Pipe(at, value, steps):
                return self._piped(self.value(value), steps, at, _said(value))
            case n.Choice(_, options_):
                return self._either(options_)
            case n.If(_, condition, then, other):
                self.predicate(condition)
                return self._either((then, other))
            case n.TypeOf(_, value):
                self.value(value)
                return None

    def predicate(self, node: n.Predicate) -> None:
        match node:
            case n.All(_, parts) | n.Any_(_, parts):
                for part in parts:
                    self.predicate(part)
            case n.Not(_, part):
                self.predicate(part)
            case n.Exists(_, value):
                self.value(value)
            case n.Matches(at, value, grammar):
                self.value(value)
                self.vocabulary.grammar(grammar, at)
            case n.Compare(_, _, left, right):
                self.value(left)
                self.value(right)
            case n.Member(_, left, options_):
                for one in (left, *options_):
                    self.value(one)

    def _either(self, nodes: tuple[n.Expression, ...]) -> Shape | None:
        """Join the shapes of all; null has every shape, and one that is unknown leaves them all unknown."""
        shapes = [self.value(node) for node in nodes if not _is_null(node)]
        known = [shape for shape in shapes if shape is not None]
        return any_of(known) if len(known) == len(shapes) else None

    def _path(self, node: n.Path) -> Shape | None:
        if node.root == "$":
            return None
        shape, segments, said = self.names.get("@"), node.segments, node.root
        if not node.root and segments and isinstance(let := segments[0], n.Field) and let.name in self.names:
            shape, segments, said = self.names[let.name], segments[1:], let.name
        return None if shape is None else follow(shape, segments, node.at, said)

    def _piped(self, shape: Shape | None, steps: tuple[n.Step | n.Segment, ...], at: int, said: str = "") -> Shape | None:
        for is_step, parts in groupby(steps, lambda part: isinstance(part, n.Step)):
            if is_step:
                for step in parts:
                    assert isinstance(step, n.Step)
                    shape = self._stepped(shape, step)
                    said = ""
            else:
                segments = [part for part in parts if not isinstance(part, n.Step)]
                shape = None if shape is None else follow(shape, segments, at, said)
        return shape

    def _stepped(self, shape: Shape | None, step: n.Step) -> Shape | None:
        self._check_arguments(step)
        if step.name == "parse":
            name = bare_name(step.arguments[0]) if step.arguments else None
            return None if name is None else self.vocabulary.grammar(name, step.at).shape
        if step.name in {"many", "sep_by"}:
            return self._listed(Text(), step)
        made = kind.shape if (kind := STEPS.get(step.name)) is not None else None
        if made is not None or shape is None:
            return made
        check_cast(shape, step)
        match step.name:
            case "map":
                return self._listed(items(shape), step)
            case "as_list":
                inner = any_of([one.item if isinstance(one, Many) else one for one in options(shape)])
                return inner and Many(inner)
            case "first" | "last":
                return items(shape)
            case "default":
                return self._or_default(shape, step)
            case name:
                return shape if name in _SAME else None

    def _check_arguments(self, step: n.Step) -> None:
        values = () if step.name in _NAMED else (*step.arguments, *(value for _, value in step.named))
        for argument in values:
            if isinstance(argument, n.Predicate):
                self.predicate(argument)
            elif not isinstance(argument, n.Steps):
                self.value(argument)

    def _listed(self, item: Shape | None, step: n.Step) -> Shape | None:
        """Give a list of what the step in the argument makes of an item."""
        inner = step.arguments[0] if step.arguments else None
        shape = self._piped(item, inner.parts, inner.at) if isinstance(inner, n.Steps) else None
        return None if shape is None else Many(shape)

    def _or_default(self, shape: Shape, step: n.Step) -> Shape | None:
        other = step.arguments[0] if step.arguments else None
        if other is None or isinstance(other, n.Predicate | n.Steps):
            return None
        if _is_null(other):
            return shape
        default = self.value(other)
        return None if default is None else any_of([shape, default])


def _is_null(node: n.Expression) -> bool:
    return isinstance(node, n.Literal) and node.value is None


def _said(node: n.Expression) -> str:
    """Name a value as the expression does; empty where it is no path of one match."""
    if isinstance(node, n.Path) and not node.plural and all(isinstance(segment, n.Field) for segment in node.segments):
        return ".".join(
            [*([node.root] if node.root else []), *(segment.name for segment in node.segments if isinstance(segment, n.Field))]
        )
    return ""
