"""Making nodes of an expression's parse tree."""

from decimal import Decimal, InvalidOperation
from typing import Any

from lark import Token, Transformer, Tree, v_args
from lark.tree import Meta

from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.expressions.quoted import unquoted
from etl_actors.slips.expressions.unbuilt import (
    Bare,
    Brackets,
    Call,
    Chain,
    Group,
    Named,
    Text,
    bare_name,
    segments_of,
    step_of,
    value_of,
    values_of,
)
from etl_actors.slips.source.problems import ExpressionError

__all__ = ["build"]

_MAX_DIGITS = 1000
_MAX_EXPONENT = 10_000


def build(tree: Tree[Token]) -> Any:
    """Make the nodes of a tree, which is an expression's or a predicate's.

    Raises:
        VisitError: an `ExpressionError` is the original: the tree has what this release does not support.
    """
    return _Builder().transform(tree)


@v_args(meta=True)
class _Builder(Transformer[Token, Any]):
    """Makes nodes of the parse tree, bottom up: one method a rule of the grammar."""

    def expression(self, _meta: Meta, children: list[Any]) -> Any:
        return value_of(children[0])

    predicate = expression

    def choice(self, meta: Meta, children: list[Any]) -> n.Choice:
        return n.Choice(meta.start_pos, tuple(value_of(child) for child in children))

    def pipe(self, meta: Meta, children: list[Any]) -> Chain:
        return Chain(meta.start_pos, children[0], tuple(children[1:]))

    def step(self, meta: Meta, children: list[Any]) -> n.Step:
        name, arguments = children
        return step_of(meta.start_pos, str(name), arguments or ())

    def arguments(self, _meta: Meta, children: list[Any]) -> tuple[Any, ...]:
        return tuple(child for child in children if child is not None)

    def named(self, meta: Meta, children: list[Any]) -> Named:
        return Named(meta.start_pos, str(children[0]), value_of(children[1]))

    def text(self, meta: Meta, children: list[Any]) -> Text:
        return Text(meta.start_pos, str(children[0]))

    def number(self, meta: Meta, children: list[Any]) -> n.Literal:
        text = str(children[0])
        if len(text) > _MAX_DIGITS:
            raise ExpressionError(meta.start_pos, f"a number in a slip has at most {_MAX_DIGITS} digits")
        try:
            number = int(text) if text.lstrip("-").isdigit() else Decimal(text)
        except InvalidOperation:  # an exponent of 19 digits
            number = Decimal((0, (0,), _MAX_EXPONENT + 1))
        if isinstance(number, Decimal) and abs(int(number.as_tuple().exponent)) > _MAX_EXPONENT:
            raise ExpressionError(meta.start_pos, f"a number in a slip has an exponent of at most {_MAX_EXPONENT:,}")
        return n.Literal(meta.start_pos, number)

    def true(self, meta: Meta, _children: list[Any]) -> n.Literal:
        return n.Literal(meta.start_pos, value=True)

    def false(self, meta: Meta, _children: list[Any]) -> n.Literal:
        return n.Literal(meta.start_pos, value=False)

    def null(self, meta: Meta, _children: list[Any]) -> n.Literal:
        return n.Literal(meta.start_pos, None)

    def document(self, meta: Meta, children: list[Any]) -> n.Path:
        return n.Path(meta.start_pos, "$", segments_of(children))

    def item(self, meta: Meta, children: list[Any]) -> n.Path:
        return n.Path(meta.start_pos, "@", segments_of(children))

    def bare(self, meta: Meta, children: list[Any]) -> Bare:
        return Bare(meta.start_pos, str(children[0]), tuple(children[1:]))

    def special(self, meta: Meta, children: list[Any]) -> n.Special | n.Pipe:
        special = n.Special(meta.start_pos, str(children[0])[1:])
        return n.Pipe(meta.start_pos, special, segments_of(children[1:])) if children[1:] else special

    def call(self, meta: Meta, children: list[Any]) -> Call:
        return Call(meta.start_pos, str(children[0]), children[1])

    def group(self, _meta: Meta, children: list[Any]) -> Group:
        return Group(children[0])

    def any(self, meta: Meta, children: list[Any]) -> n.Any_:
        return n.Any_(meta.start_pos, tuple(children))

    def all(self, meta: Meta, children: list[Any]) -> n.All:
        return n.All(meta.start_pos, tuple(children))

    def exists(self, meta: Meta, children: list[Any]) -> n.Exists:
        return n.Exists(meta.start_pos, value_of(children[1]), meta.end_pos)

    def matches(self, meta: Meta, children: list[Any]) -> n.Matches:
        arguments = values_of(
            "matches", children[1], meta.start_pos, 2, "a value and a grammar, as in `matches(message, combined)`"
        )
        grammar = arguments[1]
        name = bare_name(grammar)
        if name is None:
            raise ExpressionError(grammar.at, "`matches` takes the name of a grammar here, as in `matches(message, combined)`")
        return n.Matches(meta.start_pos, arguments[0], name, meta.end_pos)

    def compare(self, meta: Meta, children: list[Any]) -> n.Compare:
        left, operator, right = children
        return n.Compare(meta.start_pos, str(operator), value_of(left), value_of(right), meta.end_pos)

    def member(self, meta: Meta, children: list[Any]) -> n.Member:
        left, *options = children
        return n.Member(meta.start_pos, value_of(left), tuple(value_of(one) for one in options if one is not None), meta.end_pos)

    def field(self, _meta: Meta, children: list[Any]) -> tuple[n.Segment, ...]:
        return (n.Field(str(children[0])),)

    def wild(self, _meta: Meta, _children: list[Any]) -> tuple[n.Segment, ...]:
        return (n.Wild(),)

    def descendants(self, _meta: Meta, children: list[Any]) -> tuple[n.Segment, ...]:
        selectors = tuple(n.Field(str(child)) if isinstance(child, Token) else child for child in children)
        return (n.Descendants(selectors or (n.Wild(),)),)

    def array(self, meta: Meta, _children: list[Any]) -> Brackets:
        return Brackets(meta.start_pos)

    def brackets(self, _meta: Meta, children: list[Any]) -> tuple[n.Segment, ...]:
        return (children[0],) if len(children) == 1 else (n.Union(tuple(children)),)

    def quoted(self, meta: Meta, children: list[Any]) -> n.Field:
        return n.Field(unquoted(str(children[0]), meta.start_pos))

    def index(self, meta: Meta, children: list[Any]) -> n.Index:
        return n.Index(_small(children[0], meta.start_pos))

    def any_of(self, _meta: Meta, _children: list[Any]) -> n.Wild:
        return n.Wild()

    def slice(self, meta: Meta, children: list[Any]) -> n.Slice:
        start, stop, step = (None if child is None else _small(child, meta.start_pos) for child in children)
        return n.Slice(start, stop, step)


setattr(_Builder, "not", v_args(meta=True)(lambda _self, meta, children: n.Not(meta.start_pos, children[0])))


def _small(text: str, at: int) -> int:
    if len(text) > 16:  # noqa: PLR2004  (RFC 9535: within the exact integers of a double)
        raise ExpressionError(at, "an index has at most 15 digits")
    return int(text)
