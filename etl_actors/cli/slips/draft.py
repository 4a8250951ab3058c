"""A slip to begin with, drawn from documents: a column a field, a child table a list of objects, types as the values have them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from etl_actors.slips.casts.column_type import column_type
from etl_actors.slips.values.refused import Refused

__all__ = ["GRAMMAR", "draft", "is_text", "text_draft"]

_BARE = re.compile(r"(?!(?:not|and|or|in|true|false|null)$)[A-Za-z_][A-Za-z0-9_]*")
_TEXTS = ("uuid", "timestamptz", "timestamp", "date")  # what a text may be besides text; the first that takes all
_BIG = 2**63
_DEEP = 2  # levels of objects whose fields become columns
_MAX_BYTES = 63  # of a PostgreSQL identifier
_SYSTEM = frozenset(["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"])  # columns that every table of PostgreSQL has

GRAMMAR = """\
// What a line consists of. A name in capitals is a piece of text, described by a regular expression between slashes;
// names that begin with _ are left out of the value. What is in [brackets] may be missing, and is null then.
// The value of `start` here is an object: {"first": "...", "rest": "..."}; `etl-actors slips show` draws it.

start: _BLANK? FIRST [_BLANK [REST]]

FIRST: /\\S+/
REST: /.+/s
_BLANK: /\\s+/
"""
"""A grammar that takes every line."""

_HEAD = """\
# Which documents this slip takes, and what becomes of them. All of the language: docs/slips.md
# To see what it makes of a file:  etl-actors slips try {name} FILE
# To see all that is wrong:        etl-actors slips check {name}

name   = {name_text}
source = {source_text}
"""

_IDENTITY = """\
# Documents with one key are one row, and this says which of them stays: ignore (the first), update (the last),
# newest(COLUMN). Without a key, a document is known by all that it holds: the same document again is a duplicate.
# key = {key}
# on_duplicate = "update"
"""


def is_text(documents: Sequence[Any]) -> bool:
    """Tell whether documents are lines of text, as `feed` wraps them."""
    return bool(documents) and all(
        isinstance(one, dict) and list(one) == ["message"] and isinstance(one["message"], str) for one in documents
    )


def text_draft(name: str, source: str) -> str:
    """Write a slip of text lines, which are read by the grammar `line.lark`."""
    return (
        _head(name, source)
        + f"""\
when   = "exists(message)"           # only documents of which this holds

[grammars]
line = "line.lark"                   # what a line consists of: edit it

[let]                                # values that several columns use
read = "message | parse(line)"

[tables.{_key(_table(name))}]
# Equal lines are one row; with this, every line that was staged is a row of its own.
# identity = "row"
columns.first = "read.first | text"  # a value, steps behind |, and at the end the column's type
columns.rest  = "read.rest | text"
"""
    )


def draft(name: str, source: str, documents: Sequence[Any]) -> str:
    """Write a slip of JSON documents.

    Args:
        name: of the slip, and of its table.
        source: whose documents it takes.
        documents: to draw it from; with none it is an example.
    """
    objects = [one for one in documents if isinstance(one, dict)]
    columns, children = _columns(objects)
    table = _table(name)
    text = f"{_head(name, source)}\n[tables.{_key(table)}]\n{_IDENTITY.format(key=_listed(_keys(columns, objects)))}{_written(columns)}"
    tables = [table]
    for field, items in children.items():
        tables.append(_named(f"{table}_{field}", tables))
        text += f"\n[tables.{_key(tables[-1])}]\nparent = {_quoted(table)}\n"
        text += f"each   = {_quoted(f'$.{field}[*]' if _BARE.fullmatch(field) else f'$[{_literal(field)}][*]')}\n"
        text += _written(_columns(items)[0])
    return text


def _head(name: str, source: str) -> str:
    return _HEAD.format(name=name, name_text=_quoted(name), source_text=_quoted(source))


def _columns(objects: Sequence[Mapping[str, Any]]) -> tuple[dict[str, str], dict[str, list[dict[str, Any]]]]:
    """Find the columns, each with its expression, and the lists of objects, each with all its items."""
    columns: dict[str, str] = {}
    children: dict[str, list[dict[str, Any]]] = {}
    _gather(objects, (), columns, children)
    return columns, children


def _gather(
    objects: Sequence[Mapping[str, Any]],
    above: tuple[str, ...],
    columns: dict[str, str],
    children: dict[str, list[dict[str, Any]]],
) -> None:
    for field in dict.fromkeys(field for one in objects for field in one):
        values = [one[field] for one in objects if one.get(field) is not None]
        items = [item for value in values if isinstance(value, list) for item in value]
        path = (*above, field)
        if values and all(isinstance(value, dict) for value in values) and len(path) < _DEEP and any(values):
            _gather(values, path, columns, children)
        elif not above and items and all(isinstance(v, list) for v in values) and all(isinstance(i, dict) and i for i in items):
            children[field] = items
        else:
            columns[_named("_".join(path), columns)] = f"{_path(path)} | {_type(values)}"


def _type(values: Sequence[Any]) -> str:
    if values and all(isinstance(value, bool) for value in values):
        return "boolean"
    if values and all(type(value) is int and abs(value) < _BIG for value in values):
        return "bigint"
    if values and all(type(value) in {int, float, Decimal} for value in values):
        return "numeric"
    if any(isinstance(value, dict | list) for value in values):
        return "jsonb"
    if values and all(isinstance(value, str) for value in values):
        return next((kind for kind in _TEXTS if all(_takes(kind, value) for value in values)), "text")
    return "text"


def _takes(kind: str, value: str) -> bool:
    try:
        column_type(kind).value(value)
    except Refused:
        return False
    return True


def _keys(columns: Mapping[str, str], objects: Sequence[Mapping[str, Any]]) -> list[str]:
    """Find what may be a key: the first scalar that every document has, and each another."""
    for column in columns:
        values = [one.get(column) for one in objects]
        if len(values) > 1 and all(isinstance(value, str | int) for value in values) and len(set(values)) == len(values):
            return [column]
    return list(columns)[:1]


def _table(name: str) -> str:
    return _named(name, ())


def _named(name: str, taken: Iterable[str]) -> str:
    plain = re.sub(r"\W+", "_", name.lower()).strip("_") or "value"
    plain = f"{plain}_" if plain in _SYSTEM else plain
    short = plain.encode()[: _MAX_BYTES - 4].decode(errors="ignore")
    number, made = 1, short
    while made in taken:
        number += 1
        made = f"{short}_{number}"
    return made


def _path(path: Sequence[str]) -> str:
    first, *others = path
    begin = first if _BARE.fullmatch(first) else f"@[{_literal(first)}]"
    return begin + "".join(f".{one}" if _BARE.fullmatch(one) else f"[{_literal(one)}]" for one in others)


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _quoted(text: str) -> str:
    from json import dumps

    return dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")  # a JSON string is a basic string of TOML, but for this


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _listed(names: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, names))}]"


def _written(columns: Mapping[str, str]) -> str:
    width = max((len(_key(name)) for name in columns), default=0)
    return "".join(f"columns.{_key(name):<{width}} = {_quoted(text)}\n" for name, text in columns.items())
