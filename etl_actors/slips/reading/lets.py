"""Reading ``[let]`` and a table's ``let``: names for values."""

from typing import Any

from etl_actors.slips.expressions.expression import parse_expression
from etl_actors.slips.expressions.nodes import Literal
from etl_actors.slips.model.slip import MAX_LETS, Let
from etl_actors.slips.source.problems import ExpressionError, Keys, Problems
from etl_actors.slips.source.section import is_name

__all__ = ["read_lets"]


def read_lets(given: Any, keys: Keys, problems: Problems, taken: tuple[Let, ...] = ()) -> tuple[Let, ...]:
    """Read lets; what they name is checked with everything else that is an expression.

    Args:
        given: the content of ``let``.
        keys: where it stands.
        problems: where to note what is wrong.
        taken: the lets of the whole slip, whose names a table's own can't have.

    Returns:
        The lets in order, none where they are too many; one that can't be read stands for null, so that what uses it is
        not wrong too.
    """
    if not isinstance(given, dict):
        problems.at_key(keys, 'expected lets as NAME = "expression"')
        return ()
    if len(taken) + len(given) > MAX_LETS:
        problems.at_key(keys, f"an expression sees at most {MAX_LETS} lets, got {len(taken) + len(given):,}")
        return ()
    names = {let.name for let in taken}
    found = []
    for name, text in given.items():
        if not is_name(name):
            problems.at_key((*keys, name), "expected a name that expressions can use: letters, digits and `_`")
        elif name in names:
            problems.at_key((*keys, name), f"there is a let `{name}` in `[let]` already")
        found.append(_read_let(name, text, (*keys, name), problems))
    return tuple(found)


def _read_let(name: str, text: Any, keys: Keys, problems: Problems) -> Let:
    if not isinstance(text, str):
        problems.at_value(keys, "expected an expression, in quotes")
        return Let(name, "", Literal(0, None))
    try:
        return Let(name, text, parse_expression(text))
    except ExpressionError as error:
        problems.at_value(keys, error.sentence, error.at)
        return Let(name, text, Literal(0, None))
