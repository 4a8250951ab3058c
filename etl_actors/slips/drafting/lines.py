"""A slip to begin with for lines of text, and the grammar that it reads them by."""

from collections.abc import Sequence
from typing import Any

from etl_actors.relational.breakout.names import plain
from etl_actors.slips.drafting.head import head
from etl_actors.slips.source.toml_text import key

__all__ = ["GRAMMAR", "is_text", "text_draft"]

GRAMMAR = """\
// What a line consists of. A name in capitals is a piece of text, described by a regular expression between slashes;
// names that begin with _ are left out of the value. What is in [brackets] may be missing, and is null then.
// The value of `start` here is an object: {"first": "...", "rest": "..."}; `etl-actors slips show` draws it.

start: _BLANK? FIRST [_BLANK [REST]]

FIRST: /\\S+/
REST: /.+/s
_BLANK: /\\s+/
"""
"""A grammar that takes every line."""


def is_text(documents: Sequence[Any]) -> bool:
    """Tell whether documents are lines of text, as `feed` wraps them."""
    return bool(documents) and all(
        isinstance(one, dict) and list(one) == ["message"] and isinstance(one["message"], str) for one in documents
    )


def text_draft(name: str, source: str) -> str:
    """Write a slip of text lines, which are read by the grammar `line.lark`."""
    return (
        head(name, source)
        + f"""\
when   = "exists(message)"           # only documents of which this holds

[grammars]
line = "line.lark"                   # what a line consists of: edit it

[let]                                # values that several columns use
read = "message | parse(line)"

[tables.{key(plain((name,)))}]
# Equal lines are one row; with this, every line that was staged is a row of its own.
# identity = "row"
columns.first = "read.first | text"  # a value, steps behind |, and at the end the column's type
columns.rest  = "read.rest | text"
"""
    )
