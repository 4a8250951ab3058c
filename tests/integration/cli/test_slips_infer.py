"""``slips infer`` writes a slip of what a source has staged, and the slip loads it."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from etl_actors.cli.main import execute
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.database import connect
from tests.support.settle import settle

PRODUCTS: list[Any] = [
    {"sku": "A-1", "price": 12.5, "tags": ["x", "y"], "offers": [{"by": "one", "left": 3}], "at": "2026-03-01T08:00:00Z"},
    {"sku": "A-2", "price": 3, "tags": [], "stock": {"2024-01": 5, "2024-02": "none"}, "none": None},
    {"sku": "A-2", "price": 3, "tags": [], "stock": {"2024-01": 5, "2024-02": "none"}, "none": None},
    {"sku": "A-3", "price": "on request", "offers": [{"by": "two", "more": {"colour's": True}}, None, "sold out"]},
]


@pytest.fixture
def asked(database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Ask on the test's database: the exit status, standard output and standard error."""
    monkeypatch.setenv("ETL_DATABASE_URL", database)

    def ask(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = execute(["slips", "infer", *words])
        out, err = capsys.readouterr()
        return status, out, err

    return ask


def stage(url: str, source: str, documents: list[Any]) -> None:
    with psycopg.connect(url) as conn, conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO etl.staging (source, payload) VALUES (%s, %s)", [(source, Jsonb(one)) for one in documents]
        )


def test_the_slip_loads_what_it_was_written_of(database: str, asked: Any) -> None:
    stage(database, "shop", PRODUCTS)
    status, text, err = asked("shop", "--name", "product")
    assert (status, err) == (0, "")
    slip = read_slip({"slip.toml": text}, "public")
    assert slip.root.key == ("sku",)
    with connect(database) as service:
        settle(service, {"shop": slip}, 10)
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT status, count(*) FROM etl.row_status GROUP BY 1 ORDER BY 1").fetchall() == [
            ("duplicate", 1),
            ("loaded", 3),
        ]
        assert conn.execute("SELECT sku, price::text, price__text FROM product ORDER BY sku").fetchall() == [
            ("A-1", "12.5", None),
            ("A-2", "3", None),
            ("A-3", None, "on request"),
        ]
        assert conn.execute("SELECT key, value::int, value__text FROM product__stock ORDER BY key").fetchall() == [
            ("2024-01", 5, None),
            ("2024-02", None, "none"),
        ]
        offers = conn.execute("SELECT by, more__colour_s, value FROM product__offers ORDER BY _index, by").fetchall()
        assert offers == [("one", None, None), ("two", True, None), (None, None, None), (None, None, "sold out")]
        assert conn.execute("SELECT count(*) FROM product__tags").fetchone() == (2,)


def test_a_field_that_comes_twice_in_different_documents_is_no_key(database: str, asked: Any) -> None:
    stage(database, "shop", [*PRODUCTS, {"sku": "A-1", "price": 13, "path": "a\\b\n"}])
    _, text, _ = asked("shop")
    assert "\nkey = " not in text


def test_json_tells_how_many_documents_there_were_and_what_was_passed_over(database: str, asked: Any) -> None:
    kept = {"$raw": "{broken", "$reason": "not_json", "$error": "expected JSON"}
    stage(database, "shop", [*PRODUCTS, kept])
    status, out, _ = asked("shop", "--json", "--rows", "5")
    told = json.loads(out)
    assert status == 0
    assert (told["documents"], told["passed_over"], told["key"]) == (4, 1, ["sku"])
    assert "$raw" not in told["slip"]


def test_a_folder_has_the_slip_and_samples_that_pass(database: str, asked: Any, tmp_path: Path) -> None:
    stage(database, "shop", PRODUCTS)
    status, out, err = asked("shop", "--into", str(tmp_path))
    assert (status, err) == (0, "")
    assert out.startswith(f"Wrote {tmp_path / 'shop' / 'slip.toml'} from 4 documents, with 3 samples.")
    assert execute(["slips", "test", str(tmp_path / "shop")]) == 0
    assert asked("shop", "--into", str(tmp_path))[0] == 2


def test_a_source_without_documents_is_one_sentence(asked: Any) -> None:
    assert asked("nobody") == (2, "", "SOURCE: expected a source with staged documents, got 'nobody', which has none.\n")


ARTWORKS: list[Any] = [
    {"acno": f"A-{number}", "by": [{"id": number % 4, "name": f"n{number % 4}", "role": "artist" if number % 3 else "printer"}]}
    for number in range(12)
]


def test_entities_are_proposed_and_once_uncommented_have_one_row_each(database: str, asked: Any) -> None:
    stage(database, "tate", ARTWORKS)
    status, text, err = asked("tate", "--name", "artwork")
    assert (status, err) == (0, "")
    assert '# # 4 entities by "id" in 12 places; what differs from place to place: "role"\n' in text
    at = text.index('# # 4 entities by "id"')
    head, proposed = text[:at], text[at:]
    link = "columns.by_ref = \"id | ref('by')\""
    assert f"# # In [tables.artwork__by] this leads to it: {link}\n" in proposed
    tables = "".join(line.removeprefix("# ") for line in proposed.splitlines(keepends=True))
    slip = read_slip({"slip.toml": head.replace("[tables.artwork__by]", f"[tables.artwork__by]\n{link}") + tables}, "public")
    with connect(database) as service:
        settle(service, {"tate": slip}, 5)
    with psycopg.connect(database) as conn:
        assert conn.execute('SELECT id::int, name FROM "by" ORDER BY id').fetchall() == [(n, f"n{n}") for n in range(4)]
        joined = conn.execute('SELECT count(*) FROM artwork__by l JOIN "by" e ON e._id = l.by_ref AND e.id = l.id').fetchone()
        assert joined == (12,)


def test_entities_are_told_in_json(database: str, asked: Any) -> None:
    stage(database, "tate", ARTWORKS)
    assert json.loads(asked("tate", "--json")[1])["entities"] == [
        {"path": "$.by[*]", "recurse": None, "key": "id", "keys": 4, "more": False, "places": 12, "varying": ["role"]}
    ]


def test_a_slip_that_breaks_out_is_written_with_the_field_that_is_the_key(
    database: str, asked: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage(database, "shop", PRODUCTS)
    status, out, err = asked("shop", "--breakout", "--into", str(tmp_path))
    assert (status, err) == (0, "")
    assert out.startswith(f"Wrote {tmp_path / 'shop' / 'slip.toml'} from 4 documents, with 3 samples.")
    assert execute(["slips", "test", str(tmp_path / "shop")]) == 0
    text = (tmp_path / "shop" / "slip.toml").read_text()
    slip = read_slip({"slip.toml": text}, "public")
    assert slip.breakout is not None
    assert (slip.sources, slip.breakout.key) == (("shop",), ("sku",))
    assert '\n# maps = ["$.stock.*"]\n' in text
    assert json.loads(asked("shop", "--breakout", "--json")[1])["key"] == ["sku"]
