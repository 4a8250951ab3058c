"""The fixtures themselves: who may do what in a test's database."""

import psycopg
import pytest


def test_each_test_has_a_migrated_database(database: str) -> None:
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT to_regclass('etl.staging') IS NOT NULL").fetchone() == (True,)


def test_an_empty_database_has_no_schema_etl(empty_database: str) -> None:
    with psycopg.connect(empty_database) as conn:
        assert conn.execute("SELECT to_regnamespace('etl') IS NULL").fetchone() == (True,)


def test_the_service_login_is_no_superuser_and_sees_the_same_database(service_url: str, database: str) -> None:
    with psycopg.connect(database) as admin, psycopg.connect(service_url) as service:
        assert service.info.dbname == admin.info.dbname
        row = service.execute("SELECT current_setting('is_superuser'), pg_has_role('etl_service', 'USAGE')").fetchone()
        assert row == ("off", True)


def test_the_producer_login_may_insert_and_no_more(producer_url: str) -> None:
    with psycopg.connect(producer_url, autocommit=True) as producer:
        producer.execute("INSERT INTO etl.staging (source, payload) VALUES ('shop', '{}')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            producer.execute("SELECT payload FROM etl.staging")
