"""Documents that break software: each is landed exactly, or rejected with a sentence; none is lost, none stops the rest."""

import json
from pathlib import Path

import psycopg
import pytest

from tests.support.contents import settled
from tests.support.daemon import environment, etl

_DEEP = 500
_LANDS = {
    "depth 500": '{"a":' * _DEEP + "1" + "}" * _DEEP,
    "5,000 keys": json.dumps({f"key {n}": n for n in range(5_000)}),
    "20 MB": json.dumps({"name": "x" * 20_000_000}),
    "a number of 400 digits": '{"count": ' + "9" * 400 + "}",
    "a fraction of 400 digits": '{"count": 0.' + "1234567890" * 40 + "}",
    "trailing zeros": '{"count": 1.500}',
    "an empty key": '{"": 1, "name": "x"}',
    "a key of 200 bytes": json.dumps({"k" * 200: 1}),
    "keys that differ by case": '{"name": "a", "NAME": "b", "Name": "c"}',
    "reserved words": '{"select": 1, "table": {"from": "where"}}',
    "quotes in names": json.dumps({"a\"b'c`d;--": "x", "name": "Robert'); DROP TABLE anything;--"}),
    "copy's own signs": json.dumps({"name": "tab\there\\nnew\nline \\N \\. \r end"}),
    "astral and joined": json.dumps({"name": "👩‍👩‍👧‍👦 𝄞 é é"}, ensure_ascii=False),
    "a scalar": "42",
    "an array": "[1, [2, [3]], null]",
    "null": "null",
    "an empty object": "{}",
}
_REJECTED = {
    "NUL as an escape": ('{"name": "a\\u0000b"}', "stage", "nul_character"),
    "a lone surrogate": ('{"name": "\\ud800"}', "stage", "lone_surrogate"),
    "NaN": ('{"count": NaN}', "stage", "not_json"),
    "half a line": ('{"name": "hal', "stage", "cut_short"),
    "a number that is none": ('{"count": "many"}', "map", "not_a_number"),
    "depth 600": ('{"a":' * 600 + "1" + "}" * 600, "parse", "too_deep"),
}


def test_each_lands_exactly_or_is_rejected_with_a_sentence(database: str, tmp_path: Path) -> None:
    """Feed them all as one file, load once, and hold each row against what was fed."""
    file = tmp_path / "nasty.jsonl"
    lines = [*_LANDS.values(), *(text for text, *_ in _REJECTED.values())]
    file.write_text("\n".join(lines), encoding="utf-8")
    env = environment(database)
    fed = etl("feed", "anything", file, env=env)
    assert fed.returncode == 0, fed.stderr
    done = etl("run", "--once", env=env)
    assert done.returncode == 0, done.stderr
    assert settled(database)
    with psycopg.connect(database) as conn:
        for row_id, (name, text) in enumerate(_LANDS.items(), start=1):
            # JSON's null is the slip's null, and so is the column's.
            row = conn.execute(
                "SELECT body IS NOT DISTINCT FROM nullif(%s::jsonb, 'null'), body::text IS NOT DISTINCT FROM nullif(%s::jsonb, 'null')::text "
                "FROM anything WHERE _row_id = %s",
                [text, text, row_id],
            )
            assert row.fetchone() == (True, True), name
        rejected = conn.execute("SELECT row_id, stage, reason, message FROM etl.reject ORDER BY row_id").fetchall()
    assert len(rejected) == len(_REJECTED)
    for (name, (_, stage, reason)), (row_id, *found, message) in zip(_REJECTED.items(), rejected, strict=True):
        assert (row_id - len(_LANDS), found) == (list(_REJECTED).index(name) + 1, [stage, reason]), name
        assert message.count("\n") == 0, name
        assert len(message) < 400, name
    audited = etl("audit", env=env)
    assert audited.returncode == 0, audited.stdout + audited.stderr


@pytest.mark.parametrize("document", list(_LANDS), ids=str)
def test_the_list_holds_what_it_says(document: str) -> None:
    """Keep the list honest: PostgreSQL aside, each is JSON, or Python's own limits would hide a difference."""
    assert json.loads(_LANDS[document]) is not None or document == "null"


def test_strings_that_break_software_land_as_they_are(database: str, corpus: Path, tmp_path: Path) -> None:
    """Feed the big list of naughty strings as values and as keys."""
    strings = json.loads((corpus / "conformance" / "blns" / "blns.json").read_text(encoding="utf-8"))
    file = tmp_path / "blns.jsonl"
    file.write_text("\n".join(json.dumps({"name": text, text: 1}) for text in strings), encoding="utf-8")
    env = environment(database)
    assert etl("feed", "anything", file, env=env).returncode == 0
    assert etl("run", "--once", env=env).returncode == 0
    assert settled(database)
    with psycopg.connect(database) as conn:
        landed: dict[int, str] = dict(conn.execute("SELECT _row_id, name FROM anything").fetchall())
        rejected = conn.execute("SELECT row_id, message FROM etl.reject").fetchall()
    assert landed == {row_id: text for row_id, text in enumerate(strings, start=1) if text != "name"} | (
        {strings.index("name") + 1: "1"} if "name" in strings else {}
    )
    assert rejected == []
