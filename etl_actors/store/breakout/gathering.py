"""Entities gathered anew of all documents that have them, whether those won or lost."""

from collections.abc import Iterable, Sequence

from psycopg import sql

from etl_actors.relational.tables import Table
from etl_actors.store.breakout.varying import Differing, Varies, differing
from etl_actors.store.database import Connection
from etl_actors.store.tables.quoting import Quoted, identifier, names

__all__ = ["Gathering", "require_same"]


class Gathering:
    """One table of entities that is being filled.

    Args:
        conn: in the transaction in which the slip grows.
        beside: the table, under the name that it has meanwhile.
        final: it, under the name that it will have.

    Attributes:
        final: as it was given.
        rows: how many it has so far.
        differing: what of them is not the same everywhere.
    """

    def __init__(self, conn: Connection, beside: Table, final: Table) -> None:
        self.final = final
        self.rows = 0
        self.differing = Differing()
        self._conn = conn
        self._beside = beside
        self._temp = Quoted("pg_temp", f"{beside.name}_came")
        conn.execute(
            sql.SQL("CREATE TEMP TABLE {} (LIKE {}, _pos int) ON COMMIT DROP").format(
                sql.Identifier(f"{beside.name}_came"), identifier(beside)
            )
        )

    def take(self, lines: Sequence[str]) -> None:
        """Take occurrences.

        Args:
            lines: of COPY, with batch and time of their loading, each ended by a newline.
        """
        if not lines:
            return
        self._conn.execute(sql.SQL("TRUNCATE {}").format(self._temp))
        fields = names([*(name for name, _ in self._beside.copied), "_batch_id", "_loaded_at"])
        with self._conn.cursor() as cursor, cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(self._temp, fields)) as copy:
            copy.write("".join(lines))
        columns = names(["_id", "_row_id", *(column.name for column in self._beside.columns), "_batch_id", "_loaded_at"])
        inserted = self._conn.execute(
            sql.SQL(
                "INSERT INTO {target} AS held ({columns}) SELECT DISTINCT ON (_id) {columns} FROM {temp} ORDER BY _id, _row_id, _pos "
                "ON CONFLICT (_id) DO UPDATE SET _row_id = excluded._row_id, _batch_id = excluded._batch_id, "
                "_loaded_at = excluded._loaded_at WHERE excluded._row_id < held._row_id RETURNING xmax = 0"
            ).format(target=identifier(self._beside), columns=columns, temp=self._temp)
        ).fetchall()
        self.rows += sum(fresh for (fresh,) in inserted)
        found = differing(self._conn, self._beside, self._temp)
        self.differing.columns |= found.columns
        self.differing.pointers |= found.pointers


def require_same(entities: Iterable[Gathering]) -> None:
    """Refuse what was gathered where it is not the same everywhere.

    Raises:
        Varies: it tells of all of it.
    """
    found = {entity.final.name: entity.differing for entity in entities if entity.differing}
    if found:
        raise Varies(found)
