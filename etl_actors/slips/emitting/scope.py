"""What an expression sees, as variables of the Python that it becomes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from etl_actors.slips.expressions import nodes as n

__all__ = ["Scope", "of_document"]


@dataclass(frozen=True, slots=True)
class Scope:
    """The variables of generated code that an expression sees.

    Args:
        value: holds the item.
        fields: holds the item where it is an object, else an empty one.
        key: holds ``@key``; empty in a table without items.
        index: holds ``@index``; empty in a table without items.
        up: holds ``@up``; empty where nothing is above.
        depth: holds ``@depth``; empty in a table without `recurse`.
        lets: the Python that gives the value of each let in sight, by name.
        parsed: whether the item, or that above it, may be a grammar's value, which is of a class below dict.
    """

    value: str = "document"
    fields: str = "D"
    key: str = ""
    index: str = ""
    up: str = ""
    depth: str = ""
    lets: Mapping[str, str] = field(default_factory=dict)
    parsed: bool = False


def of_document(node: n.Expression | None, scope: Scope) -> bool:
    """Tell whether an expression gives nothing but the document's own values, never a grammar's."""
    if not isinstance(node, n.Path):
        return False
    if node.root == "$":
        return True
    first = node.segments[0] if node.segments else None
    return not scope.parsed and not (node.root == "" and isinstance(first, n.Field) and first.name in scope.lets)
