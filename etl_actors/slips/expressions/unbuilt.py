"""Parts of an expression while it is read: what stands there is a value or a step only by where it stands.

`trim` is a field in ``trim | text`` and a step in ``map(trim)``; a string is plain text, but a regular expression in `match`.
"""

from dataclasses import dataclass, replace
from typing import Any

from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.expressions.quoted import unquoted, unquoted_regex
from etl_actors.slips.source.problems import ExpressionError

__all__ = [
    "Bare",
    "Brackets",
    "Call",
    "Chain",
    "Group",
    "Named",
    "Text",
    "bare_name",
    "segments_of",
    "step_of",
    "value_of",
    "values_of",
]

_TAKES_STEPS = {"map": "map(trim | lower)", "many": "many(parse(line))", "sep_by": "sep_by(parse(item), ',')"}
_Parts = tuple[n.Step | n.Segment, ...]


@dataclass(frozen=True, slots=True)
class Brackets:
    """``[]``, which makes an array of a type and is nothing anywhere else."""

    at: int


@dataclass(frozen=True, slots=True)
class Named:
    """``name=value`` among arguments."""

    at: int
    name: str
    value: n.Expression


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted string, quotes and escapes and all."""

    at: int
    written: str

    def value(self) -> n.Literal:
        """Read it as a value."""
        return n.Literal(self.at, unquoted(self.written, self.at))

    def regex(self) -> n.Literal:
        """Read it as a regular expression: a backslash stays, but before a quote or another backslash."""
        return n.Literal(self.at, unquoted_regex(self.written))


@dataclass(frozen=True, slots=True)
class Bare:
    """A name: of a field or let, of a step, of a grammar or map."""

    at: int
    name: str
    behind: tuple[Any, ...]

    def value(self) -> n.Path:
        """Read it as a value."""
        return n.Path(self.at, "", (n.Field(self.name), *segments_of(self.behind)))

    def steps(self) -> _Parts:
        """Read it as steps."""
        return _parts_of((step_of(self.at, self.name, ()), *self.behind))


@dataclass(frozen=True, slots=True)
class Call:
    """``name(arguments)`` where a value may stand: a function, or a step with arguments."""

    at: int
    name: str
    arguments: tuple[Any, ...]

    def value(self) -> n.TypeOf | n.If:
        """Read it as a value."""
        if self.name == "type":
            return n.TypeOf(self.at, values_of("type", self.arguments, self.at, 1, "one value")[0])
        if self.name == "if":
            return self._if()
        if self.name in {"exists", "matches"}:
            sentence = f"`{self.name}` is a condition, which stands in `when` and in `if(condition, a, b)`"
            raise ExpressionError(self.at, sentence)
        sentence = f"there is no function `{self.name}`; a step stands behind a value, as in `field | {self.name}(…)`"
        raise ExpressionError(self.at, sentence)

    def _if(self) -> n.If:
        takes = "a condition and two values, as in `if(a == 1, b, null)`"
        if self.arguments and not isinstance(self.arguments[0], n.Predicate):
            at = self.arguments[0].at
            raise ExpressionError(at, f"`if` takes {takes}; this is no condition (`==` compares)")
        _, then, other = values_of("if", self.arguments, self.at, 3, takes, condition=True)
        return n.If(self.at, self.arguments[0], then, other)

    def steps(self) -> _Parts:
        """Read it as steps."""
        return (step_of(self.at, self.name, self.arguments),)


@dataclass(frozen=True, slots=True)
class Chain:
    """Steps and segments behind a value, or behind the first of several steps."""

    at: int
    head: Any
    behind: tuple[Any, ...]

    def value(self) -> n.Pipe:
        """Read it as a value."""
        head = value_of(self.head)
        return n.Pipe(self.at, head, _told(head, _parts_of(self.behind)))

    def steps(self) -> _Parts:
        """Read it as steps."""
        return _parts_of((*_steps_of(self.head), *self.behind))


class Group:
    """A parenthesised expression."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    @property
    def at(self) -> int:
        """Where it begins."""
        return self.inner.at  # type: ignore[no-any-return]  # of a node or of an unbuilt one

    def value(self) -> Any:
        """Read it as a value."""
        return value_of(self.inner)

    def steps(self) -> _Parts:
        """Read it as steps."""
        return _steps_of(self.inner)


def value_of(unbuilt: Any) -> Any:
    """Read a part as a value; nodes are what they are."""
    return unbuilt.value() if isinstance(unbuilt, Text | Bare | Call | Chain | Group) else unbuilt


def values_of(name: str, arguments: tuple[Any, ...], at: int, count: int, takes: str, *, condition: bool = False) -> list[Any]:
    """Read the arguments of a function.

    Args:
        name: of the function.
        arguments: unbuilt.
        at: where the function begins.
        count: how many it takes.
        takes: what it takes, for messages.
        condition: whether the first is a condition.

    Raises:
        ExpressionError: there are more or fewer, one is named, or a condition stands where a value is wanted.
    """
    for number, argument in enumerate(arguments):
        if isinstance(argument, Named):
            raise ExpressionError(argument.at, f"`{name}` takes no argument `{argument.name}=`")
        if isinstance(argument, n.Predicate) and not (condition and number == 0):
            raise ExpressionError(argument.at, f"`{name}` takes a value here, not a condition")
    if len(arguments) != count:
        raise ExpressionError(at, f"`{name}` takes {takes}; got {len(arguments)} argument{'s' * (len(arguments) != 1)}")
    return [value_of(argument) for argument in arguments]


def step_of(at: int, name: str, arguments: tuple[Any, ...]) -> n.Step:
    """Build a step.

    Raises:
        ExpressionError: an argument is named twice or stands behind a named one, or is no step where steps are wanted.
    """
    if name in {"if", "type", "exists", "matches"}:
        shown = {"if": "if(condition, then, else)", "matches": "matches(field, grammar)"}.get(name, f"{name}(field)")
        raise ExpressionError(at, f"`{name}` is no step: write `{shown}`")
    named: dict[str, n.Expression] = {}
    plain: list[Any] = []
    for argument in arguments:
        if isinstance(argument, Named):
            if argument.name in named:
                raise ExpressionError(argument.at, f"the argument `{argument.name}=` is given twice")
            named[argument.name] = argument.value
        elif named:
            raise ExpressionError(argument.at, "an argument without a name can't follow one with a name")
        elif not plain and name in _TAKES_STEPS:
            plain.append(n.Steps(argument.at, _told(None, _steps_of(argument, name))))
        elif not plain and name == "match" and isinstance(argument, Text):
            plain.append(argument.regex())
        else:
            plain.append(value_of(argument))
    return n.Step(at, name, tuple(plain), tuple(named.items()))


def _steps_of(unbuilt: Any, name: str = "map") -> _Parts:
    if isinstance(unbuilt, Bare | Call | Chain | Group):
        return unbuilt.steps()
    raise ExpressionError(unbuilt.at, f"`{name}` takes steps, as in `{_TAKES_STEPS[name]}`")


def _told(head: n.Expression | None, parts: _Parts) -> _Parts:
    """Tell each `ref` what it stands behind."""
    told = []
    for number, part in enumerate(parts):
        behind = head
        if number:
            behind = n.Pipe(head.at if head else 0, head or n.Literal(0, None), parts[:number])
        told.append(replace(part, behind=behind) if isinstance(part, n.Step) and part.name == "ref" else part)
    return tuple(told)


def _parts_of(children: Any) -> _Parts:
    """Join steps with the segments and the ``[]`` behind them."""
    parts: list[n.Step | n.Segment] = []
    for child in children:
        if not isinstance(child, Brackets):
            parts.extend(child if isinstance(child, tuple) else (child,))
        elif parts and isinstance(last := parts[-1], n.Step):
            if last.array:
                raise ExpressionError(child.at, "an array of arrays is not supported: a type takes `[]` once")
            parts[-1] = replace(last, array=True)
        else:
            segments_of((child,))
    return tuple(parts)


def segments_of(children: Any) -> tuple[n.Segment, ...]:
    """Join the segments of a path.

    Raises:
        ExpressionError: there are brackets without a selector.
    """
    for child in children:
        if isinstance(child, Brackets):
            raise ExpressionError(
                child.at, "expected an index, a name in quotes or `*` between these brackets; every element is `[*]`"
            )
    return tuple(segment for child in children for segment in child)


def bare_name(node: Any) -> str | None:
    """Give the name that a node is, if it is nothing but one: of a grammar, of a map."""
    match node:
        case n.Path(_, "", (n.Field(name),)):
            return name
        case _:
            return None
