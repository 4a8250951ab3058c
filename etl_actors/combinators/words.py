"""What a grammar would have taken, in the words of its author."""

import json
import re
from collections.abc import Iterable, Mapping

from lark.grammar import Rule
from lark.lexer import PatternStr, TerminalDef

from etl_actors.combinators.definition import Reached
from etl_actors.combinators.outline import helper

__all__ = ["END", "Words"]

_REPETITION = re.compile(r"_(star|plus|repeat)_\w+\Z")
END = "$END"  # Lark's terminal for the end of the text


class Words:
    """Words for terminals and rules.

    Args:
        terminals: of the grammar.
        reached: knows the names of the author.
    """

    def __init__(self, terminals: Iterable[TerminalDef], reached: Reached) -> None:
        self._reached = reached
        self._terminals: Mapping[str, TerminalDef] = {str(each.name): each for each in terminals}

    def of_terminal(self, name: str) -> str:
        """Tell a terminal: a literal in quotes, a named one by its name, a regex as it is.

        Args:
            name: Lark's.

        Returns:
            As in ``"["``, ``host name``, ``/[0-9]+/``.
        """
        if name == END:
            return "the end"
        terminal = self._terminals.get(name)
        if terminal is not None and isinstance(terminal.pattern, PatternStr):
            return json.dumps(terminal.pattern.value, ensure_ascii=False)
        if name in self._reached.definitions or terminal is None:
            return self._reached.called(name).strip("_").replace("_", " ").lower() or name
        return f"/{terminal.pattern.value}/"

    def of_terminals(self, names: Iterable[str]) -> tuple[str, ...]:
        """Tell terminals, each once, in a fixed order: Lark's sets have none.

        Args:
            names: Lark's.

        Returns:
            Their words, named ones before literals, the end last.
        """
        words = {self.of_terminal(name) for name in names}
        return tuple(sorted(words, key=lambda word: (word == "the end", not word[0].isalnum(), word)))

    def of_rule(self, rule: Rule, most: int = 8) -> str:
        """Write an alternative as its author did, nearly.

        Args:
            rule: the alternative.
            most: symbols that are shown.

        Returns:
            As in ``pair: key "=" value``.
        """
        symbols = [self._symbol(str(symbol.name), term=symbol.is_term) for symbol in rule.expansion]
        shown = " ".join(symbols[:most]) + (" …" if len(symbols) > most else "")
        return f"{self._symbol(str(rule.origin.name), term=False)}: {shown or '(nothing)'}"

    def _symbol(self, name: str, *, term: bool) -> str:
        if term:
            terminal = self._terminals.get(name)
            literal = terminal is not None and (isinstance(terminal.pattern, PatternStr) or helper(name))
            return self.of_terminal(name) if literal else self._reached.called(name)
        if helper(name):
            origin = _REPETITION.sub("", name.removeprefix("__"))
            return f"(what {self._reached.called(origin)} repeats)"
        return self._reached.called(name)
