"""Connections on a real server: what their session rests on, and their loss at the worst moments."""

import psycopg
import pykka
import pytest

from etl_actors.actors.listener import ListenerActor
from etl_actors.actors.messages import Open
from etl_actors.actors.stop import Stop
from etl_actors.errors import DatabaseUnavailable
from etl_actors.store import database as database_module
from etl_actors.store.database import Connection, connect
from etl_actors.store.ledger import carry
from tests.support.documents import one

_PINNED = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "jit": "off",
    "default_transaction_isolation": "read committed",
}


@pytest.mark.parametrize(
    "option",
    [
        "TimeZone=Asia/Tokyo",
        "DateStyle=German",
        "IntervalStyle=sql_standard",
        "bytea_output=escape",
        "jit=on",
        "default_transaction_isolation=serializable",
    ],
)
def test_the_urls_options_cannot_change_what_our_texts_rest_on(service_url: str, option: str) -> None:
    with connect(f"{service_url}&options=-c%20{option.replace('=', '%3D')}%20-c%20work_mem%3D5MB") as conn:
        name = option.partition("=")[0]
        assert one(conn, "SELECT current_setting(%s)", name) == _PINNED[name]
        assert one(conn, "SHOW work_mem") == "5MB", "what is not ours is theirs to set"


def test_the_databases_own_isolation_keeps_no_daemon_from_carrying_the_books_forward(
    admin: Connection, service_url: str, database: str
) -> None:
    admin.execute(
        f"ALTER DATABASE \"{one(admin, 'SELECT current_database()')}\" SET default_transaction_isolation = 'repeatable read'".encode()
    )
    with psycopg.connect(database, autocommit=True) as other:
        assert one(other, "SHOW transaction_isolation") == "repeatable read"
    with connect(service_url) as conn:
        assert carry(conn) == 0


def test_the_environment_cannot_change_it_either(service_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    monkeypatch.setenv("PGDATESTYLE", "German")
    with connect(service_url) as conn:
        assert one(conn, "SELECT current_setting('TimeZone'), current_setting('DateStyle')") == ("UTC", "ISO, MDY")


def test_a_server_that_goes_away_before_the_role_is_taken_is_no_answer(service_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "_require_version", lambda conn: conn.pgconn.finish())
    with pytest.raises(DatabaseUnavailable, match="No answer from database"):
        connect(service_url)


def test_a_server_that_goes_away_before_the_listener_listens_is_no_answer(service_url: str) -> None:
    def lost() -> Connection:
        conn = connect(service_url)
        conn.pgconn.finish()
        return conn

    listener = ListenerActor.start(lost, pykka.ThreadingActor.start(), lambda _ring: None, Stop())
    try:
        with pytest.raises(DatabaseUnavailable):
            listener.ask(Open(), timeout=60)
    finally:
        pykka.ActorRegistry.stop_all()
