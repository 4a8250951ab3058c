"""Dead letters on the command line, asked by an operator who may do nothing else."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from etl_actors.store.audit.audit import audit
from etl_actors.store.database import connect
from tests.support.dead_letters import load_dead_letters
from tests.support.documents import one, waiting
from tests.support.servers import Server

Ask = Callable[..., tuple[int, list[str], list[str]]]

# By `load_dead_letters`: 1 of people; 2 to 4 of shop, 5 of an item of it; 6 and 7 of web.
_PEOPLE, _CHEAP, _DEAR, _NULL_KEY, _ITEM, _TEXT, _RAW = range(1, 8)


@pytest.fixture(scope="module")
def loaded(server: Server, template: str) -> Iterator[str]:
    """Make a database with seven dead letters; this is its name."""
    name = server.create(template)
    load_dead_letters(server.admin_url(name))
    yield name
    server.drop(name)


@pytest.fixture
def url(server: Server, loaded: str, operator_login: dict[str, str]) -> str:
    """Give its URL as an operator; it is only looked at."""
    return server.url(loaded, **operator_login)


_AS_LOADED = """
DELETE FROM etl.reject WHERE reject_id > 7;
UPDATE etl.reject SET status = 'open' WHERE status <> 'open';
ALTER TABLE etl.reject ALTER COLUMN reject_id RESTART WITH 8;
DELETE FROM etl.action;
DELETE FROM etl.slip WHERE NOT active;
"""


@pytest.fixture
def admin(server: Server, loaded: str) -> Iterator[psycopg.Connection[Any]]:
    """Connect as superuser; afterwards the dead letters are as they were."""
    with psycopg.connect(server.admin_url(loaded), autocommit=True) as conn:
        yield conn
        conn.execute(_AS_LOADED)


@pytest.fixture
def changing(url: str, admin: psycopg.Connection[Any]) -> str:
    """Give the URL as an operator, for what changes dead letters."""
    return url


def listed(ask: Ask, url: str, *words: str) -> list[int]:
    status, out, _ = ask(url, "rejects", "list", "--json", *words)
    assert status == 0
    return [letter["reject_id"] for letter in json.loads("\n".join(out))["rejects"]]


def exported(ask: Ask, url: str, *words: str) -> list[dict[str, Any]]:
    status, out, _ = ask(url, "rejects", "export", *words)
    assert status == 0
    return [json.loads(line) for line in out]


def test_the_newest_come_first_and_what_is_not_shown_is_counted(ask: Ask, url: str) -> None:
    status, out, err = ask(url, "rejects", "list", "--limit", "2")
    assert (status, err) == (0, [])
    assert [line.split()[:2] for line in out[2:4]] == [["7", "9"], ["6", "8"]]
    assert out[5] == "7 open rejects; 5 more are not shown: --limit."


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--source", "shop"), [_ITEM, _NULL_KEY, _DEAR, _CHEAP]),
        (("--slip", "person"), [_PEOPLE]),
        (("--stage", "parse"), [_TEXT]),
        (("--reason", "not_a_number", "--limit", "1"), [_DEAR]),
        (("--reason", "not_an_integer", "--source", "shop"), [_ITEM]),
        (("--status", "discarded"), []),
        (("--since", "2999-01-01"), []),
        (("--until", "2999-01-01", "--source", "people"), [_PEOPLE]),
        (("--since", "1d", "--source", "people"), [_PEOPLE]),
    ],
)
def test_filters_hold_together(ask: Ask, url: str, words: tuple[str, ...], found: list[int]) -> None:
    assert listed(ask, url, *words) == found


def test_an_empty_list_says_what_there_is_none_of(ask: Ask, url: str) -> None:
    assert ask(url, "rejects", "list", "--source", "shop", "--stage", "route")[1] == [
        "There are no open rejects of source shop, at stage route."
    ]


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("reason", {"not_a_number": 2, "not_an_integer": 2, "no_match": 1, "not_json": 1, "null_key": 1}),
        ("slip", {"offer": 4, "line": 2, "person": 1}),
        ("source", {"shop": 4, "web": 2, "people": 1}),
        ("stage", {"map": 5, "parse": 1, "stage": 1}),
    ],
)
def test_groups_are_counted_each_with_its_latest_message(ask: Ask, url: str, by: str, groups: dict[str, int]) -> None:
    status, out, _ = ask(url, "rejects", "list", "--by", by, "--json")
    told = json.loads("\n".join(out))
    assert (status, told["rejects"]) == (0, 7)
    assert {group["key"]: group["rejects"] for group in told["groups"]} == groups
    assert [group["rejects"] for group in told["groups"]] == sorted(groups.values(), reverse=True)
    if by == "reason":
        assert {group["key"]: (group["example_id"], group["example"]) for group in told["groups"]}["not_a_number"] == (
            _DEAR,
            "expected a number, got 'dear'",
        )


def test_what_is_shown_is_the_message_the_place_with_a_caret_the_row_and_what_to_do(ask: Ask, url: str) -> None:
    status, out, err = ask(url, "rejects", "show", str(_ITEM))
    assert (status, err) == (0, [])
    assert out[0].endswith("item rejected at stage map, not_an_integer: expected an integer (int), got 'many'")
    assert out[1:5] == [
        "  $.reviews[1].stars   review.stars   stars | int",
        "  in $.reviews[1]:",
        '    "stars": "many"',
        "             ^^^^^^",
    ]
    assert any(
        line.startswith("  row    1 of source shop") and line.endswith("now loaded, 1 item of it rejected") for line in out
    )
    assert f"         etl-actors rejects discard {_ITEM}    if it is not to be mended" in out


def test_a_text_is_shown_where_its_grammar_stopped(ask: Ask, url: str) -> None:
    _, out, _ = ask(url, "rejects", "show", str(_TEXT))
    assert out[2:4] == ["  size=12x", "         ^"]


def test_what_could_not_be_staged_is_shown_as_it_came_and_before_any_slip(ask: Ask, url: str) -> None:
    _, out, _ = ask(url, "rejects", "show", str(_RAW))
    assert "  came   {broken" in out
    assert "  batch  3, before a slip was chosen" in out


def test_of_documents_that_a_slip_with_private_columns_takes_only_the_message_is_shown(ask: Ask, url: str) -> None:
    for words in (("show", str(_PEOPLE)), ("show", str(_PEOPLE), "--json"), ("export", "--source", "people")):
        _, out, _ = ask(url, "rejects", *words)
        assert "555-0100" not in "\n".join(out)
        assert "ada" not in "\n".join(out)
    (letter,) = exported(ask, url, "--source", "people")
    assert (letter["payload"], letter["payload_hidden"]) == (None, True)
    _, out, _ = ask(url, "rejects", "show", str(_PEOPLE), "--show-private")
    assert '    "phone": "555-0100"' in out
    (letter,) = exported(ask, url, "--source", "people", "--show-private")
    assert letter["payload"]["phone"] == "555-0100"


def test_what_was_never_mapped_is_hidden_too_where_a_slip_with_private_columns_takes_its_source(
    ask: Ask, changing: str, admin: psycopg.Connection[Any]
) -> None:
    admin.execute(
        "INSERT INTO etl.reject (row_id, batch_id, slip, stage, reason, message, detail) "
        "VALUES (6, 1, 'person', 'stage', 'not_json', 'expected JSON', %s::jsonb)",
        [json.dumps({"excerpt": '{"email": "eve@example.org"', "with": '{"name":"eve"}'})],
    )
    (letter,) = [each for each in exported(ask, changing, "--source", "people") if each["stage"] == "stage"]
    assert (letter["detail"], letter["payload"]) == ({}, None)
    for words in (("show", str(letter["reject_id"])), ("show", "--row", "6", "--json"), ("list", "--json"), ("list",)):
        assert "eve" not in "\n".join(ask(changing, "rejects", *words)[1])


def test_of_a_version_that_cannot_be_read_any_more_everything_may_be_private(
    ask: Ask, changing: str, admin: psycopg.Connection[Any]
) -> None:
    files = json.dumps({"slip.toml": 'name = "old"\nprivate = what'})
    admin.execute("INSERT INTO etl.slip (digest, name, files, active) VALUES ('x', 'old', %s::jsonb, false)", [files])
    assert all(letter["payload_hidden"] for letter in exported(ask, changing))


def test_all_of_a_row_is_shown_the_latest_first_and_each_names_the_others(
    ask: Ask, changing: str, admin: psycopg.Connection[Any]
) -> None:
    admin.execute(
        "INSERT INTO etl.reject (row_id, batch_id, stage, reason, message, status) VALUES (2, 2, 'load', 'x', 'later', 'replayed')"
    )
    _, out, _ = ask(changing, "rejects", "show", "--row", "2", "--json")
    assert [(letter["reject_id"], letter["others"]) for letter in json.loads("\n".join(out))["rejects"]] == [(8, [2]), (2, [8])]
    _, out, _ = ask(changing, "rejects", "show", str(_CHEAP))
    assert "  also   reject 8, replayed, load x: later" in out


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (("show", "1", "99"), 1, "There is no reject 99: etl-actors rejects list --status all lists them."),
        (("show", "--row", "5"), 1, "Nothing of row 5 was ever rejected; what became of it: etl-actors trace 5"),
        (("show",), 2, "What is to be shown?"),
        (("show", "1", "--row", "5"), 2, "Expected dead letters by id, or a row by --row, got both: name one or the other."),
        (("list", "--since", "yesterday"), 2, "--since: expected a time such as 2026-01-31"),
        (("discard",), 2, "7 open rejects would be discarded: choose some by id or filter, or say --yes."),
        (("export", "-o", "/nowhere/at/all.jsonl"), 1, "/nowhere/at/all.jsonl cannot be written: No such file or directory"),
    ],
)
def test_what_is_wrong_is_one_sentence(ask: Ask, url: str, words: tuple[str, ...], status: int, sentence: str) -> None:
    ended, _, err = ask(url, "rejects", *words)
    assert (ended, len(err)) == (status, 1)
    assert err[0].startswith(sentence)


def test_what_is_discarded_stays_rejected_in_the_books_is_on_record_and_can_be_reopened(
    ask: Ask, changing: str, admin: psycopg.Connection[Any]
) -> None:
    assert ask(changing, "rejects", "discard", "--source", "shop", "--reason", "not_a_number")[1] == ["2 rejects discarded."]
    assert listed(ask, changing, "--source", "shop") == [_ITEM, _NULL_KEY]
    assert one(admin, "SELECT count(*) FROM etl.row_status WHERE status = 'rejected' AND source = 'shop'") == 3
    with connect(admin.info.dsn, role=None) as conn:
        assert audit(conn, "public").findings == ()
    assert ask(changing, "rejects", "reopen", str(_CHEAP))[1] == ["1 reject reopened."]
    assert listed(ask, changing, "--status", "discarded") == [_DEAR]
    records = admin.execute("SELECT actor, action, detail FROM etl.action ORDER BY action_id").fetchall()
    assert [(action, detail["rejects"]) for _, action, detail in records] == [("rejects discard", 2), ("rejects reopen", 1)]
    assert records[0][0].startswith("etl_operator_test")
    assert records[0][2]["filter"] == {"source": "shop", "reason": "not_a_number", "status": "open", "upto": _DEAR}


def test_all_are_discarded_only_if_that_is_said(ask: Ask, changing: str) -> None:
    assert ask(changing, "rejects", "discard")[0] == 2
    assert len(listed(ask, changing)) == 7
    assert ask(changing, "rejects", "discard", "--yes")[1] == ["7 rejects discarded."]
    assert ask(changing, "rejects", "discard", "--yes")[1] == ["There are no open rejects."]


def test_on_a_terminal_it_asks_and_what_is_rejected_meanwhile_is_not_meant(
    ask: Ask, changing: str, admin: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def agree(question: str, **_: object) -> bool:
        asked.append(question)
        admin.execute("INSERT INTO etl.reject (row_id, batch_id, stage, reason, message) VALUES (2, 2, 'load', 'x', 'later')")
        return True

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("typer.confirm", agree)
    assert ask(changing, "rejects", "discard")[1] == ["7 rejects discarded."]
    assert asked == ["7 open rejects would be discarded. Go on?"]
    assert listed(ask, changing) == [8]


def test_one_that_was_replayed_can_neither_be_discarded_nor_opened_and_the_others_are(
    ask: Ask, changing: str, admin: psycopg.Connection[Any]
) -> None:
    admin.execute("UPDATE etl.reject SET status = 'replayed' WHERE reject_id = %s", [_CHEAP])
    status, out, err = ask(changing, "rejects", "discard", str(_CHEAP), str(_DEAR), "99")
    assert (status, out) == (1, ["1 reject discarded."])
    assert err == [f"There is no reject 99. Reject {_CHEAP} is replayed: it cannot be discarded."]
    status, out, err = ask(changing, "rejects", "reopen", str(_CHEAP), "--json")
    assert (status, err) == (1, [f"Reject {_CHEAP} is replayed: it cannot be reopened."])
    assert json.loads("\n".join(out)) == {"reopened": 0, "already": [], "problems": err}


def test_what_stands_so_already_is_told_and_is_no_problem(ask: Ask, changing: str) -> None:
    assert ask(changing, "rejects", "discard", str(_CHEAP)) == (0, ["1 reject discarded."], [])
    assert ask(changing, "rejects", "discard", str(_CHEAP)) == (0, [f"Reject {_CHEAP} is discarded already."], [])
    assert ask(changing, "rejects", "discard", f"{_CHEAP},{_DEAR}") == (
        0,
        ["1 reject discarded.", f"Reject {_CHEAP} is discarded already."],
        [],
    )
    first, last = sorted((_CHEAP, _DEAR))
    assert ask(changing, "rejects", "reopen", f"{first}-{last}")[0] == 0
    assert ask(changing, "rejects", "reopen", str(_CHEAP)) == (0, [f"Reject {_CHEAP} is open already."], [])


def test_one_whose_row_was_replayed_since_is_not_opened_again(ask: Ask, changing: str, admin: psycopg.Connection[Any]) -> None:
    """Another replay would not close it: it closes those of the batch that settled the row last."""
    assert ask(changing, "rejects", "discard", str(_CHEAP), str(_DEAR))[0] == 0
    admin.execute(
        "WITH r AS (INSERT INTO etl.replay (filter) VALUES ('{}') RETURNING replay_id) "
        "INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, owner, status, outcomes, prior, prior_batches, loaded, "
        "replay_id) SELECT 'shop', '{2}', 2, 2, 1, 1, 'done', 'l', 'r', '{2}', 1, replay_id FROM r"
    )
    try:
        status, out, err = ask(changing, "rejects", "reopen", str(_CHEAP), str(_DEAR))
        assert (status, out) == (1, ["1 reject reopened."])
        assert err == [f"Reject {_CHEAP} is discarded, and its row was replayed since: it cannot be reopened."]
    finally:
        admin.execute("DELETE FROM etl.batch WHERE replay_id IS NOT NULL")


def test_what_is_exported_and_fed_again_stages_the_same_documents(
    ask: Ask, changing: str, admin: psycopg.Connection[Any], tmp_path: Path
) -> None:
    """Every number digit for digit; the line is cut as `jq -c .payload` does."""
    file, again = tmp_path / "shop.jsonl", tmp_path / "again.jsonl"
    status, out, err = ask(changing, "rejects", "export", "--source", "shop", "-o", str(file))
    assert (status, out, err) == (0, [], ["4 rejects written."])
    lines = file.read_text().splitlines()
    again.write_text("".join(line.partition('"payload":')[2][:-1] + "\n" for line in lines))
    assert ask(changing, "feed", "shop", str(again))[0] == 0
    same = "SELECT array_agg(payload::text ORDER BY payload::text) FROM etl.staging WHERE row_id = ANY (%s)"
    rejected = [json.loads(line)["row_id"] for line in lines]
    fed = waiting(admin)
    assert one(admin, same, fed) == one(admin, same, rejected)
    assert any("1.10" in text for text in one(admin, same, fed))


def test_an_export_as_csv_has_a_head_and_the_payload_last(ask: Ask, url: str, tmp_path: Path) -> None:
    file = tmp_path / "rejects.csv"
    assert ask(url, "rejects", "export", "--format", "csv", "-o", str(file), str(_CHEAP))[0] == 0
    with file.open(newline="") as text:
        (letter,) = csv.DictReader(text)
    assert (letter["reject_id"], letter["stage"], letter["item"]) == (str(_CHEAP), "map", "False")
    assert json.loads(letter["detail"])["path"] == "$.price"
    assert letter["payload"] == '{"sku": "B-2", "note": "n", "price": "cheap", "weight": 1.10}'


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ((str(_ITEM), str(_CHEAP)), {"rows": [1, 2]}),
        (("--stage", "parse"), {"rows": [8]}),
        (("--source", "shop", "--reason", "not_a_number"), {"source": "shop", "reason": "not_a_number", "rejected": True}),
        (("--yes",), {"rejected": True}),
    ],
)
def test_the_rows_of_dead_letters_are_ordered_to_be_replayed(
    ask: Ask, changing: str, admin: psycopg.Connection[Any], words: tuple[str, ...], meant: dict[str, Any]
) -> None:
    status, out, err = ask(changing, "rejects", "replay", "--detach", "--json", *words)
    assert (status, err) == (0, [])
    ordered = json.loads("\n".join(out))["replay_id"]
    assert one(admin, "SELECT filter FROM etl.replay WHERE replay_id = %s", ordered) == meant


def test_all_dead_letters_are_replayed_only_if_that_is_said(ask: Ask, url: str) -> None:
    status, out, err = ask(url, "rejects", "replay", "--detach")
    assert (status, out) == (2, [])
    assert err == ["The rows of 7 open rejects would be replayed: choose some by id or filter, or say --yes."]


def test_what_is_discarded_is_not_replayed_and_the_others_are(ask: Ask, changing: str, admin: psycopg.Connection[Any]) -> None:
    admin.execute("UPDATE etl.reject SET status = 'discarded' WHERE reject_id = %s", [_CHEAP])
    status, out, err = ask(changing, "rejects", "replay", "--detach", str(_CHEAP), str(_DEAR))
    assert (status, len(out)) == (1, 1)
    assert out[0].startswith("Replay ")
    assert " of 1 row is ordered; " in out[0]
    assert err == [f"Reject {_CHEAP} is discarded: it cannot be replayed from its dead letter."]
    assert one(admin, "SELECT filter FROM etl.replay ORDER BY replay_id DESC LIMIT 1") == {"rows": [3]}


def test_where_nothing_is_open_nothing_is_replayed(ask: Ask, url: str) -> None:
    assert ask(url, "rejects", "replay", "--source", "nobody")[:2] == (
        0,
        ["There are no open rejects of source nobody: nothing is replayed."],
    )


def test_a_document_that_retention_has_removed_leaves_its_dead_letter(
    ask: Ask, changing: str, admin: psycopg.Connection[Any]
) -> None:
    admin.execute("INSERT INTO etl.reject (row_id, batch_id, stage, reason, message) VALUES (77, 2, 'map', 'x', 'y')")
    _, out, _ = ask(changing, "rejects", "show", "--row", "77")
    assert "  row    77 of source shop; retention has removed its document" in out
    assert [letter["payload"] for letter in exported(ask, changing, "--reason", "x")] == [None]


def test_whoever_is_no_operator_is_told_so(ask: Ask, server: Server, loaded: str, producer_login: dict[str, str]) -> None:
    for words in (("rejects", "list"), ("rejects", "discard", "1"), ("trace", "1"), ("batches",)):
        status, out, err = ask(server.url(loaded, **producer_login), *words)
        assert (status, out, len(err)) == (1, [], 1)
        assert "permission denied" in err[0]
