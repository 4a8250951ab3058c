"""The shapes of a grammar's rules, by what becomes of each of their alternatives."""

from collections.abc import Iterator

from lark.grammar import Rule

from etl_actors.combinators.outline import UNNAMED, Kept
from etl_actors.combinators.plans import Fate, Plans
from etl_actors.combinators.shape import AnyOf, Many, Object, Shape, Text

__all__ = ["Shapes"]


class Shapes:
    """The shapes of a grammar's rules; those of rules that contain themselves do so too.

    Args:
        plans: of the grammar.
    """

    def __init__(self, plans: Plans) -> None:
        self._plans = plans
        self._objects = {key: Object(key[1] or plans.reached.called(key[0]).lower()) for key in plans.fields}
        for (name, alias), made in self._objects.items():
            self._fill(name, alias, made)

    def of(self, name: str) -> Shape:
        """Tell the shape of a rule's values.

        Args:
            name: Lark's name of the rule.

        Returns:
            Its shape.
        """
        options = list(self._leaves(name))
        return options[0] if len(options) == 1 else AnyOf(tuple(options))

    def _fill(self, name: str, alias: str | None, made: Object) -> None:
        sources = self._plans.sources[name, alias]
        for key, many in self._plans.fields[name, alias].items():
            item: Shape
            if key not in sources:
                item = self._objects.get((name, key), Text())
            else:
                first = sources[key][0]
                item = Text() if first.term else self.of(first.symbol)
            made.fields[key] = Many(item) if many else item

    def _leaves(self, name: str) -> Iterator[Text | Object]:
        """Follow rules that collapse to the shapes that they end in, each once; rules may collapse to one another."""
        seen = {name}
        given: set[Text | Object] = set()
        waiting = [name]
        for each in waiting:  # which grows
            for rule in self._plans.outline.alternatives[each]:
                plan = self._plans.plans[rule]
                leaves: list[Text | Object] = []
                if plan.alias is not None or plan.fate is Fate.OBJECT:
                    leaves.append(self._objects[each, None])
                elif plan.fate is Fate.TEXT:
                    leaves.append(Text())
                else:
                    children = list(self._children(rule))
                    leaves += [Text() for child in children if child.term]
                    below = dict.fromkeys(child.symbol for child in children if not child.term and child.symbol not in seen)
                    seen.update(below)
                    waiting += below
                for leaf in leaves:
                    if leaf not in given:
                        given.add(leaf)
                        yield leaf

    def _children(self, rule: Rule) -> Iterator[Kept]:
        """Find what the only child of an alternative can be; a regex without a name is, where nothing has a name."""
        named = self._plans.outline.counts(rule).named == (1, 1)
        for key, found in self._plans.outline.sources([rule]).items():
            if key != UNNAMED or not named:
                yield from found
