"""Shorthand for tests of grammars: load one from text, see shapes and values, refuse."""

from collections.abc import Mapping
from typing import Any

import pytest

from etl_actors.combinators.grammar import Grammar, GrammarError, load_grammar
from etl_actors.combinators.node import Node
from etl_actors.combinators.result import Failure, Success
from etl_actors.combinators.shape import AnyOf, Many, Object, Shape, Text

MAIN = "main.lark"
NOTHING: Mapping[str, str] = {}


def loaded(text: str, files: Mapping[str, str] = NOTHING, start: str = "start") -> Grammar:
    """Load a grammar that may import from files."""
    return load_grammar(text, name=MAIN, find=files.get, start=start)


def value(text_of_grammar: str, text: str, start: str = "start") -> Any:
    """Parse a text that the grammar takes."""
    return value_of(loaded(text_of_grammar, start=start), text)


def value_of(grammar: Grammar, text: str) -> Any:
    """Parse a text that the grammar takes."""
    result = grammar.read(text)
    assert isinstance(result, Success), result
    return result.value


def failure_of(grammar: Grammar, text: str) -> Failure:
    """Parse a text that the grammar does not take."""
    result = grammar.read(text)
    assert isinstance(result, Failure), result
    return result


def refused(text: str, files: Mapping[str, str] = NOTHING, start: str = "start") -> GrammarError:
    """Load a grammar that can't be."""
    with pytest.raises(GrammarError) as caught:
        loaded(text, files, start)
    return caught.value


def shown(shape: Shape, above: tuple[Object, ...] = ()) -> str:
    """Write a shape on one line; an object within itself by its name only."""
    match shape:
        case Text():
            return "text"
        case Many():
            return f"[{shown(shape.item, above)}]"
        case AnyOf():
            return " | ".join(shown(option, above) for option in shape.options)
        case Object():
            if shape in above:
                return shape.rule
            fields = (f"{name}: {shown(field, (*above, shape))}" for name, field in shape.fields.items())
            return f"{shape.rule}{{{', '.join(fields)}}}"


def conforms(value: Any, shape: Shape) -> bool:
    """Tell whether a value has a shape."""
    match shape:
        case Text():
            return type(value) is str
        case Many():
            return type(value) is list and all(conforms(item, shape.item) for item in value)
        case AnyOf():
            return any(conforms(value, option) for option in shape.options)
        case Object():
            return (
                isinstance(value, Node)
                and set(value) == set(shape.fields)
                and all(
                    (value[name] is None and not isinstance(field, Many)) or conforms(value[name], field)
                    for name, field in shape.fields.items()
                )
            )
