"""What a load balancer and a container runtime ask the daemon."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.support.daemon import environment, named, running, wait_until


def _get(url: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as exc:
        return exc.code, json.load(exc)


def test_ready_follows_the_database_and_live_does_not(database: str, database_name: str, server: Any, tmp_path: Path) -> None:
    """Shut the database to everybody: ready says 503 and why; open it again: ready says 200."""
    log = tmp_path / "daemon.log"
    with (
        running("run", env=environment(database, http_port=0), log=log),
        psycopg.connect(server.admin_url(), autocommit=True) as admin,
    ):
        wait_until(lambda: bool(named(log, "http.started")), "the HTTP server")
        base = f"http://127.0.0.1:{named(log, 'http.started')[0]['port']}/health"
        wait_until(lambda: _get(f"{base}/ready")[0] == 200, "ready")
        assert _get(f"{base}/live") == (200, {"live": True})
        name = sql.Identifier(database_name)
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database_name])
        wait_until(lambda: _get(f"{base}/ready")[0] == 503, "not ready")
        status, answer = _get(f"{base}/ready")
        assert status == 503
        assert any("database" in reason for reason in answer["reasons"])
        assert _get(f"{base}/live") == (200, {"live": True})
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))
        wait_until(lambda: _get(f"{base}/ready")[0] == 200, "ready again")
