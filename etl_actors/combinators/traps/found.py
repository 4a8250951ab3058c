"""The traps of Lark: what loads without a word and then reads other than it looks, each told with its remedy.

Grammars that Lark cannot load, or that one token of foresight does not suffice for, are `GrammarError` of `load_grammar`.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache

from etl_actors.combinators.grammar import Grammar, GrammarError, load_grammar
from etl_actors.combinators.traps.joined import joined
from etl_actors.combinators.traps.lexing import Cut, Eaten, Lost, cut, eaten, lost
from etl_actors.combinators.traps.regex import looks_around, stops_early
from etl_actors.combinators.traps.slow import slow
from etl_actors.combinators.traps.states import States
from etl_actors.combinators.traps.telling import Telling, Trap

__all__ = ["find_traps", "traps_of"]

_SEARCHED = 20_000  # characters of all terminals
_SEARCHED_RULES = 3_000


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
        self.telling = Telling(grammar, self.states)

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
                yield self.telling.told(trap)

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
                yield self.telling.at(terminal.name, found.sentence(self.telling.called(terminal.name)))
            if stops_early(terminal.pattern):
                yield self.telling.at(
                    terminal.name,
                    f"{self.telling.called(terminal.name)} ends in a lazy repetition, which takes as little as it may and never more; make "
                    "it greedy and say where it ends, as [^,]+ does, or (?:(?!END).)+",
                )


def _names(trap: Cut | Eaten) -> tuple[str, str]:
    return (trap.keyword, trap.name) if isinstance(trap, Cut) else (trap.eater, trap.eaten)
