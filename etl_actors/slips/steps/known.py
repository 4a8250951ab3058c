"""The steps of the language other than types, by name. Null passes all but `default` and `required`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from etl_actors.combinators.shape import Shape
from etl_actors.slips.steps import between_json as steps_json
from etl_actors.slips.steps import book_numbers as steps_books
from etl_actors.slips.steps import lists as steps_lists
from etl_actors.slips.steps import pieces as steps_pieces
from etl_actors.slips.steps import reckoning as steps_numbers
from etl_actors.slips.steps import texts as steps_text
from etl_actors.slips.steps.wrapped import person_names, phones, postal_addresses, user_agents
from etl_actors.slips.steps.wrapped.library import Library
from etl_actors.slips.values.compared import equal
from etl_actors.slips.values.refused import Refused

__all__ = ["STEPS", "StepKind", "step_names"]


@dataclass(frozen=True, slots=True)
class StepKind:
    """A step as slips call it.

    Args:
        call: takes the value and then the arguments.
        takes: what each argument is: "text" and "word" (a text that is not empty) are constants, "regex" is one too; "value"
            is any expression; "grammar" and "map" are names; "steps" are steps; "pieces" are `parse` or `match` and steps.
        more: what any further arguments are; empty for none.
        usage: how it is called, for messages.
        library: that it wraps; `call` then takes the arguments alone, all constant, when the step is compiled, and gives the
            function of the value.
        optional: how many of the last arguments may be left out.
        shape: of what it makes, where no text decides that; None where one does.
    """

    call: Callable[..., Any]
    takes: tuple[str, ...] = ()
    more: str = ""
    usage: str = ""
    library: Library | None = None
    optional: int = 0
    shape: Shape | None = None


def required(value: Any) -> Any:
    """Refuse null."""
    if value is None:
        raise Refused("missing", "a value", None)
    return value


def null_if(value: Any, other: Any) -> Any:
    """Make null of one value."""
    return None if equal(value, other) else value


def _ref(*_values: Any) -> Any:
    """Stand for what `refs.reference` makes of each `ref` by itself."""
    raise NotImplementedError


STEPS = {
    "trim": StepKind(steps_text.trim),
    "lower": StepKind(steps_text.lower),
    "upper": StepKind(steps_text.upper),
    "squish": StepKind(steps_text.squish),
    "replace": StepKind(steps_text.replace, ("word", "text"), usage="replace(',', '.')"),
    "required": StepKind(required),
    "null_if": StepKind(null_if, ("value",), usage="null_if('-')"),
    "as_list": StepKind(steps_lists.as_list),
    "first": StepKind(steps_lists.first),
    "last": StepKind(steps_lists.last),
    "from_entries": StepKind(steps_lists.from_entries),
    "split": StepKind(steps_text.split, ("word",), usage="split(',')"),
    "join": StepKind(steps_text.join, ("text",), usage="join(', ')"),
    "default": StepKind(lambda value, other: other if value is None else value, ("value",), usage="default('none')"),
    "concat": StepKind(steps_text.concat, ("value",), more="value", usage="concat(' ', name)"),
    "unquote": StepKind(steps_text.unquote),
    "isbn13": StepKind(steps_books.isbn13),
    "match": StepKind(steps_text.match, ("regex",), usage="match('[0-9]+')"),
    "lookup": StepKind(steps_text.lookup, ("map",), usage="lookup(countries)"),
    "map": StepKind(steps_lists.mapped, ("steps",), usage="map(trim | lower)"),
    "hash": StepKind(steps_json.hash_of),
    "from_json": StepKind(steps_json.from_json),
    "add": StepKind(steps_numbers.add, ("value",), usage="add(1)"),
    "sub": StepKind(steps_numbers.sub, ("value",), usage="sub(discount)"),
    "mul": StepKind(steps_numbers.mul, ("value",), usage="mul(100)"),
    "parse": StepKind(steps_pieces.parse, ("grammar",), usage="parse(combined)"),
    "many": StepKind(steps_pieces.pieces_read, ("pieces",), usage="many(parse(line))"),
    "sep_by": StepKind(steps_pieces.pieces_read, ("pieces", "word"), usage="sep_by(parse(item), ',')"),
    "ref": StepKind(_ref, ("text",), more="value", usage="ref('subject')"),
    "user_agent": StepKind(user_agents.user_agent, library=user_agents.LIBRARY, shape=user_agents.SHAPE),
    "phone": StepKind(phones.phone, ("word",), usage="phone('DE')", library=phones.LIBRARY, optional=1, shape=phones.SHAPE),
    "person_name": StepKind(person_names.person_name, library=person_names.LIBRARY, shape=person_names.SHAPE),
    "postal_address": StepKind(
        postal_addresses.postal_address,
        ("word",),
        usage="postal_address('US')",
        library=postal_addresses.LIBRARY,
        shape=postal_addresses.SHAPE,
    ),
}


def step_names() -> list[str]:
    """List the names of all steps of the language, types apart."""
    return list(STEPS)
