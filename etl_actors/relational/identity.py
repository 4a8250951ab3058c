"""`_id`: a function of the table's name and its key, never of slip version, order or machine.

Every identity is a UUIDv8 (RFC 9562 section 5.8) of 122 bits of BLAKE2b; those of keyless children are their parent's with the last 60
bits computed of it. What is hashed begins with a letter for its kind, and each text in it with its length, so that no two lists of texts
are written alike.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2b

from etl_actors.relational.canonical import canonical_key
from etl_actors.relational.tables import Table

__all__ = [
    "FIRST_PLACES",
    "PLACES",
    "child_identifier",
    "child_identity",
    "child_places",
    "document_identity",
    "document_prefix",
    "identifier",
    "identity_of",
    "key_identity",
    "row_identity",
    "stored_identity",
]

PLACES = 2**60 - 1
"""The last bits of an identity, by which the children of one parent differ from it and from one another."""

FIRST_PLACES = 2**59 - 1
"""Where the children of a parent begin: half of the places, so that they do not go round."""

_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def key_identity(table: str, values: Sequence[str]) -> str:
    """Name a row by its key.

    Args:
        table: the table's name, unqualified.
        values: the key's canonical texts, in the key's order.

    Returns:
        32 hexadecimal digits.
    """
    hashed = f"k{len(table)}:{table}"
    for value in values:
        hashed += f"{len(value)}:{value}"
    return identity_of(hashed.encode("utf-8", "surrogatepass"))


def document_identity(table: str, canonical: bytes) -> str:
    """Name a root row by its whole document.

    Args:
        table: the table's name, unqualified.
        canonical: the document as `canonical_document` writes it.

    Returns:
        32 hexadecimal digits.
    """
    return identity_of(document_prefix(table) + canonical)


def document_prefix(table: str) -> bytes:
    """Write what is hashed before a whole document, for `identifier`.

    Args:
        table: the root's name, unqualified.
    """
    return f"d{len(table)}:{table}".encode()


def row_identity(table: str, row_id: int) -> str:
    """Name a root row by its staged row, where the slip asks for one row each.

    Args:
        table: the table's name, unqualified.
        row_id: of the staged row.

    Returns:
        32 hexadecimal digits.
    """
    return identity_of(f"r{len(table)}:{table}{row_id}".encode())


def child_identity(table: str, parent_id: str, index: int) -> str:
    """Name a row of a keyless child by its parent and its place.

    Args:
        table: the child's name, unqualified.
        parent_id: the parent's `_id`, with or without dashes.
        index: `_index`, from 0.

    Returns:
        32 hexadecimal digits.
    """
    return child_identifier(table)(parent_id.replace("-", ""), index)


def child_identifier(table: str) -> Callable[[str, int], str]:
    """Make a function that names the rows of a keyless child by their parent's `_id` and their place.

    Such identities lie close to one another: they begin as the parent's does, and count on from a place that `child_places` tells. So rows
    that are inserted and read together share pages of the index, and whatever hangs below one root begins alike.

    Args:
        table: the child's name, unqualified.

    Returns:
        A function of the parent's `_id`, of hexadecimal digits alone, and of `_index`.
    """
    factor, addend = child_places(table)

    def identify(parent_id: str, index: int) -> str:
        place = ((int(parent_id[17:], 16) * factor + addend & FIRST_PLACES) + index) & PLACES
        return f"{parent_id[:12]}8{parent_id[13:16]}{_VARIANT[parent_id[16]]}{place:015x}"

    return identify


def child_places(table: str) -> tuple[int, int]:
    """Tell where the rows of a keyless child begin: the parent's place times the first, plus the second, as one of `FIRST_PLACES`.

    Two parents side by side, children themselves, have theirs far from each other: the first is odd, so that no two parents' are at
    one place, and as good as random, so that they are not near one another either.

    Args:
        table: the child's name, unqualified.

    Returns:
        Neither is greater than `FIRST_PLACES`.
    """
    digest = blake2b(f"c{len(table)}:{table}".encode(), digest_size=16).digest()
    return int.from_bytes(digest[:8]) & FIRST_PLACES | 1, int.from_bytes(digest[8:]) & FIRST_PLACES


def stored_identity(table: Table, key_texts: Sequence[str]) -> str:
    """Compute the `_id` that a stored row of a table with a key must have.

    Args:
        table: with a key.
        key_texts: PostgreSQL's text of the columns of `Table.identity`, in its order (TimeZone UTC, DateStyle ISO,
            extra_float_digits 1).

    Returns:
        32 hexadecimal digits.
    """
    types = {column.name: column.type for column in table.columns}
    return key_identity(
        table.known_as, [canonical_key(text, types[name]) for name, text in zip(table.identity, key_texts, strict=True)]
    )


def identifier(beginning: bytes) -> Callable[[bytes], str]:
    """Make a function that gives the identities of what begins alike: the beginning is hashed once.

    Args:
        beginning: of all that is hashed.

    Returns:
        A function of the rest; it gives what `identity_of` gives for both.
    """
    begun = blake2b(beginning, digest_size=16)

    def identify(rest: bytes) -> str:
        hashed = begun.copy()
        hashed.update(rest)
        digits = hashed.hexdigest()
        return f"{digits[:12]}8{digits[13:16]}{_VARIANT[digits[16]]}{digits[17:]}"

    return identify


def identity_of(hashed: bytes) -> str:
    """Make an identity of what is hashed.

    Args:
        hashed: as the functions of this module write it; compiled mappers write it themselves.

    Returns:
        32 hexadecimal digits.
    """
    digits = blake2b(hashed, digest_size=16).hexdigest()
    return f"{digits[:12]}8{digits[13:16]}{_VARIANT[digits[16]]}{digits[17:]}"
