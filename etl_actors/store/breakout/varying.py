"""Whether an entity is the same wherever it occurs, found out in the transaction in which its occurrences land."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from psycopg import sql

from etl_actors.relational.breakout.layout import REST
from etl_actors.relational.breakout.places import path_of
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import BrokenEntity
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Kind, Table
from etl_actors.store.database import Connection
from etl_actors.store.tables.quoting import Quoted, listed, names
from etl_actors.store.tables.temps import temp_of

__all__ = ["Differing", "Varies", "differing", "entities_of", "require_alike"]


@dataclass(slots=True)
class Differing:
    """What of an entity's table is not the same wherever the entity occurs.

    Args:
        columns: their names.
        pointers: to what is kept beside them.
    """

    columns: set[str] = field(default_factory=set)
    pointers: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.columns or self.pointers)


class Varies(Exception):
    """Occurrences of entities differ in attributes that are in the entities' tables: the slip is to grow by that; nothing landed.

    Args:
        found: by name of a table.
    """

    def __init__(self, found: dict[str, Differing]) -> None:
        super().__init__(found)
        self.found = found

    def seen(self, entities: Iterable[BrokenEntity]) -> Seen:
        """Give it as evidence.

        Args:
            entities: of the layout by which the occurrences were broken out.
        """
        varying = {}
        for entity in entities:
            found = self.found.get(entity.name, Differing())
            paths = {cell.path for cell in entity.cells if cell.name in found.columns}
            varying[entity.name] = frozenset(paths | {path_of(one) for one in found.pointers})
        return Seen(varying={name: paths for name, paths in varying.items() if paths})


def entities_of(parsed: Parsed) -> list[Table]:
    """List the tables of a batch whose rows are to be the same whoever brings them: the entities of a break-out."""
    return [block.table for block in parsed.blocks if parsed.broken_out and block.table.kind is Kind.ENTITY]


def require_alike(conn: Connection, table: Table, batch_id: int) -> int:
    """Insert what of a batch is not there yet, and compare all of it with what is there then.

    In this order: whoever brings the same entity at the same time is waited for, so that nothing comes between the comparison and the
    insert. Attributes of a row that is there do not change while the version of the slip is held.

    Args:
        conn: in the load's transaction, after the copy.
        table: of an entity of a break-out.
        batch_id: of the batch.

    Returns:
        How many rows were inserted.

    Raises:
        Varies: occurrences differ.
    """
    temp = Quoted("pg_temp", temp_of(table))
    columns = ["_id", "_row_id", *(column.name for column in table.columns)]
    inserted = conn.execute(
        sql.SQL(
            "INSERT INTO {target} ({columns}, _batch_id) SELECT DISTINCT ON (_id) {columns}, %s FROM {temp} "
            "ORDER BY _id, _row_id, _pos ON CONFLICT (_id) DO NOTHING"
        ).format(target=Quoted(table.schema, table.name), columns=names(columns), temp=temp),
        [batch_id],
    ).rowcount
    found = differing(conn, table, temp)
    if found:
        raise Varies({table.name: found})
    return inserted


def differing(conn: Connection, table: Table, came: sql.Composable) -> Differing:
    """Compare rows with those that are there, value by value as PostgreSQL writes them: 1 and 1.0 differ.

    Args:
        conn: in a transaction.
        table: of the entity, where each `_id` of the rows is.
        came: the table that holds the rows.
    """
    own = [column.name for column in table.columns if column.name not in {REST, *table.key}]
    target = Quoted(table.schema, table.name)
    sides = sql.SQL("FROM {} AS came JOIN {} AS held ON held._id = came._id").format(came, target)
    compared = [sql.SQL("bool_or(came.{0}::text IS DISTINCT FROM held.{0}::text)").format(Quoted(name)) for name in (*own, REST)]
    ((*differ, beside),) = conn.execute(sql.SQL("SELECT {} {}").format(listed(compared), sides)).fetchall()
    found = Differing({name for name, differs in zip(own, differ, strict=True) if differs})
    if beside:
        found.pointers = {
            pointer
            for (pointer,) in conn.execute(
                sql.SQL(
                    "SELECT DISTINCT p.pointer {sides} CROSS JOIN LATERAL jsonb_object_keys(coalesce(came.{rest}, '{{}}') || "
                    "coalesce(held.{rest}, '{{}}')) AS p (pointer) "
                    "WHERE came.{rest} -> p.pointer IS DISTINCT FROM held.{rest} -> p.pointer"
                ).format(sides=sides, rest=Quoted(REST))
            )
        }
    return found
