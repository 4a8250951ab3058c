"""Making nodes of an expression's parse tree."""

import re
from decimal import Decimal
from typing import Any, NoReturn

from lark import Token, Transformer, Tree, v_args
from lark.tree import Meta

from etl_actors.slips import nodes as n
from etl_actors.slips.problems import ExpressionError

__all__ = ["build"]

_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "/": "/", "\\": "\\", "'": "'", '"': '"'}
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_SURROGATES = re.compile("[\ud800-\udfff]")
_MAX_DIGITS = 1000


def build(tree: Tree[Token]) -> Any:
    """Make the nodes of a tree, which is an expression's or a predicate's.

    Raises:
        VisitError: an `ExpressionError` is the original: the tree has what this release does not support.
    """
    return _Builder().transform(tree)


def _unquoted(text: str, at: int) -> str:
    """Read a string of an expression, by RFC 9535's escapes.

    Raises:
        ExpressionError: an escape that there is not, a lone surrogate, a NUL.
    """

    def replaced(found: re.Match[str]) -> str:
        code = found[1]
        if code[0] == "u" and len(code) > 1:
            return chr(int(code[1:], 16))
        if code not in _ESCAPES:
            raise ExpressionError(at + 1 + found.start(), f"there is no escape `\\{code}`; a backslash itself is written `\\\\`")
        return _ESCAPES[code]

    value = _ESCAPE.sub(replaced, text[1:-1])
    if _SURROGATES.search(value):
        try:
            value = value.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise ExpressionError(at, "this string holds half a surrogate pair") from None
    return value


@v_args(meta=True)
class _Builder(Transformer[Token, Any]):
    """Makes nodes of the parse tree, bottom up: one method a rule of the grammar."""

    def expression(self, _meta: Meta, children: list[Any]) -> Any:
        return _ungrouped(children[0])

    predicate = expression

    def choice(self, meta: Meta, children: list[Any]) -> n.Choice:
        return n.Choice(meta.start_pos, tuple(_ungrouped(child) for child in children))

    def pipe(self, meta: Meta, children: list[Any]) -> n.Pipe:
        steps = tuple(step for child in children[1:] for step in (child if isinstance(child, tuple) else (child,)))
        return n.Pipe(meta.start_pos, _ungrouped(children[0]), steps)

    def step(self, meta: Meta, children: list[Any]) -> n.Step:
        name, arguments = children
        return n.Step(meta.start_pos, str(name), arguments or ())

    def arguments(self, _meta: Meta, children: list[Any]) -> tuple[Any, ...]:
        return tuple(_ungrouped(child) for child in children if child is not None)

    def named(self, meta: Meta, children: list[Any]) -> NoReturn:
        raise ExpressionError(meta.start_pos, f"the argument `{children[0]}=` is not supported by this release")

    def text(self, meta: Meta, children: list[Any]) -> n.Literal:
        return n.Literal(meta.start_pos, _unquoted(str(children[0]), meta.start_pos))

    def number(self, meta: Meta, children: list[Any]) -> n.Literal:
        text = str(children[0])
        if len(text) > _MAX_DIGITS:
            raise ExpressionError(meta.start_pos, f"a number in a slip has at most {_MAX_DIGITS} digits")
        return n.Literal(meta.start_pos, int(text) if text.lstrip("-").isdigit() else Decimal(text))

    def true(self, meta: Meta, _children: list[Any]) -> n.Literal:
        return n.Literal(meta.start_pos, value=True)

    def false(self, meta: Meta, _children: list[Any]) -> n.Literal:
        return n.Literal(meta.start_pos, value=False)

    def null(self, meta: Meta, _children: list[Any]) -> n.Literal:
        return n.Literal(meta.start_pos, None)

    def document(self, meta: Meta, children: list[Any]) -> n.Path:
        return n.Path(meta.start_pos, "$", _flat(children))

    def item(self, meta: Meta, children: list[Any]) -> n.Path:
        return n.Path(meta.start_pos, "@", _flat(children))

    def bare(self, meta: Meta, children: list[Any]) -> n.Path:
        return n.Path(meta.start_pos, "", (n.Field(str(children[0])), *_flat(children[1:])))

    def special(self, meta: Meta, children: list[Any]) -> n.Special | n.Pipe:
        special = n.Special(meta.start_pos, str(children[0])[1:])
        return n.Pipe(meta.start_pos, special, _flat(children[1:])) if children[1:] else special

    def call(self, meta: Meta, children: list[Any]) -> n.TypeOf:
        name, arguments = children
        if name != "type":
            raise ExpressionError(meta.start_pos, f"the function `{name}` is not supported by this release")
        if len(arguments) != 1:
            raise ExpressionError(meta.start_pos, "`type` takes one argument")
        return n.TypeOf(meta.start_pos, arguments[0])

    def group(self, _meta: Meta, children: list[Any]) -> "_Group":
        return _Group(children[0])

    def any(self, meta: Meta, children: list[Any]) -> n.Any_:
        return n.Any_(meta.start_pos, tuple(children))

    def all(self, meta: Meta, children: list[Any]) -> n.All:
        return n.All(meta.start_pos, tuple(children))

    def exists(self, meta: Meta, children: list[Any]) -> n.Exists:
        return n.Exists(meta.start_pos, _ungrouped(children[1]))

    def matches(self, meta: Meta, _children: list[Any]) -> NoReturn:
        raise ExpressionError(meta.start_pos, "the predicate `matches` is not supported by this release")

    def compare(self, meta: Meta, children: list[Any]) -> n.Compare:
        left, operator, right = children
        return n.Compare(meta.start_pos, str(operator), _ungrouped(left), _ungrouped(right))

    def member(self, meta: Meta, children: list[Any]) -> n.Member:
        left, *options = children
        return n.Member(meta.start_pos, _ungrouped(left), tuple(_ungrouped(one) for one in options if one is not None))

    def field(self, _meta: Meta, children: list[Any]) -> tuple[n.Segment, ...]:
        return (n.Field(str(children[0])),)

    def wild(self, _meta: Meta, _children: list[Any]) -> tuple[n.Segment, ...]:
        return (n.Wild(),)

    def descendants(self, meta: Meta, _children: list[Any]) -> NoReturn:
        raise ExpressionError(meta.start_pos, "`..` is not supported by this release")

    def brackets(self, _meta: Meta, children: list[Any]) -> tuple[n.Segment, ...]:
        return (children[0],) if len(children) == 1 else (n.Union(tuple(children)),)

    def quoted(self, meta: Meta, children: list[Any]) -> n.Field:
        return n.Field(_unquoted(str(children[0]), meta.start_pos))

    def index(self, meta: Meta, children: list[Any]) -> n.Index:
        return n.Index(_small(children[0], meta.start_pos))

    def any_of(self, _meta: Meta, _children: list[Any]) -> n.Wild:
        return n.Wild()

    def slice(self, meta: Meta, children: list[Any]) -> n.Slice:
        start, stop, step = (None if child is None else _small(child, meta.start_pos) for child in children)
        return n.Slice(start, stop, step)


setattr(_Builder, "not", v_args(meta=True)(lambda _self, meta, children: n.Not(meta.start_pos, children[0])))


class _Group:
    """A parenthesised expression, until it is known whether segments follow."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner


def _ungrouped(node: Any) -> Any:
    return _ungrouped(node.inner) if isinstance(node, _Group) else node


def _flat(children: list[Any]) -> tuple[n.Segment, ...]:
    return tuple(segment for child in children for segment in child)


def _small(text: str, at: int) -> int:
    if len(text) > 16:  # noqa: PLR2004  (RFC 9535: within the exact integers of a double)
        raise ExpressionError(at, "an index has at most 15 digits")
    return int(text)
