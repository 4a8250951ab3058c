"""Roles: what each may do, and what it may not. Every role is tried with superuser's rights laid down."""

import psycopg
import pytest

from etl_actors.relational.tables import Policy
from etl_actors.store.database import Connection
from etl_actors.store.loading.load import Loading
from tests.support.documents import one, stage
from tests.support.leases import leased
from tests.support.tables import Note, parsed, shape

_STAGE = "INSERT INTO etl.staging (source, payload) VALUES ('shop', '{}')"

_MAY = {
    "etl_producer": [
        _STAGE,
        _STAGE + " RETURNING row_id",
        "INSERT INTO etl.staging (source, payload, trace) VALUES ('shop', '{}', '00-x')",
        "SELECT row_id FROM etl.staging",
    ],
    "etl_reader": [
        "SELECT * FROM etl.ledger, etl.breakout_column",
        "SELECT rejected_items FROM etl.row_status WHERE row_id = 1",
        "SELECT * FROM public.note",
    ],
    "etl_operator": [
        "INSERT INTO etl.staging (source, payload, slip, trace) VALUES ('shop', '{}', 'named', NULL)",
        "SELECT payload FROM etl.staging",
        "SELECT * FROM etl.ledger, etl.row_status, etl.batch, etl.inbox, etl.reject, etl.slip, etl.alembic_version",
        "SELECT * FROM etl.breakout_column",
        "SELECT * FROM public.note",
        "UPDATE etl.reject SET status = 'discarded'",
        "INSERT INTO etl.replay (filter) VALUES ('{}')",
        "UPDATE etl.replay SET status = 'cancelled'",
        "INSERT INTO etl.pause (source, reason) VALUES ('shop', 'why')",
        "DELETE FROM etl.pause",
        "INSERT INTO etl.producer_source VALUES ('me', 'shop')",
        "DELETE FROM etl.producer_source",
        "INSERT INTO etl.action (action) VALUES ('pause')",
        "SELECT etl.add_staging_partitions(1000)",
        "SELECT * FROM etl.drop_staging_partition('none'), etl.staging_in_use('none'), etl.staging_at_odds('none')",
    ],
    "etl_service": [
        "SELECT payload FROM etl.staging",
        "SELECT * FROM etl.ledger, etl.row_status, etl.alembic_version",
        "DELETE FROM etl.inbox",
        "UPDATE etl.batch SET status = 'released'",
        "UPDATE etl.daemon SET beat_at = now()",
        'UPDATE etl.daemon SET slips = \'{"note": "digest"}\'',
        "UPDATE etl.slip SET active = false",
        "SELECT pg_notify('etl_slips', '')",
        "INSERT INTO etl.slip (digest, name, files) VALUES ('d', 'n', '{}')",
        "INSERT INTO etl.breakout_column VALUES ('s', 't', 'c', 'text', '$', 'text', 1)",
        "DELETE FROM etl.breakout_column",
        "INSERT INTO etl.action (action) VALUES ('rescue')",
        "INSERT INTO etl.schema_change (target, statement, status) VALUES ('t', 's', 'made')",
        "SELECT nextval('etl.lease_token')",
        "SELECT etl.add_staging_partitions(1000), etl.seal_staging_partitions(), etl.carry_batches()",
        "SELECT * FROM etl.standing, etl.carried, etl.carried_version, etl.uncarried, etl.pruned",
        "SELECT * FROM etl.drop_staging_partition('none'), etl.staging_in_use('none'), etl.staging_at_odds('none')",
        "CREATE TABLE public.another (a int)",
        "CREATE TEMP TABLE passing (a int)",
        "LISTEN etl_staged",
    ],
}

_FUNCTIONS = ["SELECT etl.add_staging_partitions(1000)", "SELECT etl.seal_staging_partitions()",
              "SELECT * FROM etl.drop_staging_partition('none')", "SELECT * FROM etl.staging_in_use('none')", "SELECT etl.carry_batches()"]  # fmt: skip
_HISTORY = ["UPDATE etl.staging SET payload = '1'", "DELETE FROM etl.staging", "TRUNCATE etl.staging", "DELETE FROM etl.batch",
            "DELETE FROM etl.reject", "DELETE FROM etl.slip", "DELETE FROM etl.action", "UPDATE etl.action SET actor = 'x'",
            "UPDATE etl.schema_change SET status = 'made'", "DROP TABLE etl.staging", "CREATE TABLE etl.mine (a int)",
            "UPDATE etl.alembic_version SET version_num = 'x'", "CREATE ROLE mine", "DELETE FROM etl.staging_partition",
            "UPDATE etl.staging_count SET staged = 0", "UPDATE etl.carried SET loaded = 0", "DELETE FROM etl.uncarried", "ALTER TABLE etl.staging DISABLE TRIGGER ALL", "UPDATE etl.staging_partition SET dropped_at = now()",
            "DROP TABLE etl.staging_0000000000000000001",
            "SET session_replication_role = replica"]  # fmt: skip

_MAY_NOT = {
    "etl_producer": [
        *_HISTORY,
        *_FUNCTIONS,
        "INSERT INTO etl.staging (source, payload, slip) VALUES ('shop', '{}', 'named')",
        "INSERT INTO etl.staging (source, payload, received_at) VALUES ('shop', '{}', '2020-01-01')",
        "SELECT payload FROM etl.staging",
        "SELECT source FROM etl.staging",
        _STAGE + " RETURNING payload",
        "SELECT * FROM etl.inbox",
        "INSERT INTO etl.inbox (source, row_id, bytes) VALUES ('shop', 1, 1)",
        "SELECT * FROM etl.batch",
        "SELECT * FROM etl.ledger",
        "SELECT * FROM etl.row_status",
        "INSERT INTO etl.producer_source VALUES ('etl_producer', 'shop')",
        "SELECT * FROM etl.daemon",
        "SELECT * FROM public.note",
        "CREATE TABLE public.mine (a int)",
    ],
    "etl_reader": [
        *_HISTORY,
        *_FUNCTIONS,
        _STAGE,
        "SELECT row_id FROM etl.staging",
        "SELECT * FROM etl.batch",
        "SELECT * FROM etl.reject",
        "SELECT * FROM etl.inbox",
        "SELECT * FROM etl.slip",
        "INSERT INTO public.note (key) VALUES (1)",
        "UPDATE public.note SET title = 'x'",
        "DELETE FROM public.note",
        "CREATE TABLE public.mine (a int)",
    ],
    "etl_operator": [
        *_HISTORY,
        "SELECT etl.carry_batches()",
        "SELECT etl.seal_staging_partitions()",
        "INSERT INTO etl.staging (source, payload, received_at) VALUES ('shop', '{}', '2020-01-01')",
        "UPDATE etl.batch SET status = 'done'",
        "DELETE FROM etl.inbox",
        "UPDATE etl.reject SET message = 'nothing happened'",
        "UPDATE etl.reject SET item = true",
        "UPDATE etl.daemon SET slips = '{}'",
        "UPDATE etl.slip SET active = false",
        "UPDATE public.note SET title = 'x'",
        "DELETE FROM public.note",
        "SELECT nextval('etl.lease_token')",
    ],
    "etl_service": [
        *_HISTORY,
        _STAGE,
        "INSERT INTO etl.pause (source) VALUES ('shop')",
        "INSERT INTO etl.producer_source VALUES ('etl_producer', 'shop')",
    ],
}


@pytest.fixture
def filled(producer: Connection, service: Connection, admin: Connection) -> Connection:
    """Give a superuser's connection to a database with a target table in it."""
    lease = leased(producer, service)
    Loading(service).load(lease, parsed(shape(Policy.IGNORE).root, [Note(lease.row_ids[0], 1)]))
    return admin


def answer(conn: Connection, role: str, statement: str) -> type[Exception] | None:
    """Run a statement as a role and undo it; return how it failed."""
    try:
        with conn.transaction(force_rollback=True):
            conn.execute(f"SET LOCAL ROLE {role}".encode())
            conn.execute(statement.encode())
    except psycopg.Error as exc:
        return type(exc)
    return None


@pytest.mark.parametrize("role", _MAY)
def test_a_role_may_do_what_its_work_needs(filled: Connection, role: str) -> None:
    failed = {statement: answer(filled, role, statement) for statement in _MAY[role]}
    assert failed == dict.fromkeys(_MAY[role])


@pytest.mark.parametrize("role", _MAY_NOT)
def test_a_role_may_do_nothing_else(filled: Connection, role: str) -> None:
    failed = {statement: answer(filled, role, statement) for statement in _MAY_NOT[role]}
    assert failed == dict.fromkeys(_MAY_NOT[role], psycopg.errors.InsufficientPrivilege)


def test_no_role_can_log_in_by_itself_or_is_more_than_it_says(admin: Connection) -> None:
    rights = admin.execute(
        "SELECT rolname, rolcanlogin OR rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication "
        "FROM pg_roles WHERE rolname IN ('etl_producer', 'etl_service', 'etl_operator', 'etl_reader') ORDER BY 1"
    ).fetchall()
    assert rights == [("etl_operator", False), ("etl_producer", False), ("etl_reader", False), ("etl_service", False)]


def test_a_producer_cannot_turn_the_trigger_against_its_owner(producer: Connection, service: Connection) -> None:
    """The trigger runs with its owner's rights: what it calls must not be found through the producer's search_path."""
    producer.execute("CREATE TEMP TABLE inbox (a int)")
    producer.execute(
        "CREATE FUNCTION pg_temp.pg_notify(text, text) RETURNS void LANGUAGE plpgsql AS 'BEGIN RAISE division_by_zero; END'"
    )
    producer.execute("SET search_path = pg_temp, etl, pg_catalog")
    (row_id,) = stage(producer, "shop", [1])
    assert one(service, "SELECT row_id FROM etl.inbox") == row_id
