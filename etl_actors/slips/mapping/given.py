"""What the expressions of a slip make of documents that are broken out, compiled as those of a table that somebody wrote."""

from dataclasses import replace

from etl_actors.relational.tables import Kind
from etl_actors.slips.mapping.compile import Mapper, compile_slip
from etl_actors.slips.model.slip import Slip, SlipTable

__all__ = ["compiled_given", "compiled_marking"]


def compiled_given(slip: Slip, given: SlipTable) -> Mapper:
    """Compile what makes columns of the root, and tells whether a document deletes the row of a key that is among them."""
    known_otherwise = not given.table.key  # by fields, or by all that the document holds
    tables = (replace(given, own_rows=known_otherwise), *((slip.marker,) if slip.marker and not known_otherwise else ()))
    return compile_slip(replace(slip, tables=tables, breakout=None, given=None, marker=None))


def compiled_marking(slip: Slip, marker: SlipTable) -> Mapper:
    """Compile what tells whether a document deletes the row of its key, where no column is made by an expression."""
    asked = replace(marker.table, kind=Kind.ROOT, deletes="", columns=(), key=())
    made = replace(marker, table=asked, columns=(), own_rows=True)
    return compile_slip(replace(slip, tables=(made,), breakout=None, given=None, marker=None))
