"""What becomes of each rule of a grammar: its text, its only child, or an object with these fields."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from lark.grammar import Rule

from etl_actors.combinators.counts import MANY, Counts, union
from etl_actors.combinators.definition import Reached
from etl_actors.combinators.grammar_error import GrammarError
from etl_actors.combinators.outline import UNNAMED, Kept, Outline, inlined
from etl_actors.combinators.pairs import unequal_pair

__all__ = ["Fate", "Plan", "Plans"]


class Fate(Enum):
    """What an alternative becomes."""

    INLINED = "its children are its parent's"
    TEXT = "the text of its one terminal"
    CHILD = "its only child"
    OBJECT = "an object"


@dataclass(frozen=True, slots=True)
class Plan:
    """What one alternative becomes.

    Args:
        fate: what.
        steps: index in the alternative and symbol of what is kept.
        fields: of the object, by key whether it is a list.
        alias: the alternative is the child of this name of an object with the fields `outer`.
        outer: fields of the rule where the alternative has an alias.
    """

    fate: Fate
    steps: tuple[tuple[int, Kept], ...]
    fields: dict[str, bool]
    alias: str | None = None
    outer: dict[str, bool] | None = None


class Plans:
    """The plans of a grammar's alternatives, and the shapes of its rules.

    Args:
        rules: as Lark compiled them.
        reached: knows the names of the author.
        main: name of the main file, for errors of what has no place.
        start: the rule that texts are parsed by.

    Attributes:
        plans: by alternative.
        fields: of each object, by key whether it is a list; objects by Lark's name of the rule, and alias or None.
        sources: of each field of an object that is no alias, the symbols that it comes from.

    Raises:
        GrammarError: two children share a key, a rule keeps nothing, lists do not go in step.
    """

    def __init__(self, rules: Sequence[Rule], reached: Reached, main: str, start: str) -> None:
        self.outline = Outline(rules, reached)
        self.reached = reached
        self.main = main
        self.start = start
        self.plans: dict[Rule, Plan] = {}
        self.fields: dict[tuple[str, str | None], dict[str, bool]] = {}
        self.sources: dict[tuple[str, str | None], dict[str, list[Kept]]] = {}
        self._check_ends()
        for name, alternatives in self.outline.alternatives.items():
            if inlined(name):
                for rule in alternatives:
                    self.plans[rule] = Plan(Fate.INLINED, tuple(self.outline.kept[id(rule)]), {})
            else:
                self._plan(name, alternatives)

    def described(self) -> dict[str, str]:
        """Find the regexes without a name that are all there is to one rule.

        Returns:
            The rule's or alias's name by Lark's name of the regex.
        """
        found: dict[str, set[str]] = {}
        for rule, plan in self.plans.items():
            called = plan.alias or self.reached.called(str(rule.origin.name))
            for _, kept in plan.steps:
                if kept.key == UNNAMED:
                    found.setdefault(kept.symbol, set()).add(called if plan.fate is Fate.TEXT else "")
        return {symbol: name for symbol, (name, *others) in found.items() if name and not others}

    def _plan(self, name: str, alternatives: list[Rule]) -> None:
        aliases: dict[str, list[Rule]] = {}
        plain: list[Rule] = []
        for rule in alternatives:
            if rule.alias and not rule.alias.startswith("_"):
                aliases.setdefault(str(rule.alias), []).append(rule)
            else:
                plain.append(rule)
        if not aliases and all(self._is_text(rule) for rule in plain):
            self._same(plain, Fate.TEXT, {})
            return
        collapsed = [rule for rule in plain if rule.options.expand1 and self._holds_one(rule)]
        objects = [rule for rule in plain if rule not in collapsed]
        self._same(collapsed, Fate.CHILD, {})
        if not objects and not aliases:
            return
        outer = self._fields_of(name, None, objects, aliases)
        if not outer and not collapsed:
            self._keeps_nothing(name)
        self._same(objects, Fate.OBJECT, outer)
        for alias, rules in aliases.items():
            self._plan_alias(name, alias, rules, outer)

    def _plan_alias(self, name: str, alias: str, rules: list[Rule], outer: dict[str, bool]) -> None:
        fate, fields = Fate.TEXT, dict[str, bool]()
        if not all(self._is_text(rule) for rule in rules):
            fate, fields = Fate.OBJECT, self._fields_of(name, alias, rules, {})
        for rule in rules:
            self.plans[rule] = Plan(fate, tuple(self.outline.kept[id(rule)]), fields, alias.lower(), outer)

    def _same(self, rules: list[Rule], fate: Fate, fields: dict[str, bool]) -> None:
        for rule in rules:
            self.plans[rule] = Plan(fate, tuple(self.outline.kept[id(rule)]), fields)

    def _is_text(self, rule: Rule) -> bool:
        return self._holds_one(rule) and all(
            kept.term for key, found in self.outline.sources([rule]).items() if key != UNNAMED for kept in found
        )

    def _holds_one(self, rule: Rule) -> bool:
        counts = self.outline.counts(rule)
        return (1, 1) in (counts.named, counts.every)

    def _fields_of(self, name: str, alias: str | None, rules: list[Rule], aliases: dict[str, list[Rule]]) -> dict[str, bool]:
        counts = union([self.outline.counts(rule) for rule in rules]) if rules else Counts({}, {})
        sources = {key: kept for key, kept in self.outline.sources(rules).items() if key != UNNAMED}
        for key, found in sources.items():
            self._one_source(name, key, found)
        fields = {key: counts.most.get(key, 0) >= MANY for key in sources}
        for each in aliases:
            if each.lower() in fields:
                self._collide(name, each.lower(), "an alias and a child")
            fields[each.lower()] = False
        pair = unequal_pair(self.outline, rules)
        if pair:
            self._out_of_step(name, *pair)
        self.sources[name, alias and alias.lower()] = sources
        self.fields[name, alias and alias.lower()] = fields
        return fields

    def _check_ends(self) -> None:
        name = self.outline.endless()
        if name is not None:
            called = self.reached.called(name)
            sentence = f"no text can satisfy rule {called}: each of its alternatives needs {called} again; add one that does not"
            raise GrammarError(*self._place(name), sentence)

    def _one_source(self, name: str, key: str, found: list[Kept]) -> None:
        origins = {self._origin(kept): kept for kept in found}
        if len(origins) > 1:
            first, second = list(origins.values())[:2]
            if first.symbol.partition("{")[0] == second.symbol.partition("{")[0]:
                template = self.reached.called(first.symbol.partition("{")[0])
                raise GrammarError(
                    *self._place(name),
                    f"in rule {self.reached.called(name)}, the template {template} is used with several arguments, which would "
                    f'both have the key "{key}"; let each stand in a rule of its own, as in words: {template}{{word}}',
                )
            self._collide(name, key, f"{self._kind(first)} and {self._kind(second)}")

    def _origin(self, kept: Kept) -> tuple[str, ...]:
        known = self.reached.definitions.get(kept.symbol.split("{", 1)[0])
        arguments = kept.symbol.partition("{")[2]
        if known is None:
            return ("literal",)
        return (kept.symbol,) if self.reached.altered else (known.file, known.written, arguments)

    def _kind(self, kept: Kept) -> str:
        known = self.reached.definitions.get(kept.symbol.split("{", 1)[0])
        kind = "the terminal" if kept.term else "the rule"
        if known is None:
            return "a literal"
        return f"{kind} {known.name} of {known.file}"

    def _collide(self, name: str, key: str, two: str) -> None:
        called = self.reached.called(name)
        raise GrammarError(
            *self._place(name),
            f'in rule {called}, {two} would both have the key "{key}"; give one of them another name',
        )

    def _keeps_nothing(self, name: str) -> None:
        called = self.reached.called(name)
        left_out = "" if name == self.start else f", or call it _{called} to leave it out of values"
        raise GrammarError(
            *self._place(name),
            f"rule {called} keeps nothing of the text: write !{called} to keep its literals, or give what it should keep a "
            f"name (NAME: …){left_out}",
        )

    def _out_of_step(self, name: str, first: str, second: str) -> None:
        called = self.reached.called(name)
        raise GrammarError(
            *self._place(name),
            f'in rule {called}, "{first}" and "{second}" are repeated together and may give lists of unequal length, so that '
            f"nobody could tell which belong together; make what is repeated a rule of its own ({called}: part*), or leave "
            "one of them out of values by a name that begins with _",
        )

    def _place(self, name: str) -> tuple[str, int, int]:
        return self.reached.place_of(name) or (self.main, 1, 1)
