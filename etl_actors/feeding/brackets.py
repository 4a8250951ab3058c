"""JSON text as expressions that look at its brackets and strings alone; none of them goes back over what it has taken."""

import re

__all__ = ["BARE", "BLANKS", "DEEP", "FLAT", "STRING_REST", "WHOLE"]

_STRING = rb'"[^"\\\n]*+(?>(?:\\[^\n][^"\\\n]*+)*)"(?=[ \t\r\n]*+[:,}\]])'


def _nested(levels: int) -> bytes:
    """Return the expression of an object or array that is at most so many levels deep and has its brackets and strings in order."""
    within = rb"(?>(?:" + _nested(levels - 1) + rb")?)" if levels > 1 else b""
    item = rb"[ \t\r\n]*+" + within
    members = rb'\{(?>(?:[^{}\[\]":]++|' + _STRING + rb"|:" + item + rb")*)\}"
    items = rb"\[" + item + rb'(?>(?:[^{}\[\]",]++|' + _STRING + rb"|," + item + rb")*)\]"
    return members + rb"|" + items


BLANKS = re.compile(rb"[ \t\r\n]*+")
"""White space."""

DEEP = re.compile(rb'(?>(?:[^{}\[\]"]++|' + _STRING + rb")*)")
"""What leads up to a bracket, or to a string that does not end as it should."""

FLAT = re.compile(rb'(?>(?:[^{}\[\]",]++|' + _STRING + rb")*)")
"""The same, but not past a comma."""

BARE = re.compile(rb'[^ \t\r\n\[{"]*+')
"""A bare word outside of arrays."""

WHOLE = re.compile(_nested(4))
"""An object or array that is whole, as most are: four levels deep at most."""

STRING_REST = re.compile(rb'[^"\\\n]*+(?>(?:\\[^\n][^"\\\n]*+)*)')
"""What is left of a string up to its quote, or to where it breaks off."""
