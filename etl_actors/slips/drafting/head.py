"""What stands at the top of every slip that is written for people."""

from etl_actors.slips.source.toml_text import quoted

__all__ = ["head"]


def head(name: str, source: str) -> str:
    """Write the top of a slip.

    Args:
        name: of the slip.
        source: whose documents it takes.
    """
    return f"""\
# Which documents this slip takes, and what becomes of them. All of the language: docs/slips.md
# To see what it makes of a file:  etl-actors slips try {name} FILE
# To see all that is wrong:        etl-actors slips check {name}

name   = {quoted(name)}
source = {quoted(source)}
"""
