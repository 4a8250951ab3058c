"""Steps as Python source: the casts, the steps of the language, and those of a slip's own."""

import re
import warnings
from collections.abc import Callable
from dataclasses import replace

from etl_actors.slips.casts.column_type import is_type, type_names
from etl_actors.slips.emitting.scope import Scope
from etl_actors.slips.emitting.writer import Writer
from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.expressions.expression_type import cast_of
from etl_actors.slips.expressions.refs import reference_of
from etl_actors.slips.expressions.unbuilt import bare_name
from etl_actors.slips.source.problems import ExpressionError, did_you_mean
from etl_actors.slips.steps.known import STEPS, StepKind, step_names
from etl_actors.slips.steps.pieces import piece, pieces
from etl_actors.slips.steps.wrapped.library import StepUnmade

__all__ = ["emit_step"]

_FOREIGN = {  # what other languages call them
    "blob": "bytea",
    "char": "text",
    "datetime": "timestamptz",
    "json": "jsonb",
    "long": "bigint",
    "money": "numeric",
    "number": "numeric",
    "regex": "match",
    "string": "text",
    "str": "text",
    "strip": "trim",
    "tinyint": "smallint",
    "varchar": "text",
}
_ELEMENT = " element"  # a let that no slip can name: what `map` and its like apply steps to


def emit_step(writer: Writer, step: n.Step, written: str, scope: Scope) -> str:
    """Write the Python of one step behind a value.

    Args:
        writer: the emitter.
        step: to apply.
        written: the Python of the value.
        scope: the variables in sight, for arguments.

    Raises:
        ExpressionError: there is no such step, or its arguments are not what it takes.
    """
    if is_type(step.name):
        return f"{writer.bound('cast', cast_of(step).value)}({written})"
    kind = STEPS.get(step.name)
    own = writer.vocabulary.steps.get(step.name)
    if kind is None and own is None:
        raise ExpressionError(step.at, _unknown(writer, step.name))
    if step.array:
        raise ExpressionError(step.at, f"`[]` makes an array of a type; `{step.name}` is a step")
    if step.named:
        raise ExpressionError(step.named[0][1].at, f"the step `{step.name}` takes no argument `{step.named[0][0]}=`")
    if kind is None:
        assert own is not None
        _check_count(step, own.least, own.most, "")
        arguments = [_value(writer, one, step, scope) for one in step.arguments]
        return f"{writer.own_step(step.name)}({', '.join([written, *arguments])})"
    _check_count(step, len(kind.takes) - kind.optional, None if kind.more else len(kind.takes), kind.usage)
    if kind.library is not None:
        return f"{writer.bound(step.name, _wrapped(kind, step))}({written})"
    if step.name == "ref":
        return _ref(writer, step, written, scope)
    if step.name in {"many", "sep_by"}:
        return _pieces(writer, step, written, scope)
    takes = (*kind.takes, *[kind.more] * (len(step.arguments) - len(kind.takes)))
    arguments = [_ARGUMENTS[wanted](writer, one, step, scope) for one, wanted in zip(step.arguments, takes, strict=True)]
    if step.name == "default":
        return f"(t if (t := {written}) is not None else {arguments[0]})"
    return f"{writer.bound(step.name, kind.call)}({', '.join([written, *arguments])})"


def _unknown(writer: Writer, name: str) -> str:
    known = [*step_names(), *type_names(), *writer.vocabulary.steps]
    hint = f"; did you mean `{_FOREIGN[name.lower()]}`?" if name.lower() in _FOREIGN else did_you_mean(name, known)
    return f"there is no step `{name}`{hint}"


def _check_count(step: n.Step, least: int, most: int | None, usage: str) -> None:
    got = len(step.arguments)
    if least <= got and (most is None or got <= most):
        return
    number = f"{least} to {most}" if most is not None and most != least else str(least) if least else "no"
    if most is None:
        number = f"at least {least}"
    plural = "s" * ((most or least) != 1)
    example = f", as in `{usage}`" if usage else ""
    raise ExpressionError(step.at, f"the step `{step.name}` takes {number} argument{plural}{example}; got {got}")


# Arguments, by what a step takes

_Node = n.Expression | n.Predicate | n.Steps


def _value(writer: Writer, node: _Node, step: n.Step, scope: Scope) -> str:
    if isinstance(node, n.Predicate):
        raise ExpressionError(node.at, f"the step `{step.name}` takes a value here, not a condition")
    assert not isinstance(node, n.Steps)
    return writer.value(node, scope)


def _constant(node: _Node, step: n.Step, usage: str) -> str:
    if isinstance(node, n.Literal) and type(node.value) is str:
        return node.value
    raise ExpressionError(node.at, f"the step `{step.name}` takes a quoted text here{usage}")


def _usage(step: n.Step) -> str:
    kind = STEPS.get(step.name)
    return f", as in `{kind.usage}`" if kind and kind.usage else ""


def _text(_writer: Writer, node: _Node, step: n.Step, _scope: Scope) -> str:
    return repr(_constant(node, step, _usage(step)))


def _word(_writer: Writer, node: _Node, step: n.Step, _scope: Scope) -> str:
    return repr(_filled(node, step))


def _filled(node: _Node, step: n.Step) -> str:
    text = _constant(node, step, _usage(step))
    if not text:
        raise ExpressionError(node.at, f"the step `{step.name}` takes a text here that is not empty{_usage(step)}")
    return text


def _regex(writer: Writer, node: _Node, step: n.Step, _scope: Scope) -> str:
    return writer.bound("regex", _pattern(node, step))


def _pattern(node: _Node, step: n.Step) -> re.Pattern[str]:
    text = _constant(node, step, _usage(step))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what a later Python may read otherwise
            pattern = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        told = error.msg if isinstance(error, re.error) else str(error)
        raise ExpressionError(node.at, f"this is no regular expression: {told}") from None
    if pattern.groups > 1 and not pattern.groupindex:
        raise ExpressionError(
            node.at, "of several groups each needs a name, as in `(?P<year>[0-9]+)`; one that needs none is `(?:…)`"
        )
    return pattern


def _grammar(writer: Writer, node: _Node, step: n.Step, _scope: Scope) -> str:
    return writer.bound("grammar", writer.vocabulary.grammar(_bare(node, step, "grammar"), node.at))


def _map(writer: Writer, node: _Node, step: n.Step, _scope: Scope) -> str:
    return writer.bound("map", writer.vocabulary.map(_bare(node, step, "map"), node.at))


def _bare(node: _Node, step: n.Step, what: str) -> str:
    name = bare_name(node)
    if name is None:
        raise ExpressionError(node.at, f"the step `{step.name}` takes the name of a {what} here, without quotes{_usage(step)}")
    return name


def _steps(writer: Writer, node: _Node, step: n.Step, scope: Scope) -> str:
    if not isinstance(node, n.Steps):
        raise ExpressionError(node.at, f"the step `{step.name}` takes steps here{_usage(step)}")
    return _applied(writer, node.at, node.parts, scope)


def _applied(writer: Writer, at: int, parts: tuple[n.Step | n.Segment, ...], scope: Scope) -> str:
    inner = replace(scope, lets={**scope.lets, _ELEMENT: "e"})
    element = n.Path(at, "", (n.Field(_ELEMENT),))
    return f"(lambda e: {writer.value(n.Pipe(at, element, parts), inner)})"


def _wrapped(kind: StepKind, step: n.Step) -> Callable[..., object]:
    """Make the function of a step that wraps a library, which is missing here or not."""
    arguments = [_filled(one, step) for one in step.arguments]
    try:
        made: Callable[..., object] = kind.call(*arguments)
    except StepUnmade as unmade:
        at = step.at if unmade.argument is None else step.arguments[unmade.argument].at
        raise ExpressionError(at, unmade.sentence) from None
    return made


_ARGUMENTS: dict[str, Callable[[Writer, _Node, n.Step, Scope], str]] = {
    "value": _value,
    "text": _text,
    "word": _word,
    "regex": _regex,
    "grammar": _grammar,
    "map": _map,
    "steps": _steps,
}


def _ref(writer: Writer, step: n.Step, written: str, scope: Scope) -> str:
    made = writer.bound("ref", reference_of(step, writer.vocabulary.keys))
    arguments = [_value(writer, one, step, scope) for one in step.arguments[1:]]
    return f"{made}({', '.join([written, *arguments])})"


def _pieces(writer: Writer, step: n.Step, written: str, scope: Scope) -> str:
    """Write what reads a text piece after piece, and the steps that are applied to each piece."""
    node = step.arguments[0]
    first = node.parts[0] if isinstance(node, n.Steps) else None
    if not isinstance(node, n.Steps) or not isinstance(first, n.Step) or first.name not in {"parse", "match"}:
        raise ExpressionError(node.at, f"the step `{step.name}` takes `parse(grammar)` or `match('regex')` here{_usage(step)}")
    _check_count(first, 1, 1, STEPS[first.name].usage)
    argument = first.arguments[0]
    if first.name == "match":
        one = piece(_pattern(argument, first))
    else:
        one = piece(writer.vocabulary.grammar(_bare(argument, first, "grammar"), argument.at))
    parser = pieces(one, _filled(step.arguments[1], step) if step.arguments[1:] else "")
    steps = _applied(writer, node.at, node.parts[1:], scope) if node.parts[1:] else None
    return f"{writer.bound(step.name, STEPS[step.name].call)}({written}, {writer.bound('pieces', parser)}, {steps})"
