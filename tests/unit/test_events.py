import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import etl_actors
from etl_actors import events

_PACKAGE = Path(etl_actors.__file__).parent
_DOC = _PACKAGE.parent / "docs" / "events.md"
_CONTEXT = {"exc_info", "stack_info"}


def constants() -> dict[str, str]:
    return {name: value for name, value in vars(events).items() if name.isupper() and isinstance(value, str)}


@cache
def told() -> tuple[tuple[str, str, set[str]], ...]:
    return tuple(_found())


def _found() -> Iterator[tuple[str, str, set[str]]]:
    """Every call ``log.info(events.NAME, key=…)`` of the package: its place, the name, the keys."""
    for path in sorted(_PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(), args=[ast.Attribute(value=ast.Name(id="events"), attr=name), *_], keywords=keys
                ):
                    yield f"{path.relative_to(_PACKAGE)}:{node.lineno}", name, {key.arg for key in keys if key.arg} - _CONTEXT
                case _:
                    pass


def test_every_constant_is_in_the_table_and_every_row_has_its_constant() -> None:
    assert set(constants().values()) == set(events.EVENTS)
    assert set(constants()) < set(events.__all__)


@pytest.mark.parametrize("constant", sorted(constants()))
def test_a_name_is_a_noun_and_a_verb_that_has_passed_and_its_constant_spells_it(constant: str) -> None:
    name = constants()[constant]
    assert re.fullmatch(r"[a-z]+\.[a-z]+(_[a-z]+)*", name)
    assert constant == name.upper().replace(".", "_")


def test_what_the_package_tells_has_no_key_that_the_table_does_not_list() -> None:
    unlisted = {
        place: keys - set(events.EVENTS[constants()[name]].keys)
        for place, name, keys in told()
        if not keys <= set(events.EVENTS[constants()[name]].keys)
    }
    assert unlisted == {}


@pytest.mark.parametrize("name", sorted(events.EVENTS))
def test_every_key_that_the_table_lists_is_told_somewhere(name: str) -> None:
    calls = [keys for _, constant, keys in told() if constants()[constant] == name]
    assert calls, "nothing tells of it"
    assert set(events.EVENTS[name].keys) == set().union(*calls)


def test_the_package_logs_no_event_by_a_text_of_its_own() -> None:
    literal = [
        f"{path.relative_to(_PACKAGE)}:{node.lineno}"
        for path in sorted(_PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "log"
        and node.func.attr in {"debug", "info", "warning", "error", "exception"}
        and isinstance(node.args[0], ast.Constant)
    ]
    assert literal == []


def test_the_document_holds_the_table_as_it_is() -> None:
    assert events.table() in _DOC.read_text("utf-8"), "docs/events.md: put in what etl_actors.events.table() returns"
