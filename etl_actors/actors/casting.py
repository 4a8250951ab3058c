"""Which role a batch asks for: the version it is pinned to, the slip that its rows name, or the candidates of its source."""

from etl_actors.slips.model.slip import Slip
from etl_actors.slips.shelf.catalogue import Catalogue
from etl_actors.workers.base import Role, RoleSlip

__all__ = ["cast"]


def cast(catalogue: Catalogue, source: str, slip_name: str | None, pinned: RoleSlip | None = None) -> Role:
    """Return the role under which a parser parses the batch.

    Args:
        catalogue: the slips in force.
        source: of its rows.
        slip_name: that its rows name; None for none.
        pinned: the version that it is to be parsed by, whatever is in force; None for any.
    """
    if pinned is not None:
        return Role((pinned,), settled=True)
    if slip_name is None:
        return Role(tuple(_text(slip) for slip in catalogue.for_source(source)))
    slip = catalogue.named(slip_name, source)
    if slip is None:
        return Role((), settled=True, missing=f"expected a slip in force, got '{slip_name}', which this daemon does not have")
    if not slip.takes(source):
        takes = ", ".join(slip.sources or ())
        message = f"expected a slip that takes source '{source}', got '{slip.name}', which takes {takes}"
        return Role((), settled=True, missing=message)
    return Role((_text(slip),), settled=True)


def _text(slip: Slip) -> RoleSlip:
    return RoleSlip(slip.digest, slip.files, slip.name)
