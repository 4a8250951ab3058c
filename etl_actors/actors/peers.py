"""The other daemons: whether they work by the same versions of the slips."""

from dataclasses import dataclass

import structlog

from etl_actors import events
from etl_actors.slips.shelf.catalogue import Catalogue
from etl_actors.store.daemons import Difference

__all__ = ["Peers"]

log = structlog.get_logger()


@dataclass(slots=True)
class Peers:
    """Tells of differences when they come, and again when they change."""

    differing: tuple[Difference, ...] = ()

    def compare(self, found: tuple[Difference, ...] | None, catalogue: Catalogue) -> None:
        """Take note of the slips that differ.

        Args:
            found: between any two daemons; None where nobody has looked.
            catalogue: of this daemon, which tells of its own slips only.
        """
        if found is None:
            return
        ours = tuple(difference for difference in found if catalogue.named(difference.slip) is not None)
        for difference in ours:
            if difference not in self.differing:
                log.warning(events.SLIPS_DIFFER, slip=difference.slip, versions=_versions(difference))
        self.differing = ours

    @property
    def sentences(self) -> tuple[str, ...]:
        """Say of each slip who has which version."""
        return tuple(f"Daemons have different versions of slip {d.slip}: {_versions(d)}." for d in self.differing)


def _versions(difference: Difference) -> str:
    return ", ".join(f"{digest[:8]} on {daemon}" for digest, daemon in difference.versions)
