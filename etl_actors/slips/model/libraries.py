"""The libraries that the steps of a slip wrap: what its values depend on beside its own files."""

from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.model.names import parts
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.steps.known import STEPS

__all__ = ["library_versions"]


def library_versions(slip: Slip) -> dict[str, str]:
    """Give the versions installed here of the libraries that a slip's steps wrap, by package; empty where it needs none."""
    used = {one.name for one in parts((slip.when, slip.lets, slip.tables)) if isinstance(one, n.Step)}
    libraries = [kind.library for name, kind in STEPS.items() if name in used and kind.library is not None]
    return {package: version for library in libraries for package, version in library.versions().items()}
