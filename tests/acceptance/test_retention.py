"""A daemon for which documents are not kept for ever drops what is old at its start, and works on."""

import json
from pathlib import Path

import psycopg

from etl_actors.store.migrate import migrate
from tests.support.contents import settled
from tests.support.daemon import environment, etl, running, stage, wait_until


def test_a_daemon_drops_what_is_older_than_it_is_to_be_kept_and_works_on(empty_database: str, tmp_path: Path) -> None:
    migrate(empty_database, partition_rows=20)
    env = environment(empty_database, partition_rows=20, retention_days=0.0000001, worker_kind="thread")
    log = tmp_path / "daemon.log"
    stage(empty_database, [json.dumps({"id": n}) for n in range(1, 51)])
    assert etl("run", "--once", env=env).returncode == 0
    with psycopg.connect(empty_database, autocommit=True) as admin:
        for _ in range(6):
            admin.execute("SELECT etl.seal_staging_partitions()")
        assert admin.execute("SELECT staged, pruned FROM etl.ledger").fetchall() == [(50, 0)], "who ends by himself drops nothing"
        with running("run", env=env, log=log):
            wait_until(lambda: log.read_text().count("partition.dropped") == 2, "both are dropped")
            stage(empty_database, [json.dumps({"id": n}) for n in range(51, 61)])
            wait_until(lambda: settled(empty_database), "what came since is settled")
        books = admin.execute("SELECT staged, pruned, balanced FROM etl.ledger").fetchall()
    assert books == [(20, 40, True)]
    audit = etl("audit", env=env)
    assert audit.returncode == 0, audit.stdout
