"""The steps that a slip declares in its ``steps.py``: found by reading it, run only where documents are mapped."""

import ast
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from etl_actors.slips.source.problems import did_you_mean
from etl_actors.slips.steps.step_kinds import KINDS

__all__ = ["OwnStep", "find_own_steps"]

Note = Callable[[int, int, str], None]
Function = ast.FunctionDef | ast.AsyncFunctionDef

_MODULE = "etl_actors"
_MARK = "step"
_HINTS = "str, int, float, Decimal, bool, list, dict or Any, with `| None` if it wants to see null too"


@dataclass(frozen=True, slots=True)
class OwnStep:
    """A step of a slip's own, as its definition says; nothing of the file has run.

    Args:
        name: of the function.
        takes: the type hint of the value: ``str int float Decimal bool list dict`` or ``Any``.
        takes_null: whether the function wants to see null too.
        least: how many arguments it needs behind the value.
        most: how many it takes.
    """

    name: str
    takes: str
    takes_null: bool
    least: int
    most: int


def find_own_steps(text: str, taken: frozenset[str], note: Note) -> dict[str, OwnStep]:
    """Find the functions of a ``steps.py`` that are marked as steps.

    Args:
        text: of the file.
        taken: names of steps and types of the language, which are not to be had.
        note: told the line and column, from 1, of what is wrong, and a sentence.

    Returns:
        The steps by name.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unknown escape in a string is the author's affair
            module = ast.parse(text)
    except SyntaxError as error:
        note(error.lineno or 1, max(error.offset or 1, 1), f"this is no Python: {error.msg}")
        return {}
    except (RecursionError, MemoryError):
        note(1, 1, "this is nested deeper than Python reads")
        return {}
    except ValueError as error:
        note(1, 1, f"this is no Python: {error}")
        return {}
    return _Finder(module, text, taken, note).found()


class _Finder:
    def __init__(self, module: ast.Module, text: str, taken: frozenset[str], note: Note) -> None:
        self.module = module
        self.lines = text.splitlines()
        self.taken = taken
        self.note = note
        self.marks = set(_marks(module))

    def found(self) -> dict[str, OwnStep]:
        steps: dict[str, OwnStep] = {}
        for function in self._marked():
            if function.name in steps:
                self.wrong(function, f"there is a step `{function.name}` already")
            step = self._step(function)
            if step:
                steps[step.name] = step
        return steps

    def wrong(self, node: ast.stmt | ast.expr | ast.arg, sentence: str) -> None:
        line = self.lines[node.lineno - 1] if node.lineno <= len(self.lines) else ""
        before = line.encode()[: node.col_offset].decode(errors="replace")  # ast counts bytes
        self.note(node.lineno, len(before) + 1, sentence)

    def _marked(self) -> Iterator[Function]:
        for node in ast.walk(self.module):
            if not isinstance(node, Function):
                if isinstance(node, ast.ClassDef) and any(ast.unparse(one) in self.marks for one in node.decorator_list):
                    self.wrong(node, f"a step is a function, and `{node.name}` is a class: `def {node.name}(value: str) -> str:`")
                continue
            mark = next((one for one in node.decorator_list if ast.unparse(one) in self.marks), None)
            if mark is None:
                bare = next((one for one in node.decorator_list if ast.unparse(one) in {_MARK, f"{_MODULE}.{_MARK}"}), None)
                if bare is not None:
                    self.wrong(bare, f"`{_MARK}` is not imported: `from {_MODULE} import {_MARK}` does it")
            elif node not in self.module.body:
                self.wrong(node, f"a step is a function of its own: `{node.name}` stands within something else")
            else:
                yield node

    def _step(self, function: Function) -> OwnStep | None:
        if function.name in self.taken:
            self.wrong(function, f"`{function.name}` is a step or type of the language; give this one another name")
        if isinstance(function, ast.AsyncFunctionDef):
            self.wrong(function, f"the step `{function.name}` is async; a step is a plain function")
        if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in _own_nodes(function)):
            self.wrong(function, f"the step `{function.name}` is a generator; a step returns its value")
        arguments = function.args
        for extra, kind in ((arguments.vararg, "*"), (arguments.kwarg, "**")):
            if extra is not None:
                self.wrong(extra, f"a step takes its arguments by place, and a number that is known; got `{kind}{extra.arg}`")
        for only in arguments.kwonlyargs:
            self.wrong(only, f"a step takes its arguments by place; `{only.arg}` can only be given by name")
        places = [*arguments.posonlyargs, *arguments.args]
        if not places:
            self.wrong(function, f"the step `{function.name}` needs an argument for the value")
            return None
        hint = self._hint(places[0], function.name)
        if hint is None:
            return None
        most = len(places) - 1
        return OwnStep(function.name, *hint, max(0, most - len(arguments.defaults)), most)

    def _hint(self, value: ast.arg, step: str) -> tuple[str, bool] | None:
        if value.annotation is None:
            self.wrong(value, f"the value of the step `{step}` needs a type hint: {_HINTS}")
            return None
        named = _named(value.annotation)
        kinds = [name for name in named if name != "None"]
        if len(kinds) == 1 and kinds[0] in KINDS:
            return kinds[0], "None" in named
        got = ast.unparse(value.annotation)
        hint = did_you_mean(kinds[0], list(KINDS)) if len(kinds) == 1 else ""
        self.wrong(value.annotation, f"the value of a step is hinted {_HINTS}; got `{got}`{hint}")
        return None


def _marks(module: ast.Module) -> Iterator[str]:
    """List what the file calls the mark of a step."""
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.module in {_MODULE, f"{_MODULE}.steps"} and not node.level:
            yield from (one.asname or one.name for one in node.names if one.name == _MARK)
        elif isinstance(node, ast.Import):
            yield from (f"{one.asname or one.name}.{_MARK}" for one in node.names if one.name == _MODULE)


def _own_nodes(function: Function) -> Iterator[ast.AST]:
    """List the nodes of a function without those of the functions and classes within it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Function | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)


def _named(hint: ast.expr) -> list[str]:
    """List the names of the types that a hint joins; what it says of their elements is left out."""
    match hint:
        case ast.Constant(value=None):
            return ["None"]
        case ast.Constant(value=str(text)):
            try:
                return _named(ast.parse(text, mode="eval").body)
            except SyntaxError:
                return [text]
        case ast.BinOp(left, ast.BitOr(), right):
            return [*_named(left), *_named(right)]
        case ast.Subscript(value, inner) if _last_name(value) in {"Optional", "Union"}:
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            optional = ["None"] if _last_name(value) == "Optional" else []
            return [name for part in parts for name in _named(part)] + optional
        case ast.Subscript(value):
            return [_last_name(value)]
        case _:
            return [_last_name(hint)]


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ast.unparse(node)
