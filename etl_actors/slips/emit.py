"""Expressions as Python source: what the compiled mapper of a slip is made of.

Every expression becomes ONE Python expression, so that a column stands on a line of its own, and a failure is traced
to it by line number at no cost on the good path.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from etl_actors.slips import compared, paths
from etl_actors.slips import nodes as n
from etl_actors.slips.emit_steps import emit_step
from etl_actors.slips.expression_type import cast_of
from etl_actors.slips.problems import ExpressionError, did_you_mean
from etl_actors.slips.refused import Refused
from etl_actors.slips.types import NULL, ColumnType, is_type
from etl_actors.slips.vocabulary import Vocabulary

__all__ = ["Emitter", "Scope"]

_SPECIALS = {"row_id": "row_id", "source": "source", "received_at": "received_at"}
_COMPARES = {"==": "same", "!=": "unequal", "<": "less", "<=": "at_most", ">": "more", ">=": "at_least"}


@dataclass(frozen=True, slots=True)
class Scope:
    """The variables of generated code that an expression sees.

    Args:
        value: holds the item.
        fields: holds the item where it is an object, else an empty one.
        key: holds ``@key``; empty in a table without items.
        index: holds ``@index``; empty in a table without items.
        up: holds ``@up``; empty where nothing is above.
        depth: holds ``@depth``; empty in a table without `recurse`.
        lets: the Python that gives the value of each let in sight, by name.
    """

    value: str = "document"
    fields: str = "D"
    key: str = ""
    index: str = ""
    up: str = ""
    depth: str = ""
    lets: Mapping[str, str] = field(default_factory=dict)


def _first_of(*options: Any) -> Any:
    """Take the first option that does not fail; the last one's failure is the failure."""
    for option in options[:-1]:
        try:
            return option()
        except Refused:
            continue
    return options[-1]()


@dataclass(slots=True)
class Emitter:
    """Writes Python for expressions, and collects what that Python calls.

    Args:
        names: the globals of the generated code, by name.
        vocabulary: what expressions can name beside fields.
    """

    names: dict[str, Any] = field(default_factory=lambda: {"first_of": _first_of, "repeat": repeat, "NULL": NULL})
    vocabulary: Vocabulary = field(default_factory=Vocabulary)

    def bound(self, prefix: str, thing: Any) -> str:
        """Give the generated code a thing under a name of its own."""
        for name, known in self.names.items():
            if known is thing:
                return name
        name = f"{prefix}_{len(self.names)}"
        self.names[name] = thing
        return name

    # Values

    def column(self, node: n.Expression, scope: Scope, kind: ColumnType, *, text: bool) -> str:
        """Write the COPY field of a column, or (`text`) its PostgreSQL text, None for null."""
        if isinstance(node, n.Choice):
            return self._choice([self.column(option, scope, kind, text=text) for option in node.options])
        if isinstance(node, n.Pipe) and isinstance(node.steps[-1], n.Step) and is_type(node.steps[-1].name):
            kind = cast_of(node.steps[-1])  # with the format that it reads, which the column's type lacks
            node = n.Pipe(node.at, node.value, node.steps[:-1]) if node.steps[1:] else node.value
        plain = text or (kind.plain and not kind.inline)
        cast = self.bound("text" if plain else "copy", _once(kind, text=plain))
        written = self.value(node, scope)
        if text:
            return f"{cast}({written})"
        if plain:
            return f"(NULL if (v := {written}) is None else {cast}(v))"
        if not kind.inline:
            return f"{cast}({written})"
        return f"({kind.inline.replace('{}', written, 1)} {cast}(v))"

    def value(self, node: n.Expression, scope: Scope) -> str:
        """Write an expression's value."""
        match node:
            case n.Literal():
                return self._literal(node)
            case n.Path():
                return self._path(node, scope)
            case n.Special():
                return self._special(node, scope)
            case n.Choice():
                return self._choice([self.value(option, scope) for option in node.options])
            case n.TypeOf():
                return f"{self.bound('kind_of', compared.kind_of)}({self.value(node.value, scope)})"
            case n.Pipe():
                written = self.value(node.value, scope)
                for part in node.steps:
                    written = emit_step(self, part, written, scope) if isinstance(part, n.Step) else self._segment(part, written)
                return written

    def _choice(self, options: list[str]) -> str:
        return f"first_of({', '.join(f'lambda: {option}' for option in options)})"

    def _literal(self, node: n.Literal) -> str:
        value = node.value
        return repr(value) if value is None or type(value) in {bool, str, int} else self.bound("number", value)

    def _special(self, node: n.Special, scope: Scope) -> str:
        name = node.name
        if name in _SPECIALS:
            return _SPECIALS[name]
        if name in {"key", "index"}:
            found = scope.key if name == "key" else scope.index
            if not found:
                raise ExpressionError(node.at, f"`@{name}` has a meaning only in a table with `each`")
            return found
        if name in {"up", "depth"}:
            raise ExpressionError(node.at, f"`@{name}` is not supported by this release")
        hint = did_you_mean(f"@{name}", [f"@{known}" for known in (*_SPECIALS, "key", "index")])
        raise ExpressionError(node.at, f"there is no `@{name}`{hint or f'; a field of the item is `@.{name}`'}")

    def _path(self, node: n.Path, scope: Scope) -> str:
        value, members = ("document", "D") if node.root == "$" else (scope.value, scope.fields)
        segments = node.segments
        if not segments:
            return value
        if isinstance(segments[0], n.Field):
            written = f"{members}.get({segments[0].name!r})"
            segments = segments[1:]
        else:
            written = value
        return self._segments(segments, written)

    def _segments(self, segments: tuple[n.Segment, ...], written: str) -> str:
        several = False
        for segment in segments:
            if not several and isinstance(segment, n.Field | n.Index):
                written = self._segment(segment, written)
            elif not several and isinstance(segment, n.Wild):
                written, several = f"{self.bound('members', paths.members)}({written})", True
            elif several and isinstance(segment, n.Field):
                written = f"{self.bound('fields', paths.fields)}({written}, {segment.name!r})"
            else:
                call = f"{self.bound('select', paths.select)}({{}}, {self.bound('segment', segment)})"
                written, several = call.format(written if several else f"[{written}]"), True
        return written

    def _segment(self, segment: n.Segment, written: str) -> str:
        match segment:
            case n.Field(name):
                return f"(t.get({name!r}) if type(t := {written}) is dict else None)"
            case n.Index(number):
                inside = f"len(t) > {number}" if number >= 0 else f"len(t) >= {-number}"
                return f"(t[{number}] if type(t := {written}) is list and {inside} else None)"
            case _:
                return self._segments((segment,), written)

    def own_step(self, name: str) -> str:
        """Give the Python name of a step of the slip's own."""
        raise NotImplementedError(name)

    # Predicates

    def predicate(self, node: n.Predicate, scope: Scope) -> str:
        """Write a predicate as a Python condition."""
        match node:
            case n.All(_, parts):
                return "(" + " and ".join(self.predicate(part, scope) for part in parts) + ")"
            case n.Any_(_, parts):
                return "(" + " or ".join(self.predicate(part, scope) for part in parts) + ")"
            case n.Not(_, part):
                return f"(not {self.predicate(part, scope)})"
            case n.Exists(_, value):
                written = self.value(value, scope)
                several = isinstance(value, n.Path) and value.plural
                return f"{self.bound('present', compared.present)}({written})" if several else f"({written} is not None)"
            case n.Member(_, left, options):
                written = ", ".join(self.value(option, scope) for option in options)
                return f"any(map({self.bound('equal', compared.equal)}, repeat({self.value(left, scope)}), [{written}]))"
            case n.Compare():
                return self._compare(node, scope)

    def _compare(self, node: n.Compare, scope: Scope) -> str:
        left, right = self.value(node.left, scope), self.value(node.right, scope)
        for one, other in ((node.left, right), (node.right, left)):
            if isinstance(one, n.Literal) and node.operator in {"==", "!="} and one.value is None:
                return f"({other} is {'not ' * (node.operator == '!=')}None)"
            if isinstance(one, n.Literal) and node.operator == "==" and type(one.value) is str:
                return f"({left} == {right})"  # a str equals nothing but a str
        name = _COMPARES[node.operator]
        return f"{self.bound(name, getattr(compared, name))}({left}, {right})"


_CASTS: dict[tuple[ColumnType, bool], Any] = {}


def _once(kind: ColumnType, *, text: bool) -> Any:
    """Keep one function a type, so that generated code binds it once."""
    found = _CASTS.get((kind, text))
    if found is None:
        found = _CASTS[kind, text] = kind.text if text else kind.copy
    return found
