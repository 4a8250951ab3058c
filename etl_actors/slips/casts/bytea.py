"""bytea: hexadecimal as PostgreSQL writes it, and base64."""

import binascii
import re
from base64 import b64decode
from collections.abc import Callable
from typing import Any

from etl_actors.slips.casts.plain import BLANKS
from etl_actors.slips.values.refused import Refused

__all__ = ["FORMS", "bytea"]

_SPACE = re.compile(r"\s+", re.ASCII)


def _hex(text: str) -> bytes | None:
    """Read hexadecimal digits; blanks may stand between bytes."""
    try:
        return bytes.fromhex(text) if text.isascii() else None
    except ValueError:
        return None


def _base64(text: str) -> bytes | None:
    """Read base64, over several lines or on one; every digit counts, and so does the padding."""
    try:
        return b64decode(_SPACE.sub("", text), validate=True)
    except (binascii.Error, ValueError):
        return None


FORMS: dict[str, tuple[Callable[[str], bytes | None], str]] = {
    "hex": (_hex, "hexadecimal digits, two a byte"),
    "base64": (_base64, "base64"),
}


def bytea(form: str | None) -> Callable[[Any], str | None]:
    r"""Make the cast to bytea.

    Args:
        form: how the bytes are written, of `FORMS`; None for PostgreSQL's ``\x…``, which every form takes too.
    """
    read, wanted = (
        FORMS[form] if form else (None, r"bytes as \x and hexadecimal digits (for others: bytea('hex'), bytea('base64'))")
    )

    def text_of(value: Any) -> str | None:
        if value is None:
            return None
        text = value.strip(BLANKS) if type(value) is str else None
        found = None
        if text is not None and text[:2] in {"\\x", "\\X"}:
            found = _hex(text[2:])
        elif text is not None and read is not None:
            found = read(text)
        if found is None:
            raise Refused("not_bytes", wanted, value)
        return "\\x" + found.hex()

    return text_of
