"""What becomes of documents that no slip takes: each source's are broken out to tables of its own."""

from collections.abc import Collection
from dataclasses import dataclass, field
from hashlib import blake2b

from etl_actors.relational.breakout.names import MOST_BYTES, plain
from etl_actors.relational.breakout.view import view_name
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.source.toml_text import quoted

__all__ = ["Unmatched", "is_unmatched", "unmatched_as_set"]

_NAME = "unmatched:"
_PRIORITY = -(2**31) + 1  # below any slip that somebody writes
_MARK = 6


def unmatched_as_set(how: str, target_schema: str, sources: Collection[str]) -> "Unmatched | None":
    """Give what makes slips for documents that none takes, as the settings say; None where they are rejected.

    Args:
        how: the setting `unmatched`.
        target_schema: where their tables are.
        sources: the setting `unmatched_sources`.
    """
    return Unmatched(target_schema, sources) if how == "breakout" else None


def is_unmatched(name: str) -> bool:
    """Tell whether a slip is one that nobody wrote."""
    return name.startswith(_NAME)


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Makes the slip of a source for the documents that no other slip takes.

    Args:
        target_schema: where their tables are.
        sources: whose documents are broken out; none for all.
    """

    target_schema: str
    sources: Collection[str] = ()
    _made: dict[str, Slip] = field(default_factory=dict, init=False, repr=False, compare=False)

    def slip(self, source: str) -> Slip | None:
        """Give the slip of a source; None where its documents are not broken out.

        It is the same for the same source, on every machine.
        """
        if self.sources and source not in self.sources:
            return None
        made = self._made.get(source)
        if made is None:
            table = _own_name(source)
            text = (
                f"name = {quoted((_NAME + table)[:MOST_BYTES])}\nsource = {quoted(source)}\npriority = {_PRIORITY}\n"
                f"[breakout]\ntable = {quoted(table)}\n"
            )
            made = self._made[source] = read_slip({"slip.toml": text}, self.target_schema)
        return made

    def named(self, name: str, source: str) -> Slip | None:
        """Find the slip of a source by its name."""
        made = self.slip(source) if is_unmatched(name) else None
        return made if made is not None and made.name == name else None


def _own_name(source: str) -> str:
    """Name a source's root table: as the source where it is a plain name, else so that no two sources have one, nor one another's view."""
    name = plain((source,))
    if name == source and not name.endswith(view_name("")) and len(name) <= MOST_BYTES - len(_NAME):
        return name
    mark = blake2b(source.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()[:_MARK]
    return f"{name.encode()[: MOST_BYTES - len(_NAME) - _MARK - 1].decode(errors='ignore')}_{mark}"
