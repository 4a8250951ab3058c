"""Slips without columns: the daemon gives documents the tables that they have, and the tables follow."""

import json
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from tests.support.contents import settled
from tests.support.daemon import environment, etl
from tests.support.servers import Server
from tests.support.shop import SHOP, feed

DOCUMENTS: list[dict[str, Any]] = [
    {"sku": "A-1", "price": 12, "tags": ["x", "y"]},
    {"sku": "A-2", "price": 0.5, "size": {"w": 1, "h": 2}},
    {"sku": "A-3", "price": "on request", "tags": [], "at": "2024-03-09"},
    {"sku": "A-4", "offers": [{"by": "one", "prices": [1, 2.5]}, None], "at": "2024-03-10"},
    {"sku": "A-1", "price": 13, "tags": ["z"]},
    {"sku": "A-5", "at": "soon", "none": None},
    {"sku": 6, "firstName": "Ada", "first_name": "Bob"},
]


def _feed(url: str, slips: Path, documents: list[Any], **settings: str) -> None:
    feed(url, slips, documents, **settings)
    env = environment(url) | {"ETL_PARSERS": str(slips)} | settings
    audited = etl("audit", "--deep", env=env)
    assert audited.returncode == 0, audited.stdout


def _asked(url: str, question: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute(question.encode()).fetchall()


def _contents(url: str) -> dict[str, Any]:
    """Give what all tables of the break-out hold, lineage but for the staged row aside."""
    found = {}
    for (name,) in _asked(url, "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^shop' ORDER BY 1"):
        columns = _asked(
            url,
            f"SELECT attname::text, atttypid::regtype::text FROM pg_attribute WHERE attrelid = '{name}'::regclass AND attnum > 0 "
            "AND NOT attisdropped ORDER BY 1",
        )
        rows = _asked(
            url, f"SELECT (to_jsonb(whole) - '_batch_id' - '_loaded_at' - '_row_id')::text FROM {name} whole ORDER BY _id"
        )
        found[name] = columns, rows
    return found


def test_documents_have_tables_of_their_own_and_the_tables_follow(database: str, slips: Path) -> None:
    _feed(database, slips, DOCUMENTS[:1])
    assert _asked(database, "SELECT sku, price FROM shop") == [("A-1", 12)]
    _feed(database, slips, DOCUMENTS[1:])
    assert _asked(database, "SELECT sku, price::text, price__text, size__w, at FROM shop ORDER BY sku") == [
        ("6", None, None, None, None),
        ("A-1", "13", None, None, None),
        ("A-2", "0.5", None, 1, None),
        ("A-3", None, "on request", None, "2024-03-09"),
        ("A-4", None, None, None, "2024-03-10"),
        ("A-5", None, None, None, "soon"),
    ]
    assert _asked(database, "SELECT value FROM shop__tags") == [("z",)]
    assert _asked(database, "SELECT value::text FROM shop__offers__prices ORDER BY _index") == [("1",), ("2.5",)]
    assert _asked(database, "SELECT sum(loaded), sum(duplicate), sum(rejected) FROM etl.ledger") == [(7, 0, 0)]


@pytest.mark.parametrize(("seed", "rows"), [(1, "1"), (2, "1"), (3, "2")])
def test_the_order_and_the_batches_do_not_matter(
    server: Server, template: str, database: str, slips: Path, seed: int, rows: str
) -> None:
    name = server.create(template)
    try:
        _feed(database, slips, DOCUMENTS[1:])
        shuffled = DOCUMENTS[1:]
        Random(seed).shuffle(shuffled)
        _feed(server.admin_url(name), slips, shuffled, ETL_BATCH_ROWS=rows)
        assert _contents(server.admin_url(name)) == _contents(database)
    finally:
        server.drop(name)


def test_a_version_grows_and_leads_back_to_what_was_written(database: str, slips: Path) -> None:
    _feed(database, slips, DOCUMENTS)
    versions = _asked(database, "SELECT files ? 'evidence.json', active FROM etl.slip ORDER BY first_seen")
    assert versions[0] == (False, False)
    assert versions[-1] == (True, True)
    assert [active for _, active in versions].count(True) == 1
    changes = [statement for (statement,) in _asked(database, "SELECT statement FROM etl.schema_change ORDER BY change_id")]
    assert any("RENAME" in one or "ADD COLUMN" in one or "CREATE TABLE" in one for one in changes)
    before = len(versions)
    _feed(database, slips, DOCUMENTS[:3])
    assert len(_asked(database, "SELECT FROM etl.slip")) == before, "what was seen before makes no version"


def test_a_document_is_made_again_of_its_rows_and_a_change_by_hand_is_found(database: str, slips: Path) -> None:
    document = {
        "sku": "A-1",
        "price": 1.50,
        "big": 12345678901234567890123,
        "e": {},
        "at": "2024-03-09T10:00:00.000+01:00",
        "t": [None, []],
    }
    _feed(database, slips, [document, *DOCUMENTS[1:4]])
    env = environment(database) | {"ETL_PARSERS": str(slips)}
    made = etl("rebuild", "1", env=env)
    assert made.returncode == 0
    assert json.loads(made.stdout) == document
    assert '"big":12345678901234567890123' in made.stdout
    told = json.loads(etl("rebuild", "1", "--json", env=env).stdout)
    assert told == {"row_id": 1, "same": True, "document": document}
    with psycopg.connect(database) as conn:
        conn.execute("UPDATE shop SET price = 2 WHERE sku = 'A-1'")
    assert etl("rebuild", "1", env=env).returncode == 1
    audited = etl("audit", "--deep", "--sample", "10", env=env)
    assert audited.returncode == 1
    assert "Documents of slip shop that their rows do not give again: 1 (row 1)." in audited.stdout
    assert etl("rebuild", "99", env=env).returncode == 2


def test_a_document_without_its_key_is_rejected_and_the_others_land(database: str, slips: Path) -> None:
    _feed(database, slips, [*DOCUMENTS[1:3], {"price": 1}, [], "x"])
    assert _asked(database, "SELECT reason, count(*)::int FROM etl.reject GROUP BY 1") == [("null_key", 3)]
    assert _asked(database, "SELECT count(*)::int FROM shop") == [(2,)]


def test_what_cannot_be_changed_in_place_is_filled_anew(server: Server, template: str, database: str, slips: Path) -> None:
    first = [{"sku": f"A-{number}", "v": {"x": number}, "w": [number, str(number)]} for number in range(700)]
    then = [{"sku": "B", "v": {"1.0": 2}}, {"sku": "A-7", "v": {"2.0": 3}, "w": [{"y": True}]}]
    name = server.create(template)
    try:
        _feed(database, slips, first)
        assert _asked(database, "SELECT v__x FROM shop WHERE sku = 'A-8'") == [(8,)]
        _feed(database, slips, then)
        _feed(server.admin_url(name), slips, first + then)
        assert _contents(server.admin_url(name)) == _contents(database)
    finally:
        server.drop(name)
    assert _asked(database, "SELECT key, value FROM shop__v ORDER BY value, key LIMIT 3") == [("x", 0), ("x", 1), ("1.0", 2)]
    assert _asked(database, "SELECT count(*)::int FROM etl.action WHERE action = 'breakout refill'") == [(1,)]


def test_documents_that_no_slip_takes_have_tables_named_after_their_source(database: str, slips: Path) -> None:
    file = slips.parent / "documents.jsonl"
    file.write_text("".join(f"{json.dumps(one)}\n" for one in [*DOCUMENTS, {}, [1, 2], "x"]))
    env = environment(database) | {"ETL_PARSERS": str(slips), "ETL_UNMATCHED": "breakout"}
    assert etl("feed", "others", file, env=env).returncode == 0
    assert etl("feed", "Others", file, env=env).returncode == 0
    done = etl("run", "--once", env=env)
    assert done.returncode == 0, done.stderr
    assert settled(database)
    assert etl("audit", "--deep", env=env).returncode == 0
    tables = [
        name
        for (name,) in _asked(
            database, "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relname ~ '^others' ORDER BY 1"
        )
    ]
    assert {"others", "others__tags", "others__item", "others__offers__prices"} <= {*tables}
    assert len({name.partition("__")[0] for name in tables}) == 2
    assert _asked(database, "SELECT count(*)::int FROM others") == [(10,)]
    assert _asked(database, "SELECT DISTINCT slip FROM etl.batch WHERE source = 'others'") == [("unmatched:others",)]
    assert _asked(database, "SELECT count(*)::int FROM etl.reject") == [(0,)]


def test_some_sources_are_broken_out_and_the_others_rejected(database: str, slips: Path) -> None:
    file = slips.parent / "documents.jsonl"
    file.write_text('{"a": 1}\n')
    env = environment(database) | {"ETL_PARSERS": str(slips), "ETL_UNMATCHED": "breakout", "ETL_UNMATCHED_SOURCES": "one, two"}
    for source in ("one", "three"):
        assert etl("feed", source, file, env=env).returncode == 0
    assert etl("run", "--once", env=env).returncode == 0
    assert _asked(database, "SELECT a FROM one") == [(1,)]
    assert _asked(database, "SELECT reason FROM etl.reject") == [("no_slip",)]


def test_a_key_stays_where_names_of_other_members_turn_out_to_be_data(database: str, slips: Path) -> None:
    _feed(database, slips, [{"sku": 1, "a": 1}, {"sku": 2, "a": 2}])
    _feed(database, slips, [{"sku": 2, "2024": 5}])
    _feed(database, slips, [{"sku": "1", "a": 3}, {"sku": 3}])
    found = _asked(
        database, "SELECT r.sku, e.key, e.value::int FROM shop r LEFT JOIN shop__entry e ON e._root_id = r._id ORDER BY 1"
    )
    assert found == [("1", "a", 3), ("2", "2024", 5), ("3", None, None)]


def test_tables_below_others_than_before_are_filled_anew_and_the_daemon_starts_again(database: str, slips: Path) -> None:
    (slips / "shop" / "slip.toml").write_text('name = "shop"\nsource = "shop"\n[breakout]\n')
    _feed(database, slips, [{"m": {"1": {"2024": 1}}}])
    _feed(database, slips, [{"m": [[1]]}])
    _feed(database, slips, [{"m": 1}])
    assert _asked(database, "SELECT count(*)::int FROM shop") == [(3,)]


def test_a_dry_run_of_documents_that_have_changed_their_tables_finds_nothing_to_change(database: str, slips: Path) -> None:
    for document in ({"sku": 1, "a": 1}, {"sku": 2, "b": [1]}, {"sku": 2, "a": "x"}):
        _feed(database, slips, [document])
    env = environment(database) | {"ETL_PARSERS": str(slips)}
    for version in ((), ("--slip-version", "original")):
        told = etl("replay", "--source", "shop", "--dry-run", "--json", *version, env=env)
        assert told.returncode == 0, told.stderr
        assert not any(table["changed"] or table["added"] or table["removed"] for table in json.loads(told.stdout)["tables"])


def test_a_document_as_wide_as_may_be_fits_into_a_row(database: str, slips: Path) -> None:
    dice = Random(1)
    fields = {f"c{number:03}": f"{dice.getrandbits(96):024x}"[:22] for number in range(290)}
    inner = {f"d{number:03}": f"{dice.getrandbits(96):024x}"[:22] for number in range(100)}
    _feed(database, slips, [{"sku": "all in columns", **fields}, {"sku": "inner as JSON", **fields, "n": inner}])
    assert _asked(database, "SELECT count(*)::int FROM shop") == [(2,)]
    assert _asked(database, "SELECT count(*)::int FROM etl.reject") == [(0,)]


def test_a_slip_that_is_frozen_later_keeps_its_tables_and_rejects_what_has_no_place(database: str, slips: Path) -> None:
    _feed(database, slips, DOCUMENTS[1:])
    before = _contents(database)
    (slips / "shop" / "slip.toml").write_text(SHOP + 'contract = "freeze"\n')
    _feed(database, slips, [{"sku": "A-9", "new": 1}, {"sku": "A-8", "price": 2}])
    assert _asked(database, "SELECT reason, detail->>'path' FROM etl.reject") == [("frozen", "/new")]
    assert _asked(database, "SELECT sku FROM shop WHERE sku > 'A-7'") == [("A-8",)]
    assert {name: columns for name, (columns, _) in _contents(database).items()} == {
        name: columns for name, (columns, _) in before.items()
    }
    (slips / "shop" / "slip.toml").write_text(SHOP)
    env = environment(database) | {"ETL_PARSERS": str(slips)}
    assert etl("rejects", "replay", "--reason", "frozen", "--yes", env=env).returncode == 0
    assert etl("run", "--once", env=env).returncode == 0
    assert _asked(database, "SELECT sku, new::int FROM shop WHERE sku > 'A-7' ORDER BY 1") == [("A-8", None), ("A-9", 1)]
    assert settled(database)


def test_a_replay_by_original_versions_takes_the_one_in_force_after_an_edit(database: str, slips: Path) -> None:
    _feed(database, slips, DOCUMENTS[1:])
    before = _contents(database)
    (slips / "shop" / "slip.toml").write_text(SHOP + 'contract = "freeze"\n')
    env = environment(database) | {"ETL_PARSERS": str(slips)}
    done = etl("replay", "--source", "shop", "--slip-version", "original", "--yes", env=env)
    assert done.returncode == 0, done.stdout
    assert _contents(database) == before


def test_what_a_view_keeps_from_a_place_is_rejected_and_the_rest_lands(database: str, slips: Path) -> None:
    _feed(database, slips, [{"sku": 1, "d": "2024-01-01", "a": {"x": 1}}])
    with psycopg.connect(database) as conn:
        conn.execute("CREATE VIEW mine AS SELECT sku, d FROM shop")
    wide: dict[str, Any] = {"sku": 4, "a": {"2024": 1}}
    _feed(database, slips, [{"sku": 2, "d": "no date"}, {"sku": 3, "d": "2024-01-02"}, wide, {"sku": 5, "new": 1}])
    assert _asked(database, "SELECT sku, new::int FROM shop ORDER BY 1") == [("1", None), ("3", None), ("5", 1)]
    told = _asked(database, "SELECT row_id::int, stage, reason, message FROM etl.reject ORDER BY 1")
    assert [each[:3] for each in told] == [(2, "map", "no_place"), (4, "map", "no_place")]
    assert told[0][3].endswith(
        'cannot alter type of a column used by a view or rule, rule _RETURN on view mine depends on column "d".'
    )
    assert told[1][3].endswith("would have to be filled anew for new documents: view mine depends on them.")
    with psycopg.connect(database) as conn:
        conn.execute("DROP VIEW mine")
    env = environment(database) | {"ETL_PARSERS": str(slips)}
    assert etl("rejects", "replay", "--reason", "no_place", "--yes", env=env).returncode == 0
    assert etl("run", "--once", env=env).returncode == 0
    assert settled(database)
    assert _asked(database, "SELECT sku, d FROM shop WHERE sku = '2'") == [("2", "no date")]
    assert etl("audit", "--deep", env=env).returncode == 0


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("", 'maps = ["$.v"]\nnumbers = ["$.p"]\njson = ["$.w"]\n'),
        ('maps = ["$.v"]\nnumbers = ["$.p"]\n', 'fields = ["$.by"]\n'),
        ("", 'entities.shop_maker = { path = "$.made[*]", key = "id" }\n'),
        (
            'entities.shop_maker = { path = "$.made[*]", key = "id" }\n',
            'entities.shop_maker = { path = ["$.made[*]", "$.best"], key = ["id", "kind"] }\n',
        ),
        ('entities.shop_maker = { path = "$.made[*]", key = "id" }\nnumbers = ["$.made[*].no"]\n', 'json = ["$.w"]\n'),
    ],
)
def test_what_is_said_by_hand_of_documents_holds_for_those_that_are_there(
    server: Server, template: str, database: str, slips: Path, first: str, then: str
) -> None:
    documents = [
        {
            "sku": number % 5,
            "v": {"x": number, "y": 1},
            "p": str(number / 2),
            "w": [{"a": number}],
            "by": {"2024": number},
            "made": [
                {"id": number % 3, "kind": number % 2, "name": f"{number % 3}", "no": f"0{number}"},
                {"id": None, "no": "7"},
            ],
            "best": {"id": number % 2, "kind": 1, "name": "x" * (number % 2)},
        }
        for number in range(20)
    ]
    name = server.create(template)
    slip = slips / "shop" / "slip.toml"
    try:
        slip.write_text(SHOP + first)
        _feed(database, slips, documents[:11])
        slip.write_text(SHOP + then)
        env = environment(database) | {"ETL_PARSERS": str(slips)}
        applied = etl("slips", "apply", env=env)
        assert applied.returncode == 0, applied.stderr
        assert etl("audit", "--deep", env=env).returncode == 0
        _feed(database, slips, documents[11:])
        _feed(server.admin_url(name), slips, documents)
        assert _contents(server.admin_url(name)) == _contents(database)
    finally:
        server.drop(name)


def test_what_is_said_by_hand_is_refused_where_documents_are_no_longer_staged(database: str, slips: Path) -> None:
    _feed(database, slips, DOCUMENTS)
    with psycopg.connect(database) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute("DELETE FROM etl.staging WHERE row_id = 2")
    before = _contents(database)
    (slips / "shop" / "slip.toml").write_text(SHOP + 'maps = ["$.size"]\n')
    applied = etl("slips", "apply", env=environment(database) | {"ETL_PARSERS": str(slips)})
    assert applied.returncode == 1
    assert "Slip shop says otherwise of its documents now, but row 2 is no longer staged" in applied.stdout + applied.stderr
    assert _contents(database) == before


def test_tables_may_follow_each_by_its_own_contract_and_what_is_discarded_is_told(database: str, slips: Path) -> None:
    _feed(database, slips, [{"sku": "A", "price": 1, "offers": [{"by": "one"}], "tags": ["x"], "sizes": [1]}])
    contracts = '[breakout.contracts]\nshop = "discard_value"\nshop__offers = "evolve"\nshop__tags = "freeze"\nshop__sizes = "discard_row"\n'
    (slips / "shop" / "slip.toml").write_text(SHOP + contracts)
    documents = [
        {"sku": "B", "price": "much", "new": [1], "offers": [{"by": "two", "at": "2024-03-09"}]},
        {"sku": "C", "tags": [1]},
        {"sku": "D", "sizes": ["x"]},
        {"sku": "E", "tags": ["y"], "sizes": [2]},
    ]
    _feed(database, slips, documents)
    assert _asked(database, "SELECT sku, price FROM shop ORDER BY sku") == [("A", 1), ("B", None), ("E", None)]
    assert _asked(database, "SELECT by, at::text FROM shop__offers ORDER BY by") == [("one", None), ("two", "2024-03-09")]
    assert _asked(database, "SELECT reason, detail ->> 'path', detail -> 'paths' FROM etl.reject ORDER BY reason") == [
        ("discarded_value", "/new", ["/new", "/price"]),
        ("frozen", "/tags/0", None),
    ]
    assert _asked(database, "SELECT sum(loaded), sum(skipped), sum(rejected) FROM etl.ledger") == [(3, 1, 1)]
    (slips / "shop" / "slip.toml").write_text(SHOP)
    env = environment(database) | {"ETL_PARSERS": str(slips)}
    assert etl("replay", "--source", "shop", "--yes", env=env).returncode == 0
    assert etl("audit", "--deep", env=env).returncode == 0
    assert _asked(database, "SELECT sku, price, price__text FROM shop WHERE sku = 'B'") == [("B", None, "much")]
    assert _asked(database, "SELECT DISTINCT status FROM etl.reject") == [("replayed",)]


BY_EXPRESSION = """name = "shop"
source = "shop"
[breakout]
key = ["sku", "seller"]
on_duplicate = "newest(seen)"
when = "not (kind == 'draft')"
columns.sku = "sku | upper | text"
columns.seller = "seller.id | int"
columns.seen = { expr = "at | timestamptz(tz='UTC')", null = false }
"""


def test_the_key_and_what_is_newest_may_be_made_by_expressions(database: str, slips: Path) -> None:
    (slips / "shop" / "slip.toml").write_text(BY_EXPRESSION)
    documents = [
        {"sku": "a-1", "seller": {"id": "7"}, "at": "2024-03-09T10:00:00", "tags": ["new"]},
        {"sku": "A-1", "seller": {"id": 7}, "at": "2024-03-08T10:00:00", "tags": ["old"]},
        {"sku": "a-1", "seller": {"id": 8}, "at": "2024-03-08T00:00:00"},
        {"sku": "a-2", "seller": {}, "at": "2024-03-08T00:00:00"},
        {"sku": "a-3", "seller": {"id": 9}},
        {"sku": "a-4", "seller": {"id": 9}, "at": "2024-03-08T00:00:00", "kind": "draft"},
    ]
    _feed(database, slips, documents)
    assert _asked(database, "SELECT sku, seller, seen::date::text FROM shop ORDER BY seller") == [
        ("A-1", 7, "2024-03-09"),
        ("A-1", 8, "2024-03-08"),
    ]
    assert _asked(database, "SELECT value FROM shop__tags") == [("new",)]
    assert _asked(database, "SELECT reason FROM etl.reject ORDER BY row_id") == [("null_key",), ("null_value",)]
    assert _asked(database, "SELECT sum(loaded + duplicate), sum(skipped), sum(rejected) FROM etl.ledger") == [(3, 1, 2)]


def test_columns_by_expressions_may_come_and_go_and_a_key_may_not(
    server: Server, template: str, database: str, slips: Path
) -> None:
    documents = [{"sku": "a", "n": number, "seller": {"id": 1}, "at": f"2024-03-{number:02}T00:00:00"} for number in range(1, 20)]
    slip = slips / "shop" / "slip.toml"
    env = environment(database) | {"ETL_PARSERS": str(slips)}
    slip.write_text(BY_EXPRESSION)
    _feed(database, slips, documents)
    slip.write_text(BY_EXPRESSION.replace("upper", "lower"))
    refused = etl("slips", "apply", env=env)
    assert refused.returncode == 1
    assert (
        "knows the rows of public.shop by (sku by `sku | lower | text`, seller by `seller.id | int`)"
        in refused.stdout + refused.stderr
    )
    changed = BY_EXPRESSION.replace("columns.seen", 'columns.half = "n | mul(0.5) | numeric"\ncolumns.seen')
    slip.write_text(changed)
    applied = etl("slips", "apply", env=env)
    assert applied.returncode == 0, applied.stdout
    name = server.create(template)
    try:
        _feed(server.admin_url(name), slips, documents)
        assert _contents(server.admin_url(name)) == _contents(database)
    finally:
        server.drop(name)
    assert _asked(database, "SELECT half::text FROM shop") == [("9.5",)]


def test_tables_wait_for_somebody_where_the_settings_say_so(database: str, slips: Path) -> None:
    _feed(database, slips, DOCUMENTS[:1])
    env = environment(database) | {"ETL_PARSERS": str(slips), "ETL_DDL": "plan", "ETL_UNMATCHED": "breakout"}
    file = slips.parent / "documents.jsonl"
    file.write_text("".join(f"{json.dumps(one)}\n" for one in DOCUMENTS[1:]))
    assert etl("feed", "shop", file, env=env).returncode == 0
    assert etl("feed", "others", file, env=env).returncode == 0
    before = _contents(database)
    waits = etl("run", "--once", env=env)
    assert waits.returncode == 1
    assert "by the setting ddl = plan somebody is to make them" in waits.stdout + waits.stderr
    assert _contents(database) == before
    planned = _asked(database, "SELECT DISTINCT slip FROM etl.schema_change WHERE status = 'planned' ORDER BY 1")
    assert planned == [("shop",), ("unmatched:others",)]
    count = _asked(database, "SELECT count(*) FROM etl.schema_change")
    assert etl("run", "--once", env=env).returncode == 1
    assert _asked(database, "SELECT count(*) FROM etl.schema_change") == count, "what is planned is planned once"
    applied = etl("slips", "apply", "shop", env=env)
    assert applied.returncode == 0, applied.stderr
    assert "shop: tables made or changed for new documents: public.shop, " in applied.stdout
    assert etl("slips", "apply", "unmatched:others", env=env).returncode == 0
    assert etl("run", "--once", env=env).returncode == 0
    assert settled(database)
    assert etl("audit", "--deep", env=env).returncode == 0
    assert _asked(database, "SELECT count(*)::int FROM others") == [(6,)]
    assert _asked(database, "SELECT count(*)::int FROM shop") == [(6,)]
    assert _asked(database, "SELECT FROM etl.breakout_plan") == []
    (slips / "shop" / "slip.toml").write_text(SHOP + 'maps = ["$.size"]\n')
    refused = etl("run", "--once", env=env)
    assert "Slip shop asks for changes of its tables" in refused.stdout + refused.stderr


def test_tables_that_are_large_wait_too(database: str, slips: Path) -> None:
    _feed(
        database, slips, [{"sku": number, "n": number, "t": f"{Random(number).getrandbits(12_000):x}"} for number in range(600)]
    )
    file = slips.parent / "documents.jsonl"
    file.write_text('{"sku": 1, "n": 0.5}\n')
    env = environment(database) | {"ETL_PARSERS": str(slips)}
    assert etl("feed", "shop", file, env=env).returncode == 0
    waits = etl("run", "--once", env=env | {"ETL_DDL_MAX_REWRITE_MB": "1"})
    assert waits.returncode == 1
    assert "MB would be written anew, and ddl_max_rewrite_mb is 1" in waits.stdout + waits.stderr
    assert etl("run", "--once", env=env).returncode == 0
    assert _asked(database, "SELECT n::text FROM shop WHERE sku = '1'") == [("0.5",)]


def test_kinds_of_documents_of_one_source_have_tables_of_their_own(database: str, slips: Path) -> None:
    for kind in ("order", "visit"):
        (slips / kind).mkdir()
        (slips / kind / "slip.toml").write_text(f'name = "{kind}"\nsource = "mixed"\nwhen = "kind == \'{kind}\'"\n[breakout]\n')
    documents = [
        {"kind": "order", "lines": [{"sku": 1}]},
        {"kind": "visit", "path": "/"},
        {"kind": "order", "total": 2},
        {"kind": "other", "x": 1},
        [1, {"x": 2}],
        "text",
        7,
        None,
    ]
    file = slips.parent / "documents.jsonl"
    file.write_text("".join(f"{json.dumps(one)}\n" for one in documents))
    env = environment(database) | {"ETL_PARSERS": str(slips), "ETL_UNMATCHED": "breakout"}
    assert etl("feed", "mixed", file, env=env).returncode == 0
    assert etl("run", "--once", env=env).returncode == 0
    assert settled(database)
    assert etl("audit", "--deep", env=env).returncode == 0
    assert _asked(database, 'SELECT count(*)::int FROM "order"') == [(2,)]
    assert _asked(database, "SELECT path FROM visit") == [("/",)]
    assert _asked(database, "SELECT x, value, value__text FROM mixed ORDER BY _row_id") == [
        (1, None, None),
        (None, None, None),
        (None, None, "text"),
        (None, 7, None),
        (None, None, None),
    ]
    assert _asked(database, "SELECT value, x FROM mixed__item ORDER BY _index") == [(1, None), (None, 2)]


def test_an_audit_of_documents_tells_of_items_that_name_another_row(database: str, slips: Path) -> None:
    _feed(database, slips, DOCUMENTS[:1])
    env = environment(database) | {"ETL_PARSERS": str(slips)}
    with psycopg.connect(database) as conn:
        conn.execute("UPDATE shop__tags SET _row_id = 77 WHERE value = 'x'")
    audited = etl("audit", "--deep", env=env)
    assert audited.returncode == 1
    assert "Traceback" not in audited.stderr
    assert "public.shop__tags" in audited.stdout


def test_a_source_whose_table_is_anothers_is_rejected_and_goes_on_once_the_name_is_free(database: str, slips: Path) -> None:
    env = environment(database) | {"ETL_PARSERS": str(slips), "ETL_UNMATCHED": "breakout"}
    file = slips.parent / "documents.jsonl"
    file.write_text('{"a": 1}\n{}\n')
    with psycopg.connect(database) as conn:
        conn.execute("CREATE TABLE theirs (x int)")
        conn.execute("CREATE VIEW seen AS SELECT 1")
    for source in ("theirs", "seen", "shop"):
        assert etl("feed", source, file, env=env).returncode == 0
    assert etl("run", "--once", env=env).returncode == 0
    assert _asked(database, "SELECT s.source, r.reason FROM etl.reject r JOIN etl.staging s USING (row_id) ORDER BY row_id") == [
        ("theirs", "no_place"),
        ("theirs", "no_place"),
        ("seen", "no_place"),
        ("seen", "no_place"),
        ("shop", "null_key"),
        ("shop", "null_key"),
    ]
    with psycopg.connect(database) as conn:
        conn.execute("DROP TABLE theirs")
    assert etl("rejects", "replay", "--source", "theirs", "--yes", env=env).returncode == 0
    assert etl("run", "--once", env=env).returncode == 0
    assert _asked(database, "SELECT a FROM theirs ORDER BY _row_id") == [(1,), (None,)]
    assert settled(database)


def test_a_slip_that_nobody_wrote_comes_back_after_it_was_retired(database: str, slips: Path) -> None:
    env = environment(database) | {"ETL_PARSERS": str(slips), "ETL_UNMATCHED": "breakout"}
    file = slips.parent / "documents.jsonl"
    for document, retire in (
        ({"n": 1}, []),
        ({"n": 2}, ["--retire", "unmatched:cats"]),
        ({"n": 2, "m": [1]}, ["--retire", "unmatched:cats"]),
    ):
        if retire:
            applied = etl("slips", "apply", *retire, env=env)
            assert applied.returncode == 0
        else:
            applied = etl("slips", "apply", env=env)
        assert "in none of the folders" not in applied.stdout
        file.write_text(json.dumps(document) + "\n")
        assert etl("feed", "cats", file, env=env).returncode == 0
        assert etl("run", "--once", env=env).returncode == 0
    assert _asked(database, "SELECT n FROM cats ORDER BY _row_id") == [(1,), (2,), (2,)]
    assert settled(database)
    assert etl("audit", "--deep", env=env).returncode == 0


def test_without_any_slip_all_documents_are_broken_out(database: str, slips: Path) -> None:
    env = environment(database) | {"ETL_PARSERS": "none", "ETL_UNMATCHED": "breakout"}
    file = slips.parent / "documents.jsonl"
    file.write_text('{"sku": 1}\n')
    assert etl("feed", "shop", file, env=env).returncode == 0
    done = etl("run", "--once", env=env)
    assert done.returncode == 0, done.stderr
    assert _asked(database, "SELECT sku FROM shop") == [(1,)]


def test_a_document_of_which_a_value_was_discarded_is_not_what_was_staged(database: str, slips: Path) -> None:
    _feed(database, slips, [{"sku": 1, "n": 1}])
    (slips / "shop" / "slip.toml").write_text(SHOP + 'contract = "discard_value"\n')
    _feed(database, slips, [{"sku": 2, "n": "x"}])
    made = etl("rebuild", "2", env=environment(database) | {"ETL_PARSERS": str(slips)})
    assert (made.returncode, json.loads(made.stdout)) == (1, {"sku": 2})
