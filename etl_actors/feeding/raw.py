"""What cannot be staged as JSON is staged as what it is: its bytes, and why."""

import base64
from typing import Any

import orjson

from etl_actors.feeding.document import find_flaw
from etl_actors.feeding.flaw import Flaw
from etl_actors.feeding.lines import LongLine, shorten
from etl_actors.feeding.place import Place

__all__ = ["KEPT_BYTES", "original_bytes", "raw_document"]

KEPT_BYTES = 32 * 1024 * 1024  # escaped twice a line may grow sevenfold, and jsonb takes no string of more than 256 MB


def raw_document(line: bytes | LongLine, flaw: Flaw, place: Place, fields: bytes | None = None) -> bytes:
    r"""Return the document ``{"$raw": …}`` that stands for a line, or for another text that was to be a document.

    ``$raw`` is the text itself where it is UTF-8 without NUL, otherwise base64, with ``"$encoding": "base64"``; then
    ``$reason``, a short code, and ``$error``, one sentence. Of a line longer than `KEPT_BYTES` only the beginning is kept, and
    ``$bytes``, ``$sha256`` and ``"$truncated": true`` say so. ``$with`` has the fields
    that the document was to get.

    Args:
        line: without its line ending.
        flaw: why it cannot be staged as JSON.
        place: where it begins.
        fields: the text of a JSON object; left out where it is none that can be staged.
    """
    if isinstance(line, bytes) and len(line) > KEPT_BYTES:
        line = shorten([line])
    rest: dict[str, Any] = {}
    if isinstance(line, LongLine):
        kept = line.head
        rest |= {"$bytes": line.length, "$sha256": line.sha256, "$truncated": True}
    else:
        kept = line
    if fields is not None and find_flaw(fields) is None:
        rest["$with"] = orjson.Fragment(fields.replace(b"\n", b" "))
    return orjson.dumps({**_text(kept), **rest, "$reason": flaw.reason, "$error": flaw.sentence(kept, place)})


def original_bytes(document: dict[str, Any]) -> bytes:
    """Return the bytes that a raw document was made from (their beginning, where it is truncated)."""
    kept: str = document["$raw"]
    return base64.b64decode(kept) if document.get("$encoding") == "base64" else kept.encode()


def _text(line: bytes) -> dict[str, Any]:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        return {"$raw": base64.b64encode(line).decode(), "$encoding": "base64"}
    return {"$raw": text}
