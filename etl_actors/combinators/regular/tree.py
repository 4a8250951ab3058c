"""Blocks: parts of the automaton as trees of tokens, each of which one regular expression reads."""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from etl_actors.combinators.regular.automaton import ACCEPTED, Automaton, Look, Move, State

__all__ = ["Branch", "Step", "entries", "unfolded"]

_LEAVES = 32  # ends of a block: each has code of its own
_DEPTH = 64  # tokens of a way through a block: its regular expression nests as deep, and so does what writes it
_CHARACTERS = 12_000  # of a block's regular expression, about: Python takes a second for some hundred thousand


@dataclass(eq=False, slots=True)
class Step:
    """A token in a tree.

    Args:
        look: its terminal.
        move: what is done where it was read; None where its text decides on that.
        number: of the token, in its block.
        behind: what may follow; None where the block ends.
        opens: whether every match of the block begins with it.
        captured: whether it has a group of the regular expression.
        group: the number of that group, or of an empty one behind it that tells that the block ended here; once it is written.
    """

    look: Look
    move: Move | None
    number: int
    opens: bool = False
    behind: "Branch | None" = None
    captured: bool = False
    group: int = 0

    @property
    def closes(self) -> bool:
        """Whether a match ends with it, if it comes this far."""
        behind = self.behind
        return behind is None or not (behind.steps or any(look.ignored for look in behind.state.looks))


@dataclass(eq=False, slots=True)
class Branch:
    """A place in a tree: what may be read there.

    Args:
        state: of the automaton.
        steps: by the place of their look among the state's looks; none for what is ignored or fits nothing.
        group: of the end of the text, once it is written; 0 where the text may not end here.
    """

    state: State
    steps: dict[int, Step] = field(default_factory=dict)
    group: int = 0

    def all(self) -> Iterator[Step]:
        """List all tokens of the tree."""
        waiting = [self]
        while waiting:
            for step in waiting.pop().steps.values():
                yield step
                waiting += [step.behind] if step.behind else []


def _heads(automaton: Automaton) -> set[int]:
    """Find the states that loops begin in: a tree that went on there would have no end."""
    found: set[int] = set()
    under_way: set[int] = set()
    done: set[int] = set()
    waiting = [(0, iter(_targets(automaton.states[0])))]
    under_way.add(0)
    while waiting:
        number, rest = waiting[-1]
        target = next(rest, None)
        if target is None:
            waiting.pop()
            under_way.discard(number)
            done.add(number)
        elif target in under_way:
            found.add(target)
        elif target not in done:
            under_way.add(target)
            waiting.append((target, iter(_targets(automaton.states[target]))))
    return found


def entries(automaton: Automaton) -> set[int]:
    """Find the states that blocks begin in: the heads of loops; where terminals are long, all that several ways lead to.

    A tree that goes on over a state to which several ways lead has what follows it several times.
    """
    found = _heads(automaton)
    if sum(map(_length, automaton.states)) > _CHARACTERS:
        ways = Counter(target for state in automaton.states for target in _targets(state))
        found |= {state for state, count in ways.items() if count > 1}
    return found


def _targets(state: State) -> list[int]:
    return [move.target for look in state.looks for move in look.moves.values()]


def unfolded(automaton: Automaton, entry: int, starts: set[int]) -> Branch:
    """Unfold the automaton from a state, until another block begins, a token's text decides, or the tree is large.

    Args:
        automaton: of the grammar.
        entry: number of the state.
        starts: where blocks begin.
    """
    count = characters = 0

    def branch(state: State) -> Branch:
        nonlocal count, characters
        made = Branch(state)
        characters += _length(state)
        for place, look in enumerate(state.looks):
            if look.moves:
                plain = look.retype is None and len(look.moves) == 1
                made.steps[place] = Step(look, next(iter(look.moves.values())) if plain else None, count)
                count += 1
        return made

    root = branch(automaton.states[entry])
    for step in root.steps.values():
        step.opens = not any(look.ignored for look in root.state.looks)
    leaves = _ends(root)
    waiting = deque((step, 1) for step in root.steps.values())
    while waiting:
        step, depth = waiting.popleft()
        if step.move is None or step.move.target == ACCEPTED or step.move.target in starts or depth == _DEPTH:
            continue
        target = automaton.states[step.move.target]
        if characters + _length(target) > _CHARACTERS:
            continue
        below = branch(target)
        if _ends(below) and leaves + _ends(below) - 1 <= _LEAVES:
            step.behind = below
            leaves += _ends(below) - 1
            waiting.extend((one, depth + 1) for one in below.steps.values())
    return root


def _length(state: State) -> int:
    return sum(len(look.terminal.pattern.value) for look in state.looks)


def _ends(branch: Branch) -> int:
    return len(branch.steps) + (branch.state.end is not None)
