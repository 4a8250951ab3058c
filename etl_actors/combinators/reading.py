"""Lark's LALR automaton, driven here: values are made while it reduces, a prefix can be read, failures know all options.

The automaton and the lexers are Lark's; only the loop over them is not. It has no recursion: a text may nest as deep as
it likes.
"""

import sys
from collections.abc import Iterator
from typing import Any

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters

from etl_actors.combinators.excerpt import standing
from etl_actors.combinators.lark_inside import LexerState, LineCounter, Shift, TextSlice
from etl_actors.combinators.result import Failure, Result, Success
from etl_actors.combinators.values import Make
from etl_actors.combinators.words import END, Words

__all__ = ["Reading"]

_FEW = 32  # reductions that are tried in thought at each token; where more are needed, an end is found out later


class Reading:
    """Reads texts by one rule of a grammar.

    Args:
        lark: the grammar, compiled.
        start: Lark's name of the rule.
        makes: the function of each alternative.
        words: of the grammar.
    """

    def __init__(self, lark: Lark, start: str, makes: dict[Any, Make], words: Words) -> None:
        parser: Any = lark.parser
        table = parser.parser._parse_table  # noqa: SLF001 - Lark has no other way to it
        self.states: dict[int, dict[str, Any]] = table.states
        self.first: int = table.start_states[start]
        self.last: int = table.end_states[start]
        self.lexers: dict[int, Any] = parser.lexer.lexers
        for lexer in self.lexers.values():
            _ = lexer.scanner  # compiled now: regexes that can't be joined are told when the grammar is loaded
        self.terminals = {str(terminal.name) for terminal in lark.terminals} | {END}
        self.makes = makes
        self._words = words

    def whole(self, text: str, at: int) -> Result[Any]:
        """Read a text to its end.

        Args:
            text: the text.
            at: offset to begin at.

        Returns:
            Its value, or what was expected where.
        """
        run = _Run(self, text, at)
        for token in run.tokens():
            if not run.feed(token):
                return self._failure(run, token.start_pos or 0)
        if run.position < len(text) or not run.end():
            return self._failure(run, run.position)
        return Success(run.values[-1].value, len(text))

    def prefix(self, text: str, at: int) -> Result[Any]:
        """Read as much as the grammar takes, from a place on.

        Args:
            text: the text.
            at: offset to begin at.

        Returns:
            The value, and the offset behind it and behind what the grammar ignores there; or what was expected where.
        """
        run = _Run(self, text, at)
        taken: list[Token] = []
        fits = [0] if run.may_end(_FEW) is not False else []
        stopped = -1
        for token in run.tokens():
            if not run.feed(token):
                stopped = token.start_pos or 0
                break
            taken.append(token)
            may_end = run.may_end(_FEW)
            if may_end:
                fits.clear()
            if may_end is not False:
                fits.append(len(taken))
        stopped = run.position if stopped < 0 else stopped
        for fit in reversed(fits):
            # what was read beyond a good end has changed the stack: read again up to there
            again = _Run(self, text, at)
            for token in taken[:fit]:
                again.feed(token)
            if again.end():
                behind = (taken[fit].start_pos or 0) if fit < len(taken) else stopped
                beyond = None if behind == len(text) else self._failure(run, stopped)
                return Success(again.values[-1].value, behind, beyond)
        return self._failure(run, stopped)

    def _failure(self, run: "_Run", at: int) -> Failure:
        return Failure(self._words.of_terminals(run.accepted()), standing(run.text, at), at, text=run.text)


class _Run:
    """The parser over one text."""

    def __init__(self, reading: Reading, text: str, at: int) -> None:
        self.reading = reading
        self.text = text
        self.stack = [reading.first]
        self.values: list[Any] = []
        counter: Any = LineCounter("\n")  # type: ignore[no-untyped-call]
        counter.char_pos = at  # lines are counted where a failure is told; offsets suffice here
        self._lexed = LexerState(TextSlice(text, 0, len(text)), counter)

    @property
    def position(self) -> int:
        """How far the lexer came."""
        return self._lexed.line_ctr.char_pos

    def tokens(self) -> Iterator[Token]:
        """Lex on, each token in the state that the parser has then; end where no token fits."""
        lexers, stack, lexed = self.reading.lexers, self.stack, self._lexed
        while True:
            try:
                token = lexers[stack[-1]].next_token(lexed, None)
            except (EOFError, UnexpectedCharacters):
                return
            yield token

    def feed(self, token: Token) -> bool:
        """Take a token; where none of the open rules does, stand as before it.

        Args:
            token: the next one.

        Returns:
            Whether it was taken.
        """
        return self._advance(str(token.type), token)

    def end(self) -> bool:
        """Take what was read for the whole.

        Returns:
            Whether it may end here.
        """
        return self._advance(END, None)

    def _advance(self, kind: str, token: Token | None) -> bool:
        states, makes, stack, values = self.reading.states, self.reading.makes, self.stack, self.values
        # LALR(1) merges contexts, so that it may reduce before a token that then does not fit: look before values are made
        action = states[stack[-1]].get(kind)
        if action is None or (action[0] is not Shift and not self._fits(kind)):
            return False
        while action[0] is not Shift:
            rule = action[1]
            size = len(rule.expansion)
            children: list[Any] = []
            if size:
                children = values[-size:]
                del stack[-size:]
                del values[-size:]
            values.append(makes[rule](children, self.text))
            state = states[stack[-1]][rule.origin.name][1]
            stack.append(state)
            if token is None and state == self.reading.last:
                return True
            action = states[state][kind]
        stack.append(action[1])
        values.append(token)
        return True

    def _fits(self, kind: str, most: int = sys.maxsize) -> bool | None:
        """Reduce in thought: `base` is how much of the stack still stands, `top` what would stand on it."""
        states, last, stack = self.reading.states, self.reading.last, self.stack
        base, top = len(stack), list[int]()
        for _ in range(most):
            action = states[top[-1] if top else stack[base - 1]].get(kind)
            if action is None:
                return False
            if action[0] is Shift:
                return True
            rule = action[1]
            size = len(rule.expansion)
            kept = max(0, len(top) - size)
            base -= size - (len(top) - kept)
            del top[kept:]
            state = states[top[-1] if top else stack[base - 1]][rule.origin.name][1]
            top.append(state)
            if kind == END and state == last:
                return True
        return None

    def may_end(self, most: int) -> bool | None:
        """Tell whether what was read so far is a whole text of the grammar.

        Args:
            most: reductions that are tried.

        Returns:
            None where that many do not tell.
        """
        return END in self.reading.states[self.stack[-1]] and self._fits(END, most)

    def accepted(self) -> list[str]:
        """List the terminals that would have been taken here."""
        names = [name for name in self.reading.states[self.stack[-1]] if name in self.reading.terminals]
        return [name for name in names if self._fits(name)]
