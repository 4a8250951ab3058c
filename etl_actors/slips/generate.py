"""The source of a slip's mapper, and what stands on each of its lines.

The function computes every row first and appends all of them last, so a failure leaves nothing behind.
"""

from dataclasses import dataclass, field
from typing import Any

from etl_actors.relational import identity
from etl_actors.relational.canonical import canonical_document, key_canonicaliser
from etl_actors.relational.tables import Kind
from etl_actors.slips import nodes as n
from etl_actors.slips import paths
from etl_actors.slips.blame import Blame, Spot
from etl_actors.slips.emit import Emitter, Scope
from etl_actors.slips.expression_type import type_of
from etl_actors.slips.model import Slip, SlipColumn, SlipTable
from etl_actors.slips.refused import Refused
from etl_actors.slips.types import ColumnType, copy_escaped

__all__ = ["generate"]


def generate(slip: Slip) -> tuple[str, dict[str, Any], Blame]:
    """Write the mapper of a slip.

    Args:
        slip: as `read_slip` gives it.

    Returns:
        Python source that defines ``map_document``, the globals it needs, and what stands on each line.
    """
    return _Generator(slip).run()


def _items(value: Any) -> list[Any]:
    """List the items of an `each` that is no path to several matches."""
    if value is None:
        return []
    if type(value) is list:
        return value
    raise Refused("not_an_array", "an array (`as_list` makes one)", value)


@dataclass(slots=True)
class _Generator:
    slip: Slip
    emitter: Emitter = field(default_factory=Emitter)
    lines: list[str] = field(default_factory=list)
    spots: list[Spot | None] = field(default_factory=list)

    def run(self) -> tuple[str, dict[str, Any], Blame]:
        self.emitter.names |= {
            "EMPTY": {},
            "identity_of": identity.identity_of,
            "child_identity": identity.child_identity,
            "row_identity": identity.row_identity,
            "document_identity": identity.document_identity,
            "canonical_document": canonical_document,
        }
        tables = self.slip.tables
        self.add(0, "def map_document(staged, document, lines):")
        self.add(1, "row_id, raw, source, received_at = staged")
        self.add(1, "D = document if type(document) is dict else EMPTY")
        for number in range(1, len(tables)):
            self.add(1, f"rows{number} = []")
        self.table(0, 1, Scope())
        self.add(1, "lines[0].append(row0)")
        for number in range(1, len(tables)):
            self.add(1, f"lines[{number}] += rows{number}")
        self.add(1, "return True")
        return "\n".join(self.lines) + "\n", self.emitter.names, Blame(tuple(self.spots), self.slip.tables)

    def add(self, depth: int, text: str, spot: Spot | None = None) -> None:
        self.lines.append("    " * depth + text)
        self.spots.append(spot)

    def table(self, number: int, depth: int, scope: Scope) -> None:
        """Write what makes the rows of one table, and of those below it."""
        made = self.slip.tables[number]
        if made.each is not None:
            depth, scope = self.loop(made, number, depth, scope)
        if made.when is not None:
            spot = Spot(number, None, made.when_text, made.when)
            condition = self.emitter.predicate(made.when, scope)
            if number == 0:
                self.add(depth, f"if not {condition}: return False", spot)
            else:
                self.add(depth, f"if {condition}:", spot)
                depth += 1
        self.row(made, number, depth, scope)
        for child, below in enumerate(self.slip.tables):
            if below.parent == made.table.name and child > 0:
                self.table(child, depth, scope)

    def loop(self, made: SlipTable, number: int, depth: int, scope: Scope) -> tuple[int, Scope]:
        inner = Scope(f"item{number}", f"fields{number}", f"key{number}", f"index{number}")
        spot = Spot(number, None, made.each_text, made.each)
        each = made.each
        if isinstance(each, n.Path) and each.plural and isinstance(each.segments[-1], n.Wild):
            upto = n.Path(each.at, each.root, each.segments[:-1])
            if upto.plural:
                named = self.emitter.bound("named_matches", _named_matches)
            else:
                named = self.emitter.bound("named_members", paths.named_members)
            self.add(
                depth,
                f"for index{number}, (key{number}, item{number}) in enumerate({named}({self.emitter.value(upto, scope)})):",
                spot,
            )
        else:
            assert each is not None
            written = self.emitter.value(each, scope)
            if not (isinstance(each, n.Path) and each.plural):
                written = f"{self.emitter.bound('items', _items)}({written})"
            self.add(depth, f"for index{number}, item{number} in enumerate({written}):", spot)
            last = each.segments[-1] if isinstance(each, n.Path) and each.plural else None
            self.add(depth + 1, f"key{number} = {last.name if isinstance(last, n.Field) else None!r}")
        self.add(depth + 1, f"fields{number} = item{number} if type(item{number}) is dict else EMPTY")
        return depth + 1, inner

    def row(self, made: SlipTable, number: int, depth: int, scope: Scope) -> None:
        table = made.table
        parts = [f"{{id{number}}}", "{row_id}"]
        index = f"{{index{number}}}" if made.each is not None else "0"
        if table.kind is not Kind.ROOT:
            parent = next(i for i, other in enumerate(self.slip.tables) if other.table.name == made.parent)
            parts += [f"{{id{parent}}}", "{id0}", index]
        if table.kind is Kind.OWN:
            parts.append(f"{{len(lines[{number}]) + len(rows{number})}}")
        for place, (column, known) in enumerate(zip(made.columns, table.columns, strict=True)):
            self.column(made, number, place, column, depth, scope)
            assert known.name == column.name
            parts.append(f"{{c{number}_{place}}}")
        self.add(depth, f"id{number} = {self.identity(made, number)}")
        line = "\\t".join(parts)
        self.add(depth, f'row0 = f"{line}"' if number == 0 else f'rows{number}.append(f"{line}")')

    def column(self, made: SlipTable, number: int, place: int, column: SlipColumn, depth: int, scope: Scope) -> None:
        kind = type_of(column.node)
        assert kind is not None
        spot = Spot(number, column.name, column.text, column.node)
        name = f"c{number}_{place}"
        if column.name not in made.table.key:
            self.add(depth, f"{name} = {self.emitter.column(column.node, scope, kind, text=False)}", spot)
            return
        self.add(depth, f"k{number}_{place} = {self.emitter.column(column.node, scope, kind, text=True)}", spot)
        refuse = self.emitter.bound("null_key", _null_key)
        self.add(depth, f"if k{number}_{place} is None: {refuse}({made.table.name!r}, {column.name!r})", spot)
        self.add(depth, f"{name} = {self.escaped(kind, f'k{number}_{place}')}", spot)

    def escaped(self, kind: ColumnType, written: str) -> str:
        return written if kind.plain else f"{self.emitter.bound('copy_escaped', copy_escaped)}({written})"

    def identity(self, made: SlipTable, number: int) -> str:
        table = made.table
        if table.key:
            places = {column.name: (place, column.type) for place, column in enumerate(table.columns)}
            texts = []
            for name in table.key:
                place, kind = places[name]
                known = f"k{number}_{place}"
                if kind == "text":  # of a text, `canonical_key` is the letter s and the text
                    texts.append(f"{{len({known}) + 1}}:s{{{known}}}")
                else:
                    canonical = f"n := {self.emitter.bound('canonical', key_canonicaliser(kind))}({known})"
                    texts.append(f"{{len(({canonical}))}}:{{n}}")
            start = f"k{len(table.name)}:{table.name}"  # what `key_identity` hashes, written out
            return f'identity_of(f"{_quoted(start)}{"".join(texts)}".encode())'
        if table.kind is Kind.ROOT:
            return (
                f"row_identity({table.name!r}, row_id)"
                if made.own_rows
                else f"document_identity({table.name!r}, canonical_document(raw))"
            )
        parent = next(i for i, other in enumerate(self.slip.tables) if other.table.name == made.parent)
        return f"child_identity({table.name!r}, id{parent}, {f'index{number}' if made.each is not None else 0})"


def _quoted(text: str) -> str:
    """Quote a text for the middle of an f-string."""
    return repr(text)[1:-1].replace('"', '\\"').replace("{", "{{").replace("}", "}}")


def _null_key(table: str, column: str) -> None:
    raise Refused("null_key", f"a value for `{column}`, which is in the key of `{table}`", None)


def _named_matches(values: list[Any]) -> list[tuple[str | None, Any]]:
    return [pair for value in values for pair in paths.named_members(value)]
