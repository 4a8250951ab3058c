"""A database in which rows were rejected in every way that the commands tell of."""

from collections.abc import Mapping

import psycopg

from etl_actors.slips.model.slip import Slip
from etl_actors.store.database import connect
from etl_actors.store.slips import remember
from tests.support.settle import settle
from tests.support.slips import read

__all__ = ["SLIPS", "load_dead_letters"]

_OFFER = """
name = "offer"
source = "shop"
[tables.offer]
key = ["sku"]
columns.sku = "sku | text"
columns.price = "price | numeric(12,2)"
[tables.review]
parent = "offer"
each = "$.reviews"
on_error = "item"
columns.stars = "stars | int"
[tables.maker]
each = "$.makers"
key = ["name"]
on_duplicate = "fill"
columns.name = "name | text"
columns.city = "city | text"
columns.founded = "founded | int"
"""
_PERSON = """
name = "person"
source = "people"
[tables.person]
key = ["email"]
columns.email = { expr = "email | text", private = true }
columns.age = "age | int"
"""
_LINE = r"""
name = "line"
source = "web"
[grammars]
pair = { text = '''
start: name "=" number
name: /[a-z]+/
number: /[0-9]+/
''' }
[let]
p = "message | parse(pair)"
[tables.pair]
columns.name = "p.name | text"
columns.number = "p.number | int"
"""

SLIPS: Mapping[str, Slip] = {"shop": read(_OFFER), "people": read(_PERSON), "web": read(_LINE)}
"""By source."""

_DOCUMENTS = (
    (
        "shop",
        '{"sku": "A-1", "price": 12.50, "reviews": [{"stars": 5}, {"stars": "many"}], "makers": [{"name": "m", "city": "x"}]}',
    ),
    ("shop", '{"sku": "B-2", "price": "cheap", "weight": 1.10, "note": "n"}'),
    ("shop", '{"sku": "C-3", "price": "dear"}'),
    ("shop", '{"sku": null, "price": 1}'),
    ("shop", '{"sku": "A-1", "price": 9, "makers": [{"name": "m", "founded": 1899}]}'),
    ("people", '{"email": "ada@example.org", "age": "old", "phone": "555-0100"}'),
    ("people", '{"email": "bob@example.org", "age": 30, "phone": "555-0101"}'),
    ("web", '{"message": "size=12x"}'),
    ("web", '{"$raw": "{broken", "$reason": "not_json", "$error": "expected JSON, got text that is none"}'),
)


def load_dead_letters(url: str) -> None:
    """Stage the documents, rows 1 to 9, and work them off by the slips; rejects get their ids in the order of sources.

    Args:
        url: of a migrated database, as superuser.
    """
    with psycopg.connect(url, autocommit=True) as producer:
        for source, document in _DOCUMENTS:
            producer.execute("INSERT INTO etl.staging (source, payload) VALUES (%s, %s::jsonb)", [source, document])
    with connect(url) as service:
        for slip in SLIPS.values():
            remember(service, slip)
        settle(service, SLIPS, 100)
