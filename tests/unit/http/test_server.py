import signal
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from etl_actors.errors import EtlError
from etl_actors.http.app import application
from etl_actors.http.health import HealthState
from etl_actors.http.server import HttpServer, serve
from etl_actors.settings import load_settings


@pytest.fixture
def health() -> HealthState:
    return HealthState(database_up=True)


@pytest.fixture
def server(health: HealthState) -> Iterator[HttpServer]:
    server = HttpServer("127.0.0.1", 0, application(health))
    server.start()
    yield server
    server.stop()


def ask(server: HttpServer, path: str) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{server.port}{path}", trust_env=False, timeout=60)


def test_a_daemon_that_lives_says_so(server: HttpServer) -> None:
    answer = ask(server, "/health/live")
    assert (answer.status_code, answer.json()) == (200, {"live": True})


def test_a_daemon_whose_supervisor_is_stuck_is_not_live(server: HttpServer, health: HealthState) -> None:
    health._beat_at -= 60
    answer = ask(server, "/health/live")
    assert (answer.status_code, answer.json()) == (503, {"live": False})


def test_readiness_follows_the_database(server: HttpServer, health: HealthState) -> None:
    assert (ask(server, "/health/ready").status_code, ask(server, "/health/ready").json()) == (
        200,
        {"ready": True, "reasons": [], "warnings": []},
    )
    health.database_up = False
    answer = ask(server, "/health/ready")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["The database does not answer, or the actors are not started yet."]


def test_a_broken_slip_is_a_warning_and_no_reason_to_be_not_ready(server: HttpServer, health: HealthState) -> None:
    health.broken = ("Slip shop is broken.",)
    health.remark(("Daemons have different versions of slip book.",))
    answer = ask(server, "/health/ready")
    assert answer.status_code == 200
    assert answer.json()["warnings"] == ["Slip shop is broken.", "Daemons have different versions of slip book."]


def test_any_other_path_is_answered_with_one_sentence(server: HttpServer) -> None:
    answer = ask(server, "/")
    assert (answer.status_code, answer.text) == (404, "Nothing is at /; there are /health/live and /health/ready.\n")


def test_a_busy_port_is_one_clear_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EtlError) as caught:
            HttpServer("127.0.0.1", port, application(HealthState())).start()
    assert str(caught.value) == f"Port {port} on 127.0.0.1 is in use: set ETL_HTTP_PORT to another, or to off."


def test_a_host_that_is_not_ours_is_one_clear_sentence() -> None:
    with pytest.raises(EtlError, match=r"^The HTTP server cannot listen on 192\.0\.2\.1, .* set ETL_HTTP_HOST\.$"):
        HttpServer("192.0.2.1", 0, application(HealthState())).start()


def test_a_host_that_is_no_name_is_one_clear_sentence() -> None:
    with pytest.raises(EtlError, match=r"^The HTTP server cannot listen on 'no\.host\.invalid'"):
        HttpServer("no.host.invalid", 0, application(HealthState())).start()


def test_it_listens_no_more_once_stopped_and_leaves_no_thread(health: HealthState) -> None:
    server = HttpServer("127.0.0.1", 0, application(health))
    server.start()
    server.stop()
    server.stop()
    with pytest.raises(httpx.ConnectError):
        ask(server, "/health/live")
    assert "http" not in {thread.name for thread in threading.enumerate()}


def test_the_signals_of_the_main_thread_stay_as_they_were(health: HealthState) -> None:
    before = _handlers()  # a shell has SIGINT ignored by what it runs in the background
    server = HttpServer("127.0.0.1", 0, application(health))
    server.start()
    try:
        assert ask(server, "/health/live").status_code == 200
        assert _handlers() == before
    finally:
        server.stop()


def _handlers() -> list[object]:
    return [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]


def test_a_port_is_free_again_at_once(server: HttpServer, health: HealthState) -> None:
    with httpx.Client(trust_env=False) as client:  # a connection that the server has to close leaves the port in TIME_WAIT
        client.get(f"http://127.0.0.1:{server.port}/health/live")
        server.stop()
    again = HttpServer("127.0.0.1", server.port, application(health))
    again.start()
    assert ask(again, "/health/live").status_code == 200
    again.stop()


def test_it_is_turned_off_by_its_setting(health: HealthState) -> None:
    before = threading.active_count()
    with serve(load_settings(environ={"ETL_HTTP_PORT": "off"}), health):
        assert threading.active_count() == before


def test_it_serves_as_long_as_the_block_runs(health: HealthState) -> None:
    with serve(load_settings(environ={"ETL_HTTP_PORT": "0"}), health):
        assert "http" in {thread.name for thread in threading.enumerate()}
    assert "http" not in {thread.name for thread in threading.enumerate()}
