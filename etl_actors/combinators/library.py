"""The grammars that come with etl-actors: ``std:NAME`` in a slip, ``%import std.NAME`` in a grammar."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

__all__ = ["library_examples_text", "library_names", "library_text"]

_SUFFIX = ".lark"
_EXAMPLES = ".toml"


@cache
def library_text(name: str) -> str | None:
    """Give the text of a grammar of the library, None where it has none of that name.

    Args:
        name: without folder and ``.lark``.
    """
    return (_folder() / f"{name}{_SUFFIX}").read_text(encoding="utf-8") if name in library_names() else None


def library_examples_text(name: str) -> str | None:
    """Give the text of a grammar's file of examples, None where there is none.

    Args:
        name: without folder and ``.lark``.
    """
    file = _folder() / f"{name}{_EXAMPLES}"
    return file.read_text(encoding="utf-8") if name in library_names() and file.is_file() else None


@cache
def library_names() -> tuple[str, ...]:
    """List the grammars of the library, in order."""
    found = (entry.name for entry in _folder().iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX)))


def _folder() -> Traversable:
    return files("etl_actors.combinators") / "std"
