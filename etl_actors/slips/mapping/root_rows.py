"""What documents that are broken out are known by, and what expressions make of them: a row of the root, a tombstone, or nothing."""

from collections.abc import Callable, Sequence
from typing import Any

from etl_actors.relational import identity
from etl_actors.relational.breakout.keys import key_text
from etl_actors.relational.canonical import canonical_document, canonical_key, without_origin
from etl_actors.relational.reject import Reject, Stage
from etl_actors.slips.casts.column_type import column_type
from etl_actors.slips.mapping.compile import Mapper
from etl_actors.slips.mapping.given import compiled_given, compiled_marking
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.values.document import Staged

__all__ = ["RootRows"]

_TEXT = column_type("text")
_GOT: dict[type, str] = {dict: "an object", list: "an array"}


class RootRows:
    """Makes of each document what is to be known of it before it is broken out.

    Args:
        slip: whose documents they are.
        key: fields of the documents that are the root's key; none where expressions make it, or where there is none.
    """

    def __init__(self, slip: Slip, key: Sequence[str]) -> None:
        self._table = slip.targets[0]
        self._key = key
        self._identify = identity.identifier(identity.document_prefix(self._table.name))
        self._by_expression = slip.given is not None and bool(slip.given.table.key)
        self._given = None if slip.given is None else compiled_given(slip, slip.given)
        self._marker = None if slip.marker is None or not key else compiled_marking(slip, slip.marker)

    @property
    def whole(self) -> Callable[[bytes], str] | None:
        """What names a root row by its payload, where documents are known by all that they have, and nothing else is made of them."""
        if self._marker is not None or self._given is not None or self._key:
            return None
        identify = self._identify
        return lambda raw: identify(canonical_document(without_origin(raw)))

    def of(self, staged: Staged, document: Any, *, clean: bool) -> tuple[str, list[str]] | str | bool | Reject:
        """Give the identity of a document's root row and the fields that expressions make; or what becomes of the document instead.

        Args:
            staged: the row.
            document: its payload, decoded.
            clean: whether no text of the document has a character that COPY escapes.

        Returns:
            A text is the line of its tombstone. False: it is skipped.
        """
        if self._marker is not None:
            tombstone = self._tombstone(self._marker, staged, document)
            if tombstone is not None:
                return tombstone
        if self._given is None:
            root = self._named(staged, document)
            return root if isinstance(root, Reject) else (root, [])
        lines = self._given.begin()
        made = self._given.map(staged, document, lines, clean=clean)
        if made is not True:
            return made
        if not lines[0]:
            line: str = lines[1][0]
            return line
        root, _, *given = lines[0][0].split("\t")
        if not self._by_expression:
            named = self._named(staged, document)
            return named if isinstance(named, Reject) else (named, given)
        return root, given

    def _tombstone(self, marker: Mapper, staged: Staged, document: Any) -> str | Reject | None:
        """Give the line of a tombstone where the key is one of fields; None for what deletes nothing."""
        root = self._named(staged, document)
        if isinstance(root, Reject):
            return root
        made = marker.map(staged, document, marker.begin())
        if made is not True:
            return made or None
        return "\t".join([root, str(staged.row_id), *(_TEXT.copy(key_text(document[field])) for field in self._key)])

    def _named(self, staged: Staged, document: Any) -> str | Reject:
        """Name the root row. A document without its key is rejected before anything of it is looked at."""
        if not self._key:
            return self._identify(canonical_document(without_origin(staged.raw)))
        table, texts = self._table, []
        for field in self._key:
            value = document.get(field) if type(document) is dict else None
            if value is None or type(value) is dict or type(value) is list:
                got = _GOT.get(type(value)) or ("null" if type(document) is dict and field in document else "none")
                message = f"expected a number or a text for `{field}`, which is in the key of `{table.name}`, got {got}"
                return Reject(staged.row_id, Stage.MAP, "null_key", message, {"table": table.qualified, "path": f"$.{field}"})
            texts.append(canonical_key(key_text(value), "text"))
        return identity.key_identity(table.name, texts)
