"""Documents of several kinds in one source go to the slips that take them; what nobody takes is a dead letter."""

import json

import psycopg

from tests.support.contents import settled
from tests.support.daemon import environment, etl, stage


def _pets() -> list[str]:
    kinds = ["cat", "dog", "cat", "newt", "dog"]
    return [json.dumps({"kind": kinds[n % 5], "name": f"pet {n}"}) for n in range(500)]


def test_a_batch_of_several_kinds_is_split_by_what_the_documents_say(database: str) -> None:
    """Stage cats, dogs and newts in one batch: two tables fill, the newts are rejected, and the books follow the split."""
    stage(database, _pets(), "pets")
    env = environment(database)
    done = etl("run", "--once", env=env)
    assert done.returncode == 0, done.stderr
    assert settled(database)
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT (SELECT count(*) FROM pet_cat), (SELECT count(*) FROM pet_dog)").fetchone() == (200, 200)
        assert conn.execute("SELECT stage, reason, count(*) FROM etl.reject GROUP BY 1, 2").fetchall() == [
            ("route", "no_slip", 100)
        ]
        parents = conn.execute("SELECT batch_id, status FROM etl.batch WHERE parent_id IS NULL").fetchall()
        children = conn.execute(
            "SELECT slip, status, cardinality(row_ids), parent_id FROM etl.batch WHERE parent_id IS NOT NULL"
        ).fetchall()
        mixed = conn.execute(
            "SELECT count(*) FROM pet_cat c JOIN etl.staging s ON s.row_id = c._row_id WHERE s.payload ->> 'kind' <> 'cat'"
        ).fetchone()
    assert [status for _, status in parents] == ["released"]
    assert sorted(children, key=str) == sorted(
        [("pet_cat", "done", 200, parents[0][0]), ("pet_dog", "done", 200, parents[0][0]), (None, "done", 100, parents[0][0])],
        key=str,
    )
    assert mixed == (0,)
    audited = etl("audit", env=env)
    assert audited.returncode == 0, audited.stdout + audited.stderr


def test_a_row_may_name_its_slip_and_an_unknown_one_is_said_so(database: str) -> None:
    """Name slips on the rows themselves: the one that does not take the source, and the one nobody has, are dead letters."""
    rows = [("pets", "pet_dog", "Rex"), ("pets", "note_update", "Tom"), ("pets", "pet_newt", "Eve"), ("zoo", None, "Leo")]
    with psycopg.connect(database) as conn:
        for source, slip, name in rows:
            conn.execute(
                "INSERT INTO etl.staging (source, slip, payload) VALUES (%s, %s, %s)", [source, slip, json.dumps({"name": name})]
            )
    assert etl("run", "--once", env=environment(database)).returncode == 0
    assert settled(database)
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT name FROM pet_dog").fetchall() == [("Rex",)]
        found = conn.execute("SELECT row_id, reason, message FROM etl.reject ORDER BY row_id").fetchall()
    assert [(row_id, reason) for row_id, reason, _ in found] == [(2, "unknown_slip"), (3, "unknown_slip"), (4, "no_slip")]
    assert "expected a slip that takes source 'pets', got 'note_update', which takes notes_update" in found[0][2]
    assert "got 'pet_newt', which this daemon does not have" in found[1][2]
