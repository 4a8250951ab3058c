"""Slips for tests, read from TOML that stands in the test."""

import pytest

from etl_actors.errors import SlipError
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip

TABLE = '\n[tables.t]\ncolumns.a = "a | text"\n'
"""The least table that there can be, to follow the top of a slip."""


def read(toml: str, **files: str) -> Slip:
    """Read a slip; of the other files' names the last `_` stands for a dot, as in `x_lark`."""
    named = {".".join(name.rsplit("_", 1)): text for name, text in files.items()}
    return read_slip({"slip.toml": toml, **named}, "public")


def refusal(toml: str, **files: str) -> str:
    """Give all that is wrong with a slip."""
    with pytest.raises(SlipError) as refused:
        read(toml, **files)
    return str(refused.value)


def first_lines(toml: str, **files: str) -> list[str]:
    """Give the sentences of all that is wrong with a slip, each with its place."""
    return [line for line in refusal(toml, **files).splitlines() if not line.startswith("    ")]
