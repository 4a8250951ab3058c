"""Judge one line: is it a document that can be staged as it stands?"""

from collections.abc import Mapping

import orjson

from etl_actors.feeding import syntax
from etl_actors.feeding.flaw import Flaw
from etl_actors.feeding.numbers import may_overflow

__all__ = ["JUDGED_BYTES", "find_flaw", "with_fields", "with_origin", "wrap_line"]

JUDGED_BYTES = 4 * 1024 * 1024  # orjson's objects take ten times the text: the server judges longer documents itself


def find_flaw(line: bytes) -> Flaw | None:
    """Return what keeps the line from being staged as `jsonb`, or None.

    orjson passes nearly every line within a microsecond. It takes a few documents that jsonb does not (NUL escapes, tiny
    numbers) and refuses a few that jsonb takes (numbers beyond double, depth beyond 1,024): those are judged exactly.
    A document of more than `JUDGED_BYTES` is let pass, for the server to judge.
    """
    if len(line) > JUDGED_BYTES:
        return None
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return syntax.find_flaw(line)
    if b"\\u0000" in line or may_overflow(line):
        return syntax.find_flaw(line)
    return None


def wrap_line(line: bytes, origin: Mapping[str, str | int] | None = None) -> bytes | Flaw:
    """Return a line of text, or an event of several, as the document ``{"message": …}``.

    Args:
        line: without its line ending.
        origin: fields that say where it came from.
    """
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        got = " ".join(f"{byte:02x}" for byte in line[error.start : error.end])
        return Flaw("not_utf8", f"expected UTF-8, got the bytes {got}", error.start)
    nul = line.find(b"\0")
    if nul >= 0:
        return Flaw("nul_character", "expected text without the NUL character, got a NUL byte", nul)
    return orjson.dumps({"message": text, **(origin or {})})


def with_origin(document: bytes, origin: Mapping[str, str | int]) -> bytes:
    """Add fields to a JSON object, every byte of which stays as it is; what is no object stays without them."""
    return with_fields(document, orjson.dumps(dict(origin)))


def with_fields(document: bytes, fields: bytes) -> bytes:
    """Add the fields of an object to a JSON object, both as text; what is no object stays without them."""
    stripped = document.strip(b" \t\r\n")
    if not (stripped.startswith(b"{") and stripped.endswith(b"}")):
        return document  # cut off: without its last byte, and with ours, it would be whole, and wrong
    before = stripped[:-1].rstrip(b" \t\r\n")
    # Of a name that comes twice, jsonb keeps the last value.
    return before + (b"" if before == b"{" else b",") + fields.strip(b" \t\r\n")[1:]
