"""Lets as functions within a mapper: each is computed when something first asks for it, and kept until the next item.

What a let gives stands in a variable of the mapper (``let3``), its failure in another (``lost3``), so that neither is
computed again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from etl_actors.slips.blaming.spots import KnownLet
from etl_actors.slips.emitting.scope import Scope
from etl_actors.slips.mapping.code import Code
from etl_actors.slips.model.slip import Let
from etl_actors.slips.values.refused import Refused

__all__ = ["forget_lets", "write_lets"]

_UNSET = object()


def write_lets(code: Code, lets: Sequence[Let], scope: Scope, table: int | None, depth: int = 1) -> Scope:
    """Write the functions of some lets.

    Args:
        code: of the mapper.
        lets: in order.
        scope: what they see beside one another.
        table: number of the table whose they are; None of the whole document's.
        depth: of indentation.

    Returns:
        The scope with them in sight.
    """
    code.emitter.names |= {"UNSET": _UNSET, "Refused": Refused, "kept": _kept}
    for let in lets:
        number = len(code.lets)
        function = f"let_{number}_{let.name}" if let.name.isidentifier() else f"let_{number}"
        code.add(depth, f"def {function}():")
        code.add(depth + 1, f"nonlocal let{number}, lost{number}")
        code.add(depth + 1, f"if lost{number} is not None: raise lost{number}.again()")
        code.add(depth + 1, "try:")
        code.add(depth + 2, f"let{number} = {code.emitter.value(let.node, scope)}")
        code.add(depth + 1, "except Refused as refused:")
        code.add(depth + 2, f"lost{number} = kept(refused, {number})")
        code.add(depth + 2, "raise")
        code.add(depth + 1, f"return let{number}")
        code.lets.append(KnownLet(let, table, code.seen(scope)))
        value = f"(let{number} if let{number} is not UNSET else {function}())"
        code.numbers[value] = number
        scope = replace(scope, lets={**scope.lets, let.name: value})
    return scope


def forget_lets(code: Code, numbers: Iterable[int], depth: int) -> None:
    """Write the line that makes some lets be computed anew.

    Args:
        code: of the mapper.
        numbers: of the lets.
        depth: of indentation.
    """
    several = list(numbers)
    if several:
        unset = " = ".join(f"let{number}" for number in several)
        found = " = ".join(f"lost{number}" for number in several)
        code.add(depth, f"{unset} = UNSET; {found} = None")


def _kept(refused: Refused, number: int) -> Any:
    """Keep a let's failure without the frames that it came through; it is that of the innermost let."""
    if refused.let is None:
        refused.let = number
    return refused.again()
