"""The mapper of a slip, whether its tables are written down or come from its documents."""

from etl_actors.slips.mapping.broken import BreakoutMapper
from etl_actors.slips.mapping.compile import Mapper, compile_slip
from etl_actors.slips.model.slip import Slip

__all__ = ["AnyMapper", "mapper_of"]

AnyMapper = Mapper | BreakoutMapper


def mapper_of(slip: Slip, *, packed: bool = False) -> AnyMapper:
    """Make what maps the documents of a slip.

    Args:
        slip: as `read_slip` gives it.
        packed: whether rows of break-outs may be packed (`etl_actors.relational.packed`) instead of being lines.

    Raises:
        SlipError: it cannot be compiled.
    """
    if slip.breakout is not None:
        return BreakoutMapper(slip, slip.breakout, packed=packed)
    return compile_slip(slip)
