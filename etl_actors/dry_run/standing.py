"""Slips that break documents out, in a dry run: by what has been seen of their documents, and tables do not change."""

from etl_actors.errors import UsageError
from etl_actors.relational.breakout.seen import Seen
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.growing import grown, require_undisturbed, seen_by
from etl_actors.store.database import Connection
from etl_actors.store.versions import active_slips

__all__ = ["AsTheyStand", "AsTheyWouldGrow"]


class AsTheyStand:
    """Gives the versions that tables are of.

    Args:
        conn: to read with.

    Attributes:
        changed: nothing, ever.
    """

    def __init__(self, conn: Connection) -> None:
        self._seen = {one.name: seen_by(one.files) for one in active_slips(conn)}
        self.changed: list[str] = []

    def current(self, slip: Slip) -> Slip:
        """Give a slip as it is written, with what was seen of its documents."""
        seen = self._seen.get(slip.name)
        return slip if seen is None else grown(slip, seen)

    def grow(self, slip: Slip, seen: Seen) -> Slip:
        """Refuse to.

        Raises:
            UsageError: always.
        """
        del seen
        msg = f"Some of these documents would change the tables of slip {slip.name}: a dry run shows rows of tables as they are."
        raise UsageError(msg)


class AsTheyWouldGrow(AsTheyStand):
    """Gives the versions that tables would be of, with what is seen meanwhile; nothing is stored, and no table changes."""

    def grow(self, slip: Slip, seen: Seen) -> Slip:
        """Give the version that knows what was seen, too; see `Growing`."""
        wanted = grown(slip, seen)
        require_undisturbed(slip, wanted)
        self.know(wanted)
        return wanted

    def know(self, slip: Slip) -> None:
        """Let what a version has seen be all that is known of its documents."""
        assert slip.breakout is not None
        self._seen[slip.name] = slip.breakout.seen
