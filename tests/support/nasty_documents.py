"""All nasty documents, in the order of the page that shows what becomes of them."""

from tests.support import nasty_lines, nasty_names, nasty_shapes, nasty_values
from tests.support.nasty_case import Case

__all__ = ["CASES"]

CASES: tuple[Case, ...] = (*nasty_names.CASES, *nasty_values.CASES, *nasty_shapes.CASES, *nasty_lines.CASES)
