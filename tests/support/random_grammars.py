"""Grammars at random, and texts by them."""

from itertools import count
from random import Random

from lark.grammar import NonTerminal

from etl_actors.combinators.grammar import Grammar

__all__ = ["Author", "derived", "mutated"]

RULES = ["start", "x", "y", "_p", "_q", "z"]
TERMINALS = "ABCDE"


class Author:
    """Writes grammars: a rule names later rules only, and whatever is optional or repeated begins with a literal of its own."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.numbers = count()

    def grammar(self) -> str:
        rules = [self.rule(index, name) for index, name in enumerate(RULES)]
        return "\n".join([*rules, *(f'{name}: "{name}"' for name in TERMINALS)])

    def rule(self, index: int, name: str) -> str:
        alternatives = [self.sequence(index, 2)]
        if self.random.random() < 0.4:
            alternatives.append(f"{self.literal()} {self.sequence(index, 2)}")
        return f"{name}: {' | '.join(alternatives)}"

    def sequence(self, index: int, depth: int) -> str:
        return " ".join(self.item(index, depth) for _ in range(self.random.randint(1, 3)))

    def item(self, index: int, depth: int) -> str:
        if depth and self.random.random() < 0.4:
            often = self.random.choice("?*+")
            # what is repeated is one thing mostly: two would seldom keep step with what else there is
            part = self.item(index, depth - 1) if often != "?" and self.random.random() < 0.8 else self.sequence(index, depth - 1)
            return f"({self.literal()} {part}){often}"
        later = RULES[index + 1 :]
        options: list[str] = [*TERMINALS, *later, *later]
        return self.random.choice(options)

    def literal(self) -> str:
        return f'"<{next(self.numbers)}>"'


def derived(grammar: Grammar, random: Random) -> str:
    """Write a text by Lark's compiled rules."""
    spelled = {str(terminal.name): str(terminal.pattern.value) for terminal in grammar.lark.terminals}
    text, waiting = [], [NonTerminal("start")]
    while waiting:
        symbol = waiting.pop()
        if symbol.is_term:
            text.append(spelled[str(symbol.name)])
            continue
        options = [rule for rule in grammar.lark.rules if rule.origin == symbol]
        # a repetition goes on by the alternative that holds itself: the more it has, the rarer
        ending = [rule for rule in options if symbol not in rule.expansion] if random.random() < 0.6 else options
        waiting += reversed(random.choice(ending).expansion)  # type: ignore[arg-type]
    return "".join(text)


def mutated(text: str, random: Random) -> str:
    """Spoil a text, at times so that it stays one of the grammar's."""
    at = random.randrange(len(text) + 1)
    return random.choice([text[:at], text[:at] + random.choice("ABC<1>") + text[at:], text[:at] + text[at + 1 :], text + text])
