"""The steps of a slip's own as functions to call: here, and only here, the text of a ``steps.py`` runs."""

import dis
import linecache
import math
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from hashlib import sha256
from types import ModuleType
from typing import Any

from etl_actors.combinators.node import Node, settle
from etl_actors.slips.source.files import STEPS
from etl_actors.slips.steps.own_steps import OwnStep
from etl_actors.slips.steps.step_kinds import KINDS, UNFIT, StepValue
from etl_actors.slips.values.refused import Refused

__all__ = ["StepEnded", "load_own_steps", "pressed"]

_VALUES = (str, int, float, Decimal, list, dict, type(None))


class StepEnded(Exception):
    """A step raised what is no `Exception`, so that it would have ended the process, or the thread; its text is left behind.

    Args:
        step: its name.
        kind: the type of what it raised.
    """

    def __init__(self, step: str, kind: str) -> None:
        super().__init__(f"the step `{step}` raised {kind}")
        self.kind = kind


def pressed(error: BaseException) -> bool:
    """Tell whether somebody pressed Ctrl-C while a slip's own code ran: then no line of Python raised the interrupt."""
    if not isinstance(error, KeyboardInterrupt):
        return False
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return last is None or last.tb_frame.f_code.co_code[last.tb_lasti] != dis.opmap["RAISE_VARARGS"]


def load_own_steps(files: Mapping[str, str], steps: Mapping[str, OwnStep]) -> dict[str, Callable[..., Any]]:
    """Run a slip's ``steps.py`` and give its steps as functions of the value and the arguments.

    Null passes a step unless it wants to see it; a value of another kind than its hint says is refused, and so is one for
    which the step raises a ValueError.

    Args:
        files: of the slip.
        steps: that were found in the file.

    Returns:
        The functions by name, which raise `Refused`, or whatever a bug in the step raises, `StepEnded` for what is no
        `Exception`.

    Raises:
        BaseException: whatever running the file raises.
    """
    if not steps:
        return {}
    module = _module(files[STEPS])
    return {name: _guarded(getattr(module, name), step) for name, step in steps.items()}


def _module(text: str) -> ModuleType:
    version = sha256(text.encode()).hexdigest()[:12]
    module = ModuleType(f"etl_actors_steps_{version}")
    filename = f"<{STEPS} {version}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)  # so that tracebacks show it
    sys.modules[module.__name__] = module  # where dataclasses look up the names of their hints
    try:
        exec(compile(text, filename, "exec", dont_inherit=True), module.__dict__)  # noqa: S102  (the slip's own code, installed with it)
    except BaseException:
        del sys.modules[module.__name__]
        raise
    return module


def _guarded(function: Callable[..., Any], step: OwnStep) -> Callable[..., Any]:
    kind, takes_null = KINDS[step.takes], step.takes_null

    def call(value: Any, *arguments: Any) -> Any:
        if value is None:
            if not takes_null:
                return None
            taken = None
        else:
            taken = _taken(kind, value)
        try:
            made = function(taken, *arguments)
        except ValueError as error:
            raise Refused("step_failed", str(error) or f"what the step `{step.name}` takes", value) from None
        except Exception:
            raise
        except BaseException as error:
            if pressed(error):
                raise
            raise StepEnded(step.name, type(error).__name__).with_traceback(error.__traceback__) from None
        if not isinstance(made, _VALUES):
            message = f"expected the step `{step.name}` to return str, int, float, Decimal, bool, list, dict or None, got {type(made).__name__}"
            raise TypeError(message)
        _check_finite(made)
        return made

    return call


def _taken(kind: StepValue, value: Any) -> Any:
    taken = kind.taken(value)
    if taken is UNFIT:
        raise Refused(kind.reason, kind.expected, value)
    if type(taken) is list or type(taken) is Node:
        settle(taken)  # the step may change it
    return taken


def _check_finite(made: Any) -> None:
    """Refuse infinite numbers and such as are none, which JSON has not and columns take differently."""
    waiting, known = [made], set()  # a list may hold itself
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict | list):
            if id(one) not in known:
                known.add(id(one))
                waiting += one.values() if isinstance(one, dict) else one
        elif isinstance(one, float | Decimal) and not (math.isfinite(one) if isinstance(one, float) else one.is_finite()):
            raise Refused("not_a_number", "a finite number", one)
