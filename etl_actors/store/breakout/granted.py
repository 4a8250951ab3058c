"""What others have given a view: privileges and comments, which it gets back when it is made anew."""

from collections.abc import Iterator
from dataclasses import dataclass

from psycopg import sql

from etl_actors.relational.breakout.view import View
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["Kept", "kept", "restored"]

_SQL = queries("views")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is to be given back.

    Args:
        privileges: column (None: the whole view), role (None: everybody), privilege, and whether it may be passed on.
        comments: by column; None: the view's own.
    """

    privileges: tuple[tuple[str | None, str | None, str, bool], ...]
    comments: tuple[tuple[str | None, str], ...]


def kept(conn: Connection, view: View) -> Kept:
    """Look at what others have given a view, before it is dropped."""
    named = {"schema": view.schema, "name": view.name}
    return Kept(
        tuple(conn.execute(_SQL["privileges"], named).fetchall()), tuple(conn.execute(_SQL["comments"], named).fetchall())
    )


def restored(conn: Connection, view: View, given: Kept, kind: sql.SQL) -> Iterator[sql.Composed]:
    """Write the statements that give it back; what a column had that is gone is gone with it.

    Args:
        conn: to the database, where the view is made.
        view: that was made anew.
        given: what the one before it had.
        kind: the word for it in statements, ``VIEW`` or ``MATERIALIZED VIEW``.

    Yields:
        The statements.
    """
    columns = {name for name, _ in conn.execute(_SQL["columns"], {"schema": view.schema, "name": view.name})}
    name = sql.Identifier(view.schema, view.name)
    for column, role, privilege, may_pass_on in given.privileges:
        if column is not None and column not in columns:
            continue
        to = sql.SQL("PUBLIC") if role is None else sql.Identifier(role)
        what = sql.SQL(privilege) if column is None else sql.SQL("{} ({})").format(sql.SQL(privilege), sql.Identifier(column))
        how = sql.SQL(" WITH GRANT OPTION") if may_pass_on else sql.SQL("")
        yield sql.SQL("GRANT {} ON {} TO {}{}").format(what, name, to, how)
    for column, text in given.comments:
        if column is None:
            yield sql.SQL("COMMENT ON {} {} IS {}").format(kind, name, sql.Literal(text))
        elif column in columns:
            place = sql.Identifier(view.schema, view.name, column)
            yield sql.SQL("COMMENT ON COLUMN {} IS {}").format(place, sql.Literal(text))
