"""What Lark's lexer and parser do at each point of a text: which terminal was read last, which may follow, which is taken."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lark import Lark, Token
from lark.grammar import Rule
from lark.lexer import TerminalDef

from etl_actors.combinators.lark_inside import BasicLexer, ContextualLexer, ItemSet, TextSlice, analysed
from etl_actors.combinators.traps.samples import Sample, samples, words

__all__ = ["Point", "States", "Terminal"]

_END = "$END"
Kernel = tuple[tuple[Rule, int], ...]


class Terminal:
    """A terminal, with texts that it matches.

    Args:
        definition: Lark's.
        flags: of all regular expressions of the grammar.
    """

    def __init__(self, definition: TerminalDef, flags: int) -> None:
        self.name = str(definition.name)
        self.literal: str | None = definition.pattern.value if definition.pattern.type == "str" else None
        self.pattern = definition.pattern.to_regexp()
        self.priority = definition.priority
        self.regex = re.compile(self.pattern, flags)
        self._flags = flags

    @cached_property
    def samples(self) -> list[Sample]:
        """Texts that it matches, none where none could be thought of."""
        return samples(self.pattern, self._flags)

    @cached_property
    def words(self) -> list[str]:
        """All texts that it matches where they are few, else none."""
        return words(self.pattern, self._flags)


@dataclass(frozen=True, slots=True)
class Point:
    """A place in texts: what was read last decides what the lexer looks for.

    Args:
        before: the terminal that was read last, None at the start of the text.
        follow: the terminals that may come, by the grammar.
        lexer: that reads on.
        items: the parser's state.
    """

    before: Terminal | None
    follow: tuple[Terminal, ...]
    lexer: BasicLexer
    items: ItemSet

    def taken(self, text: str) -> tuple[str, int] | None:
        """Tell which terminal is read at the start of a text, and where it ends; None if none is."""
        found = self.lexer.match(TextSlice(text, 0, len(text)), 0)  # type: ignore[no-untyped-call]
        if found is None:
            return None
        value, name = found
        retyped = self.lexer.callback.get(name)  # a literal that a regular expression matches too
        return (retyped(Token(name, value)).type if retyped else name), len(value)


@dataclass(slots=True)
class States:
    """All points of a grammar.

    Args:
        lark: the grammar, compiled.
        start: the rule that texts are parsed by.
    """

    lark: Lark
    start: str
    terminals: dict[str, Terminal] = field(init=False)
    ignored: tuple[Terminal, ...] = field(init=False)
    _analysis: Any = field(init=False)
    _origins: dict[ItemSet, list[tuple[ItemSet, Any]]] = field(init=False)

    def __post_init__(self) -> None:
        """Build the automaton once more, with its items."""
        flags = self.lark.options.g_regex_flags
        self.terminals = {str(one.name): Terminal(one, flags) for one in self.lark.terminals}
        self.ignored = tuple(self.terminals[str(name)] for name in self.lark.ignore_tokens)
        self._analysis = analysed(list(self.lark.rules), self.start)
        self._origins = {}
        for state in self._analysis.lr0_itemsets:
            for symbol, target in state.transitions.items():
                self._origins.setdefault(target, []).append((state, symbol))

    def points(self) -> Iterator[Point]:
        """List the points, in the order of what they follow."""
        lexers = self._lexers()
        ignored = {one.name for one in self.ignored}
        found = []
        for state in self._analysis.lr0_itemsets:
            before = {str(symbol.name) for _, symbol in self._origins.get(state, ()) if symbol.is_term}
            if not before and state in self._origins:
                continue  # nothing is read here: rules that ended lead here, behind the point
            names = sorted({str(s.name) for s in (*state.transitions, *state.lookaheads) if s.is_term} - {_END, "$END"})
            lexer = lexers.get(frozenset(names) | ignored)
            if lexer is not None:
                last = self.terminals.get(min(before)) if before else None
                found.append(Point(last, tuple(self.terminals[name] for name in names), lexer, state))
        yield from sorted(
            found, key=lambda point: (point.before.name if point.before else "", sorted(map(str, point.items.kernel)))
        )

    def continuations(self, point: Point) -> Iterator[Kernel]:
        """List what may be under way behind a point: alternatives of rules, with how many of their symbols were read.

        Each set of alternatives is one way on; the first is the point's own.
        """
        waiting, seen = [point.items], {point.items}
        while waiting:
            state = waiting.pop()
            kernel = tuple((item.rule, item.index) for item in state.kernel)
            yield kernel
            for rule, index in kernel:
                if index < len(rule.expansion):
                    continue
                for above in self._back(state, index):
                    after = above.transitions.get(rule.origin)
                    if after is not None and after not in seen:
                        seen.add(after)
                        waiting.append(after)

    def _back(self, state: ItemSet, steps: int) -> set[ItemSet]:
        found = {state}
        for _ in range(steps):
            found = {origin for one in found for origin, _ in self._origins.get(one, ())}
        return found

    def first(self, symbols: tuple[Any, ...]) -> set[str] | None:
        """List the terminals that a sequence of symbols can begin with; None where it can be nothing."""
        found: set[str] = set()
        for symbol in symbols:
            found |= {str(one.name) for one in self._analysis.FIRST[symbol]}
            if symbol not in self._analysis.NULLABLE:
                return found
        return None

    def _lexers(self) -> dict[frozenset[str], BasicLexer]:
        lexer = getattr(self.lark.parser, "lexer", None)
        if not isinstance(lexer, ContextualLexer):
            return {}
        found = {}
        for one in lexer.lexers.values():
            assert isinstance(one, BasicLexer)
            _ = one.scanner  # reading it builds the callbacks as well
            found[frozenset(str(terminal.name) for terminal in one.terminals)] = one
        return found
