"""Migrating: by one or by many at once, by logins with few rights, and what is refused with which sentence."""

from collections.abc import Iterator

import alembic.command
import psycopg
import pytest
from psycopg import sql

from etl_actors.errors import DatabaseUnavailable, DatabaseUnsuitable
from etl_actors.store import database as database_module
from etl_actors.store import revision as revision_module
from etl_actors.store.database import connect
from etl_actors.store.migrate import migrate
from etl_actors.store.revision import ACCEPTED, check, require_accepted
from tests.support.documents import one, stage
from tests.support.migrations import migrate_at_once
from tests.support.servers import Server, running_server
from tests.support.variables import OWN

_ALL = ["0001", "0002", "0003", "0004"]


@pytest.fixture(scope="module")
def bare() -> Iterator[Server]:
    """Run a cluster in which no migration has ever made the roles."""
    if OWN.get("ETL_TEST_DATABASE_URL"):
        pytest.skip("roles are of the whole cluster, and the one that ETL_TEST_DATABASE_URL names has them")
    with running_server() as server:
        yield server


def login(server: Server, name: str, options: str, database: str | None = None) -> str:
    """Make a login and return its URL; it owns `database`, or a new one."""
    made = database or server.create()
    with psycopg.connect(server.admin_url(), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN {} PASSWORD 'secret'").format(sql.Identifier(name), sql.SQL(options)))
        admin.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(made), sql.Identifier(name)))
    return server.url(made, user=name, password="secret")


# In the order in which they need the bare cluster: the first makes no role, the second makes them all.


def test_a_login_that_may_not_create_roles_is_told_what_an_administrator_runs(bare: Server) -> None:
    url = login(bare, "plain owner", "")
    with pytest.raises(DatabaseUnsuitable) as caught:
        migrate(url)
    told = str(caught.value)
    assert "CREATE ROLE etl_producer NOLOGIN; CREATE ROLE etl_reader NOLOGIN;" in told
    assert check(url) == (None, False), "nothing of it stays behind"
    assert told.endswith(";")
    commands = told[told.index("CREATE ROLE") :]
    with psycopg.connect(bare.admin_url(), autocommit=True) as admin:
        with admin.transaction(force_rollback=True):
            admin.execute(commands.encode())  # what it says is what helps
        assert one(admin, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'etl\\_%'") == 0


def test_four_databases_of_one_cluster_migrate_at_once_although_roles_collide_and_then_four_times_one(bare: Server) -> None:
    four = [bare.admin_url(bare.create()) for _ in range(4)]
    same = [bare.admin_url(bare.create())] * 4
    of_four, of_one = migrate_at_once(four, same)
    assert of_four == [_ALL] * 4
    assert sorted(of_one) == [[], [], [], _ALL], "one did the work, the others waited and found it done"
    for url in (*four, same[0]):
        require_accepted(url)
        with connect(url) as conn:
            assert one(conn, "SELECT count(*) FROM etl.staging_partition") == 3


def test_a_login_that_may_create_roles_migrates_and_acts_as_the_service(bare: Server) -> None:
    url = login(bare, "may_create", "CREATEROLE")
    with psycopg.connect(bare.admin_url(), autocommit=True) as admin:
        admin.execute("GRANT etl_service, etl_operator TO may_create WITH ADMIN OPTION")
    assert migrate(url) == _ALL
    with connect(url) as conn:
        assert one(conn, "SELECT current_user") == "etl_service"


def test_a_login_that_is_no_member_of_the_roles_is_told_which_grant_helps(bare: Server) -> None:
    url = login(bare, "no_member", "")
    with pytest.raises(DatabaseUnsuitable, match=r"an administrator runs: GRANT etl_service TO no_member;"):
        migrate(url)


def test_four_logins_with_few_rights_migrate_at_once(bare: Server) -> None:
    urls = [login(bare, f"owner_{n}", "") for n in range(4)]
    with psycopg.connect(bare.admin_url(), autocommit=True) as admin:
        admin.execute("GRANT etl_service, etl_operator TO owner_0, owner_1, owner_2, owner_3")
    assert migrate_at_once(urls) == [[_ALL] * 4]


@pytest.mark.parametrize(
    "granted", ["", "GRANT USAGE, CREATE ON SCHEMA {schema} TO {login}"], ids=["no_right", "a_right_of_its_own"]
)
def test_a_target_schema_that_the_login_may_not_open_is_refused_with_what_its_owner_runs(bare: Server, granted: str) -> None:
    name = f"stranger_{len(granted)}"
    url = login(bare, name, "CREATEROLE")
    database = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    with psycopg.connect(bare.admin_url(str(database)), autocommit=True) as admin:
        admin.execute(sql.SQL("GRANT etl_service, etl_operator TO {}").format(sql.Identifier(name)))
        admin.execute('CREATE SCHEMA "their own"')
        admin.execute(sql.SQL(granted).format(schema=sql.Identifier("their own"), login=sql.Identifier(name)))
        with pytest.raises(
            DatabaseUnsuitable, match=r"may not make tables in the schema their own of .*: its owner, \S+, runs: "
        ) as no:
            migrate(url, "their own")
        require_accepted(url)
        admin.execute(str(no.value).split("runs: ")[1].encode())  # what it says is what helps
    assert migrate(url, "their own") == []
    with connect(url) as conn:
        conn.execute('CREATE TABLE "their own".t ()')


def test_an_empty_database_is_brought_to_the_head_and_a_second_time_nothing_is_done(empty_database: str) -> None:
    assert check(empty_database) == (None, False)
    assert migrate(empty_database) == _ALL
    assert migrate(empty_database) == []
    assert check(empty_database) == (ACCEPTED[-1], True)
    assert revision_module._known() == set(_ALL), "told without Alembic, whose import takes long"
    with psycopg.connect(empty_database) as conn:
        assert one(conn, "SELECT count(*) FROM etl.staging_partition") == 3


def test_a_target_schema_with_a_quote_in_its_name_is_made_and_opened_to_the_service(empty_database: str) -> None:
    odd = 'my "odd" schema; --'
    migrate(empty_database, odd)
    migrate(empty_database, odd)
    with connect(empty_database) as conn:
        conn.execute(sql.SQL("CREATE TABLE {} (a int)").format(sql.Identifier(odd, "t")))
        assert one(conn, "SELECT nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relname = 't'") == odd


def test_a_database_without_the_schema_is_refused_and_migrate_is_named(empty_database: str) -> None:
    with pytest.raises(DatabaseUnsuitable, match=r"schema etl is not in .*: run `etl-actors migrate`"):
        require_accepted(empty_database)


def test_an_older_revision_is_refused_and_migrate_is_named(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    require_accepted(database)
    monkeypatch.setattr(revision_module, "ACCEPTED", ("0005",))
    with pytest.raises(DatabaseUnsuitable, match=r"is at revision 0004, and 0005 is needed: run `etl-actors migrate`"):
        require_accepted(database)


def test_a_database_of_the_previous_release_is_brought_to_the_head_with_what_is_in_it(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        upgrade = alembic.command.upgrade
        earlier.setattr(alembic.command, "upgrade", lambda config, _: upgrade(config, "0001"))
        assert migrate(empty_database) == ["0001"]
    with psycopg.connect(empty_database, autocommit=True) as admin:
        (row_id,) = stage(admin, "shop", [{}])
        admin.execute("DELETE FROM etl.inbox")
        admin.execute("INSERT INTO etl.daemon (name, version) VALUES ('old', '0')")
        batch_id = one(
            admin,
            "INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, outcomes, status, owner, rejected, finished_at) "
            "VALUES ('shop', ARRAY[%s::bigint], %s, %s, 1, 'r', 'done', 1, 1, now()) RETURNING batch_id",
            *[row_id] * 3,
        )
        reject = "INSERT INTO etl.reject (row_id, batch_id, stage, reason, message) VALUES (%s, %s, 'map', 'x', 'y')"
        admin.execute(reject.encode(), [row_id, batch_id])
    assert migrate(empty_database) == ["0002", "0003", "0004"]
    with psycopg.connect(empty_database) as conn:
        assert one(conn, "SELECT slips FROM etl.daemon") == {}
        assert one(conn, "SELECT item FROM etl.reject") is False
        told = one(conn, "SELECT status, reason, rejected_items FROM etl.row_status")
        assert told == ("rejected", "x", 0)
        conn.execute("SET ROLE etl_reader")
        assert one(conn, "SELECT count(*) FROM etl.row_status") == 1, "the view was replaced, and its grants stay"


@pytest.fixture
def from_the_future(database: str) -> str:
    """Give a database that a later release has migrated."""
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute("UPDATE etl.alembic_version SET version_num = '9999'")
    return database


def test_a_revision_of_a_later_release_is_refused_by_the_daemon(from_the_future: str) -> None:
    with pytest.raises(DatabaseUnsuitable, match=r"revision 9999, which this release does not know \(it accepts 0004\)"):
        require_accepted(from_the_future)


def test_a_revision_of_a_later_release_is_refused_by_migrate_too(from_the_future: str) -> None:
    with pytest.raises(DatabaseUnsuitable, match="revision 9999, which this release does not know"):
        migrate(from_the_future)


def test_the_service_itself_may_ask_for_the_revision(service_url: str) -> None:
    require_accepted(service_url)


def test_a_server_that_is_too_old_is_refused(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "MINIMUM_VERSION", 999_999)
    with pytest.raises(DatabaseUnsuitable, match="PostgreSQL 15 or later is needed"):
        migrate(database)


def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    with pytest.raises(DatabaseUnavailable, match=r"No answer from database shop on 127\.0\.0\.1:1") as caught:
        migrate("postgresql://me:hunter2@127.0.0.1:1/shop")
    assert "hunter2" not in str(caught.value)
    assert caught.value.exit_status == 3


def test_acting_as_a_role_that_the_login_may_not_take_is_told_with_the_grant_that_helps(producer_url: str) -> None:
    with pytest.raises(DatabaseUnsuitable, match=r"may not act as etl_service: an administrator runs: GRANT etl_service TO "):
        connect(producer_url)
