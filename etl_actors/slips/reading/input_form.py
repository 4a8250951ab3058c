"""Reading ``[input]``: how `feed` cuts files for a slip."""

import re

from etl_actors.slips.model.slip import InputForm
from etl_actors.slips.source.problems import ExpressionError, did_you_mean
from etl_actors.slips.source.section import Section

__all__ = ["read_input"]

_FORMATS = ("jsonl", "lines")


def read_input(section: Section) -> InputForm:
    """Read ``[input]``."""
    section.check_keys(("format", "begins", "origin"), "`[input]`")
    form = section.text("format") or ""
    if "format" in section.content and isinstance(section.content["format"], str) and form not in _FORMATS:
        section.wrong("format", f"expected {' or '.join(_FORMATS)}, got `{form}`{did_you_mean(form, list(_FORMATS))}")
    begins = section.parsed("begins", _expression) or ""
    if begins and form != "lines":
        section.problems.at_key((*section.keys, "begins"), '`begins` is for lines of text: it needs `format = "lines"`')
    return InputForm(form, begins, section.flag("origin", default=False))


def _expression(text: str) -> str:
    if not text:
        raise ExpressionError(0, "expected a regular expression, got nothing")
    try:
        re.compile(text)
    except re.error as error:
        raise ExpressionError(error.pos or 0, f"this is no regular expression: {error.msg}") from None
    return text
