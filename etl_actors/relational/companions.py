"""Names of what a table is given beside it."""

from hashlib import blake2b

__all__ = ["tombstones_name", "versions_name"]

_BYTES = 63
_DIGEST = 8  # hexadecimal digits


def versions_name(table: str) -> str:
    """Name the view that tells from when to when each version of a key was valid.

    Args:
        table: whose versions they are, unqualified.

    Returns:
        A name of at most 63 bytes; of two tables never the same.
    """
    return _beside(table, "_history")


def tombstones_name(table: str) -> str:
    """Name the table that tells which keys of a table are deleted.

    Args:
        table: whose keys they are, unqualified.

    Returns:
        A name of at most 63 bytes; of two tables never the same.
    """
    return _beside(table, "_deleted")


def _beside(table: str, ending: str) -> str:
    if len((table + ending).encode()) <= _BYTES:
        return table + ending
    ending = f"_{blake2b(table.encode(), digest_size=_DIGEST // 2).hexdigest()}{ending}"
    return table.encode()[: _BYTES - len(ending)].decode(errors="ignore") + ending
