"""Texts, names and lists as TOML, and paths and texts of expressions within them."""

import re
from collections.abc import Sequence
from json import dumps

__all__ = ["key", "listed", "path", "quoted"]

_BARE = re.compile(r"(?!(?:not|and|or|in|true|false|null)$)[A-Za-z_][A-Za-z0-9_]*")


def quoted(text: str) -> str:
    """Write a text as a basic string of TOML."""
    return dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")  # JSON's strings are such, but for this character


def key(name: str) -> str:
    """Write a name as a key of TOML."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else quoted(name)


def listed(names: Sequence[str]) -> str:
    """Write a list of texts."""
    return f"[{', '.join(map(quoted, names))}]"


def path(names: Sequence[str], root: str = "") -> str:
    """Write a path of an expression.

    Args:
        names: of members, from the outside in; none for the root itself.
        root: that it begins with: ``@``, ``$``, or nothing, which is the item's field.
    """
    if not names:
        return root or "@"
    first, *others = names
    begin = f"{root or '@'}[{_literal(first)}]"
    if _BARE.fullmatch(first):
        begin = f"{root}.{first}" if root else first
    return begin + "".join(f".{one}" if _BARE.fullmatch(one) else f"[{_literal(one)}]" for one in others)


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
