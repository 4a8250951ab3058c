"""What a slip's tables take: planned in sentences, made under a lock, and asked again of a table that is there."""

import threading

import psycopg
import pytest

from etl_actors.errors import DatabaseUnsuitable
from etl_actors.relational.checks import Compared, Filled
from etl_actors.relational.tables import Column, Kind, Policy, Table
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.database import Connection, connect
from etl_actors.store.slips import remember
from etl_actors.store.tables import targets
from etl_actors.store.tables.constraints import check_name, index_name
from etl_actors.store.tables.targets import ensure_tables, plan_tables
from tests.support.documents import one, until_blocked
from tests.support.offers import insert, root

_AMOUNT = Column("amount", "numeric(12,2)", null=False, check=Compared("amount", ">=", 0), comment="as it's shown: 5 %")


def sentences(conn: Connection, table: Table, slip: str = "shop", *, structure_only: bool = False) -> list[str]:
    return [change.sentence for change in plan_tables(conn, [table], slip, structure_only=structure_only)]


def test_a_plan_says_what_it_would_do_and_does_nothing(service: Connection) -> None:
    table = root(_AMOUNT, indexes=(("amount",), ("id", "amount")))
    told = [
        "create table public.offer (2 columns)",
        "let etl_reader and etl_operator read public.offer",
        "add an index to public.offer (_row_id)",
        "add an index to public.offer (amount)",
        "add an index to public.offer (id, amount)",
        "comment on public.offer.amount: as it's shown: 5 %",
    ]
    with service.transaction():
        service.execute("SET TRANSACTION READ ONLY")
        assert sentences(service, table) == told
    assert one(service, "SELECT to_regclass('offer') IS NULL")
    planned = plan_tables(service, [table], "shop")
    assert ensure_tables(service, [table], "shop") == ["public.offer"]
    recorded = service.execute("SELECT statement FROM etl.schema_change ORDER BY change_id").fetchall()
    assert [text for (text,) in recorded] == [change.statement.as_string(service) for change in planned]
    assert sentences(service, table) == []
    assert one(
        service,
        "SELECT col_description('offer'::regclass, attnum) FROM pg_attribute WHERE attrelid = 'offer'::regclass AND attname = 'amount'",
    ) == ("as it's shown: 5 %")
    names = [name for (name,) in service.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'offer'")]
    assert {index_name(table, columns) for columns in table.indexes} <= set(names)


def test_not_null_and_checks_hold_from_the_beginning(service: Connection) -> None:
    ensure_tables(service, [root(_AMOUNT)], "shop")
    insert(service, amount=0)
    with pytest.raises(psycopg.errors.NotNullViolation):
        insert(service, amount=None)
    with pytest.raises(psycopg.errors.CheckViolation) as caught:
        insert(service, amount=-1)
    assert caught.value.diag.constraint_name == check_name(root(_AMOUNT), _AMOUNT)


def test_a_column_for_an_empty_table_is_not_null_and_for_another_it_is_not(service: Connection) -> None:
    ensure_tables(service, [root()], "shop")
    assert sentences(service, root(_AMOUNT)) == [
        "add column amount numeric(12,2) to public.offer",
        "add a check to public.offer.amount: amount >= 0",
        "comment on public.offer.amount: as it's shown: 5 %",
    ]
    ensure_tables(service, [root(_AMOUNT)], "shop")
    required = "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'offer'::regclass AND attname = %s"
    assert one(service, required, "amount")
    insert(service, amount=1)
    ensure_tables(service, [root(_AMOUNT, Column("other", "int", null=False))], "shop")
    assert not one(service, required, "other")


def test_a_check_for_a_table_with_rows_is_for_those_to_come(service: Connection) -> None:
    plain = Column("amount", "int")
    ensure_tables(service, [root(plain)], "shop")
    insert(service, amount=-1)
    checked = Column("amount", "int", check=Compared("amount", ">=", 0))
    ensure_tables(service, [root(checked)], "shop")
    with pytest.raises(psycopg.errors.CheckViolation):
        insert(service, amount=-2)
    assert one(service, "SELECT convalidated FROM pg_constraint WHERE contype = 'c' AND conrelid = 'offer'::regclass") is False
    assert sentences(service, root(checked)) == []


def test_a_not_null_that_another_slip_does_not_fill_is_dropped_but_not_one_that_a_customer_set(
    service: Connection, admin: Connection
) -> None:
    amount = Column("amount", "numeric(12,2)", null=False)
    ensure_tables(service, [root(amount, Column("own", "int"))], "shop")
    admin.execute("ALTER TABLE offer ALTER COLUMN own SET NOT NULL")
    told = "let public.offer.amount be null: slip other does not always fill it"
    assert sentences(service, root(), "other") == [told]
    nullable = Column("amount", "numeric(12,2)")
    assert told in sentences(service, root(nullable), "other")
    assert sentences(service, root(), "other", structure_only=True) == [told], "rows of it would not land else"
    ensure_tables(service, [root()], "other")
    assert sentences(service, root(), "other") == []
    assert sentences(service, root(amount)) == [], "nobody sets it again under the other's rows"
    admin.execute("ALTER TABLE offer ALTER COLUMN amount SET NOT NULL")
    assert sentences(service, root(), "other") == [], "this one is a customer's"


def test_a_check_for_a_value_is_no_not_null_of_ours(service: Connection, admin: Connection) -> None:
    ensure_tables(service, [root(Column("amount", "int", check=Filled("amount")))], "shop")
    admin.execute("ALTER TABLE offer ALTER COLUMN amount SET NOT NULL")
    assert not [told for told in sentences(service, root(), "other") if "be null" in told], "this one is a customer's"


def test_a_check_that_no_slip_asks_for_any_more_is_dropped_and_others_stay(service: Connection, admin: Connection) -> None:
    before, after = (Column("amount", "int", check=Compared("amount", ">=", least)) for least in (0, 10))
    ensure_tables(service, [root(before)], "shop")
    admin.execute("ALTER TABLE offer ADD CONSTRAINT customers CHECK (amount < 1000)")
    assert sentences(service, root(after)) == [
        f"drop the check {check_name(root(), before)} of public.offer: no slip asks for it any more",
        "add a check to public.offer.amount: amount >= 10",
    ]
    assert sentences(service, root(after), structure_only=True) == [], "a loader may work by an older version"
    ensure_tables(service, [root(after)], "shop")
    held = {
        name
        for (name,) in service.execute("SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = 'offer'::regclass")
    }
    assert held == {"customers", check_name(root(), after)}


_SLIP = 'name = "{0}"\nsource = "{0}"\n[tables.offer]\nkey = ["id"]\ncolumns.id = "id | int"\ncolumns.amount = {1}'


def test_a_check_and_a_comment_that_another_slip_in_force_asks_for_stay(service: Connection) -> None:
    column = '{ expr = "amount | int", check = "amount >= 0", comment = "theirs" }'
    theirs = read_slip({"slip.toml": _SLIP.format("theirs", column)}, "public")
    plain = read_slip({"slip.toml": _SLIP.format("plain", '{ expr = "amount | int", comment = "ours" }')}, "public")
    ensure_tables(service, theirs.targets, "theirs")
    remember(service, theirs)
    assert plan_tables(service, plain.targets, "plain") == []
    later = read_slip({"slip.toml": _SLIP.format("theirs", '"amount | int"')}, "public")
    assert [change.sentence[:15] for change in plan_tables(service, later.targets, "theirs")] == ["drop the check "]
    remember(service, later)
    assert len(plan_tables(service, plain.targets, "plain")) == 2, "nobody asks for either any more"


def test_all_differences_are_told_at_once(service: Connection) -> None:
    ensure_tables(service, [root(Column("a", "int"), Column("b", "int")), root(name="child")], "one")
    other = [root(Column("a", "text"), Column("b", "int[]")), root(name="child"), root(Column("c", "int"), name="mine")]
    service.execute("CREATE TABLE mine (a int)")
    with pytest.raises(DatabaseUnsuitable) as caught:
        ensure_tables(service, [*other, root(name="new")], "two")
    assert str(caught.value).splitlines() == [
        "Slip two makes public.offer.a a text, but in the database it is an integer: change the slip or the table.",
        "Slip two makes public.offer.b an integer[], but in the database it is an integer: change the slip or the table.",
        "Slip two fills public.mine, which is no table of etl-actors (it has no column _id): name another.",
    ]
    assert one(service, "SELECT to_regclass('new') IS NULL"), "nothing was made"


def test_an_entity_may_not_fill_a_table_of_children(service: Connection) -> None:
    child = Table("public", "tag", Kind.OWN, Policy.IGNORE, ("id",), (Column("id", "int"),), "public.offer")
    ensure_tables(service, [child], "one")
    entity = Table("public", "tag", Kind.ENTITY, Policy.IGNORE, ("id",), (Column("id", "int"),), None)
    with pytest.raises(DatabaseUnsuitable, match=r"in the database it is a table of children \(it has a column _parent_id\)"):
        plan_tables(service, [entity], "two")


def test_a_table_that_comes_to_be_filled_gets_the_column_that_says_by_whom(service: Connection) -> None:
    entity = Table("public", "tag", Kind.ENTITY, Policy.UPDATE, ("id",), (Column("id", "int"),), None)
    filled = Table("public", "tag", Kind.ENTITY, Policy.FILL, ("id",), (Column("id", "int"),), None)
    ensure_tables(service, [entity], "one")
    assert sentences(service, filled) == [
        "add column _filled jsonb to public.tag",
        "add an index to public.tag (which rows gave its columns)",
    ]


def test_a_missing_schema_is_made_where_the_service_may_and_else_the_remedy_is_told(
    service: Connection, admin: Connection
) -> None:
    table = root(schema="its own")
    with pytest.raises(DatabaseUnsuitable, match="there is no such schema: an administrator runs: CREATE SCHEMA") as caught:
        plan_tables(service, [table], "shop")
    remedy = str(caught.value).partition("runs: ")[2]
    with admin.transaction(force_rollback=True):
        admin.execute(remedy.encode())
        assert one(admin, "SELECT has_schema_privilege('etl_service', 'its own', 'CREATE')")
    admin.execute('CREATE SCHEMA "its own"')
    with pytest.raises(DatabaseUnsuitable, match="the service may not make tables there: postgres runs: GRANT USAGE, CREATE"):
        plan_tables(service, [table], "shop")
    admin.execute('DROP SCHEMA "its own"')
    database = psycopg.sql.Identifier(admin.info.dbname)
    admin.execute(psycopg.sql.SQL("GRANT CREATE ON DATABASE {} TO etl_service").format(database))
    both = [table, root(schema="its own", name="other")]
    told = [change.sentence for change in plan_tables(service, both, "shop")]
    assert told.count("create schema its own") == 1
    assert ensure_tables(service, both, "shop") == ["its own.offer", "its own.other"]
    assert one(admin, "SELECT has_schema_privilege('etl_reader', 'its own', 'USAGE')")


def test_a_table_of_another_owner_is_changed_by_its_owner(service: Connection, admin: Connection) -> None:
    ensure_tables(service, [root()], "shop")
    admin.execute("ALTER TABLE offer OWNER TO postgres")
    with pytest.raises(DatabaseUnsuitable, match="which belongs to postgres, who runs: ALTER TABLE") as caught:
        ensure_tables(service, [root(_AMOUNT)], "shop")
    admin.execute(str(caught.value).partition("runs: ")[2].encode())
    assert plan_tables(service, [root(_AMOUNT)], "shop") == []


def test_a_reader_that_stays_too_long_is_told_of_and_does_not_block_everybody(
    service: Connection, admin: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "_ATTEMPTS", 2)
    ensure_tables(service, [root()], "shop")
    with admin.transaction():
        admin.execute("SELECT * FROM offer")
        with pytest.raises(DatabaseUnsuitable, match=r"needs a change of public\.offer, which others use all the time"):
            ensure_tables(service, [root(_AMOUNT)], "shop")
    assert ensure_tables(service, [root(_AMOUNT)], "shop") == ["public.offer"]


def test_a_change_waits_for_a_reader_that_ends_soon(service: Connection, admin: Connection, service_url: str) -> None:
    ensure_tables(service, [root()], "shop")
    made: list[list[str]] = []
    with connect(service_url) as second:
        with admin.transaction():
            admin.execute("SELECT * FROM offer")
            other = threading.Thread(target=lambda: made.append(ensure_tables(second, [root(_AMOUNT)], "shop")))
            other.start()
            until_blocked(service, second.info.backend_pid)
        other.join(60)
    assert made == [["public.offer"]]
