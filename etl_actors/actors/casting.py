"""Which role a batch asks for: the version it is pinned to, the slip that its rows name, or the candidates of its source."""

from etl_actors.slips.model.slip import Slip
from etl_actors.slips.shelf.catalogue import Catalogue
from etl_actors.store.leases import Lease
from etl_actors.workers.base import Role, RoleSlip

__all__ = ["cast"]


def cast(catalogue: Catalogue, lease: Lease, pinned: RoleSlip | None = None) -> Role:
    """Return the role under which a parser parses the batch.

    Args:
        catalogue: the slips in force.
        lease: of the batch.
        pinned: the version that it is to be parsed by, whatever is in force; None for any.
    """
    if pinned is not None:
        return Role((pinned,), settled=True)
    if lease.slip is None:
        return Role(tuple(_text(slip) for slip in catalogue.for_source(lease.source)))
    slip = catalogue.named(lease.slip)
    if slip is None:
        return Role((), settled=True, missing=f"expected a slip in force, got '{lease.slip}', which this daemon does not have")
    if not slip.takes(lease.source):
        takes = ", ".join(slip.sources or ())
        message = f"expected a slip that takes source '{lease.source}', got '{slip.name}', which takes {takes}"
        return Role((), settled=True, missing=message)
    return Role((_text(slip),), settled=True)


def _text(slip: Slip) -> RoleSlip:
    return RoleSlip(slip.digest, slip.files, slip.name)
