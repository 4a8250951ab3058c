"""What a target table is: its columns, its place among the other tables of a document, and who wins a key."""

from dataclasses import dataclass
from enum import Enum

from etl_actors.relational.checks import Check

__all__ = ["FILLED", "LINEAGE", "PARENTAGE", "Column", "Kind", "Policy", "Table"]

LINEAGE = (("_id", "uuid"), ("_row_id", "bigint"), ("_batch_id", "bigint"), ("_loaded_at", "timestamptz"))
PARENTAGE = (("_parent_id", "uuid"), ("_root_id", "uuid"), ("_index", "int"))
FILLED = "_filled"
"""Of a `Policy.FILL` table: which row gave the columns that are not of `_row_id`; jsonb, row ids by column."""


class Policy(Enum):
    """Which of several rows with one `_id` stays (`on_duplicate`)."""

    IGNORE = "ignore"  # the lowest row_id
    UPDATE = "update"  # the highest row_id
    NEWEST = "newest"  # the greatest value of one column, nulls last, then the highest row_id
    HISTORY = "history"  # of one key each version, told apart by one column; of one version the lowest row_id
    FILL = "fill"  # no row wins as a whole: each column has its first value that is not null, by row_id


class Kind(Enum):
    """What decides whether a row of this table lands.

    A ROOT decides for its document. A SET of keyless children lands, and is replaced as a whole, with its owner: the
    nearest ancestor that is a ROOT, OWN or ENTITY. OWN rows (children with a key) and those of an ENTITY (items that many
    documents share, below no parent) have a policy of their own. A TOMBSTONE stands where a document has deleted a row of the
    ROOT: of both, one has an `_id`, by the policy that both have.
    """

    ROOT = "root"
    SET = "set"
    OWN = "own"
    ENTITY = "entity"
    TOMBSTONE = "tombstone"


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a slip asks for.

    Args:
        name: of the column.
        type: PostgreSQL's name of its type, such as ``numeric(12,2)``.
        null: whether it may be null.
        check: what every value must fulfil; None for nothing. A null fulfils it.
        comment: for PostgreSQL's COMMENT; empty for none.
    """

    name: str
    type: str
    null: bool = True
    check: Check | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A target table as one slip fills it.

    Args:
        schema: its schema, never empty.
        name: unqualified, at most 63 bytes.
        kind: what decides whether its rows land.
        policy: who wins an `_id`; a SET has its owner's.
        key: names of the columns that make the identity; empty for a SET, and for a ROOT known by its document.
        columns: the slip's own columns, in its order.
        parent: the qualified name of the table whose row is this one's parent; None for a ROOT or an ENTITY.
        owner: of a SET that lands with rows of an OWN or ENTITY: that table's qualified name; else None.
        newest: the column that decides under `Policy.NEWEST`, and tells versions apart under `Policy.HISTORY`; else empty.
        indexes: columns of each index that the slip asks for.
        deletes: of a TOMBSTONE: the unqualified name of the ROOT's table, in the same schema, whose rows it keeps away; else empty.
        deleted_by: of a ROOT of which documents may delete rows: the unqualified name of the table of its tombstones; else empty.
        deleted_key: what the columns of a ROOT's key are called among its tombstones, in the key's order; empty where they are
            called as in the table.
    """

    schema: str
    name: str
    kind: Kind
    policy: Policy
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    parent: str | None
    owner: str | None = None
    newest: str = ""
    indexes: tuple[tuple[str, ...], ...] = ()
    deletes: str = ""
    deleted_by: str = ""
    deleted_key: tuple[str, ...] = ()

    @property
    def qualified(self) -> str:
        """``schema.name``, unquoted: the name used in messages, books and identities."""
        return f"{self.schema}.{self.name}"

    @property
    def versioned(self) -> bool:
        """Whether it has a row for each version of a key, so that there is a view of them."""
        return self.policy is Policy.HISTORY and self.kind not in (Kind.SET, Kind.TOMBSTONE)

    @property
    def known_as(self) -> str:
        """The name that `_id` is made of: a tombstone has the `_id` of the row that it keeps away."""
        return self.deletes or self.name

    @property
    def identity(self) -> tuple[str, ...]:
        """The columns that `_id` is made of: the key, under `Policy.HISTORY` also the version."""
        return (*self.key, self.newest) if self.policy is Policy.HISTORY and self.key else self.key

    @property
    def told_policy(self) -> str:
        """Its policy as a slip writes it."""
        return f"{self.policy.value}({self.newest})" if self.newest else self.policy.value

    @property
    def copied(self) -> tuple[tuple[str, str], ...]:
        """Name and type of each field of a COPY line, in order.

        ``_id, _row_id``, then for all but a ROOT or ENTITY ``_parent_id, _root_id, _index``, then for OWN and ENTITY
        ``_pos int`` (position within the batch, which breaks ties within one document), then for a SET with an `owner`
        ``_owner_pos int`` (the `_pos` of the row it lands with), then the slip's columns.
        """
        head: tuple[tuple[str, str], ...] = LINEAGE[:2]
        if self.kind in (Kind.OWN, Kind.SET):
            head += PARENTAGE
        if self.kind in (Kind.OWN, Kind.ENTITY):
            head += (("_pos", "int"),)
        if self.owner is not None:
            head += (("_owner_pos", "int"),)
        return head + tuple((c.name, c.type) for c in self.columns)
