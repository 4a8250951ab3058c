"""A slip whose rows all win as a whole: a root with sets, a child with a key, and an entity; and what versions of it change."""

from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip

__all__ = ["CHANGES", "POLICIES", "slip_of"]

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
columns.at    = {{ expr = "{at} | int", check = "at < 99" }}
columns.score = "at | numeric(6,2)"
{more}
[tables.note_tag]
parent = "note"
each = "{tags}"
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
{person}
"""
_PERSON = """
[tables.person]
each = "$.vendors[*]"
key = ["name"]
on_duplicate = "{entity}"
columns.name   = "{name} | text"
columns.rating = "rating | int"
"""
_FIRST = {
    "when": "", "deletes": "", "id": "id", "title": "title", "at": "at", "more": 'columns.more = "if(at > 3, at, null) | int"',
    "tags": "@.tags[*]", "tag": "", "name": "name", "person": _PERSON,
}  # fmt: skip
CHANGES: dict[str, dict[str, str]] = {
    "nothing": {},
    "values": {"title": "if(id == 1, 'new', title)"},
    "keys": {"id": "if(id > 3, at, id)"},
    "children": {"tag": "upper | "},
    "fewer children": {"tags": "@.nothing[*]"},
    "times": {"at": "if(at > 4, 0, at)"},
    "fewer": {"when": 'when = "at < 6"'},
    "names": {"name": "if(rating > 3, 'x', name)"},
    "fewer columns": {"more": ""},
    "another table": {"person": _PERSON.replace("person", "people")},
    "one table less": {"person": ""},
    "rejects": {"title": "if(at == 2, null, title) | required"},
}
POLICIES = [
    ("ignore", "update", "newest(rating)"),
    ("update", "newest(rating)", "ignore"),
    ("newest(at)", "ignore", "update"),
    ("history(at)", "update", "ignore"),
]


def slip_of(change: str, policies: tuple[str, str, str], **given: str) -> Slip:
    """Read the slip with one change.

    Args:
        change: one of `CHANGES`.
        policies: of notes, of vendors, and of persons.
        given: what else is in its places.
    """
    root, own, entity = policies
    filled = {**_FIRST, **CHANGES[change], **given}
    filled["person"] = filled["person"].format(entity=entity, **filled)
    text = _SLIP.format(root=root, own=own, **filled)
    return read_slip({"slip.toml": text}, "public")
