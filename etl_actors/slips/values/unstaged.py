"""The documents that `feed` writes in the place of what it could not stage as JSON."""

from typing import Any

from etl_actors.relational.reject import Reject, Stage
from etl_actors.slips.values.json_text import json_text

__all__ = ["is_unstaged", "unstaged_reject"]

_ALWAYS = frozenset({"$raw", "$reason", "$error"})
_SHORTENED = frozenset({"$bytes", "$sha256", "$truncated"})
_ENCODING = "$encoding"
_WITH = "$with"
_EXCERPT = 200  # characters


def is_unstaged(document: Any) -> bool:
    """Tell whether `feed` wrote a document to stand for a line: it has that shape, to the last key.

    Any other document with a key ``$raw`` is one like all others.
    """
    if not isinstance(document, dict) or "$raw" not in document:
        return False
    more = document.keys() - _ALWAYS - {_ENCODING, _WITH}
    return (
        document.keys() >= _ALWAYS
        and all(isinstance(document[key], str) for key in _ALWAYS)
        and document.get(_ENCODING, "base64") == "base64"
        and isinstance(document.get(_WITH, {}), dict)
        and (not more or (more == _SHORTENED and document["$truncated"] is True))
    )


def unstaged_reject(row_id: int, document: dict[str, Any]) -> Reject:
    """Explain a row that `feed` could not stage as JSON and kept as it came; `feed` has said why."""
    detail = {"excerpt": document["$raw"][:_EXCERPT]}
    if _WITH in document:
        detail["with"] = json_text(document[_WITH])[:_EXCERPT]
    return Reject(row_id, Stage.STAGE, document["$reason"], document["$error"], detail)
