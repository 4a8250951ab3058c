"""What a grammar's rules keep of a text, known before any text is: which children, how often, as what.

The rules of a value (INTERFACE, "A parse tree becomes a value"), decided on Lark's compiled rules:

- A rule is an object of its named children: rules and terminals, in lower case. What begins with ``_`` is dropped (such
  a rule's children become its parent's), as are literals and regexes without a name. Under ``!`` they are kept as
  ``literal``; a literal that spells a terminal of the grammar has that terminal's name.
- A child that can occur more than once in any alternative is a list in all of them, else it is a value or null.
- An aliased alternative is a child rule with the alias as its name; it alone may keep nothing, since its name tells.
- A rule whose every alternative holds exactly one kept terminal is that terminal's text. Where an alternative keeps
  nothing else, one regex without a name counts as its terminal.
- An alternative of a ``?rule`` that keeps exactly one child, without alias, is that child; Lark's alternatives count,
  of which ``item ("," item)*`` has two.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lark.grammar import Rule, Symbol

from etl_actors.combinators.counts import MANY, Counts, add, union
from etl_actors.combinators.definition import Reached

__all__ = ["LITERAL", "UNNAMED", "Kept", "Outline", "helper", "inlined"]

LITERAL = "literal"  # the key of tokens without a name, under `!`
UNNAMED = ""  # stands for a regex without a name, which has no key


@dataclass(frozen=True, slots=True)
class Kept:
    """What one symbol of a rule gives.

    Args:
        symbol: Lark's name of it.
        key: that it has in its parent; None of a symbol whose children become the parent's.
        term: whether it is a terminal.
        plain: of a symbol without key: whether the literals among its children are left out.
    """

    symbol: str
    key: str | None
    term: bool = False
    plain: bool = False


class Outline:
    """The children of every rule of a grammar.

    Args:
        rules: as Lark compiled them.
        reached: knows the names of the author.
    """

    def __init__(self, rules: Sequence[Rule], reached: Reached) -> None:
        self.rules = list(rules)
        self.reached = reached
        self.alternatives: dict[str, list[Rule]] = {}
        for rule in self.rules:
            self.alternatives.setdefault(str(rule.origin.name), []).append(rule)
        self._literal_helpers = set(self._under_bang())
        self.kept: dict[int, list[tuple[int, Kept]]] = {id(rule): list(self._keep(rule)) for rule in self.rules}
        self._inlined: dict[str, Counts] = {}
        self._settle()

    def _under_bang(self) -> Iterator[str]:
        seen: set[str] = set()
        waiting = [rule for rule in self.rules if rule.options.keep_all_tokens and not helper(str(rule.origin.name))]
        while waiting:
            for symbol in waiting.pop().expansion:
                name = str(symbol.name)
                if not symbol.is_term and helper(name) and name not in seen:
                    seen.add(name)
                    waiting += self.alternatives[name]
                    yield name

    def _keep(self, rule: Rule) -> Iterator[tuple[int, Kept]]:
        origin = str(rule.origin.name)
        bang = origin in self._literal_helpers if helper(origin) else rule.options.keep_all_tokens
        for index, symbol in enumerate(rule.expansion):
            name = str(symbol.name)
            if not symbol.is_term:
                if inlined(name):
                    yield index, Kept(name, None, plain=not bang and name in self._literal_helpers)
                else:
                    called = self.reached.called(name)
                    if not called.startswith("_"):
                        yield index, Kept(name, called.lower())
            else:
                key = self._terminal_key(symbol, bang=bang)
                if key is not None:
                    yield index, Kept(name, key, term=True)

    def _terminal_key(self, symbol: Symbol, *, bang: bool) -> str | None:
        name = str(symbol.name)
        dropped = bool(getattr(symbol, "filter_out", False))
        if name in self.reached.definitions and not dropped:
            called = self.reached.called(name)
            return None if called.startswith("_") else called.lower()
        if name in self.reached.definitions and self.reached.called(name).startswith("_"):
            return None
        if bang:
            return LITERAL
        return None if dropped else UNNAMED

    def _settle(self) -> None:
        names = [name for name in self.alternatives if inlined(name)]
        self._inlined = {name: Counts({}, {}) for name in names}
        unreached = set(names)
        changed = True
        while changed:
            changed = False
            for name in names:
                options = [
                    self.counts(rule)
                    for rule in self.alternatives[name]
                    if not any(str(symbol.name) in unreached for symbol in rule.expansion)
                ]
                if not options:
                    continue
                unreached.discard(name)
                new = union(options)
                if new != self._inlined[name]:
                    self._inlined[name] = new
                    changed = True

    def endless(self) -> str | None:
        """Find a rule that no text can satisfy, since each of its alternatives needs another such rule.

        Returns:
            Lark's name of the first such rule; None where there is none.
        """
        ends: set[str] = set()
        grown = True
        while grown:
            more = {
                name
                for name, rules in self.alternatives.items()
                if name not in ends
                and any(all(each.is_term or str(each.name) in ends for each in rule.expansion) for rule in rules)
            }
            ends |= more
            grown = bool(more)
        return next((name for name in self.alternatives if name not in ends), None)

    def counts(self, rule: Rule) -> Counts:
        """Count the children of one alternative.

        Args:
            rule: the alternative.

        Returns:
            By key, in order of appearance.
        """
        total = Counts({}, {})
        for _, kept in self.kept[id(rule)]:
            add(total, self.counts_of(kept))
        return total

    def counts_of(self, kept: Kept) -> Counts:
        """Count what one symbol gives.

        Args:
            kept: the symbol.

        Returns:
            By key.
        """
        if kept.key is None:
            inner = self._inlined[kept.symbol]
            if not kept.plain or LITERAL not in inner.most:
                return inner
            least = {key: count for key, count in inner.least.items() if key != LITERAL}
            most = {key: count for key, count in inner.most.items() if key != LITERAL}
            unnamed = (least.get(UNNAMED, 0), most.get(UNNAMED, 0))
            every = (min(MANY, sum(least.values())), min(MANY, sum(most.values())))
            named = (min(MANY, sum(least.values()) - unnamed[0]), min(MANY, sum(most.values()) - unnamed[1]))
            return Counts(least, most, named, every)
        if kept.key == UNNAMED:
            return Counts({UNNAMED: 1}, {UNNAMED: 1}, (0, 0), (1, 1))
        return Counts({kept.key: 1}, {kept.key: 1}, (1, 1), (1, 1))

    def sources(self, rules: Iterable[Rule]) -> dict[str, list[Kept]]:
        """Find the symbols that each key comes from.

        Args:
            rules: alternatives of one rule.

        Returns:
            Distinct symbols by key, in order of appearance.
        """
        found: dict[str, list[Kept]] = {}
        seen: set[tuple[str, bool]] = set()
        waiting = [(kept, False) for rule in rules for _, kept in self.kept[id(rule)]][::-1]
        while waiting:
            kept, plain = waiting.pop()
            if kept.key is None:
                plain = plain or kept.plain
                if (kept.symbol, plain) not in seen:
                    seen.add((kept.symbol, plain))
                    inner = [each for rule in self.alternatives[kept.symbol] for _, each in self.kept[id(rule)]]
                    waiting += [(each, plain) for each in reversed(inner)]
            elif not (plain and kept.key == LITERAL) and kept not in found.setdefault(kept.key, []):
                found[kept.key].append(kept)
        return found


def inlined(name: str) -> bool:
    """Tell whether a rule's children become its parent's.

    Args:
        name: Lark's.

    Returns:
        Whether it begins with ``_``, as Lark's own helpers do.
    """
    return name.startswith("_")


def helper(name: str) -> bool:
    """Tell whether Lark made a rule, for a repetition.

    Args:
        name: Lark's.

    Returns:
        Whether it begins with ``__``, which authors may not write.
    """
    return name.startswith("__")
