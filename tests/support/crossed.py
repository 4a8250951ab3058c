"""Real documents through real daemons, orders, sizes of batches and numbers of daemons all crossed: the tables must be the same.

``ETL_CORPUS=FOLDER python -m tests.support.crossed [SET…]`` takes hours for whole sets; ``--most 300`` takes so many documents of each source.
It prints a line a load, and ends with status 1 if tables differ or a document is not made again of its rows.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import Any

from etl_actors.store.migrate import migrate
from tests.support.broken_loads import BrokenLoad, Sources, broken_contents, stage_shuffled
from tests.support.contents import settled
from tests.support.covering import SETS, sources_of
from tests.support.daemon import environment, etl, running, wait_until
from tests.support.servers import Server, running_server
from tests.support.variables import OWN

_PATIENCE_S = 6 * 3600.0


def _loaded(url: str, sources: Sources, how: BrokenLoad, logs: Path) -> dict[str, Any]:
    """Let daemons load while documents are staged, and give what is in the tables."""
    env = environment(url, unmatched="breakout", batch_rows=how.rows, workers=1)
    with ExitStack() as stack:
        daemons = [
            stack.enter_context(running("run", env=env, log=logs / f"daemon{number}.log")) for number in range(how.sessions)
        ]
        stage_shuffled(url, sources, how.shuffle)
        wait_until(lambda: any(one.poll() is not None for one in daemons) or settled(url), "everything lands", _PATIENCE_S)
    audited = etl("audit", "--deep", env=env, timeout=_PATIENCE_S)
    assert audited.returncode == 0, audited.stdout + audited.stderr
    return broken_contents(url, sources)


def _crossed(server: Server, template: str, name: str, sources: Sources, loads: Sequence[BrokenLoad]) -> Iterator[bool]:
    """Load a set in all ways; yield for each whether its tables are those of the first."""
    first: dict[str, Any] | None = None
    for how in loads:
        database = server.create(template)
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as logs:
            found = _loaded(server.admin_url(database), sources, how, Path(logs))
        server.drop(database)
        first = found if first is None else first
        rows = sum(count for _, count, _ in found.values())
        print(
            f"{name}: order {how.shuffle}, batches of {how.rows:,}, daemons: {how.sessions}; {len(found)} tables, {rows:,} rows, "
            f"{'the same' if found == first else 'OTHERS THAN AT FIRST'} ({time.monotonic() - began:.0f} s)",
            flush=True,
        )
        yield found == first


def main() -> int:
    """Load the sets that are asked for; return the exit status."""
    asked = argparse.ArgumentParser(prog="python -m tests.support.crossed", description=__doc__)
    asked.add_argument("sets", nargs="*", metavar="SET", default=[*SETS], help=f"of {', '.join(SETS)}; by default all")
    asked.add_argument("--most", type=int, help="so many documents of each source; by default all")
    asked.add_argument("--orders", type=int, default=3, help="how many")
    asked.add_argument("--rows", type=int, nargs="+", default=[2_000, 97, 1], help="of a batch")
    asked.add_argument("--daemons", type=int, nargs="+", default=[1, 3], help="that load at once")
    given = asked.parse_args()
    if "ETL_CORPUS" not in OWN:
        asked.error("ETL_CORPUS is not set: it names a folder of real documents")
    loads = [BrokenLoad(*one) for one in product(range(given.orders), given.rows, given.daemons)]
    same: list[bool] = []
    with running_server() as server:
        template = server.create()
        migrate(server.admin_url(template))
        for name in given.sets:
            sources = sources_of(Path(OWN["ETL_CORPUS"]), name, given.most)
            same += _crossed(server, template, name, sources, loads)
    print(f"{len(same)} loads, {same.count(True)} with the same tables as the first of their set")
    return 0 if all(same) else 1


if __name__ == "__main__":
    sys.exit(main())
