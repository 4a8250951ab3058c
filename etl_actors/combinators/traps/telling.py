"""Traps as they are told: where, what goes wrong, and what to write instead."""

import re
from dataclasses import dataclass

from etl_actors.combinators.grammar import Grammar
from etl_actors.combinators.traps.lexing import Cut, Eaten, Lost
from etl_actors.combinators.traps.slow import shown
from etl_actors.combinators.traps.states import States

__all__ = ["Telling", "Trap"]

_LIBRARIES = ("std/", "lark/")
_SHORT = 40  # characters of a remedy
# Of a line of a grammar: with comments and regexes, which hold none.
_LITERALS = re.compile(r'"(?:[^"\\]|\\.)*"|//.*|/(?:[^/\\]|\\.)+/')


@dataclass(frozen=True, slots=True, order=True)
class Trap:
    """A place of a grammar that reads other than it looks.

    Args:
        file: that has it.
        line: from 1.
        column: from 1.
        sentence: what goes wrong, and what to write instead.
    """

    file: str
    line: int
    column: int
    sentence: str


class Telling:
    """Tells of one grammar's traps.

    Args:
        grammar: that has them.
        states: of its parser.
    """

    def __init__(self, grammar: Grammar, states: States) -> None:
        self.grammar = grammar
        self.reached = grammar.reached
        self.states = states

    def told(self, trap: Lost | Cut | Eaten) -> Trap:
        """Tell what terminals do to one another."""
        match trap:
            case Lost(loser, winner, text, all=True):
                return self._never(loser, winner, text)
            case Lost(loser, winner, text):
                return self.at(
                    loser,
                    f"{self.called(loser)} is not always read: `{shown(text)}` is taken for {self.called(winner)} where both may "
                    f"stand; {self._priority(loser, text, winner)}",
                    winner,
                )
            case Cut(keyword, name, text, read):
                return self.at(
                    keyword,
                    f"{self.called(keyword)} has priority over {self.called(name)}, so that `{shown(text)}` is read as "
                    f"`{shown(read)}` and a rest; let it end at the end of a word: {self._as_word(keyword, read, self.states.terminals[keyword].priority)}",
                )
            case Eaten(eater, other, rule, text):
                return self.at(
                    eater,
                    f"{self.called(eater)} goes on over {self.called(other)}, which has to follow it in rule "
                    f"`{self.reached.called(rule.lstrip('_')) if rule.startswith('__') else self.reached.called(rule)}`: all of "
                    f"`{shown(text)}` is {self.called(eater)}; let it stop before, by leaving out a character, as [^,]+ does, or by "
                    "looking ahead, as (?:(?!END).)+ does",
                )

    def _never(self, loser: str, winner: str, text: str) -> Trap:
        if winner in {one.name for one in self.states.ignored}:
            return self.at(
                loser,
                f"{self.called(loser)} is never read where it may stand: `{shown(text)}` is taken for what %ignore leaves out; let "
                "%ignore leave out less, or give it a priority: " + f"{self._named(loser)}.{self._rank(winner)}: …",
                winner,
            )
        if self.states.terminals[loser].pattern == self.states.terminals[winner].pattern:
            return self.at(
                loser,
                f"{self.called(loser)} and {self.called(winner)} match the same texts, and where both may stand only "
                f"{self.called(winner)} is read; have one terminal for both, and let rules tell them apart",
                winner,
            )
        return self.at(
            loser,
            f"{self.called(loser)} is never read where {self.called(winner)} may stand too: `{shown(text)}` is taken for "
            f"{self.called(winner)}, for Lark takes of two that match the one of the higher priority, then the one that can be longer; "
            f"{self._priority(loser, text, winner)}",
            winner,
        )

    def _priority(self, name: str, text: str, winner: str) -> str:
        if self.states.terminals[name].words and text[-1:].isalnum():
            return f"give it a priority, and let it end at the end of a word: {self._as_word(name, text, self._rank(winner))}"
        return (
            f"give it a priority and let it end where the other would, {self._named(name)}.{self._rank(winner)}: /…\\b/, or have one "
            "terminal for both"
        )

    def _rank(self, winner: str) -> int:
        """Give a priority above that of a terminal; 2 is seen better than 1."""
        return max(2, self.states.terminals[winner].priority + 1)

    def _as_word(self, name: str, text: str, rank: int) -> str:
        """Write a terminal of few words so that it is read where the word stands alone, and only there."""
        words = self.states.terminals[name].words
        plain = list(dict.fromkeys(_escaped(word.lower()) for word in words))
        flag = "i" if len(plain) < len(words) else ""
        options = "|".join(plain if flag else map(_escaped, words))
        if len(options) > _SHORT:
            options = f"{_escaped(text)}|…"
        body = f"(?:{options})" if "|" in options else options
        return f"{self._named(name)}.{rank}: /{body}\\b/{flag}"

    def _named(self, name: str) -> str:
        return self.reached.called(name) if name in self.reached.definitions else "IT" if name.startswith("__") else name

    def called(self, name: str) -> str:
        """Name a terminal as its grammar does, or show what it matches."""
        terminal = self.states.terminals.get(name)
        if name in self.reached.definitions or terminal is None:
            return f"`{self.reached.called(name)}`"
        return f'"{shown(terminal.literal)}"' if terminal.literal is not None else f"/{terminal.pattern}/"

    def at(self, name: str, sentence: str, other: str = "") -> Trap:
        """Say something where whoever wrote the grammar has written it.

        Args:
            name: of the terminal that it is about.
            sentence: what goes wrong, and what to write instead.
            other: another terminal, where the first has no place there.
        """
        used = self.reached.uses.get(name)
        here = (used.file, used.line, used.column) if used else None
        places = (self.reached.place_of(name), self._written(name), here, self.reached.place_of(other))
        place = next((place for place in places if place and self._is_own(place[0])), (self.grammar.name, 1, 1))
        return Trap(*place, sentence)

    def _is_own(self, file: str) -> bool:
        """Tell whether who wrote the grammar wrote the file too: what is imported is told where it is used."""
        return not file.startswith(_LIBRARIES) or self.grammar.name.startswith(_LIBRARIES)

    def _written(self, name: str) -> tuple[str, int, int] | None:
        """Find a literal or a regex that has no name in the grammar's own file."""
        terminal = self.states.terminals[name]
        written = f"/{terminal.pattern}/" if terminal.literal is None else f'"{terminal.literal}"'
        for number, line in enumerate(self.reached.main.splitlines(), 1):
            for found in _LITERALS.finditer(line):
                if found[0] == written:
                    return self.grammar.name, number, found.start() + 1
        return None


def _escaped(text: str) -> str:
    return "".join(f"\\{c}" if c in r"\.^$*+?{}[]|()/" else c for c in text)
