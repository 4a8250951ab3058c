"""What stands on a parser's stack, as Python: written while the grammar is compiled, computed while a text is read.

An entry is a token, a rule that has a value, or a bag: a rule whose children become its parent's. Between two blocks the
entries are local variables: ``v2`` is the value of the second entry, ``v2_0`` the first kind of child in its bag.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from etl_actors.combinators.counts import MANY
from etl_actors.combinators.outline import Kept, Outline, inlined
from etl_actors.combinators.regular.tree import Step

__all__ = ["Entry", "Far", "Layouts", "Often", "Part"]


class Far(Enum):
    """The place of something that was read in another block: whoever asks has the text read again."""

    FAR = auto()


class Often(Enum):
    """How many values a part of a bag is, which a text decides on where it is not ONE."""

    ONE = auto()
    MAYBE = auto()
    LIST = auto()


@dataclass(frozen=True, slots=True)
class Part:
    """Values of one kind within a bag.

    Args:
        often: how many.
        value: Python of it; of a list the name of a variable.
        at: the token where a text stands; None of what is no text.
        step: the token whose text it is, if it is one of this block.
    """

    often: Often
    value: str
    at: Step | Far | None
    step: Step | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the stack.

    Args:
        parts: of a bag by key; of anything else one, under an empty name.
        bag: whether it is a bag.
        first: its first token; None where it covers nothing.
        last: its last token.
    """

    parts: dict[str, list[Part]] = field(default_factory=dict)
    bag: bool = False
    first: Step | Far | None = None
    last: Step | Far | None = None

    @property
    def one(self) -> Part:
        """What it is, if it is no bag."""
        (part,) = self.parts[""]
        return part


class Layouts:
    """The variables that entries of each symbol have between two blocks.

    Args:
        outline: of the grammar.
        terminals: names of those whose text some rule keeps.
    """

    def __init__(self, outline: Outline, terminals: set[str]) -> None:
        self._outline = outline
        self._terminals = terminals

    def bag(self, symbol: str) -> list[tuple[str, bool]] | None:
        """List the kinds of children in a bag, and whether each can be several; None of what is no bag."""
        if symbol not in self._outline.alternatives or not inlined(symbol):
            return None
        return [(key, most >= MANY) for key, most in self._outline.counts_of(Kept(symbol, None)).most.items()]

    def kept(self, symbol: str) -> bool:
        """Tell whether anybody asks for the value of what is no bag."""
        return symbol in self._outline.alternatives or symbol in self._terminals

    def entry(self, symbol: str, place: int) -> Entry:
        """Give the entry that stands in variables.

        Args:
            symbol: Lark's name of what it is.
            place: on the stack.
        """
        kinds = self.bag(symbol)
        if kinds is None:
            return Entry({"": [Part(Often.ONE, f"v{place}", Far.FAR)]}, first=Far.FAR, last=Far.FAR)
        parts = {
            key: [Part(Often.LIST if many else Often.MAYBE, f"v{place}_{number}", Far.FAR)]
            for number, (key, many) in enumerate(kinds)
        }
        return Entry(parts, bag=True, first=Far.FAR, last=Far.FAR)
