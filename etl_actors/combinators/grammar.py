"""A Lark grammar as a parser of texts, whose values have a shape that the grammar alone decides."""

import re
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from lark import Lark
from lark.exceptions import LarkError

from etl_actors.combinators.conflicts import Conflict, StrictParser, conflict_error
from etl_actors.combinators.definition import Reached
from etl_actors.combinators.grammar_error import GrammarError
from etl_actors.combinators.imports import Builder
from etl_actors.combinators.plans import Plans
from etl_actors.combinators.reading import Reading
from etl_actors.combinators.regular.automaton import Automaton, Tables
from etl_actors.combinators.regular.declined import Declined
from etl_actors.combinators.regular.program import Program, program_of
from etl_actors.combinators.regular.recursion import contains_itself
from etl_actors.combinators.remembered import Remembered
from etl_actors.combinators.result import Result, Success
from etl_actors.combinators.shape import Shape
from etl_actors.combinators.shapes import Shapes
from etl_actors.combinators.size import check_size
from etl_actors.combinators.told import told
from etl_actors.combinators.values import makers
from etl_actors.combinators.words import Words

__all__ = ["Grammar", "GrammarError", "load_grammar"]

_KEPT = 256  # grammars of a process that are not compiled again
_LARK_RAISES = (LarkError, AssertionError, ValueError, TypeError, KeyError, IndexError, RecursionError, ImportError, re.error)


class Grammar:
    """A grammar, loaded.

    Args:
        name: its file, or the name under which a slip knows it, for messages.
        start: the rule that a text is parsed by.
        files: text by name of every file that was reached: ``NAME.lark`` of the slip, ``std/NAME.lark`` of the library.
        shape: of its values.
        lark: as Lark compiled it.
        reached: what its rules and terminals are called and where they are written.

    Attributes:
        program: the grammar as a Python function; None where Lark's automaton reads all texts.
        declined: why there is no program; empty where there is one.
        remembered: what texts were read as, where there is no program.
        value: gives the value of a whole text; None where the grammar does not take it: `read` says why.
    """

    def __init__(self, name: str, start: str, lark: Lark, reached: Reached) -> None:
        plans = Plans(lark.rules, reached, name, start)
        self.name = name
        self.start = start
        self.files: Mapping[str, str] = dict(sorted(reached.files.items()))
        self.shape: Shape = Shapes(plans).of(start)
        self.lark = lark
        self.reached = reached
        self._reading = Reading(lark, start, makers(plans), Words(lark.terminals, reached, plans.described()))
        self.program: Program | None = None
        self.declined = ""
        try:
            self.program = self._compiled(plans)
        except Declined as declined:
            self.declined = declined.why
        self.remembered = None if self.program else Remembered(self.by_automaton)
        self.value: Callable[[str], Any] = self.program.take if self.program else self._value

    def _value(self, text: str) -> Any:
        result = self.read(text)
        return result.value if isinstance(result, Success) else None

    def _compiled(self, plans: Plans) -> Program:
        reading = self._reading
        recursive = contains_itself(self.lark.rules)
        called = recursive and f"rule {self.reached.called(recursive)}"
        tables = Tables(reading.states, reading.first, reading.last, reading.lexers, called)
        try:
            return program_of(Automaton(tables), plans, self.lark.options.g_regex_flags, reading.whole)
        except RecursionError:
            raise Declined("it is nested too deeply") from None

    def read(self, text: str, at: int = 0) -> Result[Any]:
        """Parse a whole text to its value (`Node`, str, list or None).

        Args:
            text: the text.
            at: offset to begin at; places are told in the whole text nevertheless.

        Returns:
            The value; or what was expected where, with the text.
        """
        if self.program is not None:
            value = self.program.take(text, at)
            if value is not None:
                return Success(value, len(text))
            # what the program does not take the automaton explains, which is exact by itself
        elif self.remembered is not None and at == 0:
            return self.remembered.read(text)
        return self._reading.whole(text, at)

    def explained(self, text: str) -> Result[Any]:
        """Say why a text is not taken that `value` has not taken: once more only where nobody has looked.

        Args:
            text: the text.

        Returns:
            As `read` does.
        """
        return self.read(text) if self.program is None else self.by_automaton(text)

    def by_automaton(self, text: str) -> Result[Any]:
        """Read a whole text by Lark's automaton, compiled or not: benchmarks and tests hold the program to it.

        Args:
            text: the text.

        Returns:
            As `read` does.
        """
        return self._reading.whole(text, 0)

    def read_prefix(self, text: str, at: int = 0) -> Result[Any]:
        """Parse the longest beginning of a text that the grammar takes.

        Args:
            text: the text.
            at: offset to begin at.

        Returns:
            The value, and how far it reached; or what was expected where, with the text. Offsets are those of the text.
        """
        return self._reading.prefix(text, at)

    def from_rule(self, rule: str) -> "Grammar":
        """Give the grammar with another rule to start by.

        Args:
            rule: its name in the grammar's file.

        Returns:
            That grammar.

        Raises:
            GrammarError: there is no such rule, or its values have no fixed shape.
        """
        return load_grammar(self.reached.main, name=self.name, find=self.reached.text_of, start=rule)


def load_grammar(text: str, *, name: str, find: Callable[[str], str | None], start: str = "start") -> Grammar:
    """Load a grammar.

    Args:
        text: of the grammar.
        name: of its file.
        find: gives the text of a file that is imported, None where there is none.
        start: the rule that a text is parsed by.

    Returns:
        The grammar: the same one for the same text, name, files and start.

    Raises:
        GrammarError: it is none, it is not LALR(1), a file is missing, or its values would have no fixed shape.
    """
    key = (text, name, start)
    with _lock:
        known = list(_loaded.get(key, ()))
    for grammar in known:
        if all(find(file) == answer for file, answer in grammar.reached.asked.items()):
            return grammar
    grammar = _load(text, name, find, start)
    with _lock:
        _loaded[key] = (*known[-1:], grammar)
        _loaded.move_to_end(key)
        if len(_loaded) > _KEPT:
            _loaded.popitem(last=False)
    return grammar


_loaded: OrderedDict[tuple[str, str, str], tuple[Grammar, ...]] = OrderedDict()
_lock = Lock()


def _load(text: str, name: str, find: Callable[[str], str | None], start: str) -> Grammar:
    reached = Reached(find, text)
    if name.endswith(".lark"):
        reached.files[name] = text
    builder = Builder(reached)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python's, on regexes that a later version may read otherwise
        try:
            builder.load_grammar(text, name)
            builder.unite()
            builder.check_names()
            builder.check_start(start)
            return Grammar(name, start, _compiled(builder, start, name), reached)
        except _LARK_RAISES as error:
            raise told(error, reached, name) from None


def _compiled(builder: Builder, start: str, name: str) -> Lark:
    built = builder.build()
    check_size(built.rule_defs, builder.reached, name)
    try:
        return Lark(
            built,
            parser="lalr",
            lexer="contextual",
            start=start,
            maybe_placeholders=False,
            _plugins={"LALR_Parser": StrictParser},
        )
    except Conflict as conflict:
        terminals, _, _ = built.compile([start], set())
        raise conflict_error(conflict, Words(terminals, builder.reached), builder.reached, name) from None
