"""One load by dlt of what is staged. It runs in the peers' environment, in a process of its own for each measurement.

It reads a line of JSON, which says what to load, loads one document into tables of no account, so that all is imported, and says that
it is ready. At the second line it loads, and answers with the seconds that it took, for all and by step.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import dlt  # type: ignore[import-not-found]  # all of these are in the peers' environment only
import orjson
import psycopg2  # type: ignore[import-untyped]
import psycopg2.extensions  # type: ignore[import-untyped]
from dlt.destinations import postgres  # type: ignore[import-not-found]

_PAGE = 2_000  # documents that dlt is given at once: one by one is slower
_STAGED = "SELECT payload::text FROM etl.staging ORDER BY row_id"
_KEYED = "SELECT (payload || jsonb_build_object('_row_id', row_id))::text FROM etl.staging ORDER BY row_id"  # who was first


def main() -> None:
    """Be ready, wait for the sign, load."""
    order = json.loads(sys.stdin.readline())
    staged = _KEYED if "key" in order else _STAGED
    with tempfile.TemporaryDirectory() as folder:
        _load(order, "warm_up", folder, f"{staged} LIMIT 1")
        print("ready", flush=True)
        sys.stdin.readline()
        began = time.monotonic()
        steps = _load(order, order["dataset"], folder, staged)
        took_s = time.monotonic() - began
    print(json.dumps({"took_s": took_s, "steps": steps}), flush=True)


def _load(order: dict[str, str], dataset: str, folder: str, statement: str) -> dict[str, float]:
    """Load what a statement gives into a table, and give the seconds of each step.

    With a key (`order["key"]`) it is merged by deleting and inserting, dlt's quickest strategy that takes a key twice in a load, and of
    documents with one key the one staged first stays; without, it is appended.
    """
    destination = postgres(credentials=_complete(order["url"]))
    pipeline = dlt.pipeline(dataset, pipelines_dir=folder, destination=destination, dataset_name=dataset)
    told: dict[str, Any] = {"write_disposition": "append"}
    if key := order.get("key"):
        merge = {"disposition": "merge", "strategy": "delete-insert"}
        told = {
            "write_disposition": merge,
            "primary_key": key,
            "columns": {"_row_id": {"dedup_sort": "asc", "data_type": "bigint"}},
        }
    resource = dlt.resource(_staged(order["url"], statement), name=order["table"], **told)
    pipeline.run(resource, loader_file_format=order["format"]).raise_on_failed_jobs()
    steps = (step for step in pipeline.last_trace.steps if step.step != "run")
    return {step.step: (step.finished_at - step.started_at).total_seconds() for step in steps}


def _staged(url: str, statement: str) -> Iterator[list[Any]]:
    with psycopg2.connect(url) as conn, conn.cursor("staged") as cursor:
        cursor.itersize = _PAGE
        cursor.execute(statement)
        while rows := cursor.fetchmany(_PAGE):
            yield [orjson.loads(text) for (text,) in rows]


def _complete(url: str) -> str:
    """Name a host and a password, which dlt demands; the folder of the socket goes over the host, and asks for no password."""
    parts = psycopg2.extensions.parse_dsn(url)
    given = {name: parts[name] for name in ("host", "port") if name in parts}
    user, password = quote(parts["user"]), quote(parts.get("password", "none"))
    return f"postgresql://{user}:{password}@localhost/{quote(parts['dbname'])}?{urlencode(given)}"


if __name__ == "__main__":
    main()
