"""A slip with every kind of table, one change of it at a time, and random notes that meet in its keys."""

from random import Random

from etl_actors.relational.parsed import Group, Parsed
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.database import Connection
from etl_actors.store.inbox import Inbox
from etl_actors.store.leases import split
from etl_actors.store.loading.load import Loading
from etl_actors.store.staging import fetch
from etl_actors.workers.base import Job, Role, RoleSlip
from etl_actors.workers.batch import BatchParser
from tests.support.leases import OWNER

__all__ = ["CHANGES", "documents", "load", "slip_of"]

_SLIP = """
name = "note"
source = "notes"
{when}
[tables.note]
key = ["id"]
on_duplicate = "{root}"
{deletes}
columns.id    = "{id} | int"
columns.title = "{title} | text"
columns.at    = "{at} | int"
[tables.note_tag]
parent = "note"
each = "@.tags[*]"
columns.tag = "@ | {tag}text"
[tables.note_tag_bit]
parent = "note_tag"
each = "$.bits[*]"
columns.bit = "@ | int"
[tables.vendor]
parent = "note"
each = "@.vendors[*]"
key = ["name"]
on_duplicate = "{own}"
columns.name   = "{name} | text"
columns.rating = "rating | int"
[tables.vendor_tag]
parent = "vendor"
each = "$.tags[*]"
columns.tag = "@ | text"
[tables.person]
each = "{people}"
key = ["name"]
on_duplicate = "fill"
columns.name   = "{name} | text"
columns.rating = "{rating} | int"
columns.title  = "if(rating > 2, $.title, null) | text"
"""
_FIRST = {
    "when": "", "id": "id", "title": "title", "at": "at", "tag": "", "name": "name", "people": "$.vendors[*]", "rating": "rating | null_if(0)",
}  # fmt: skip
CHANGES: dict[str, dict[str, str]] = {
    "nothing": {},
    "values": {"title": "title | upper"},
    "keys": {"id": "if(id > 3, at, id)"},
    "children": {"tag": "upper | "},
    "times": {"at": "if(at > 4, 0, at)"},
    "fewer": {"when": 'when = "at < 6"'},
    "none": {"when": 'when = "at > 99"'},
    "names": {"name": "if(rating > 3, 'x', name)"},
    "ratings": {"rating": "rating | null_if(4)"},
    "gone people": {"people": "$.nobody[*]"},
    "rejects": {"title": "if(at == 2, null, title) | required"},
}


def slip_of(change: str, root: str, own: str, deletes: str = "") -> Slip:
    """Read the slip with one change.

    Args:
        change: one of `CHANGES`.
        root: policy of notes.
        own: policy of vendors.
        deletes: which notes delete the note of their id; empty for none.
    """
    deleted = f'delete_when = "{deletes}"' if deletes else ""
    return read_slip({"slip.toml": _SLIP.format(root=root, own=own, deletes=deleted, **{**_FIRST, **CHANGES[change]})}, "public")


def documents(dice: Random, count: int) -> list[dict[str, object]]:
    """Make notes of six ids and five vendors, so that most of them lose."""
    return [
        {
            "id": dice.randrange(6),
            "title": dice.choice("abc"),
            "at": dice.randrange(8),
            "tags": [dice.choice("xyz") for _ in range(dice.randrange(3))],
            "bits": [dice.randrange(3) for _ in range(dice.randrange(3))],
            "vendors": [{"name": f"v{dice.randrange(5)}", "rating": dice.randrange(6)} for _ in range(dice.randrange(3))],
        }
        for _ in range(count)
    ]


def load(service: Connection, first: Slip, later: Slip, chosen: frozenset[int]) -> None:
    """Load whatever waits: the chosen rows by the later version, the others by the first."""
    inbox, loading = Inbox(service, OWNER), Loading(service)
    parser = BatchParser(lambda row_ids: fetch(service, row_ids), "public")
    inbox.look()
    while made := inbox.claim(5, 2**30):
        for lease in made:
            groups = [tuple(r for r in lease.row_ids if (r in chosen) is ours) for ours in (False, True)]
            for child in split(service, lease, [Group(None, ids) for ids in groups if ids]):
                slip = later if child.row_ids[0] in chosen else first
                parsed = parser.parse(Job(child.row_ids, Role((RoleSlip(slip.digest, slip.files),), settled=not slip.when)))
                assert isinstance(parsed, Parsed)
                loading.load(child, parsed)
