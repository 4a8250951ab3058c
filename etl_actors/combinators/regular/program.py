"""A regular grammar as one Python function: a loop over blocks, each a match of one regular expression and what it makes."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lark.lexer import TerminalDef

from etl_actors.combinators.node import Node
from etl_actors.combinators.plans import Plans
from etl_actors.combinators.regular.again import AGAIN, Near, Origin
from etl_actors.combinators.regular.automaton import Automaton, Move, State
from etl_actors.combinators.regular.branching import dispatched, looped
from etl_actors.combinators.regular.declined import Declined
from etl_actors.combinators.regular.entries import Entry, Layouts
from etl_actors.combinators.regular.pattern import Pattern
from etl_actors.combinators.regular.reduce import Site, Written, text_of
from etl_actors.combinators.regular.terminals import Piece, piece_of
from etl_actors.combinators.regular.tree import Branch, Step, entries, unfolded

__all__ = ["Program", "program_of"]

_LONG = 150_000  # characters of all regular expressions of a grammar
_ROOT = "origin.root = "  # begins a line that is left out where no node stands in several matches
_TEXT = re.compile("\0[0-9]+\0")
Take = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Program:
    """A grammar, compiled.

    Args:
        take: gives the value of a text, from an offset (0 where none is given) to its end; None where the grammar does not
            take it.
        source: of that function.
        patterns: the regular expression of each block.
    """

    take: Take
    source: str
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Way:
    """A way through a block.

    Args:
        leaf: where it ends.
        lines: of Python, which make what is made on it.
        tokens: how many there are before its end.
    """

    leaf: Step | Branch
    lines: list[str]
    tokens: int


def program_of(automaton: Automaton, plans: Plans, flags: int, whole: Callable[[str, int], Any]) -> Program:
    """Compile a grammar.

    Args:
        automaton: of it.
        plans: of its rules.
        flags: of all of its regular expressions.
        whole: reads a text by Lark's automaton, for places that nobody asks for but once in a while.

    Raises:
        Declined: it would be too long, or has a terminal that cannot be joined.
    """
    return _Compiler(automaton, plans, flags, whole).run()


class _Compiler:
    def __init__(self, automaton: Automaton, plans: Plans, flags: int, whole: Callable[[str, int], Any]) -> None:
        self.automaton = automaton
        self.plans = plans
        self.flags = flags
        kept = {each.symbol for parts in plans.outline.kept.values() for _, each in parts if each.term}
        self.layouts = Layouts(plans.outline, kept)
        self.names: dict[str, Any] = {"Node": Node, "AGAIN": AGAIN, "Origin": Origin, "whole": whole, "first_of": _first_of}
        self.sites: list[Site] = []
        self.patterns: list[str] = []
        self.far = False
        self.blocks: dict[int, int] = {}
        self.waiting: list[int] = []

    def run(self) -> Program:
        starts = entries(self.automaton)
        self._block(0)
        blocks: list[list[str]] = []
        for entry in self.waiting:  # which grows
            blocks.append(self._written(self.blocks[entry], unfolded(self.automaton, entry, starts)))
            if sum(map(len, self.patterns)) > _LONG:
                raise Declined("its regular expression would be too long")
        for number, site in enumerate(self.sites):
            first, last = (step.group if step.captured else 0 for step in (site.first, site.last))
            self.names[f"s{number}"] = Near(first, last, tuple((key, at.group) for key, at in site.starts))
        head = ["def take(text, pos=0):"]
        head += ["    origin = Origin(whole, text, pos)"] if self.far else []
        lines = looped(blocks) if len(blocks) > 1 or starts else blocks[0]
        body = [line for line in lines if self.far or not line.lstrip().startswith(_ROOT)]
        source = "\n".join([*head, *("    " + line for line in body), ""])
        try:
            code = compile(source, "<grammar>", "exec")
        except (SyntaxError, RecursionError, MemoryError):
            raise Declined("Python cannot compile its program") from None
        exec(code, self.names)  # noqa: S102 - written here; texts of the grammar are literals in it
        return Program(self.names["take"], source, tuple(self.patterns))

    def _block(self, entry: int) -> int:
        if entry not in self.blocks:
            self.blocks[entry] = len(self.blocks)
            self.waiting.append(entry)
        return self.blocks[entry]

    def _piece(self, branch: Branch, place: int) -> Piece:
        terminal: TerminalDef = branch.state.looks[place].terminal
        return piece_of(terminal, self.flags)

    def _written(self, number: int, root: Branch) -> list[str]:
        """Write a block: what each way through it does is known before its expression is, which captures what that needs."""
        stack = [self.layouts.entry(symbol, place) for place, symbol in enumerate(root.state.symbols, 1)]
        ways: list[_Way] = []
        self._walk(root, [], list(stack), ways)
        pattern = Pattern(self._piece, root).text
        self.patterns.append(pattern)
        try:
            self.names[f"r{number}"] = re.compile(pattern, self.flags).match
        except (re.error, RecursionError, OverflowError) as error:
            raise Declined("Python cannot compile its regular expression") from error
        out = [f"m = r{number}(text, pos)", "if m is None: return None"]
        if not ways:
            return ["return None"]
        if len(ways) > 1:
            out.append("i = m.lastindex")
        texts = {text_of(step): f"m[{step.group}]" for step in root.all()}
        coded = sorted(
            (way.leaf.group, [_TEXT.sub(lambda found: texts[found[0]], line) for line in way.lines], way.tokens) for way in ways
        )
        return out + dispatched(coded)

    def _walk(
        self,
        branch: Branch,
        path: list[tuple[Step, Move]],
        before: list[Entry],
        ways: list["_Way"],
    ) -> None:
        for step in branch.steps.values():
            if step.move is None:
                ways.append(_Way(step, self._retyped(step, path, before), len(path)))
            elif step.behind is not None:
                self._walk(step.behind, [*path, (step, step.move)], before, ways)
            else:
                written = Written(self.plans, self.sites)
                self._end(written, [*path, (step, step.move)], before)
                ways.append(_Way(step, written.lines, len(path)))
        if branch.state.end is not None:
            written = Written(self.plans, self.sites)
            stack = self._run(written, path, before)
            stack = _reduce(written, branch.state.end, stack)
            self._accept(written, stack)
            ways.append(_Way(branch, written.lines, len(path)))

    def _run(self, written: Written, path: Sequence[tuple[Step, Move]], before: list[Entry]) -> list[Entry]:
        stack = list(before)
        for step, move in path:
            stack = [*_reduce(written, move, stack), written.token(step)]
        return stack

    def _end(self, written: Written, path: Sequence[tuple[Step, Move]], before: list[Entry]) -> None:
        """Write a way that ends in another block, or in this one again."""
        stack = self._run(written, path, before)
        target = self.automaton.states[path[-1][1].target]
        self._store(written, stack, before, target)
        self.far |= written.far

    def _accept(self, written: Written, stack: list[Entry]) -> None:
        value = written.use(stack[0].one)
        self.far |= written.far
        written.lines += [f"{_ROOT}{value}", f"return {value}"]

    def _retyped(self, step: Step, path: list[tuple[Step, Move]], before: list[Entry]) -> list[str]:
        """Write a way whose last token is what its text says."""
        name = f"kind{len(self.names)}"
        self.names[name] = step.look.retype
        step.captured = True
        lines = [f"k = {name}({text_of(step)})"]
        for count, (kind, move) in enumerate(step.look.moves.items()):
            own = kind == step.look.terminal.name
            lines.append(f"{'elif' if count else 'if'} k {'is None' if own else f'== {kind!r}'}:")
            written = Written(self.plans, self.sites)
            self._end(written, [*path, (step, move)], before)
            lines += ["    " + line for line in written.lines]
        return [*lines, "else: return None"]

    def _store(self, written: Written, stack: list[Entry], before: list[Entry], target: State) -> None:
        """Write what puts the stack into variables, and goes on."""
        names: list[str] = []
        values: list[str] = []
        for place, (symbol, entry) in enumerate(zip(target.symbols, stack, strict=True), 1):
            if place <= len(before) and entry is before[place - 1]:
                continue
            kinds = self.layouts.bag(symbol)
            if kinds is None:
                if self.layouts.kept(symbol):
                    names.append(f"v{place}")
                    values.append(written.use(entry.one))
                continue
            for number, (key, many) in enumerate(kinds):
                value = written.kept(entry.parts.get(key, []), many=many)
                names.append(f"v{place}_{number}")
                values.append(value)
        moved = [(name, value) for name, value in zip(names, values, strict=True) if name != value]
        if moved:
            written.lines.append(f"{', '.join(name for name, _ in moved)} = {', '.join(value for _, value in moved)}")
        number = self._block(target.number)
        written.lines += ["pos = m.end()", f"state = {number}", "continue"]


def _first_of(options: tuple[Any, ...]) -> Any:
    return next((one for one in options if one is not None), None)


def _reduce(written: Written, move: Move, stack: list[Entry]) -> list[Entry]:
    for rule in move.reduced:
        size = len(rule.expansion)
        children = stack[len(stack) - size :]
        stack = [*stack[: len(stack) - size], written.reduced(rule, children)]
    return stack
