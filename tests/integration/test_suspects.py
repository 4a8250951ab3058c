"""At which row the database stopped: where COPY tells, the search for who is to blame begins there."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import sql

from etl_actors.errors import DataRefused
from etl_actors.relational.checks import Compared
from etl_actors.relational.suspect import Suspect
from etl_actors.relational.tables import Column, Kind, Policy, Table
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.database import Connection
from etl_actors.store.leases import Lease
from etl_actors.store.loading.load import Loading
from etl_actors.store.tables.temps import temp_of
from tests.support.breaking import Breaking, stage
from tests.support.documents import one
from tests.support.leases import leased
from tests.support.tables import Note, parsed, shape

_PLAIN = shape(Policy.IGNORE)
_CHECKED = Table(
    "public",
    "note",
    Kind.ROOT,
    Policy.IGNORE,
    ("key",),
    (Column("key", "int"), Column("title", "text", check=Compared("title", "<>", "no"))),
    None,
)
_RAISING = """
    CREATE FUNCTION public.no() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN IF new.title = ''no'' THEN RAISE EXCEPTION E''no\\nCOPY note, line 1''; END IF; RETURN new; END';
    CREATE TRIGGER no BEFORE INSERT ON note FOR EACH ROW EXECUTE FUNCTION public.no()
"""


@pytest.fixture
def batch(producer: Connection, service: Connection) -> Callable[[int], Lease]:
    """Stage and claim so many rows."""
    return lambda rows: leased(producer, service, rows)


@pytest.mark.parametrize(
    "made",
    ["ALTER TABLE note ADD CHECK (title <> 'no')", _RAISING, "ALTER TABLE note ALTER title SET NOT NULL"],
    ids=["check", "trigger", "null"],
)
def test_the_row_at_which_a_table_stops_is_told(
    service: Connection, admin: Connection, batch: Callable[[int], Lease], made: str
) -> None:
    loading = Loading(service)
    loading.load(batch(1), parsed(_PLAIN.root, []))
    admin.execute(made)
    lease = batch(5)
    bad = None if "NULL" in made else "no"
    notes = [Note(row_id, no, bad if no == 3 else "a") for no, row_id in enumerate(lease.row_ids)]
    for _ in range(2):  # the pieces that follow are looked at in the same way
        with pytest.raises(DataRefused) as caught:
            loading.load(lease, parsed(_PLAIN.root, notes))
        assert caught.value.suspect == Suspect(lease.row_ids[3], frozenset(lease.row_ids[:3]))
    assert one(service, "SELECT count(*) FROM note") == 0


def test_the_row_that_a_slips_own_check_refuses_is_told(service: Connection, batch: Callable[[int], Lease]) -> None:
    lease = batch(4)
    notes = [Note(row_id, no, "no" if no == 2 else "a") for no, row_id in enumerate(lease.row_ids)]
    with pytest.raises(DataRefused, match="to fulfil its check") as caught:
        Loading(service).load(lease, parsed(_CHECKED, notes))
    assert caught.value.suspect == Suspect(lease.row_ids[2], frozenset(lease.row_ids[:2]))


@pytest.mark.parametrize("name", ["a, b 1", "a\nb", 'a "b"', "50%"])
def test_it_is_told_whatever_the_table_is_called(
    service: Connection, admin: Connection, batch: Callable[[int], Lease], name: str
) -> None:
    table, loading = replace(_PLAIN.root, name=name), Loading(service)
    loading.load(batch(1), parsed(table, []))
    admin.execute(sql.SQL("ALTER TABLE {} ADD CHECK (title <> 'no')").format(sql.Identifier(name)))
    lease = batch(4)
    with pytest.raises(DataRefused) as caught:
        loading.load(
            lease, parsed(table, [Note(row_id, no, "no" if no == 2 else "a") for no, row_id in enumerate(lease.row_ids)])
        )
    assert caught.value.suspect == Suspect(lease.row_ids[2], frozenset(lease.row_ids[:2]))


def test_of_packed_rows_it_is_told_too(admin: psycopg.Connection[Any], service: Connection) -> None:
    breaking = Breaking(service, read_slip({"slip.toml": 'name = "shop"\nsource = "shop"\n[breakout]\n'}, "public"))
    stage(admin, "shop", [{"no": 0, "items": [{"t": "a"}, {"t": "b"}]}])
    breaking.all()
    admin.execute("ALTER TABLE shop__items ADD CHECK (t <> 'no')")
    documents = [{"no": no, "items": [{"t": "no" if no == 2 else "a"}, {"t": "b"}]} for no in (1, 2, 3)]
    stage(admin, "shop", documents)
    with pytest.raises(DataRefused) as caught:
        breaking.all()
    assert caught.value.suspect is not None
    assert one(admin, "SELECT payload ->> 'no' FROM etl.staging WHERE row_id = %s", caught.value.suspect.row_id) == "2"


def test_what_only_the_end_of_a_statement_refuses_has_no_suspect(
    service: Connection, admin: Connection, batch: Callable[[int], Lease]
) -> None:
    loading = Loading(service)
    loading.load(batch(1), parsed(_PLAIN.root, []))
    admin.execute("CREATE TABLE known (title text PRIMARY KEY); GRANT SELECT ON known TO etl_service")
    admin.execute("ALTER TABLE note ADD FOREIGN KEY (title) REFERENCES known")
    lease = batch(3)
    with pytest.raises(DataRefused) as caught:
        loading.load(lease, parsed(_PLAIN.root, [Note(row_id, row_id) for row_id in lease.row_ids]))
    assert caught.value.suspect is None


def test_a_temp_table_does_not_grow_by_what_was_rolled_back(service: Connection, batch: Callable[[int], Lease]) -> None:
    """Rows of a refused load stay there, dead: every load after it would read them."""
    loading, rows = Loading(service), 1_500
    lease = batch(rows)
    refused = parsed(_CHECKED, [Note(row_id, no, "no" if no == rows - 1 else "a") for no, row_id in enumerate(lease.row_ids)])

    def pages() -> int:
        size: int = one(service, "SELECT pg_relation_size(%s::regclass) / 8192", f"pg_temp.{temp_of(_CHECKED)}")
        return size

    with pytest.raises(DataRefused):
        loading.load(lease, refused)
    first = pages()
    for _ in range(20):
        with pytest.raises(DataRefused):
            loading.load(lease, refused)
    assert pages() <= first


def test_a_temp_table_is_not_truncated_for_a_load_that_has_copied_nothing_to_it(
    service: Connection, admin: Connection, batch: Callable[[int], Lease]
) -> None:
    """TRUNCATE writes rows of pg_class: a load that meets others before it has copied a row costs none."""
    loading = Loading(service)
    loading.load(batch(1), parsed(_PLAIN.root, []))
    admin.execute("CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
    admin.execute("CREATE TRIGGER keep BEFORE INSERT ON note FOR EACH ROW EXECUTE FUNCTION public.keep()")
    temp = f"pg_temp.{temp_of(_PLAIN.root)}"
    before = one(service, "SELECT pg_relation_filenode(%s::regclass)", temp)
    lease = batch(3)
    assert loading.load(lease, parsed(_PLAIN.root, [Note(row_id, row_id) for row_id in lease.row_ids])).duplicate == 3
    assert one(service, "SELECT pg_relation_filenode(%s::regclass)", temp) == before
