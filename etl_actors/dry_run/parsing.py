"""The rows of a dry run, parsed as a replay would parse them, and what becomes of each that makes none."""

from collections.abc import Callable, Iterable, Mapping

from etl_actors.actors.casting import cast
from etl_actors.dry_run.found import Refusals
from etl_actors.dry_run.standing import AsTheyStand
from etl_actors.dry_run.taking import taken
from etl_actors.relational.parsed import Parsed
from etl_actors.settings import Settings
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.shelf.catalogue import Catalogue
from etl_actors.slips.source.files import STEPS
from etl_actors.store.database import Connection
from etl_actors.store.pieces import portions
from etl_actors.store.replay.differences import Group
from etl_actors.store.replay.preview import Preview
from etl_actors.store.staging import fetched
from etl_actors.workers.base import Job, Role, RoleSlip
from etl_actors.workers.batch import BatchParser

__all__ = ["Parsing"]


class Parsing:
    """Parses groups of rows in this process, and hands what they make to a preview.

    Args:
        conn: to read staged rows with.
        preview: gets the rows.
        catalogue: the slips that are to be in force.
        stored: every version by its digest.
        standing: of slips that break documents out.
        settings: for the target schema, the size of a batch, and whether stored code may run.
        tell: told every so often how many rows are done.
    """

    def __init__(
        self,
        conn: Connection,
        preview: Preview,
        catalogue: Catalogue,
        stored: Mapping[str, Slip],
        standing: AsTheyStand,
        settings: Settings,
        tell: Callable[[int], None],
    ) -> None:
        self._preview = preview
        self._catalogue = catalogue
        self._stored = stored
        self._standing = standing
        self._conn = conn
        self._batch = settings.batch_rows, settings.batch_bytes
        self._any_steps = settings.stored_steps == "any"
        self.tell = tell
        self._done = 0
        self._parser = BatchParser(lambda row_ids: fetched(conn, row_ids), settings.target_schema, growing=standing)
        self.refusals = Refusals()
        self.used: set[str] = set()  # digests of the slips that took chosen rows

    def repeat(self, groups: Iterable[Group], *, pinned: bool) -> None:
        """Parse the chosen rows.

        Args:
            groups: of them.
            pinned: by the version that settled each, else by what is in force.
        """
        for group in groups:
            role = self._role(group, pinned=pinned)
            for row_ids in portions(self._conn, group.row_ids, *self._batch):
                self._take(row_ids, role)
                self._count(row_ids)

    def seek(self, groups: Iterable[Group]) -> tuple[int, int]:
        """Parse others, by the version that settled each; nothing becomes of those that are rejected.

        Args:
            groups: of them.

        Returns:
            How many were parsed, and how many not, since code of their version is not what is installed: it must not run here.
        """
        sought = withheld = 0
        for group in groups:
            if not self._may_run(self._stored[group.digest or ""]):
                withheld += len(group.row_ids)
                continue
            role = self._role(group, pinned=True)
            for row_ids in portions(self._conn, group.row_ids, *self._batch):
                parsed = self._parser.parse(Job(row_ids, role))
                if isinstance(parsed, Parsed):
                    self._preview.take(parsed)
                sought += len(row_ids)
                self._count(row_ids)
        return sought, withheld

    def _may_run(self, slip: Slip) -> bool:
        steps = slip.files.get(STEPS)
        installed = self._catalogue.named(slip.name)
        return steps is None or self._any_steps or (installed is not None and installed.files.get(STEPS) == steps)

    def _take(self, row_ids: tuple[int, ...], role: Role) -> None:
        for _, parsed in taken(self._parser, self._preview, row_ids, role):
            self.used |= {parsed.digest} if parsed.digest else set()
            self._settle(parsed)

    def _settle(self, parsed: Parsed) -> None:
        for reject in parsed.rejects:
            self.refusals.note(reject)
        self._preview.settle([reject.row_id for reject in parsed.rejects if not reject.item], "r")
        self._preview.settle(parsed.skipped, "s")

    def _role(self, group: Group, *, pinned: bool) -> Role:
        slip = self._stored.get(group.digest or "") if pinned else None
        if slip is not None and slip.breakout is not None:
            slip = self._standing.current(slip)
        text = None if slip is None else RoleSlip(slip.digest, slip.files, slip.name)
        return cast(self._catalogue, group.source, group.slip, text)

    def _count(self, row_ids: tuple[int, ...]) -> None:
        self._done += len(row_ids)
        self.tell(self._done)
