"""Expressions as Python source: what the compiled mapper of a slip is made of.

Every expression becomes ONE Python expression, so that a column stands on a line of its own, and a failure is traced
to it by line number at no cost on the good path.
"""

from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from etl_actors.slips.casts.column_type import NULL, ColumnType, is_type
from etl_actors.slips.emitting.predicates import emit_predicate
from etl_actors.slips.emitting.scope import Scope, of_document
from etl_actors.slips.emitting.steps import emit_step
from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.expressions import paths
from etl_actors.slips.expressions.expression_type import cast_of, uncast
from etl_actors.slips.model.vocabulary import Vocabulary
from etl_actors.slips.source.problems import ExpressionError, did_you_mean
from etl_actors.slips.values import compared
from etl_actors.slips.values.refused import Refused

__all__ = ["Emitter"]

_SPECIALS = {"row_id": "row_id", "source": "source", "received_at": "received_at"}


def _first_of(*options: Any) -> Any:
    """Take the first option that does not fail; if all do, the failure is the one that reached furthest, of equals the last."""
    told: Refused | None = None
    for option in options:
        try:
            return option()
        except Refused as refused:
            if told is None or refused.reach >= told.reach:
                told = refused
    assert told is not None
    try:
        raise told
    finally:
        del told  # else frame and exception hold each other, and with them the document, until the next collection


@dataclass(slots=True)
class Emitter:
    """Writes Python for expressions, and collects what that Python calls.

    Args:
        names: the globals of the generated code, by name.
        vocabulary: what expressions can name beside fields.
        own: names of the steps of the slip's own that the code calls.
    """

    names: dict[str, Any] = field(default_factory=lambda: {"first_of": _first_of, "repeat": repeat, "NULL": NULL})
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    own: set[str] = field(default_factory=set)
    _bound: dict[int, str] = field(default_factory=dict)
    _casts: dict[tuple[ColumnType, bool], Any] = field(default_factory=dict)

    def bound(self, prefix: str, thing: Any) -> str:
        """Give the generated code a thing under a name of its own."""
        name = self._bound.get(id(thing))
        if name is None:
            name = self._bound[id(thing)] = f"{prefix}_{len(self.names)}"
            self.names[name] = thing  # and so its id stays its own
        return name

    def _once(self, kind: ColumnType, *, text: bool) -> Any:
        """Keep one function a type, so that the generated code binds it once."""
        found = self._casts.get((kind, text))
        if found is None:
            found = self._casts[kind, text] = kind.text if text else kind.copy
        return found

    # Values

    def column(self, node: n.Expression, scope: Scope, kind: ColumnType, *, text: bool) -> str:
        """Write the COPY field of a column, or (`text`) its PostgreSQL text, None for null."""
        if isinstance(node, n.Choice):
            return self._choice([self.column(option, scope, kind, text=text) for option in node.options])
        if isinstance(node, n.If):
            then, other = (self.column(option, scope, kind, text=text) for option in (node.then, node.other))
            return f"({then} if {self.predicate(node.condition, scope)} else {other})"
        if isinstance(node, n.Pipe) and isinstance(node.steps[-1], n.Step) and is_type(node.steps[-1].name):
            kind = cast_of(node.steps[-1])  # with the format that it reads, which the column's type lacks
            node = uncast(node)
        plain = text or (kind.plain and not kind.inline)
        cast = self.bound("text" if plain else "copy", self._once(kind, text=plain))
        written = self.value(node, scope)
        inline = kind.inline_clean if kind.inline_clean and of_document(node, scope) else "" if text else kind.inline
        if inline:
            return f"({inline.replace('{}', written, 1)} {cast}(v))"
        if text:
            return f"{cast}({written})"
        if plain:
            return f"(NULL if (v := {written}) is None else {cast}(v))"
        return f"{cast}({written})"

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
            case n.If():
                then, other = self.value(node.then, scope), self.value(node.other, scope)
                return f"({then} if {self.predicate(node.condition, scope)} else {other})"
            case n.Pipe():
                return self._piped(node, scope)

    def _piped(self, node: n.Pipe, scope: Scope) -> str:
        written = self.value(node.value, scope)
        behind: list[n.Segment] = []
        for part in node.steps:
            if not isinstance(part, n.Step):
                behind.append(part)
                continue
            written = emit_step(self, part, self._segments(tuple(behind), written, parsed=True), scope)
            behind.clear()
        return self._segments(tuple(behind), written, parsed=True)

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
        if name == "up":
            if not scope.up:
                raise ExpressionError(node.at, "`@up` has a meaning only in a table with `each` that has a `parent` or `recurse`")
            return scope.up
        if name == "depth":
            if not scope.depth:
                raise ExpressionError(node.at, "`@depth` has a meaning only in a table with `recurse`")
            return scope.depth
        hint = did_you_mean(f"@{name}", [f"@{known}" for known in (*_SPECIALS, "key", "index", "up", "depth")])
        raise ExpressionError(node.at, f"there is no `@{name}`{hint or f'; a field of the item is `@.{name}`'}")

    def _path(self, node: n.Path, scope: Scope) -> str:
        segments = node.segments
        if node.root == "" and isinstance(segments[0], n.Field) and segments[0].name in scope.lets:
            return self._segments(segments[1:], scope.lets[segments[0].name], parsed=True)
        value, members = ("document", "D") if node.root == "$" else (scope.value, scope.fields)
        if not segments:
            return value
        if isinstance(segments[0], n.Field):
            written = f"{members}.get({segments[0].name!r})"
            segments = segments[1:]
        else:
            written = value
        return self._segments(segments, written, parsed=scope.parsed and node.root != "$")

    def _segments(self, segments: tuple[n.Segment, ...], written: str, *, parsed: bool) -> str:
        several = False
        for segment in segments:
            if not several and isinstance(segment, n.Field | n.Index):
                written = self._segment(segment, written, parsed=parsed)
            elif not several and isinstance(segment, n.Wild):
                written, several = f"{self.bound('members', paths.members)}({written})", True
            elif several and isinstance(segment, n.Field):
                written = f"{self.bound('fields', paths.fields)}({written}, {segment.name!r})"
            else:
                call = f"{self.bound('select', paths.select)}({{}}, {self.bound('segment', segment)})"
                written, several = call.format(written if several else f"[{written}]"), True
        return written

    def _segment(self, segment: n.Field | n.Index, written: str, *, parsed: bool) -> str:
        if isinstance(segment, n.Index):
            number = segment.number
            inside = f"len(t) > {number}" if number >= 0 else f"len(t) >= {-number}"
            return f"(t[{number}] if type(t := {written}) is list and {inside} else None)"
        an_object = f"isinstance(t := {written}, dict)" if parsed else f"type(t := {written}) is dict"
        return f"(t.get({segment.name!r}) if {an_object} else None)"

    def own_step(self, name: str) -> str:
        """Give the Python name of a step of the slip's own: a function of the value and the arguments."""
        self.own.add(name)
        return f"own_{name}"

    def predicate(self, node: n.Predicate, scope: Scope) -> str:
        """Write a predicate as a Python condition."""
        return emit_predicate(self, node, scope)
