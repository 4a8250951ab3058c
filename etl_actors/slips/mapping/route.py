"""The choice among slips: which one takes a document."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from etl_actors.relational.reject import Reject, Stage
from etl_actors.slips.emitting.emitter import Emitter
from etl_actors.slips.emitting.scope import Scope
from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.mapping.compile import own_steps
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.values.document import Staged
from etl_actors.slips.values.refused import Refused

__all__ = ["Predicate", "Routed", "choose", "predicate_of", "routed"]

Predicate = Callable[[Staged, Any], bool]
"""Tells whether something holds of a row and its document."""


@dataclass(frozen=True, slots=True)
class Routed:
    """A slip with its `when` compiled.

    Args:
        slip: what it was compiled of.
        takes: tells whether the slip takes a document.
    """

    slip: Slip
    takes: Predicate


def routed(slip: Slip) -> Routed:
    """Compile a slip's `when`.

    Args:
        slip: as `read_slip` gives it.

    Returns:
        The slip with its predicate. A predicate that fails (a type that refuses a value) does not hold.

    Raises:
        SlipError: the predicate uses a step of the slip's own, and its ``steps.py`` can't be run.
    """
    return Routed(slip, _always if slip.when is None else predicate_of(slip, slip.when))


def predicate_of(slip: Slip, node: n.Predicate) -> Predicate:
    """Compile a predicate over documents: a slip's `when`, or a part of one; it sees no lets.

    Args:
        slip: whose it is.
        node: as it was read.

    Raises:
        SlipError: as of `routed`.
    """
    emitter = Emitter(vocabulary=slip.vocabulary)
    emitter.names |= {"EMPTY": {}, "Refused": Refused}
    lines = [
        "def takes(staged, document):",
        "    row_id, raw, source, received_at = staged",
        "    D = document if type(document) is dict else EMPTY",
        "    try:",
        f"        return {emitter.predicate(node, Scope())}",
        "    except Refused:",
        "        return False",
    ]
    names = emitter.names | own_steps(slip, frozenset(emitter.own))
    exec(compile("\n".join(lines), f"<when of slip {slip.name} {slip.digest}>", "exec"), names)  # noqa: S102  (generated)
    takes: Predicate = names["takes"]
    return takes


def _always(_staged: Staged, _document: Any) -> bool:
    return True


def choose(candidates: Sequence[Routed], document: Any, staged: Staged) -> Routed | Reject:
    """Choose the slip of highest priority that takes a document.

    Args:
        candidates: the slips of the row's source, highest priority first.
        document: the row's payload, decoded.
        staged: the row.

    Returns:
        The one slip, or a reject of stage route: none takes it (``no_slip``), or several of equal priority
        (``ambiguous_route``).
    """
    chosen: list[Routed] = []
    for candidate in candidates:
        if chosen and candidate.slip.priority < chosen[0].slip.priority:
            break
        if candidate.takes(staged, document):
            chosen.append(candidate)
    if len(chosen) == 1:
        return chosen[0]
    if not chosen:
        message = f"expected a slip that takes this document of source {staged.source!r}, got none"
        return Reject(staged.row_id, Stage.ROUTE, "no_slip", message, {"source": staged.source})
    names = sorted(one.slip.name for one in chosen)
    message = f"expected one slip, got {len(names)} of equal priority {chosen[0].slip.priority}: {', '.join(names)}"
    return Reject(staged.row_id, Stage.ROUTE, "ambiguous_route", message, {"source": staged.source, "slips": names})
