"""Five streams that name one another, in any order of arrival: `ref` computes the `_id` that a row has or will have."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conformance.conftest import SLIPS
from tests.support.contents import contents, settled
from tests.support.daemon import environment, etl

_STREAMS = {
    "legislators": "legislators-current.jsonl.gz",
    "offices": "legislators-district-offices.jsonl",
    "social_media": "legislators-social-media.jsonl",
    "committees": "committees-current.jsonl",
    "memberships": "committee-membership-current.jsonl",
}
_TABLES = ["legislator", "legislator_term", "office", "social_media", "committee", "membership", "member"]
_ORDERS = [
    ["legislators", "offices", "social_media", "committees", "memberships"],
    ["memberships", "committees", "social_media", "offices", "legislators"],
    ["offices", "memberships", "legislators", "social_media", "committees"],
]


@pytest.fixture(scope="module")
def streams(documents: Callable[[Path], list[Any]], corpus: Path) -> dict[str, list[Any]]:
    return {source: documents(corpus / "nested" / "congress" / file) for source, file in _STREAMS.items()}


def _loaded(url: str, streams: dict[str, list[Any]], order: list[str]) -> dict[str, tuple[int, str]]:
    """Stage all streams, so that row ids are the same every time, and load them one after the other."""
    with psycopg.connect(url) as conn, conn.cursor().copy("COPY etl.staging (source, payload) FROM STDIN") as copy:
        for source, documents in streams.items():
            for document in documents:
                copy.write_row((source, json.dumps(document)))
    for source in order:
        ran = etl("run", "--once", env=environment(url, parsers=SLIPS, sources=source))
        assert ran.returncode == 0, ran.stderr
    assert settled(url)
    return contents(url, _TABLES)


def test_any_order_of_arrival_gives_the_same_rows_and_every_link_resolves(
    streams: dict[str, list[Any]], databases: Callable[[], str]
) -> None:
    """Load in three orders; count links against the files."""
    members = [(one["committee"], member["bioguide"]) for one in streams["memberships"] for member in one["members"]]
    codes = {one["thomas_id"] for one in streams["committees"]} | {
        one["thomas_id"] + sub["thomas_id"] for one in streams["committees"] for sub in one.get("subcommittees", [])
    }
    people = {one["id"]["bioguide"] for one in streams["legislators"]}
    offices = {office["id"]: one["id"]["bioguide"] for one in streams["offices"] for office in one["offices"]}

    urls = [databases() for _ in _ORDERS]
    found = [_loaded(url, streams, order) for url, order in zip(urls, _ORDERS, strict=True)]

    assert found[1:] == [found[0]] * (len(_ORDERS) - 1)
    assert {table: rows for table, (rows, _) in found[0].items()} == {
        "legislator": len(people),
        "legislator_term": sum(len(one["terms"]) for one in streams["legislators"]),
        "office": len(offices),
        "social_media": len(streams["social_media"]),
        "committee": len(codes),
        "membership": len(streams["memberships"]),
        "member": len(members),
    }
    with psycopg.connect(urls[0]) as conn:
        links = conn.execute(
            "SELECT count(m.*), count(l.*), count(c.*) FROM member m JOIN membership s ON s._id = m._parent_id "
            "LEFT JOIN legislator l ON l._id = m.legislator LEFT JOIN committee c ON c._id = s.committee"
        ).fetchall()
        office_links = conn.execute("SELECT o.id, l.bioguide FROM office o JOIN legislator l ON l._id = o.legislator").fetchall()
        above = conn.execute(
            "SELECT c.code FROM committee c JOIN committee p ON p._id = c.parent WHERE left(c.code, 4) = p.code"
        ).fetchall()
    assert links == [(len(members), sum(person in people for _, person in members), sum(code in codes for code, _ in members))]
    assert dict(office_links) == {office: person for office, person in offices.items() if person in people}
    assert {code for (code,) in above} == {code for code in codes if len(code) > 4}
    print(f"{len(members)} memberships of {len(people)} legislators in {len(codes)} committees: {links[0]}")
