"""The log's events: a name is ``noun.verb_past``; the table says when each is told and with which keys."""

from typing import NamedTuple

__all__ = [
    "ACTOR_FAILED",
    "ACTOR_RESTARTED",
    "ACTOR_STARTED",
    "ACTOR_STUCK",
    "BATCH_CLAIMED",
    "BATCH_LOADED",
    "BATCH_RELEASED",
    "BATCH_RETRIED",
    "BATCH_SPLIT",
    "DAEMON_DRAINED",
    "DAEMON_STARTED",
    "DAEMON_STOPPED",
    "DATABASE_FOUND",
    "DATABASE_LOST",
    "DOORBELL_RUNG",
    "DOORBELL_SLEPT",
    "EVENTS",
    "HTTP_STARTED",
    "LEASE_LOST",
    "LEASE_RESCUED",
    "PARTITION_ADDED",
    "PARTITION_DROPPED",
    "PARTITION_KEPT",
    "REPLAY_ADVANCED",
    "REPLAY_FINISHED",
    "REPLAY_STARTED",
    "REPLAY_STUCK",
    "RETENTION_FAILED",
    "ROW_REJECTED",
    "SCHEMA_CHANGED",
    "SLIPS_DIFFER",
    "SLIPS_RELOADED",
    "SLIPS_UNREAD",
    "SLIP_BROKEN",
    "SLIP_LOADED",
    "SLIP_RETIRED",
    "SOURCE_SET_ASIDE",
    "SOURCE_UNMATCHED",
    "VIEW_PUT_OFF",
    "VIEW_REFRESHED",
    "VIEW_REFRESH_FAILED",
    "WORKER_LOST",
    "Event",
    "table",
]

DAEMON_STARTED = "daemon.started"
DAEMON_DRAINED = "daemon.drained"
DAEMON_STOPPED = "daemon.stopped"
ACTOR_STARTED = "actor.started"
ACTOR_RESTARTED = "actor.restarted"
ACTOR_STUCK = "actor.stuck"
ACTOR_FAILED = "actor.failed"
BATCH_CLAIMED = "batch.claimed"
BATCH_SPLIT = "batch.split"
BATCH_LOADED = "batch.loaded"
BATCH_RELEASED = "batch.released"
BATCH_RETRIED = "batch.retried"
LEASE_RESCUED = "lease.rescued"
LEASE_LOST = "lease.lost"
ROW_REJECTED = "row.rejected"
REPLAY_STARTED = "replay.started"
REPLAY_ADVANCED = "replay.advanced"
REPLAY_FINISHED = "replay.finished"
REPLAY_STUCK = "replay.stuck"
SLIP_LOADED = "slip.loaded"
SLIP_BROKEN = "slip.broken"
SLIP_RETIRED = "slip.retired"
SLIPS_RELOADED = "slips.reloaded"
SLIPS_UNREAD = "slips.unread"
SLIPS_DIFFER = "slips.differ"
SOURCE_SET_ASIDE = "source.set_aside"
SOURCE_UNMATCHED = "source.unmatched"
DOORBELL_SLEPT = "doorbell.slept"
DOORBELL_RUNG = "doorbell.rung"
DATABASE_LOST = "database.lost"
DATABASE_FOUND = "database.found"
WORKER_LOST = "worker.lost"
PARTITION_ADDED = "partition.added"
PARTITION_DROPPED = "partition.dropped"
PARTITION_KEPT = "partition.kept"
RETENTION_FAILED = "retention.failed"
SCHEMA_CHANGED = "schema.changed"
VIEW_REFRESHED = "view.refreshed"
VIEW_REFRESH_FAILED = "view.refresh_failed"
VIEW_PUT_OFF = "view.put_off"
HTTP_STARTED = "http.started"


class Event(NamedTuple):
    """When an event is told, and the keys that it may carry."""

    when: str
    keys: tuple[str, ...] = ()


EVENTS: dict[str, Event] = {
    DAEMON_STARTED: Event("the daemon is about to start its actors", ("version", "pid", "slips", "once")),
    DAEMON_DRAINED: Event("it has stopped claiming; `complete` says whether all in flight had landed", ("complete", "after_s")),
    DAEMON_STOPPED: Event("all actors are stopped", ("status",)),
    ACTOR_STARTED: Event("an actor answered for the first time", ("actor", "place")),
    ACTOR_RESTARTED: Event("a dead actor's place was filled again", ("actor", "place")),
    ACTOR_FAILED: Event("an actor could not be started; it is tried again", ("error",)),
    ACTOR_STUCK: Event("an actor did not stop in time", ("actor", "place", "error")),
    BATCH_CLAIMED: Event("rows left the inbox for a batch of ours", ("batch_id", "source", "rows")),
    BATCH_SPLIT: Event("a batch became several, by slip or to find a row that spoils it", ("batch_id", "source", "children")),
    BATCH_LOADED: Event(
        "a batch committed: the one line that every batch has; `rows` are those that it settled",
        (
            "batch_id",
            "source",
            "slip",
            "replay_id",
            "rows",
            "nbytes",
            "made_bytes",
            "attempt",
            "loaded",
            "duplicate",
            "skipped",
            "rejected",
            "differing",
            "replaced",
            "parse_ms",
            "load_ms",
            "total_ms",
            "batch_rows",
            "inflight_batches",
        ),
    ),
    BATCH_RELEASED: Event(
        "a claimed batch ended without settling a row: its rows wait again, or `why` says what else became of them",
        ("batch_id", "why"),
    ),
    BATCH_RETRIED: Event(
        "a batch failed for a reason that may pass, and is tried again", ("batch_id", "source", "attempt", "error")
    ),
    LEASE_RESCUED: Event("a dead daemon's batch became ours", ("batch_id", "source", "attempt")),
    LEASE_LOST: Event("a batch became somebody else's; nothing of it landed here", ("batch_id", "source")),
    SOURCE_UNMATCHED: Event(
        "no slip of this daemon takes rows of a source that wait; `why` says whether they wait on or are rejected",
        ("source", "why"),
    ),
    SOURCE_SET_ASIDE: Event(
        "a batch cannot land: its rows wait again, and its source is left alone for `for_s`", ("source", "reason", "for_s")
    ),
    ROW_REJECTED: Event("a row was refused; `etl.reject` has the rest", ("row_id", "batch_id", "stage", "reason")),
    REPLAY_STARTED: Event("this daemon claimed its first batch of a replay", ("replay_id", "phase")),
    REPLAY_ADVANCED: Event(
        "more of its rows were `chosen`, or it has `turned` to what its rows have vacated", ("replay_id", "phase", "step")
    ),
    REPLAY_FINISHED: Event("the last of its rows had landed", ("replay_id", "cancelled")),
    REPLAY_STUCK: Event(
        "a replay does not go on: what it had claimed and cannot land waits again, and it is looked at after `for_s`",
        ("replay_id", "source", "reason", "for_s"),
    ),
    SLIP_LOADED: Event("the version of a slip that its folder holds is in force", ("slip", "digest")),
    SLIP_BROKEN: Event(
        "the version that a slip's folder holds cannot be used: the last good one, `digest`, stays in force, or none (null)",
        ("slip", "digest", "error"),
    ),
    SLIP_RETIRED: Event("a slip's folder is gone, and the slip no longer in force", ("slip", "digest")),
    SLIPS_RELOADED: Event(
        "batches that are claimed from now on are parsed under the slips that are in force now; so many are broken",
        ("slips", "broken"),
    ),
    SLIPS_UNREAD: Event("the folders of slips could not be read again: what is in force stays so", ("error",)),
    SLIPS_DIFFER: Event("daemons have different versions of a slip; told by each that has one", ("slip", "versions")),
    DOORBELL_SLEPT: Event("nothing was pending for a while: the daemon waits for a ring"),
    DOORBELL_RUNG: Event("the daemon is awake: a producer rang, or its own look found rows"),
    DATABASE_LOST: Event("no answer from the database", ("error",)),
    DATABASE_FOUND: Event("the database answers again"),
    WORKER_LOST: Event("a parser process ended or hung", ("row_id", "reason", "error")),
    PARTITION_ADDED: Event("staging got partitions", ("partitions",)),
    PARTITION_DROPPED: Event(
        "a partition of staging was older than it is kept, and is gone with its documents", ("partition", "rows", "nbytes")
    ),
    PARTITION_KEPT: Event("a partition of staging is older than it is kept, and still needed: `why`", ("partition", "why")),
    RETENTION_FAILED: Event("the database did not let old partitions of staging be dropped; it is tried again", ("error",)),
    SCHEMA_CHANGED: Event("a target table was made", ("table", "slip")),
    VIEW_REFRESHED: Event(
        "a materialized view shows what had landed; `anew`: it was made anew, since its tables have changed",
        ("slip", "view", "anew", "total_ms"),
    ),
    VIEW_REFRESH_FAILED: Event(
        "a materialized view shows what it showed before, or what its tables were; it is tried again",
        ("slip", "view", "error"),
    ),
    VIEW_PUT_OFF: Event("another daemon refreshes a view, or its tables are being changed: it is looked at again", ("slip",)),
    HTTP_STARTED: Event("the HTTP server listens", ("host", "port")),
}
"""When each event is told and with which keys, by name."""


def table() -> str:
    """Return the events as a table in Markdown; ``docs/events.md`` holds it."""
    rows = [f"| `{name}` | {event.when} | {' '.join(f'`{key}`' for key in event.keys)} |" for name, event in EVENTS.items()]
    return "\n".join(["| event | told when | keys |", "|---|---|---|", *rows])
