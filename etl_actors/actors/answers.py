"""What parsers and loaders answer the master about a batch."""

from dataclasses import dataclass, field

from etl_actors.relational.parsed import Parsed, Routed
from etl_actors.relational.reject import Reject, Stage
from etl_actors.relational.suspect import Suspect
from etl_actors.store.leases import Lease
from etl_actors.store.loading.loaded import Loaded

__all__ = [
    "BatchLeaseLost",
    "BatchLoaded",
    "BatchOutgrown",
    "BatchParsed",
    "BatchPoisoned",
    "BatchStuck",
    "RowCondemned",
]


@dataclass(frozen=True, slots=True)
class BatchParsed:
    """A parser's answer.

    Args:
        lease: of the batch, as it is in every answer.
        result: its rows, or its split by slip.
        parse_s: seconds that it took.
    """

    lease: Lease
    result: Parsed | Routed
    parse_s: float


@dataclass(frozen=True, slots=True)
class BatchPoisoned:
    """A batch that cannot be parsed or loaded as a whole, although nobody knows which row is to blame.

    Args:
        stage: at which it failed.
        reason: a short code.
        message: expected and got, without data.
        detail: where, as far as it is known: table, column, constraint.
        suspect: the row at which it failed, if that is known.
    """

    lease: Lease
    stage: Stage
    reason: str
    message: str
    detail: dict[str, str] = field(default_factory=dict)
    suspect: Suspect | None = None


@dataclass(frozen=True, slots=True)
class RowCondemned:
    """A row of a batch that is still being parsed has killed or hung its parser: whoever parses it next leaves it alone.

    Args:
        reject: what becomes of the row.
    """

    lease: Lease
    reject: Reject


@dataclass(frozen=True, slots=True)
class BatchLoaded:
    """A batch has landed.

    Args:
        load_s: seconds that it took.
        waited_s: of them, those that it waited for others at the same table.
    """

    lease: Lease
    loaded: Loaded
    load_s: float
    waited_s: float = 0.0


@dataclass(frozen=True, slots=True)
class BatchStuck:
    """A batch that cannot be landed for a reason that is none of its rows': a missing right, a table that somebody changed.

    Args:
        reason: what the database said, without data.
    """

    lease: Lease
    reason: str


@dataclass(frozen=True, slots=True)
class BatchLeaseLost:
    """A batch was somebody else's when its result was to land; nothing did."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class BatchOutgrown:
    """A batch whose slip breaks documents out, and has grown since it was parsed: it is to be parsed again; nothing landed."""

    lease: Lease
