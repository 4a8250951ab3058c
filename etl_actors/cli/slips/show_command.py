"""``etl-actors slips show``: what a slip makes."""

from pathlib import Path
from typing import Annotated

import typer

from etl_actors.cli.context import invocation
from etl_actors.cli.render import Column, say, show_json, show_table
from etl_actors.cli.slips.check_text import check_text
from etl_actors.cli.slips.in_force import InForce, columns_json, in_force, nobodys, show_columns
from etl_actors.cli.slips.shape import shape_json, shape_lines
from etl_actors.cli.slips.shelf import one
from etl_actors.combinators.grammar import Grammar
from etl_actors.relational.breakout.view import View
from etl_actors.relational.tables import Kind
from etl_actors.slips.model.libraries import library_versions
from etl_actors.slips.model.slip import Slip, SlipTable
from etl_actors.slips.shelf.unmatched import is_unmatched

__all__ = ["slips_show"]


def slips_show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="SLIP", help="The slip's name, or the path of its folder.")],
    *,
    python: Annotated[bool, typer.Option("--python", help="Show the function that it is compiled to.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what a slip makes: its files, its tables with columns and keys, and the shape of what its grammars read.

    Of a slip that breaks documents out, the tables are those in force in the database, with the path in documents that each column
    holds; so it is of unmatched:SOURCE, the slip that nobody wrote of a source whose documents no slip takes.
    """
    settings = invocation(ctx).settings()
    if is_unmatched(name):
        standing = nobodys(settings, name)
        slip, folder = standing.slip, None
        assert slip is not None
    else:
        found = one(settings, name)
        slip, folder = found.usable(), found.folder
        standing = in_force(settings, slip) if slip.breakout and not python else InForce()
    if as_json:
        show_json(_json(slip, folder, standing) | ({"python": _python(slip)} if python else {}))
    elif python:
        typer.echo(_python(slip), nl=False)
    else:
        _show(slip, folder, standing)


def _python(slip: Slip) -> str:
    from etl_actors.slips.mapping.mapper import mapper_of

    return mapper_of(slip).source


def _show(slip: Slip, folder: Path | None, standing: InForce) -> None:
    _show_head(slip, folder, standing)
    for name, grammar in slip.vocabulary.grammars.items():
        say("")
        say(f"grammar {name}: {_reach(grammar)}; {_read_by(grammar)}")
        for line in shape_lines(grammar.shape):
            say(f"  {line}")
    if slip.lets:
        say("")
        show_table([Column("let"), Column("is", lines=True)], [[let.name, let.text] for let in slip.lets])
    for table in (standing.slip or slip).tables:
        say("")
        _show_table(table, per="an item" if slip.breakout or table.each_text else "a parent")
        if standing.slip:
            show_columns(standing.columns.get(table.table.qualified, ()))
    if slip.breakout is not None and slip.breakout.view is not None:
        kept = "materialized, refreshed after loads" if slip.breakout.view.materialized else "whatever the tables hold"
        say("")
        say(f"view {slip.breakout.view.qualified}: one row a document, what is below it as JSON; {kept}")
    if standing.why:
        say("")
        say(standing.why)


def _show_head(slip: Slip, folder: Path | None, standing: InForce) -> None:
    say(f"slip      {slip.name}")
    say(f"digest    {slip.digest}")
    if standing.slip and folder:
        say(f"in force  {standing.slip.digest}")
    say(f"folder    {folder or 'none: nobody wrote it'}")
    say(f"files     {', '.join(slip.files)}")
    say(f"sources   {'any' if slip.sources is None else ', '.join(slip.sources)}")
    if slip.when_text:
        say(f"when      {slip.when_text}")
    say(f"priority  {slip.priority}")
    if slip.input:
        parts = (slip.input.format, f"begins {slip.input.begins}" if slip.input.begins else "", "origin" * slip.input.origin)
        say(f"input     {', '.join(part for part in parts if part)}")
    if versions := library_versions(slip):
        say(f"libraries {', '.join(f'{package} {version}' for package, version in versions.items())}")


def _reach(grammar: Grammar) -> str:
    reached = [file for file in grammar.files if file != grammar.name]
    return f"{grammar.name}, rule {grammar.start}" + (f"; it reaches {', '.join(reached)}" if reached else "")


def _read_by(grammar: Grammar) -> str:
    return "compiled" if grammar.program else f"not compiled, for {grammar.declined}"


def _show_table(made: SlipTable, per: str) -> None:
    table = made.table
    say(f"table {table.qualified}: {'; '.join(_properties(made, per))}")
    for name, text in (("each", made.each_text), ("recurse", made.recurse_text), ("when", made.when_text)):
        if text:
            say(f"  {name:<8}{text}")
    for let in made.lets:
        say(f"  let.{let.name}  {let.text}")
    columns = [
        Column("column"),
        Column("type"),
        Column("from", lines=True),
        Column("and", optional=True),
        Column("comment", optional=True, lines=True),
    ]
    types = {column.name: column for column in table.columns}
    rows = []
    for column in made.columns:
        target = types[column.name]
        notes = ["key"] * (column.name in table.key) + ["version"] * (column.name in table.identity[len(table.key) :])
        notes += ["not null"] * (not target.null) + ["private"] * column.private
        notes += [f"check {check_text(target.check)}"] if target.check else []
        rows.append([column.name, target.type, column.text, ", ".join(notes), target.comment])
    if rows:
        show_table(columns, rows)


def _properties(made: SlipTable, per: str) -> list[str]:
    table = made.table
    said = [_kind(made, per)]
    if table.kind is not Kind.SET:
        said.append(f"known by {_identity(made)}")
        said += [] if made.own_rows else [f"on_duplicate {table.told_policy}"]
    if made.item_alone:
        said.append("an item that fails is rejected alone")
    return [*said, *(f"index ({', '.join(index)})" for index in table.indexes)]


def _kind(made: SlipTable, per: str) -> str:
    match made.table.kind:
        case Kind.ROOT:
            return "the root, one row a document" if not made.when_text else "the root, at most one row a document"
        case Kind.ENTITY:
            return "entities, shared by many documents"
        case Kind.TOMBSTONE:
            return f"keys whose row of {made.table.deletes} a document has deleted"
        case _:
            return f"below {made.parent}, one row {per}"


def _identity(made: SlipTable) -> str:
    if made.table.key:
        return f"({', '.join(made.table.identity)})"
    return "its staged row" if made.own_rows else "its whole document"


def _json(slip: Slip, folder: Path | None, standing: InForce) -> dict[str, object]:
    return {
        "name": slip.name,
        "digest": slip.digest,
        "in_force": standing.slip and standing.slip.digest,
        "unknown": standing.why or None,
        "folder": folder and str(folder),
        "files": list(slip.files),
        "sources": slip.sources,
        "when": slip.when_text or None,
        "priority": slip.priority,
        "libraries": library_versions(slip),
        "grammars": {
            name: {
                "file": grammar.name,
                "rule": grammar.start,
                "files": list(grammar.files),
                "compiled": grammar.program is not None,
                "declined": grammar.declined or None,
                "shape": shape_json(grammar.shape),
            }
            for name, grammar in slip.vocabulary.grammars.items()
        },
        "let": {let.name: let.text for let in slip.lets},
        "tables": [_table_json(table, standing) for table in (standing.slip or slip).tables],
        **({} if slip.breakout is None else {"view": _view_json(slip.breakout.view)}),
    }


def _view_json(view: View | None) -> dict[str, object] | None:
    return None if view is None else {"name": view.qualified, "materialized": view.materialized}


def _table_json(made: SlipTable, standing: InForce) -> dict[str, object]:
    table = made.table
    types = {column.name: column for column in table.columns}
    columns: list[dict[str, object]] = [
        {
            "name": column.name,
            "type": (target := types[column.name]).type,
            "expr": column.text,
            "null": target.null,
            "check": check_text(target.check) if target.check else None,
            "comment": target.comment or None,
            "private": column.private,
        }
        for column in made.columns
    ]
    return {
        "name": table.qualified,
        "kind": table.kind.value,
        "parent": made.parent,
        "each": made.each_text or None,
        "recurse": made.recurse_text or None,
        "when": made.when_text or None,
        "key": table.key,
        "identity": "row" if made.own_rows else None,
        "on_duplicate": None if table.kind is Kind.SET else table.told_policy,
        "on_error": "item" if made.item_alone else "document",
        "index": table.indexes,
        "let": {let.name: let.text for let in made.lets},
        "columns": [*columns, *columns_json(standing.columns.get(table.qualified, ()))],
    }
