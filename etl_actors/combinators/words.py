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
        described: what a regex without a name is the text of, by Lark's name of it.
    """

    def __init__(self, terminals: Iterable[TerminalDef], reached: Reached, described: Mapping[str, str] | None = None) -> None:
        self._reached = reached
        self._described = described or {}
        self._terminals: Mapping[str, TerminalDef] = {str(each.name): each for each in terminals}

    def of_terminal(self, name: str) -> str:
        """Tell a terminal: a literal in quotes, a named one by its name, a regex as it is.

        Args:
            name: Lark's.

        Returns:
            As in ``"["``, ``host name``, ``/[0-9]+/``; a regex that is all of a rule by that rule's name.
        """
        if name == END:
            return "the end"
        terminal = self._terminals.get(name)
        if terminal is not None and isinstance(terminal.pattern, PatternStr):
            return json.dumps(terminal.pattern.value, ensure_ascii=False)
        if name in self._reached.definitions or terminal is None:
            return _spaced(self._reached.called(name)) or name
        if name in self._described:
            return _spaced(self._described[name])
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
        symbols = [self.of_symbol(str(symbol.name), term=symbol.is_term) for symbol in rule.expansion]
        shown = " ".join(symbols[:most]) + (" …" if len(symbols) > most else "")
        return f"{self.of_symbol(str(rule.origin.name), term=False)}: {shown or '(nothing)'}"

    def of_symbol(self, name: str, *, term: bool) -> str:
        """Write a rule or terminal as its author did: by its name, or as the literal or regex that it is.

        Args:
            name: Lark's.
            term: whether it is a terminal.

        Returns:
            As in ``host``, ``IP``, ``","``.
        """
        if term:
            if name in self._reached.definitions:
                return self._reached.called(name)
            return self.of_terminal(name)
        if helper(name):
            origin = _REPETITION.sub("", name.removeprefix("__"))
            return f"(what {self._reached.called(origin)} repeats)"
        return self._reached.called(name)


def _spaced(name: str) -> str:
    return name.strip("_").replace("_", " ").lower()
