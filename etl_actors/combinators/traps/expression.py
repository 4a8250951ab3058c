"""A regular expression as a tree of few kinds of nodes, over the few characters that it can tell apart."""

import re
from dataclasses import dataclass
from typing import Any

from etl_actors.combinators.regex_inside import FLAGS_OF_TYPE, SUBPATTERN, compiled_leaf, op, parsed

__all__ = ["Alt", "At", "Atomic", "Char", "Expression", "Look", "Node", "Repeat", "Seq", "expression"]

_READABLE = "ax17 ,.-_:;/=\"'()[]!\\é\t\n"  # those that examples are made of come first
_OTHERS = [*map(chr, range(32, 127)), "\r", "\0", "\x1c", "\x7f", "\xa0", "Ä", "²", "٣", "\u017f", "\u2028", "中", "\U0001f600"]
_MODES = {op.MAX_REPEAT: "greedy", op.MIN_REPEAT: "lazy", op.POSSESSIVE_REPEAT: "possessive"}
_LEAVES = (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN)


@dataclass(frozen=True, slots=True)
class Char:
    """One character, of a set: a bit for each character of the expression's alphabet."""

    mask: int


@dataclass(frozen=True, slots=True)
class Seq:
    """One after the other."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Alt:
    """The first that fits."""

    options: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """One again and again.

    Args:
        least: times.
        most: times; `op.MAXREPEAT` is no bound.
        body: what is repeated.
        mode: greedy, lazy or possessive.
    """

    least: int
    most: int
    body: "Node"
    mode: str


@dataclass(frozen=True, slots=True)
class Atomic:
    """What gives nothing back."""

    body: "Node"


@dataclass(frozen=True, slots=True)
class Look:
    """What must, or must not, stand here.

    Args:
        body: what is looked for.
        behind: characters that it lies before the place; 0 of what lies ahead.
        negative: whether it must not stand there.
    """

    body: "Node"
    behind: int
    negative: bool


@dataclass(frozen=True, slots=True)
class At:
    """A place, such as the end of a word.

    Args:
        code: Python's, flags applied.
        words: the characters of words.
    """

    code: Any
    words: int


Node = Char | Seq | Alt | Repeat | Atomic | Look | At


@dataclass(frozen=True, slots=True)
class Expression:
    """A regular expression.

    Args:
        root: of its tree.
        alphabet: one character for all that it does not tell apart, those that read well first.
        newline: the line feed among them.
    """

    root: Node
    alphabet: tuple[str, ...]
    newline: int


def expression(pattern: str, flags: int = 0) -> Expression | None:
    """Read a regular expression; None where it looks back at groups or has conditions.

    Args:
        pattern: that Python compiles.
        flags: of `re`.
    """
    tree = parsed(pattern, flags)
    reader = _Reader(_characters(tree))
    try:
        root = reader.sequence(tree, tree.state.flags)
    except NotImplementedError:
        return None
    return reader.reduced(root)


def _characters(tree: Any) -> list[str]:
    """List characters of which each kind that an expression knows has one."""
    ends = [c for code in _codes(tree) for c in (code - 1, code, code + 1) if 0 <= c <= 0x10FFFF]  # noqa: PLR2004
    named = [case for c in map(chr, ends) for case in (c, c.lower(), c.upper()) if len(case) == 1]
    return list(dict.fromkeys([*_READABLE, *_OTHERS, *named]))


def _codes(argument: Any) -> list[int]:
    """List the numbers in a tree: code points, and some that are none, which do no harm."""
    if isinstance(argument, int) and not isinstance(argument, bool) and type(argument) is int:
        return [argument]
    if isinstance(argument, (list, tuple, SUBPATTERN)):
        return [code for one in argument for code in _codes(one)]
    return []


class _Reader:
    def __init__(self, characters: list[str]) -> None:
        self.characters = characters
        self.bits = {character: 1 << number for number, character in enumerate(characters)}
        self.whole = "".join(characters)
        self.masks: dict[tuple[str, int], int] = {}

    def sequence(self, tree: Any, flags: int) -> Node:
        parts = tuple(self._node(code, argument, flags) for code, argument in tree)
        return parts[0] if len(parts) == 1 else Seq(parts)

    def _node(self, code: Any, argument: Any, flags: int) -> Node:
        if code in _LEAVES:
            return Char(self._mask(code, argument, flags))
        if code in _MODES:
            least, most, body = argument
            return Repeat(int(least), int(most), self.sequence(body, flags), _MODES[code])
        if code is op.SUBPATTERN:
            _, more, less, body = argument
            if more & FLAGS_OF_TYPE:
                flags &= ~FLAGS_OF_TYPE
            return self.sequence(body, (flags | more) & ~less)
        if code is op.ATOMIC_GROUP:
            return Atomic(self.sequence(argument, flags))
        if code is op.BRANCH:
            return Alt(tuple(self.sequence(option, flags) for option in argument[1]))
        if code in {op.ASSERT, op.ASSERT_NOT}:
            direction, body = argument
            behind = body.getwidth()[0] if direction < 0 else 0
            return Look(self.sequence(body, flags), behind, code is op.ASSERT_NOT)
        if code is op.AT:
            place = op.AT_MULTILINE.get(argument, argument) if flags & re.MULTILINE else argument
            return At(place, self._mask(op.IN, [(op.CATEGORY, op.CATEGORY_WORD)], flags))
        if code is op.FAILURE:
            return Char(0)
        raise NotImplementedError

    def _mask(self, code: Any, argument: Any, flags: int) -> int:
        key = (f"{code}{argument}", flags)
        if key not in self.masks:
            regex = compiled_leaf(code, argument, flags)
            self.masks[key] = sum(self.bits[c] for c in regex.findall(self.whole))
        return self.masks[key]

    def reduced(self, root: Node) -> Expression:
        """Leave one character of each kind."""
        masks = {*self.masks.values(), self.bits["\n"]}
        kinds: dict[tuple[bool, ...], str] = {}
        for character, bit in self.bits.items():
            kinds.setdefault(tuple(bool(mask & bit) for mask in masks), character)
        alphabet = tuple(kinds.values())
        short = {mask: sum(1 << n for n, c in enumerate(alphabet) if mask & self.bits[c]) for mask in masks | {0}}
        return Expression(_renamed(root, short), alphabet, short[self.bits["\n"]])


def _renamed(node: Node, short: dict[int, int]) -> Node:
    match node:
        case Char(mask):
            return Char(short[mask])
        case Seq(parts):
            return Seq(tuple(_renamed(part, short) for part in parts))
        case Alt(options):
            return Alt(tuple(_renamed(option, short) for option in options))
        case Repeat(least, most, body, mode):
            return Repeat(least, most, _renamed(body, short), mode)
        case Atomic(body):
            return Atomic(_renamed(body, short))
        case Look(body, behind, negative):
            return Look(_renamed(body, short), behind, negative)
        case At(code, words):
            return At(code, short[words])
