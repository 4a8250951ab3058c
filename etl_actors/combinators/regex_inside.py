"""What Python leaves out of the documentation of its regular expressions, reached from here alone."""

import re
from re import _compiler, _parser  # type: ignore[attr-defined]
from re import _constants as op
from typing import Any

__all__ = ["FLAGS_OF_TYPE", "REPEATS", "SUBPATTERN", "WIDTH_ONE", "compiled_leaf", "op", "parsed"]

REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
WIDTH_ONE = (op.LITERAL, op.NOT_LITERAL, op.ANY, op.ANY_ALL, op.IN)
FLAGS_OF_TYPE: int = _parser.TYPE_FLAGS
SUBPATTERN: Any = _parser.SubPattern


def parsed(pattern: str, flags: int = 0) -> Any:
    """Give the tree of a regular expression, a sequence of pairs of operation and argument."""
    return _parser.parse(pattern, flags)


def compiled_leaf(code: Any, argument: Any, flags: int) -> re.Pattern[str]:
    """Compile one pair of a tree by itself."""
    regex: re.Pattern[str] = _compiler.compile(_parser.SubPattern(_parser.State(), [(code, argument)]), flags)
    return regex
