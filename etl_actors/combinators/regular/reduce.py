"""The reductions on the way to a block's end, written as Python: what `values.py` does while Lark's automaton runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from lark.grammar import Rule

from etl_actors.combinators.outline import LITERAL, UNNAMED
from etl_actors.combinators.plans import Fate, Plans
from etl_actors.combinators.regular.entries import Entry, Far, Often, Part
from etl_actors.combinators.regular.tree import Step

__all__ = ["Site", "Written", "text_of"]

_NESTED = 16  # conditions in one another: Python's own parser has a limit


@dataclass(frozen=True, slots=True)
class Site:
    """Where nodes that are made at one place of the program stand in their match.

    Args:
        first: the first token.
        last: the last token.
        starts: the token of each child that is one text.
    """

    first: Step
    last: Step
    starts: tuple[tuple[str, Step], ...]


def text_of(step: Step) -> str:
    """Stand for the text of a token, until its group has a number; no literal of a grammar looks like this."""
    return f"\0{step.number}\0"


@dataclass(slots=True)
class Written:
    """Python of one way through a block.

    Args:
        plans: of the grammar.
        sites: of all nodes of the program; grows.
        lines: of Python.
        far: whether a node stands in several matches.
        nodes: how many nodes were made.
    """

    plans: Plans
    sites: list[Site]
    lines: list[str] = field(default_factory=list)
    far: bool = False
    nodes: int = 0

    def token(self, step: Step) -> Entry:
        """Write a token that was read."""
        return Entry({"": [Part(Often.ONE, text_of(step), step, step)]}, first=step, last=step)

    def use(self, part: Part) -> str:
        """Give the Python of a part, whose text is read from the match then."""
        if part.step is not None:
            part.step.captured = True
        return part.value

    def reduced(self, rule: Rule, children: Sequence[Entry]) -> Entry:
        """Write a reduction.

        Args:
            rule: the alternative.
            children: its entries.
        """
        plan = self.plans.plans[rule]
        first = next((child.first for child in children if child.first is not None), None)
        last = next((child.last for child in reversed(children) if child.last is not None), None)
        found: dict[str, list[Part]] = {}
        for index, kept in plan.steps:
            if kept.key is not None:
                found.setdefault(kept.key, []).append(children[index].one)
                continue
            for key, parts in children[index].parts.items():
                if not (kept.plain and key == LITERAL):
                    found.setdefault(key, []).extend(parts)
        if plan.fate is Fate.INLINED:
            return Entry(found, bag=True, first=first, last=last)
        made = self._node(found, plan.fields, first, last) if plan.fate is Fate.OBJECT else self._only(found)
        if plan.alias is not None:
            assert plan.outer is not None
            made = self._node({plan.alias: [made]}, plan.outer, first, last)
        return Entry({"": [made]}, first=first, last=last)

    def _only(self, found: dict[str, list[Part]]) -> Part:
        named = [part for key, parts in found.items() if key != UNNAMED for part in parts]
        parts = named or found.get(UNNAMED, [])
        sure = next((part for part in parts if part.often is Often.ONE), None)
        if sure is not None:
            return sure
        if not named or UNNAMED not in found:
            return Part(Often.ONE, self.either(parts), Far.FAR)
        return Part(Often.ONE, self.either([*named, *found[UNNAMED]]), Far.FAR)

    def either(self, parts: Sequence[Part]) -> str:
        """Write the one of several that is there, None where none is."""
        values = [self.use(part) for part in parts]
        if len(values) > _NESTED:
            return f"first_of(({', '.join(values)}))"
        *before, last = values
        written = last
        for value in reversed(before):
            written = f"({value} if {value} is not None else {written})"
        return written

    def _node(
        self, found: dict[str, list[Part]], fields: dict[str, bool], first: Step | Far | None, last: Step | Far | None
    ) -> Part:
        near = isinstance(first, Step) and isinstance(last, Step)
        starts = []
        members = []
        for key, many in fields.items():
            parts = found.get(key, [])
            if many:
                members.append(f"{key!r}: {self.listed(parts)}")
                continue
            members.append(f"{key!r}: {self.either(parts) if parts else 'None'}")
            for part in parts:
                if part.at is Far.FAR:
                    near = False
                elif isinstance(part.at, Step):
                    starts.append((key, part.at))
        name = f"n{self.nodes}"
        self.nodes += 1
        self.lines.append(f"{name} = Node({{{', '.join(members)}}})")
        if near:
            assert isinstance(first, Step)
            assert isinstance(last, Step)
            # the match itself tells where it begins and ends
            marked = [at for _, at in starts] + [first] * (not first.opens) + [last] * (not last.closes)
            for step in marked:
                step.captured = True
            self.lines.append(f"{name}.by = s{len(self.sites)}; {name}.of = m")
            self.sites.append(Site(first, last, tuple(starts)))
        else:
            self.far = True
            self.lines.append(f"{name}.by = AGAIN; {name}.of = origin")
        return Part(Often.ONE, name, None)

    def listed(self, parts: Sequence[Part]) -> str:
        """Write a list of all values of parts; it is the list of the first of them, if that is the only one."""
        if len(parts) == 1 and parts[0].often is Often.LIST:
            return parts[0].value
        written = []
        for part in parts:
            value = self.use(part)
            match part.often:
                case Often.ONE:
                    written.append(value)
                case Often.MAYBE:
                    written.append(f"*(() if {value} is None else ({value},))")
                case Often.LIST:
                    written.append(f"*{value}")
        return f"[{', '.join(written)}]"

    def kept(self, parts: Sequence[Part], *, many: bool) -> str:
        """Write what one kind of child comes to that is kept for the next block; a list that is there already grows in place.

        Args:
            parts: of that kind.
            many: whether it is a list of them.
        """
        if not many:
            return self.either(parts) if parts else "None"
        if not parts or parts[0].often is not Often.LIST:
            return self.listed(parts)
        for part in parts[1:]:
            self.lines.append(self._appended(parts[0].value, part))
        return parts[0].value

    def _appended(self, name: str, part: Part) -> str:
        value = self.use(part)
        match part.often:
            case Often.ONE:
                return f"{name}.append({value})"
            case Often.MAYBE:
                return f"if {value} is not None: {name}.append({value})"
            case Often.LIST:
                return f"{name} += {value}"
