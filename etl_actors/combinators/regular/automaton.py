"""The states that a parser can be in between two tokens: finitely many stacks, where no rule contains itself.

Lark's LALR table is run without a text. From a stack each token that the contextual lexer may find there leads, over the
reductions before it, to the next stack. A stack that holds one state twice could hold it any number of times: between the
two stands what a rule contains of itself, and such a grammar is declined. All others have finitely many stacks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lark.grammar import Rule
from lark.lexer import TerminalDef

from etl_actors.combinators.lark_inside import Shift, UnlessCallback, look_order
from etl_actors.combinators.regular.declined import Declined
from etl_actors.combinators.words import END

__all__ = ["ACCEPTED", "Automaton", "Look", "Move", "State", "Tables"]

ACCEPTED = -1  # the number of no state: the text was taken
_MOST = 1_000  # states; the program would be long, and its compilation take seconds


@dataclass(frozen=True, slots=True)
class Tables:
    """What Lark made of a grammar.

    Args:
        states: actions by symbol, by the number of the LALR state.
        first: the state that every text begins in.
        last: the state in which a text is accepted.
        lexers: by LALR state.
        recursive: the name that its author knows a rule by that contains itself; None where there is none.
    """

    states: dict[int, dict[str, Any]]
    first: int
    last: int
    lexers: dict[int, Any]
    recursive: str | None


@dataclass(frozen=True, slots=True)
class Move:
    """A token is taken.

    Args:
        terminal: Lark's name of it; END of the end of the text.
        reduced: the alternatives that end before it, in order.
        target: number of the next state, or ACCEPTED.
    """

    terminal: str
    reduced: tuple[Rule, ...]
    target: int


@dataclass(frozen=True, slots=True)
class Look:
    """One regular expression that the lexer tries in a state.

    Args:
        terminal: its definition.
        moves: what follows where it matches: one move; several, by the type that the text gives the token; none where the
            grammar takes no such token here, or where it is ignored.
        ignored: whether the lexer leaves it out and looks again.
        retype: gives the type of a token's text where that is another than the terminal's, else None; None where no text can.
    """

    terminal: TerminalDef
    moves: dict[str, Move]
    ignored: bool = False
    retype: Callable[[str], str | None] | None = None


@dataclass(frozen=True, slots=True)
class State:
    """Where the parser stands between two tokens.

    Args:
        number: of the state.
        stack: of LALR states.
        symbols: what each of the stack but the first stands for: Lark's names of terminals and rules.
        looks: what the lexer tries, in its order: the first that matches is the token.
        end: the move at the end of the text, None where it may not end here.
    """

    number: int
    stack: tuple[int, ...]
    symbols: tuple[str, ...]
    looks: tuple[Look, ...]
    end: Move | None


class Automaton:
    """The states of a grammar; the first one is where texts begin.

    Args:
        tables: of the grammar.

    Raises:
        Declined: a rule contains itself, or there are too many states.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._symbols = {
            action[1]: symbol for actions in tables.states.values() for symbol, action in actions.items() if action[0] is Shift
        }  # all ways into a state have one symbol
        self._orders: dict[int, tuple[tuple[TerminalDef, bool, Callable[[str], str | None] | None, tuple[str, ...]], ...]] = {}
        self._numbers: dict[tuple[int, ...], int] = {}
        self.states: list[State] = []
        waiting: list[tuple[int, ...]] = [(tables.first,)]
        self._number(waiting[0], waiting)
        while len(self.states) < len(self._numbers):
            stack = waiting[len(self.states)]
            self.states.append(self._state(len(self.states), stack, waiting))

    def _number(self, stack: tuple[int, ...], waiting: list[tuple[int, ...]]) -> int:
        known = self._numbers.get(stack)
        if known is not None:
            return known
        if len(self._numbers) >= _MOST:
            raise Declined(f"its rules can be under way in more than {_MOST:,} ways")
        number = self._numbers[stack] = len(self._numbers)
        if number:
            waiting.append(stack)
        return number

    def _state(self, number: int, stack: tuple[int, ...], waiting: list[tuple[int, ...]]) -> State:
        looks = []
        for terminal, ignored, retype, types in self._order(stack[-1]):
            found = {} if ignored else {kind: self._move(stack, kind, waiting) for kind in types}
            looks.append(Look(terminal, {kind: move for kind, move in found.items() if move}, ignored, retype))
        symbols = tuple(str(self._symbols[state]) for state in stack[1:])
        return State(number, stack, symbols, tuple(looks), self._move(stack, END, waiting))

    def _order(self, state: int) -> Any:
        """List what the lexer tries in an LALR state: terminal, whether it is ignored, how it is retyped, its types."""
        lexer = self._tables.lexers[state]
        known = self._orders.get(id(lexer))
        if known is None:
            found = []
            for terminal in look_order(lexer):
                callback = lexer.callback.get(terminal.name)
                if callback is not None and type(callback) is not UnlessCallback:
                    raise Declined("Lark's lexer changes its tokens in a way that is not known")
                retype = callback.scanner.fullmatch if callback is not None else None
                types = (*(sorted(callback.scanner.allowed_types) if callback is not None else ()), terminal.name)
                ignored = terminal.name in lexer.ignore_types
                found.append((terminal, ignored, None if ignored else retype, tuple(map(str, types))))
            known = self._orders[id(lexer)] = tuple(found)
        return known

    def _move(self, stack: tuple[int, ...], kind: str, waiting: list[tuple[int, ...]]) -> Move | None:
        """Reduce and shift in thought; None where the token does not fit in the end."""
        states, last = self._tables.states, self._tables.last
        reduced: list[Rule] = []
        now = list(stack)
        while True:
            action = states[now[-1]].get(kind)
            if action is None:
                return None
            if action[0] is Shift:
                self._check(now, action[1])
                return Move(kind, tuple(reduced), self._number((*now, action[1]), waiting))
            rule = action[1]
            reduced.append(rule)
            if rule.expansion:
                del now[-len(rule.expansion) :]
            state = states[now[-1]][rule.origin.name][1]
            self._check(now, state)
            now.append(state)
            if kind == END and state == last:
                return Move(kind, tuple(reduced), ACCEPTED)

    def _check(self, stack: list[int], state: int) -> None:
        if state in stack:
            raise Declined(f"{self._tables.recursive or 'a rule'} contains itself")
