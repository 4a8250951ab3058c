"""A replay's batch within a load's transaction: what its rows were before, their landing, and what the replay is told."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from psycopg import sql
from psycopg.errors import DatatypeMismatch

from etl_actors.errors import LeaseLost
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Kind, Policy, Table
from etl_actors.slips.model.slip import Slip
from etl_actors.store.database import Connection
from etl_actors.store.leases import Lease, Repeat
from etl_actors.store.loading.dead_letters import insert_rejects
from etl_actors.store.loading.landing import Landing, copy, filled_tables
from etl_actors.store.loading.parted import Contested
from etl_actors.store.queries import queries
from etl_actors.store.replay.landing import Former, cut_to_vacant, reland
from etl_actors.store.replay.unchanged import only, unchanged
from etl_actors.store.tables.kin import Kin, find_kin, stored_slips
from etl_actors.store.tables.quoting import Quoted
from etl_actors.store.tables.temps import temp_of

__all__ = ["Repeated", "Repeating"]

_SQL = queries("replay_landing")
_TARGETS = queries("targets")
_MOST_CHANGED = 0.5  # of a batch's rows; beyond, all of them are landed


@dataclass(frozen=True, slots=True)
class Repeated:
    """What is left of a batch, and what is to be written with its finish.

    Args:
        lease: of the rows that are settled.
        parsed: of those.
        landing: what was done.
        prior: the letters before, in the order of the lease's row ids.
        after: when the last of the batches finished that had settled them; this one counts as later.
    """

    lease: Lease
    parsed: Parsed
    landing: Landing
    prior: str
    after: datetime | None


@dataclass(slots=True)
class Repeating:
    """Lands batches of replays over one connection.

    Args:
        conn: of the loader.
        target_schema: where tables are whose slip names no schema.
    """

    conn: Connection
    target_schema: str
    _former: dict[str, tuple[Slip, Kin]] = field(default_factory=dict, init=False)  # by digest

    def forget(self) -> None:
        """Find anew what other slips have put where, since one was stored or a table has changed."""
        self._former.clear()

    def land(
        self, lease: Lease, repeat: Repeat, parsed: Parsed, kin: Kin, tell: Callable[[Table], None], *, whole: bool
    ) -> Repeated | None:
        """Land a batch, after its rows were copied; None where none of them is settled by it, and it is over.

        Args:
            lease: held by the transaction.
            repeat: of the lease.
            parsed: the batch.
            kin: what else belongs to its tables.
            tell: told of each table before its rows are inserted.
            whole: whether all rows are to be landed, also those that would change nothing.

        Raises:
            Contested: it is to be landed whole.
        """
        self.conn.execute(_SQL["one_at_a_time"])
        self.conn.execute(_SQL["joins"])
        meant = len(lease.row_ids)
        wanted = self._wanted(lease, repeat, parsed)
        if len(wanted) < meant:
            if not wanted:
                self._leave(lease, repeat, meant)
                return None
            lease, repeat, parsed = self._cut(lease, repeat, parsed, wanted)
        letters, digests, after = self._prior(lease, repeat)
        self._index_filled(parsed)
        landing, vacated = self._land(
            lease, repeat, parsed, kin, self._made_by(digests, parsed), tell, whole=whole or repeat.seeking
        )
        self._tell_rejects(lease, repeat, parsed)
        self._advance(repeat, done=meant, vacated=vacated, found=len(wanted))
        return Repeated(lease, parsed, landing, letters, after)

    def _land(
        self,
        lease: Lease,
        repeat: Repeat,
        parsed: Parsed,
        kin: Kin,
        former: Former,
        tell: Callable[[Table], None],
        *,
        whole: bool,
    ) -> tuple[Landing, int]:
        """Land what may change something; the rest counts as it did."""
        try:
            same = None if whole else unchanged(self.conn, lease.row_ids, parsed, kin, former)
        except DatatypeMismatch as exc:
            raise Contested from exc  # somebody has changed the type of a column: texts can be compared even so
        if same is None or len(same.others) > _MOST_CHANGED * len(lease.row_ids):
            return reland(self.conn, lease, repeat, parsed, kin, former, tell)
        told = [block.table.qualified for block in parsed.blocks if block.rows or block.table.kind is not Kind.SET]
        landing, vacated = Landing(gained=Counter(dict.fromkeys([*former.tables, *told], 0))), 0
        if same.others:
            changing = replace(lease, row_ids=tuple(row_id for row_id in lease.row_ids if row_id in same.others))
            left = only(parsed, same.others)
            copy(self.conn, left)
            made, vacated = reland(self.conn, changing, repeat, left, kin, former, tell)
            made.gained.update(landing.gained)
            landing = made
        landing.winners += same.winners
        landing.differing += len(same.differing)
        return landing, vacated

    def narrowed(self, lease: Lease, parsed: Parsed) -> Parsed:
        """Leave out what a batch that only seeks would put into tables that are gone: to find winners it makes none anew."""
        if lease.repeat is None or not lease.repeat.seeking:
            return parsed
        return replace(parsed, blocks=tuple(block for block in parsed.blocks if self.is_there(block.table)))

    def _tell_rejects(self, lease: Lease, repeat: Repeat, parsed: Parsed) -> None:
        if repeat.seeking:
            # Parsed by the version that had settled them, they have the dead letters of items that they had, read or discarded.
            given = {"row_ids": list(lease.row_ids), "batches": list(set(repeat.prior_batches)), "batch_id": lease.batch_id}
            self.conn.execute(_SQL["keep_items"], given)
        else:
            lo, hi = lease.row_ids[0], lease.row_ids[-1]
            run = hi - lo + 1 == len(lease.row_ids)
            ours = {"lo": lo, "hi": hi} if run else {"row_ids": list(lease.row_ids)}
            self.conn.execute(_SQL["supersede_run" if run else "supersede"], ours)
            insert_rejects(self.conn, lease.batch_id, parsed)

    def _wanted(self, lease: Lease, repeat: Repeat, parsed: Parsed) -> set[int]:
        """Say which rows are to be settled: not those whose document is no longer retained, whose effect stays."""
        gone = {reject.row_id for reject in parsed.rejects if reject.reason == "row_missing"}
        wanted = cut_to_vacant(self.conn, repeat.replay_id, parsed) if repeat.seeking else set(lease.row_ids)
        return wanted - gone

    def _cut(self, lease: Lease, repeat: Repeat, parsed: Parsed, wanted: Collection[int]) -> tuple[Lease, Repeat, Parsed]:
        kept = [(r, b) for r, b in zip(lease.row_ids, repeat.prior_batches, strict=True) if r in wanted]
        rows, batches = tuple(r for r, _ in kept), tuple(b for _, b in kept)
        given = {
            "row_ids": list(rows),
            "batches": list(batches),
            "lo": rows[0],
            "hi": rows[-1],
            "batch_id": lease.batch_id,
            "token": lease.token,
        }
        self.conn.execute(_SQL["cut"], given)
        repeat = replace(repeat, prior_batches=batches)
        rejects = tuple(reject for reject in parsed.rejects if reject.row_id in wanted)
        skipped = tuple(row_id for row_id in parsed.skipped if row_id in wanted)
        return (
            replace(lease, row_ids=rows, repeat=repeat),
            repeat,
            replace(parsed, rejects=rejects, skipped=skipped),
        )

    def _leave(self, lease: Lease, repeat: Repeat, meant: int) -> None:
        given = {"batch_id": lease.batch_id, "token": lease.token}
        if self.conn.execute(_SQL["leave"], given).fetchone() is None:
            raise LeaseLost.of(lease.batch_id, lease.token)
        self._advance(repeat, done=meant, vacated=0, found=0)

    def _prior(self, lease: Lease, repeat: Repeat) -> tuple[str, Sequence[str], datetime | None]:
        given = {"batch_id": lease.batch_id, "batches": list(dict.fromkeys(repeat.prior_batches))}
        letters, digests, after = self.conn.execute(_SQL["prior"], given).fetchone() or ("", (), None)
        if letters is None or len(letters) != len(lease.row_ids):
            msg = f"expected a former outcome of each row of batch {lease.batch_id}, got {len(letters or '')} of {len(lease.row_ids)}"
            raise ValueError(msg)
        return letters, digests, after

    def _made_by(self, digests: Collection[str], parsed: Parsed) -> Former:
        unknown = [digest for digest in digests if digest not in self._former]
        if unknown:
            stored = {slip.digest: slip for slip in stored_slips(self.conn, self.target_schema)}
            for digest in unknown:
                slip = stored[digest]
                self._former[digest] = slip, find_kin(self.conn, slip.targets, self.target_schema)
        there = {block.table.qualified for block in parsed.blocks}
        tables: dict[str, Table] = {}
        filled: dict[str, Table] = {}
        kin: dict[str, Kin] = {}
        for digest in sorted(digests):
            slip, found = self._former[digest]
            owners = {
                t.qualified: t for t in slip.targets if t.kind is not Kind.SET and (t.qualified in there or self.is_there(t))
            }
            tables |= owners
            filled |= {name: table for name, table in owners.items() if table.policy is Policy.FILL}
            kin |= dict.fromkeys(owners, found)
        return Former(tables, filled, kin)

    def is_there(self, table: Table) -> bool:
        """Tell whether a table is in the database."""
        given = {"schema": table.schema, "name": table.name}
        return bool(self.conn.execute(_TARGETS["columns"], given).fetchone())

    def _index_filled(self, parsed: Parsed) -> None:
        """Index the temps by which filled rows are corrected: each column of each row looks into them."""
        for table in (t for t in filled_tables(parsed) if t.policy is Policy.FILL):
            name = temp_of(table)
            self.conn.execute(
                sql.SQL("CREATE INDEX IF NOT EXISTS {} ON {} (_id, _row_id)").format(
                    Quoted(f"{name}_by_id"), Quoted("pg_temp", name)
                )
            )

    def _advance(self, repeat: Repeat, *, done: int, vacated: int, found: int) -> None:
        sought = done if repeat.seeking else 0
        given = {
            "replay_id": repeat.replay_id,
            "done": 0 if repeat.seeking else done,
            "vacated": vacated,
            "sought": sought,
            "found": found if repeat.seeking else 0,
        }
        self.conn.execute(_SQL["advance"], given)
