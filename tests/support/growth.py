"""Statements held against themselves: on a database, and on one that has ten times as much in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psycopg

from etl_actors.store.database import Connection
from tests.support.explaining import Explained, Explaining, Way
from tests.support.large import Known, Large, begin, fill, know
from tests.support.servers import Server

__all__ = ["Cases", "Pair", "grown"]

Cases = Mapping[str, Callable[[Connection, Large], object]]
"""By name what is run; it is rolled back."""

_SIZES = Large(10_000), Large(100_000)


@dataclass(frozen=True, slots=True)
class Pair:
    """One statement of a case, run in one way on both databases."""

    small: Explained
    large: Explained


def grown(
    server: Server, template: str, login: dict[str, str], cases: Cases, *, once: bool = False
) -> dict[tuple[str, str], list[Pair]]:
    """Run cases on both databases, under all that the planner may know, and by plans that were made when little was there.

    Args:
        server: to make them on.
        template: a migrated database.
        login: to connect as.
        cases: what to run.
        once: whether they are of commands, which ask once: nothing is prepared then.

    Returns:
        By case, and by what the planner knew (`Way.KEPT`: plans that are older than what is there), each statement that was run, in order.
    """
    found = [_run(server, template, login, cases, large, once=once) for large in _SIZES]
    made: dict[tuple[str, str], list[Pair]] = {}
    for key, small in found[0].items():
        large = found[1][key]
        assert [one.statement for one in small] == [one.statement for one in large], "they do the same, whatever is there"
        made[key] = [Pair(*pair) for pair in zip(small, large, strict=True)]
    return made


def _run(
    server: Server, template: str, login: dict[str, str], cases: Cases, large: Large, *, once: bool
) -> dict[tuple[str, str], list[Explained]]:
    name = server.create(template)
    made: dict[tuple[str, str], list[Explained]] = {}
    url = server.url(name, **login)
    with psycopg.connect(server.admin_url(name), autocommit=True) as admin:
        begin(admin)
        kept = Explaining(url, (Way.KEPT,))
        with kept.connect() as conn:
            for do in cases.values() if not once else ():
                _tried(conn, do, large)
            fill(admin, large)
            for case, do in cases.items() if not once else ():
                made[case, Way.KEPT] = _heard(kept, conn, do, large)
        for known in Known:
            if known is not Known.FEW:
                know(admin, known)
            fresh = Explaining(url, (Way.CUSTOM,) if once else (Way.CUSTOM, Way.GENERIC))
            with fresh.connect() as conn:
                for case, do in cases.items():
                    made[case, known] = _heard(fresh, conn, do, large)
    server.drop(name)
    return made


def _heard(explaining: Explaining, conn: Connection, do: Callable[[Connection, Large], object], large: Large) -> list[Explained]:
    explaining.heard.clear()
    _tried(conn, do, large)
    return list(explaining.heard)


def _tried(conn: Connection, do: Callable[[Connection, Large], object], large: Large) -> None:
    with conn.transaction(force_rollback=True):
        do(conn, large)
