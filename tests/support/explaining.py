"""What statements really cost: each is explained as it is run, by the plan for its values and by the one for any values."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from json import dumps
from typing import Any

import psycopg
from psycopg import sql

from etl_actors.store.database import Connection, connect

__all__ = ["Explained", "Explaining", "Way"]

_PLANNED = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")
_COMMENTS = re.compile(r"^\s*(--[^\n]*\n\s*)*")
_PLACE = re.compile(r"%%|%\((\w+)\)s|%s")


class Way(StrEnum):
    """How a statement is planned."""

    CUSTOM = "custom"  # for its values
    GENERIC = "generic"  # for any values, as a prepared statement is in time
    KEPT = "kept"  # the same, and no more after that, as long as nobody analyses or alters its tables


@dataclass(frozen=True, slots=True)
class Explained:
    """One run of a statement.

    Args:
        statement: its text.
        way: how it was planned.
        nodes: of its plan, the topmost first.
    """

    statement: str
    way: Way
    nodes: tuple[dict[str, Any], ...]

    @property
    def pages(self) -> int:
        """How many pages it touched, in the server's memory or not; those of temp tables too."""
        top = self.nodes[0]
        return sum(int(top[f"{where} {how} Blocks"]) for where in ("Shared", "Local") for how in ("Hit", "Read"))

    @property
    def read_whole(self) -> set[str]:
        """Which tables it read from end to end."""
        return {node["Relation Name"] for node in self.nodes if node["Node Type"] == "Seq Scan" and node["Actual Loops"]}

    @property
    def most_sorted(self) -> float:
        """How many rows the largest sort took."""
        return max((float(node["Actual Rows"]) for node in self.nodes if "Sort" in node["Node Type"]), default=0.0)

    def __str__(self) -> str:
        return "\n".join([f"{self.way}, {self.pages} pages: {self.statement}", *_lines(self.nodes[0], 1)])


@dataclass(slots=True)
class Explaining:
    """Connections that explain what they run, before they do, in transactions that are rolled back.

    Args:
        url: of the database.
        ways: in which each is planned and run, if it is one that the driver prepares.
        role: to act as.
    """

    url: str
    ways: Sequence[Way]
    role: str = "etl_service"
    heard: list[Explained] = field(default_factory=list, init=False)
    _kept: dict[str, str] = field(default_factory=dict, init=False)
    _busy: bool = field(default=False, init=False)

    def connect(self) -> Connection:
        """Open one; whatever it runs is added to `heard`. One at a time where plans are kept."""
        conn = connect(self.url, role=self.role)
        explaining = self

        class Cursor(psycopg.Cursor[Any]):
            def execute(self, query: Any, params: Any = None, **options: Any) -> "Cursor":
                explaining._before(conn, query, params, prepared=options.get("prepare") is not False)
                return super().execute(query, params, **options)

        conn.cursor_factory = Cursor
        return conn

    def _before(self, conn: Connection, query: Any, params: Any, *, prepared: bool) -> None:
        if self._busy:
            return  # it is we who ask
        text = query if isinstance(query, str) else query.decode() if isinstance(query, bytes) else query.as_string(conn)
        if not _COMMENTS.sub("", text).upper().startswith(_PLANNED):
            return
        self._busy = True
        try:
            self.heard += self._explained(conn, text, params, self.ways if prepared else (Way.CUSTOM,))
        finally:
            self._busy = False

    def _explained(self, conn: Connection, text: str, params: Any, ways: Sequence[Way]) -> Iterator[Explained]:
        numbered, given = _numbered(text, params)
        for way in ways:
            name = self._kept.get(text, f"explained_{len(self._kept)}")
            if text not in self._kept:
                conn.execute(f"PREPARE {name} AS {numbered}".encode())
            if way is Way.KEPT:
                self._kept[text] = name
            with conn.transaction(force_rollback=True):
                conn.execute(f"SET LOCAL plan_cache_mode = force_{'custom' if way is Way.CUSTOM else 'generic'}_plan".encode())
                values = sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Literal, given))) if given else sql.SQL("")
                asked = sql.SQL("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) EXECUTE {}").format(sql.Identifier(name))
                ((plan,),) = conn.execute(asked + values).fetchall()
            if way is not Way.KEPT:
                conn.execute(f"DEALLOCATE {name}".encode())
            yield Explained(text, way, tuple(_below(plan[0]["Plan"])))


def _numbered(text: str, params: Mapping[str, Any] | Sequence[Any] | None) -> tuple[str, list[Any]]:
    """Write a statement's places as PREPARE has them, with the value of each."""
    if params is None:
        return text, []
    named = params if isinstance(params, Mapping) else dict(enumerate(params))
    places: dict[Any, int] = {}

    def place(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        return f"${places.setdefault(found[1] or len(places), len(places) + 1)}"

    written = _PLACE.sub(place, text)
    return written, [named[key] for key in places]


def _below(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from _below(child)


def _lines(node: dict[str, Any], depth: int) -> Iterator[str]:
    if not node["Actual Loops"]:
        return
    names = (node[key] for key in ("Subplan Name", "CTE Name", "Relation Name", "Index Name", "Join Type") if key in node)
    told = {key: node[key] for key in ("Plan Rows", "Actual Rows", "Actual Loops", "Rows Removed by Filter") if key in node}
    conditions = {key: str(node[key])[:120] for key in ("Index Cond", "Filter", "Hash Cond", "Join Filter") if key in node}
    touched = node["Shared Hit Blocks"] + node["Shared Read Blocks"]
    yield f"{'  ' * depth}{node['Node Type']} {' '.join(names)}: {touched} pages, {dumps(told | conditions)}"
    for child in node.get("Plans", []):
        yield from _lines(child, depth + 1)
