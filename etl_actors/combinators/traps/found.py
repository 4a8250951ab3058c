"""The traps of Lark: what loads without a word and then reads other than it looks, each told with its remedy.

Grammars that Lark cannot load, or that one token of foresight does not suffice for, are `GrammarError` of `load_grammar`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from etl_actors.combinators.grammar import Grammar, GrammarError, load_grammar
from etl_actors.combinators.traps.joined import joined
from etl_actors.combinators.traps.lexing import Cut, Eaten, Lost, cut, eaten, lost
from etl_actors.combinators.traps.regex import looks_around, stops_early
from etl_actors.combinators.traps.slow import shown, slow
from etl_actors.combinators.traps.states import States

__all__ = ["Trap", "find_traps", "traps_of"]

_LIBRARIES = ("std/", "lark/")
_SEARCHED = 20_000  # characters of all terminals
_SEARCHED_RULES = 3_000
_SHORT = 40  # characters of a remedy
_LITERALS = re.compile(
    r'"(?:[^"\\]|\\.)*"|//.*|/(?:[^/\\]|\\.)+/'
)  # of a line of a grammar: with comments and regexes, which hold none


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


def find_traps(grammar_text: str, find: Callable[[str], str | None], start: str, name: str) -> list[Trap]:
    """Find the traps in a grammar and in those it imports.

    Args:
        grammar_text: of its file.
        find: gives the text of a file that is imported, None where there is none.
        start: the rule that texts are parsed by.
        name: of its file.

    Returns:
        The traps by place; of a grammar that cannot be loaded, the error alone.
    """
    try:
        grammar = load_grammar(grammar_text, name=name, find=find, start=start)
    except GrammarError as error:
        return [Trap(error.file, error.line, error.column, error.sentence)]
    return traps_of(grammar)


def traps_of(grammar: Grammar) -> list[Trap]:
    """Find the traps in a grammar that is loaded, and in those it imports, by place."""
    return list(_found(grammar))


@lru_cache(maxsize=64)
def _found(grammar: Grammar) -> tuple[Trap, ...]:
    try:
        return tuple(sorted(set(_Traps(grammar).find())))
    except RecursionError:
        return (Trap(grammar.name, 1, 1, "a regex of this is nested too deeply to be searched for traps: nest it less"),)


class _Traps:
    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self.reached = grammar.reached
        self.states = States(grammar.lark, grammar.start)

    def find(self) -> Iterator[Trap]:
        size = sum(len(one.pattern) for one in self.states.terminals.values())
        if size > _SEARCHED or len(self.grammar.lark.rules) > _SEARCHED_RULES:
            yield Trap(
                self.grammar.name,
                1,
                1,
                f"with {size:,} characters of terminals and {len(self.grammar.lark.rules):,} alternatives this is too large to be searched "
                "for traps; long lists of words are quicker as a map of the slip, with `lookup`",
            )
            return
        yield from self._alone()
        yield from self._not_brought()
        for file, text in {**self.grammar.files, self.grammar.name: self.reached.main}.items():
            for one in joined(text):
                yield Trap(file, one.line, one.column, one.sentence)
        told: set[tuple[str, str]] = set()
        for trap in self._between():
            pair = (trap.loser, trap.winner) if isinstance(trap, Lost) else _names(trap)
            if pair not in told:
                told.add(pair)
                yield self._told(trap)

    def _not_brought(self) -> Iterator[Trap]:
        """Find rules that come from a file which ignores blanks, in a grammar that ignores nothing: they are not ignored there."""
        if self.grammar.name in self.reached.ignoring:
            return
        for file, line, column, imported in self.reached.taken:
            ignoring = self.reached.ignoring.get(imported)
            if ignoring and file == self.grammar.name:
                yield Trap(
                    file,
                    line,
                    column,
                    f"{imported} leaves something out between what its rules read, and %import does not bring that along: write here "
                    f"too what it says, {' and '.join(ignoring)}",
                )

    def _between(self) -> Iterator[Lost | Cut | Eaten]:
        """Find what terminals do to one another; of several about the same two the most telling comes first."""
        seeing = {one.name for one in self.states.terminals.values() if looks_around(one.pattern)}
        points = list(self.states.points())
        found = [one for point in points for one in lost(point, self.states.ignored) if one.winner not in seeing]
        yield from sorted(found, key=lambda one: not one.all)
        for point in points:
            yield from cut(point, self.states.ignored)
        for point in points:
            if point.before and point.before.name not in seeing:
                yield from eaten(self.states, point)

    def _alone(self) -> Iterator[Trap]:
        for terminal in self.states.terminals.values():
            if terminal.literal is not None:
                continue
            if found := slow(terminal.pattern):
                yield self._at(terminal.name, found.sentence(self._called(terminal.name)))
            if stops_early(terminal.pattern):
                yield self._at(
                    terminal.name,
                    f"{self._called(terminal.name)} ends in a lazy repetition, which takes as little as it may and never more; make "
                    "it greedy and say where it ends, as [^,]+ does, or (?:(?!END).)+",
                )

    def _told(self, trap: Lost | Cut | Eaten) -> Trap:
        match trap:
            case Lost(loser, winner, text, all=True):
                return self._never(loser, winner, text)
            case Lost(loser, winner, text):
                return self._at(
                    loser,
                    f"{self._called(loser)} is not always read: `{shown(text)}` is taken for {self._called(winner)} where both may "
                    f"stand; {self._priority(loser, text, winner)}",
                    winner,
                )
            case Cut(keyword, name, text, read):
                return self._at(
                    keyword,
                    f"{self._called(keyword)} has priority over {self._called(name)}, so that `{shown(text)}` is read as "
                    f"`{shown(read)}` and a rest; let it end at the end of a word: {self._as_word(keyword, read, self.states.terminals[keyword].priority)}",
                )
            case Eaten(eater, other, rule, text):
                return self._at(
                    eater,
                    f"{self._called(eater)} goes on over {self._called(other)}, which has to follow it in rule "
                    f"`{self.reached.called(rule.lstrip('_')) if rule.startswith('__') else self.reached.called(rule)}`: all of "
                    f"`{shown(text)}` is {self._called(eater)}; let it stop before, by leaving out a character, as [^,]+ does, or by "
                    "looking ahead, as (?:(?!END).)+ does",
                )

    def _never(self, loser: str, winner: str, text: str) -> Trap:
        if winner in {one.name for one in self.states.ignored}:
            return self._at(
                loser,
                f"{self._called(loser)} is never read where it may stand: `{shown(text)}` is taken for what %ignore leaves out; let "
                "%ignore leave out less, or give it a priority: " + f"{self._named(loser)}.{self._rank(winner)}: …",
                winner,
            )
        if self.states.terminals[loser].pattern == self.states.terminals[winner].pattern:
            return self._at(
                loser,
                f"{self._called(loser)} and {self._called(winner)} match the same texts, and where both may stand only "
                f"{self._called(winner)} is read; have one terminal for both, and let rules tell them apart",
                winner,
            )
        return self._at(
            loser,
            f"{self._called(loser)} is never read where {self._called(winner)} may stand too: `{shown(text)}` is taken for "
            f"{self._called(winner)}, for Lark takes of two that match the one of the higher priority, then the one that can be longer; "
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

    def _called(self, name: str) -> str:
        terminal = self.states.terminals.get(name)
        if name in self.reached.definitions or terminal is None:
            return f"`{self.reached.called(name)}`"
        return f'"{shown(terminal.literal)}"' if terminal.literal is not None else f"/{terminal.pattern}/"

    def _at(self, name: str, sentence: str, other: str = "") -> Trap:
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


def _names(trap: Cut | Eaten) -> tuple[str, str]:
    return (trap.keyword, trap.name) if isinstance(trap, Cut) else (trap.eater, trap.eaten)


def _escaped(text: str) -> str:
    return "".join(f"\\{c}" if c in r"\.^$*+?{}[]|()/" else c for c in text)
