"""Grammars at random, and texts by them."""

from collections.abc import Mapping, Sequence
from itertools import count
from random import Random

from lark.grammar import NonTerminal
from lark.lexer import PatternStr, TerminalDef

from etl_actors.combinators.grammar import Grammar
from etl_actors.combinators.traps.samples import samples

__all__ = ["Author", "WildAuthor", "derived", "mutated", "spelled"]

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


class WildAuthor:
    """Writes grammars of what is hard to read alike by two ways: overlapping terminals, keywords, priorities, what is ignored,
    aliases, rules that collapse, keep literals or are inlined, templates, imports, and now and then a rule within itself.

    Many of them Lark refuses, since one token of foresight does not suffice for them.
    """

    FILES: Mapping[str, str] = {
        "other.lark": 'pair: KEY "=" NUM\nlist{x}: x ("," x)*\nKEY: /[a-z]+/\nNUM: /[0-9]+/\n_GAP: /[ ]+/',
    }
    WORDS = (
        "/[a-z]+/",
        "/[a-z]+/i",
        "/[a-z]{1,3}/",
        "/[a-z][a-z0-9]*/",
        "/[^ ,;=]+/",
        "/[a-z]+(?=[,; =]|$)/",
        "/[a-z]+?/",
        "/ab|a|b+/",
        "/(?#[)([a-z])([a-z])?(?#])/",
        "/[a-z] [a-z]? # [(\n/x",
        r"/(?m:^[a-z]+$)/",
    )
    NUMBERS = ("/[0-9]+/", r"/[0-9]+(\.[0-9]+)?/", "/(?:0x)?[0-9a-f]+/", "/-?[0-9]{1,3}/", '"1".."9"', "/0|[1-9][0-9]*+/")
    KEYWORDS = (
        r"/x\0/",
        "/{/",
        "/2}/",
        '"1"',
        r"/\+{2}/",
        '"if"',
        '"if"i',
        r"/if\b/",
        '"a" | "ab"',
        '"x".."z"',
        "/(?<=,)k|q/",
        '"ab" "c"?',
    )
    IGNORED = (
        "",
        "",
        '%ignore " "',
        r"%ignore /[ \t]+/",
        r"%ignore /\++/",
        r"%ignore /\s{1,}+/",
        '%ignore /#[^\\n]*/\n%ignore " "',
        "%ignore _SPACE\n_SPACE: /[ ,]+/",
    )

    def __init__(self, random: Random) -> None:
        self.random = random
        self.aliases = count()

    def grammar(self) -> str:
        """Write a grammar."""
        choice = self.random.choice
        lines = [
            f"start: {self.options(('item', 'x', '_y', 'WORD', 'NUM'))}",
            f"{choice(('', '?', '!'))}item: {self.options(('x', 'WORD', 'NUM', 'KEY'))}",
            f"{choice(('', '?', '!'))}x: {self.options(('WORD', 'NUM', 'KEY', '_y'))}",
            f"_y: {self.sequence(('NUM', 'KEY', 'WORD'), 2)} | {self.sequence(('NUM', 'KEY', 'WORD'), 1)}",
            f"WORD{self.priority()}: {choice(self.WORDS)}",
            f"NUM{self.priority()}: {choice(self.NUMBERS)}",
            f"KEY{self.priority()}: {choice(self.KEYWORDS)}",
            choice(self.IGNORED),
        ]
        if self.random.random() < 0.2:
            lines[1] += '\n     | "(" item ")"'
        if self.random.random() < 0.2:
            lines += ["%import .other (pair, list, _GAP)", "z: list{pair} [_GAP]"]
            lines[0] += ' | "@" z'
        return "\n".join(lines)

    def priority(self) -> str:
        """Write a terminal's priority, none mostly."""
        return self.random.choice(("", "", "", ".1", ".2", ".-1"))

    def options(self, symbols: Sequence[str]) -> str:
        """Write the alternatives of a rule."""
        several = []
        for _ in range(self.random.choice((1, 1, 2, 3))):
            alias = f" -> a{next(self.aliases)}" if self.random.random() < 0.15 else ""
            several.append(self.sequence(symbols, 2) + alias)
        return " | ".join(several)

    def sequence(self, symbols: Sequence[str], depth: int) -> str:
        """Write symbols in a row."""
        return " ".join(self.part(symbols, depth) for _ in range(self.random.choice((1, 2, 2, 3))))

    def part(self, symbols: Sequence[str], depth: int) -> str:
        """Write a symbol, a literal, or something optional or repeated."""
        dice = self.random.random()
        if depth and dice < 0.15:
            return f"[{self.sequence(symbols, depth - 1)}]"
        if depth and dice < 0.35:
            separator = self.random.choice(('","', '";"', '" "'))
            symbol = self.random.choice(symbols)
            return f"{symbol} ({separator} {symbol})*"
        if dice < 0.55:
            return self.random.choice(('","', '"="', '";"', '"if"', '"a"', '"<"', "/[.!]/", '"IF"i'))
        return self.random.choice(symbols)


def spelled(grammar: Grammar, random: Random) -> str:
    """Write a text of pieces that the grammar's terminals may take, in any order."""
    pieces = [
        "a",
        "if",
        "IF",
        "ab",
        "abc",
        "x",
        "k",
        "q",
        "1",
        "12",
        "1.5",
        "-7",
        "0xff",
        "007",
        ",",
        ";",
        "=",
        " ",
        "<",
        "(",
        ")",
        "@",
        "!",
        ".",
        "#",
        "\n",
    ]
    pieces += [str(terminal.pattern.value) for terminal in grammar.lark.terminals if terminal.pattern.type == "str"]
    return "".join(random.choice(pieces) for _ in range(random.randint(0, 6)))


def derived(grammar: Grammar, random: Random) -> str:
    """Write a text by Lark's compiled rules."""
    texts = {str(terminal.name): _texts(terminal) for terminal in grammar.lark.terminals}
    text, waiting = [], [NonTerminal("start")]
    while waiting:
        symbol = waiting.pop()
        if symbol.is_term:
            text.append(random.choice(texts[str(symbol.name)]))
            continue
        options = [rule for rule in grammar.lark.rules if rule.origin == symbol]
        # a repetition goes on by the alternative that holds itself: the more it has, the rarer
        ending = [rule for rule in options if symbol not in rule.expansion] if random.random() < 0.6 else options
        waiting += reversed(random.choice(ending).expansion)  # type: ignore[arg-type]
    return "".join(text)


def _texts(terminal: TerminalDef) -> list[str]:
    if isinstance(terminal.pattern, PatternStr):
        value = terminal.pattern.value
        return [value, value.swapcase()] if terminal.pattern.flags else [value]
    return [one.text for one in samples(terminal.pattern.to_regexp())] or ["a"]


def mutated(text: str, random: Random) -> str:
    """Spoil a text, at times so that it stays one of the grammar's."""
    at = random.randrange(len(text) + 1)
    return random.choice([text[:at], text[:at] + random.choice("ABC<1>") + text[at:], text[:at] + text[at + 1 :], text + text])
