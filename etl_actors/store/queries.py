"""Fixed SQL by name: ``store/sql/FILE.sql`` holds statements, each under a line ``-- name: NAME``."""

import re
from functools import cache
from importlib import resources

__all__ = ["queries"]

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


@cache
def queries(file: str) -> dict[str, bytes]:
    """Return the statements of ``store/sql/<file>.sql`` by name.

    They are bytes since psycopg takes text only where a type checker can see that it is a literal.

    Raises:
        ValueError: two statements of the file have one name.
    """
    text = resources.files("etl_actors.store").joinpath(f"sql/{file}.sql").read_text("utf-8")
    found: dict[str, bytes] = {}
    for name, statement in zip(*[iter(_NAME.split(text)[1:])] * 2, strict=True):
        if name in found:
            msg = f"{file}.sql has two statements named {name}"
            raise ValueError(msg)
        found[name] = statement.strip().encode()
    return found
