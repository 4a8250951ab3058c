"""The part of a mapper that makes one row: its columns, its identity, its lineage."""

from typing import Any

from etl_actors.relational import identity
from etl_actors.relational.canonical import canonical_document, key_canonicaliser, without_origin
from etl_actors.relational.tables import Kind
from etl_actors.slips.blaming.spots import Part, Spot
from etl_actors.slips.casts.column_type import ColumnType, copy_escaped
from etl_actors.slips.emitting.scope import Scope, of_document
from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.expressions.expression_type import type_of, uncast
from etl_actors.slips.mapping.code import Code
from etl_actors.slips.values.refused import Refused

__all__ = ["row_names", "write_row"]


def row_names() -> dict[str, Any]:
    """Give the globals that rows need."""
    return {
        "Refused": Refused,
        "row_identity": identity.row_identity,
        "document_identity": identity.document_identity,
        "canonical_document": canonical_document,
        "without_origin": without_origin,
    }


def write_row(code: Code, number: int, scope: Scope, depth: int) -> None:
    """Write what makes one row.

    Args:
        code: of the mapper.
        number: of the row's table.
        scope: of the table's expressions.
        depth: of indentation.
    """
    made = code.slip.tables[number]
    parts = [f"{{id{number}}}", "{row_id}", *_lineage(code, number)]
    if made.table.kind in (Kind.OWN, Kind.ENTITY):
        code.add(depth, f"pos{number} = len(lines[{number}]) + len(rows{number})")
        parts.append(f"{{pos{number}}}")
    if made.table.owner is not None:
        owner = next(i for i, other in enumerate(code.slip.tables) if other.table.qualified == made.table.owner)
        parts.append(f"{{pos{owner}}}")
    for place in range(len(made.columns)):
        _write_column(code, number, place, scope, depth)
        parts.append(f"{{c{number}_{place}}}")
    code.add(depth, f"id{number} = {_identity(code, number)}")
    line = "\\t".join(parts)
    code.add(depth, f'row0 = f"{line}"' if number == 0 else f'rows{number}.append(f"{line}")')


def _lineage(code: Code, number: int) -> list[str]:
    parent = code.parent_of(number)
    if parent is None:
        return []
    root = parent
    while (above := code.parent_of(root)) is not None:
        root = above
    return [f"{{id{parent}}}", f"{{id{root}}}", _index(code, number)]


def _index(code: Code, number: int) -> str:
    return f"{{index{number}}}" if code.slip.tables[number].each is not None else "0"


def _write_column(code: Code, number: int, place: int, scope: Scope, depth: int) -> None:
    made = code.slip.tables[number]
    column = made.columns[place]
    assert made.table.columns[place].name == column.name
    kind = type_of(column.node)
    assert kind is not None
    spot = Spot(number, Part.COLUMN, column.text, column.node, column.name, private=column.private or column.hidden)
    name = f"c{number}_{place}"
    emitter = code.emitter
    if column.name not in made.table.identity:
        code.add(depth, f"{name} = {emitter.column(column.node, scope, kind, text=False)}", spot)
        if not column.null:
            refuse = emitter.bound("null_value", _null_value)
            code.add(depth, f"if {name} == NULL: {refuse}({column.name!r})", spot)
        return
    code.add(depth, f"k{number}_{place} = {emitter.column(column.node, scope, kind, text=True)}", spot)
    of_key = column.name in made.table.key
    refuse = emitter.bound("null_key", _null_key) if of_key else emitter.bound("null_version", _null_version)
    code.add(depth, f"if k{number}_{place} is None: {refuse}({made.table.known_as!r}, {column.name!r})", spot)
    code.add(depth, f"{name} = {_escaped(code, column.node, kind, f'k{number}_{place}', scope)}", spot)


def _escaped(code: Code, node: n.Expression, kind: ColumnType, written: str, scope: Scope) -> str:
    if kind.plain:
        return written
    escaped = f"{code.emitter.bound('copy_escaped', copy_escaped)}({written})"
    clean = kind.inline_clean and of_document(uncast(node), scope)
    return f"{written} if clean else {escaped}" if clean else escaped


def _identity(code: Code, number: int) -> str:
    made = code.slip.tables[number]
    table = made.table
    if table.key:
        places = {column.name: (place, column.type) for place, column in enumerate(table.columns)}
        texts = []
        for name in table.identity:
            place, kind = places[name]
            known = f"k{number}_{place}"
            if kind == "text":  # of a text, `canonical_key` is the letter s and the text
                texts.append(f"{{len({known}) + 1}}:s{{{known}}}")
            else:
                canonical = f"n := {code.emitter.bound('canonical', key_canonicaliser(kind))}({known})"
                texts.append(f"{{len(({canonical}))}}:{{n}}")
        start = f"k{len(table.known_as)}:{table.known_as}"  # what `key_identity` hashes, written out
        identify = code.emitter.bound("identify", identity.identifier(start.encode()))
        return f'{identify}(f"{"".join(texts)}".encode())'
    if table.kind is Kind.ROOT:
        if made.own_rows:
            return f"row_identity({table.name!r}, row_id)"
        raw = "without_origin(raw)" if code.slip.has_origin else "raw"
        return f"document_identity({table.name!r}, canonical_document({raw}))"
    index = f"index{number}" if made.each is not None else 0
    identify = code.emitter.bound("child_identity", identity.child_identifier(table.name))
    return f"{identify}(id{code.parent_of(number)}, {index})"


def _null_key(table: str, column: str) -> None:
    raise Refused("null_key", f"a value for `{column}`, which is in the key of `{table}`", None)


def _null_version(table: str, column: str) -> None:
    raise Refused("null_version", f"a value for `{column}`, which tells the versions of a key of `{table}` apart", None)


def _null_value(column: str) -> None:
    raise Refused("null_value", f"a value for `{column}`, which may not be null", None)
