"""The stored version of a slip as a role, where a replay's rows are to be parsed by the one that had settled them."""

from dataclasses import dataclass

from etl_actors.slips.shelf.catalogue import Catalogue
from etl_actors.store.replay.current import Stored
from etl_actors.workers.base import RoleSlip

__all__ = ["Hindrance", "pinned"]

_STEPS = "steps.py"


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why a replay cannot go on here.

    Args:
        why: one sentence.
    """

    why: str


def pinned(digest: str, stored: Stored | None, catalogue: Catalogue, *, any_steps: bool) -> RoleSlip | Hindrance:
    """Return a stored version as a role.

    Code out of the database runs only where the same is installed: whoever may write there must not run theirs here.

    Args:
        digest: of the version.
        stored: the version; None where there is none of that digest.
        catalogue: the slips in force here, with what is installed.
        any_steps: whether it runs all the same, as the setting `stored_steps` says.
    """
    if stored is None:
        return Hindrance(f"Expected the version {digest[:8]} of a slip among those stored, and there is none of that digest.")
    steps = stored.files.get(_STEPS)
    if steps is not None and not any_steps:
        installed = catalogue.named(stored.name)
        if installed is None or installed.files.get(_STEPS) != steps:
            there = "is not in force here" if installed is None else f"has another {_STEPS} or none here"
            return Hindrance(
                f"Version {digest[:8]} of slip {stored.name} has a {_STEPS} that runs only where the same is installed, and the slip "
                f'{there}: install it, or set stored_steps = "any" (ETL_STORED_STEPS).'
            )
    return RoleSlip(stored.digest, stored.files, stored.name)
