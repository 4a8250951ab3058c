"""Traces on the command line, asked by an operator who may do nothing else."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.source.files import read_slip_folder
from etl_actors.store.database import connect
from etl_actors.store.slips import remember
from tests.support.dead_letters import SLIPS, load_dead_letters
from tests.support.documents import one, stage
from tests.support.servers import Server
from tests.support.settle import settle

Ask = Callable[..., tuple[int, list[str], list[str]]]

_BOOK = read_slip(read_slip_folder(Path(__file__).parents[2] / "slips" / "book"), "public")
_SHELF = {
    "id": 1,
    "seen": "a",
    "unused": list(range(50)),
    "tags": ["t", "u"],
    "editions": [{"isbn": "x", "pages": 5, "notes": ["one two"]}, {"isbn": "y", "pages": 6, "notes": []}],
    "authors": [{"name": "ada", "born": 1815}],
    "places": [{"name": "here", "size": 1, "aliases": ["there"]}],
}


@pytest.fixture(scope="module")
def loaded(server: Server, template: str) -> Iterator[str]:
    """Make a database with rows 1 to 9 of `load_dead_letters`, and 10 to 12 of books; this is its name."""
    name = server.create(template)
    url = server.admin_url(name)
    load_dead_letters(url)
    with psycopg.connect(url, autocommit=True) as producer, connect(url) as service:
        remember(service, _BOOK)
        settled = dict(SLIPS) | {"books": _BOOK}
        stage(producer, "books", [_SHELF])
        settle(service, settled, 10)
        stage(producer, "books", [{**_SHELF, "seen": "b", "tags": ["v"], "authors": [{"name": "ada", "city": "London"}]}])
        settle(service, settled, 10)
        stage(producer, "books", [{"id": 2}])
    yield name
    server.drop(name)


@pytest.fixture
def url(server: Server, loaded: str, operator_login: dict[str, str]) -> str:
    """Give its URL as an operator."""
    return server.url(loaded, **operator_login)


@pytest.fixture
def admin(server: Server, loaded: str) -> Iterator[psycopg.Connection[Any]]:
    """Connect as superuser."""
    with psycopg.connect(server.admin_url(loaded), autocommit=True) as conn:
        yield conn


def told(ask: Ask, url: str, *words: object) -> dict[str, Any]:
    status, out, _ = ask(url, "trace", *map(str, words), "--json")
    assert status == 0
    found: dict[str, Any] = json.loads("\n".join(out))
    return found


def counts(way: dict[str, Any]) -> dict[str, int]:
    return {made["table"].removeprefix("public."): made["count"] for made in way["made"] if made["count"]}


def test_a_row_leads_to_every_row_that_it_has_made_keyed_or_not_however_deep(ask: Ask, url: str) -> None:
    way = told(ask, url, 11)
    assert (way["status"], way["won_by"]) == ("loaded", None)
    assert counts(way) == {
        "book": 1,
        "book_tag": 1,
        "edition": 2,
        "edition_note": 1,
        "edition_word": 2,
        "author": 1,
    }
    editions = next(made["rows"] for made in way["made"] if made["table"] == "public.edition")
    assert sorted(row["key"]["isbn"] for row in editions) == ["x", "y"]
    assert {row["_index"] for row in editions} == {0, 1}


def test_a_row_whose_place_another_took_has_left_what_others_share(ask: Ask, url: str) -> None:
    way = told(ask, url, 10)
    assert (way["status"], way["won_by"]) == ("loaded", 11)
    assert counts(way) == {"author": 1, "place": 1, "place_alias": 1}
    _, out, _ = ask(url, "trace", "10")
    assert out[0].endswith(": loaded, row 11 took its place")


def test_of_a_row_that_many_fill_is_told_what_each_gave(ask: Ask, url: str) -> None:
    gave = {"name": 10, "born": 10, "city": 11}
    for row_id in (10, 11):
        (author,) = next(made["rows"] for made in told(ask, url, row_id)["made"] if made["table"] == "public.author")
        assert (author["_row_id"], author["given_by"]) == (10, gave)
    assert ask(url, "trace", "11")[1][-1].split()[-2:] == ["ada", "city"]


def test_a_duplicate_names_the_row_that_won(ask: Ask, url: str) -> None:
    assert ask(url, "trace", "5")[1][0].endswith(": duplicate, row 1 won")


def test_every_batch_that_held_a_row_is_told_in_order(ask: Ask, url: str, admin: psycopg.Connection[Any]) -> None:
    before = admin.execute(
        "INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, owner, status, attempt, claimed_at, finished_at) "
        "SELECT source, ARRAY[2, 4], 2, 4, 1, 1, 'released', 2, received_at, received_at FROM etl.staging WHERE row_id = 2 "
        "RETURNING batch_id"
    ).fetchone()
    assert before is not None
    admin.execute("UPDATE etl.batch SET parent_id = %s WHERE batch_id = 2", before)
    try:
        assert [(batch["batch_id"], batch["status"], batch["outcome"]) for batch in told(ask, url, 2)["batches"]] == [
            (before[0], "released", None),
            (2, "done", "rejected"),
        ]
        _, out, _ = ask(url, "trace", "2")
        assert out[1].startswith(f"  batch {before[0]}: released ")
        assert out[1].endswith(", attempt 2")
        assert out[2].endswith(f", split from batch {before[0]}")
        assert [batch["batch_id"] for batch in told(ask, url, 3)["batches"]] == [2], "row 3 lies between, and was not in it"
    finally:
        admin.execute("UPDATE etl.batch SET parent_id = NULL WHERE batch_id = 2")
        admin.execute("DELETE FROM etl.batch WHERE batch_id = %s", before)


def test_a_row_that_waits_says_so(ask: Ask, url: str) -> None:
    _, out, _ = ask(url, "trace", "12")
    assert out[0].endswith(": pending")
    assert out[1].startswith("  No batch has held it yet")


def test_a_target_row_leads_to_the_rows_above_it_its_document_batch_and_version(
    ask: Ask, url: str, admin: psycopg.Connection[Any]
) -> None:
    identity = one(admin, "SELECT _id FROM edition_word WHERE _index = 1")
    way = told(ask, url, "edition_word", identity.hex)
    assert [row["table"].removeprefix("public.") for row in way["above"]] == ["edition_note", "edition", "book"]
    assert (way["above"][1]["key"], way["above"][2]["key"]) == ({"isbn": "x"}, {"id": "1"})
    assert way["above"][2]["_id"] == way["_root_id"]
    assert (way["_row_id"], way["batch"]["slip"], way["batch"]["digest"]) == (11, "book", _BOOK.digest)
    assert way["payload"]["seen"] == "b"
    _, out, _ = ask(url, "trace", "public.edition_word", str(identity))
    assert out[0] == f"public.edition_word {identity} [1]"
    assert out[3].endswith(": id 1")


def test_a_long_document_is_cut_unless_it_is_asked_for_whole(ask: Ask, url: str, admin: psycopg.Connection[Any]) -> None:
    identity = str(one(admin, "SELECT _id FROM book"))
    cut, whole = (ask(url, "trace", "book", identity, *more)[1] for more in ((), ("--payload",)))
    assert cut[-1].endswith(" more lines: --payload")
    assert len(whole) > len(cut)
    assert whole[-1] == "}"


def test_private_keys_and_the_documents_of_their_slips_are_not_shown(ask: Ask, url: str, admin: psycopg.Connection[Any]) -> None:
    identity = str(one(admin, "SELECT _id FROM person"))
    for words in (
        ("7", "--payload"),
        ("7", "--payload", "--json"),
        ("6", "--payload"),
        ("person", identity),
        ("person", identity, "--json"),
    ):
        text = "\n".join(ask(url, "trace", *words)[1])
        assert "example.org" not in text
        assert "555-01" not in text
    assert told(ask, url, "person", identity)["key"] == {"email": "(private)"}
    shown = told(ask, url, "person", identity, "--show-private")
    assert (shown["key"], shown["payload"]["phone"]) == ({"email": "bob@example.org"}, "555-0101")


def test_rows_of_a_table_beyond_the_limit_are_counted(ask: Ask, url: str) -> None:
    _, out, _ = ask(url, "trace", "11", "--limit", "1")
    assert "public.edition: 2 rows, the first 1 (--limit)" in out


def test_a_table_that_is_gone_is_told_and_the_others_are_shown(ask: Ask, url: str, admin: psycopg.Connection[Any]) -> None:
    admin.execute("ALTER TABLE maker RENAME TO elsewhere")
    try:
        way = told(ask, url, 1)
        assert counts(way) == {"offer": 1, "review": 1}
        assert [made["lack"] for made in way["made"] if made["lack"]] == ["the table is not there"]
        assert "public.maker: the table is not there." in ask(url, "trace", "1")[1]
    finally:
        admin.execute("ALTER TABLE elsewhere RENAME TO maker")


_ID = "6f1c3a52-0d0b-5c3e-9d51-0b6f6e1d2c3a"


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (("99",), 1, "There is no row 99: no document was staged under this id, or its transaction was rolled back."),
        (("1000001",), 1, "Row 1000001 is no longer staged: retention has removed its partition."),
        (("0",), 2, "Expected a row id, or a table and the _id of a row of it, got '0'"),
        (("9" * 30,), 2, "Expected a row id"),
        (("book",), 2, "Expected a row id, or a table and the _id of a row of it, got 'book'"),
        (("book", "12"), 2, "Expected an _id, which is a UUID such as"),
        (("book", _ID), 1, f"There is no row {_ID} in public.book."),
        (("books", _ID), 1, "There is no target table books in schema public (another is named as SCHEMA.books)."),
        (("etl.batch", _ID), 1, "There is no target table etl.batch."),
        (("closed.t", _ID), 1, "This login may not read closed.t."),
    ],
)
def test_what_is_not_there_is_one_sentence(
    ask: Ask, url: str, admin: psycopg.Connection[Any], words: tuple[str, ...], status: int, sentence: str
) -> None:
    admin.execute("UPDATE etl.staging_partition SET dropped_at = now() WHERE row_lo = 1000001")
    admin.execute("CREATE SCHEMA IF NOT EXISTS closed")
    admin.execute("CREATE TABLE IF NOT EXISTS closed.t (LIKE book)")
    ended, out, err = ask(url, "trace", *words)
    assert (ended, out, len(err)) == (status, [], 1)
    assert err[0].startswith(sentence)
