"""Types of slips against PostgreSQL's own: what they write is what PostgreSQL writes of the same value."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from etl_actors.slips.casts.column_type import column_type

CHARACTERS = "ab ,{}\"\\'\t\n\r\v\fé\u00a0😀NUL"
SPANS = ["1 day", "-1 days", "2 weeks", "1 mon", "1 year 2 months", "90 min", "1.5 hours", "36 h", "0.000001 s", "3 ms", "7 usec"]
SPANS += ["1 decade", "1 century", "1 millennium", "0 days", "00:00", "-00:00:01", "123:59:59.9999994", "1.5 days", "0.25 week"]
SPANS += ["P1Y", "P1M", "P1W", "P1D", "PT1H", "PT1M", "PT1S", "P1Y2M3W4DT5H6M7.89S", "P-1DT2H", "PT0.0000005S", "PT36H", "P0D"]
SPANS += [
    "1 year -1 mon",
    "-1 year 1 mon",
    "-1 mon 1 day -1:00",
    "1 day -02:03:04.5",
    "@ 1 minute",
    "@ 1 day 2 hours ago",
    "3 days ago",
]
SPANS += ["1 day 02:03:04", "+1 day", "2 days +01:00", "14 mons", "-14 mons", "1y 2mon 3d 4h 5m 6s"]
ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Europe/Dublin",
    "Africa/Casablanca",
    "UTC",
]


@pytest.fixture(scope="module")
def casts(server: Any) -> Iterator[psycopg.Connection[Any]]:
    """Connect to a database with nothing in it, set as the loader sets its sessions."""
    name = server.create()
    options = "-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres -c extra_float_digits=1"
    with psycopg.connect(server.admin_url(name), options=options, autocommit=True) as conn:
        yield conn
    server.drop(name)


def texts(conn: psycopg.Connection[Any], kind: LiteralString, values: list[str]) -> list[str]:
    """Tell how PostgreSQL writes texts that it reads as a type."""
    query = sql.SQL("SELECT v::{}::text FROM unnest(%s::text[]) WITH ORDINALITY AS u(v, n) ORDER BY n").format(sql.SQL(kind))
    return [row[0] for row in conn.execute(query, [values]).fetchall()]


def test_an_interval_is_written_as_postgresql_writes_it(casts: psycopg.Connection[Any]) -> None:
    assert [column_type("interval").text(one) for one in SPANS] == texts(casts, "interval", SPANS)


def test_postgresql_reads_a_random_interval_as_it_was_meant(casts: psycopg.Connection[Any]) -> None:
    draw = random.Random(1)
    spans = []
    for _ in range(2_000):
        years, months, days, seconds = (draw.randint(-30, 30) * draw.randint(0, 1) for _ in range(4))
        spans.append(f"{years} years {months} mons {days} days {seconds}.{draw.randint(0, 999_999):06} seconds")
    ours = [column_type("interval").text(one) for one in spans]
    assert ours == texts(casts, "interval", spans)
    assert ours == texts(casts, "interval", ours)
    assert ours == [column_type("interval").text(one) for one in ours]


@pytest.mark.parametrize("kind", ["text", "int", "numeric", "boolean", "jsonb", "bytea", "timestamptz", "double", "interval"])
def test_an_array_is_written_as_postgresql_writes_it(casts: psycopg.Connection[Any], kind: str) -> None:
    draw = random.Random(2)

    def element() -> Any:
        text = "".join(draw.choices(CHARACTERS, k=draw.randint(0, 6)))
        made = {
            "text": text,
            "int": draw.randint(-9, 9),
            "numeric": draw.random(),
            "boolean": draw.random() < 0.5,
            "jsonb": {text: [text, 1]},
            "bytea": "\\x" + text.encode().hex(),
            "timestamptz": f"2017-01-{draw.randint(10, 28)}T01:02:03.5Z",
            "double": draw.randint(-9, 9) / 4,
            "interval": f"{draw.randint(-9, 9)} days",
        }[kind]
        return None if draw.random() < 0.1 else made

    values = [[element() for _ in range(draw.randint(0, 5))] for _ in range(300)]
    known = column_type(kind, array=True)
    written = [known.text(value) for value in values]
    if kind != "jsonb":  # PostgreSQL writes blanks into jsonb
        back = texts(casts, known.name, written)
        if kind == "double":
            back = [
                column_type("double", array=True).text([None if e == "NULL" else e for e in one[1:-1].split(",") if e])
                for one in back
            ]
        assert back == written
    one = column_type(kind).text
    query = sql.SQL("SELECT array_to_json(v::{}::text[]) FROM unnest(%s::text[]) WITH ORDINALITY AS u(v, n) ORDER BY n")
    rows = casts.execute(query.format(sql.SQL("text[]")), [written]).fetchall()
    assert [row[0] for row in rows] == [[None if e is None else one(e) for e in value] for value in values]


@pytest.mark.parametrize("zone", ZONES)
def test_a_clock_in_a_zone_shows_the_moment_that_postgresql_says(casts: psycopg.Connection[Any], zone: str) -> None:
    start = datetime(2016, 1, 1)  # noqa: DTZ001  (what a clock shows)
    clocks = [(start + timedelta(minutes=30 * n)).isoformat(" ") for n in range(2 * 24 * 700)]
    cast = column_type("timestamptz", (), (("tz", zone),)).text
    query = "SELECT (v::timestamp AT TIME ZONE %s)::text FROM unnest(%s::text[]) WITH ORDINALITY AS u(v, n) ORDER BY n"
    assert [cast(clock) for clock in clocks] == [row[0] for row in casts.execute(query, [zone, clocks]).fetchall()]


def test_seconds_since_1970_are_the_moment_that_postgresql_says(casts: psycopg.Connection[Any]) -> None:
    moments = ["0", "-1", "1496239689", "1496239689.25", "-62135596800", "253402300799", "1e9"]
    cast = column_type("timestamptz", ("unix",)).text
    query = "SELECT to_timestamp(v::float8)::text FROM unnest(%s::text[]) WITH ORDINALITY AS u(v, n) ORDER BY n"
    assert [cast(one) for one in moments] == [row[0] for row in casts.execute(query, [moments]).fetchall()]


def test_bytes_in_base64_are_those_that_postgresql_decodes(casts: psycopg.Connection[Any]) -> None:
    for text in ["", "AA==", "aGk=", "a G\nk =", "/+8="]:
        (decoded,) = casts.execute("SELECT decode(%s, 'base64')::text", [text]).fetchone() or (None,)
        assert column_type("bytea", ("base64",)).text(text) == decoded


def test_fields_of_copy_lines_arrive_as_they_were(casts: psycopg.Connection[Any]) -> None:
    kinds = [column_type("text", array=True), column_type("bytea"), column_type("interval"), column_type("jsonb", array=True)]
    awkward = [f"a{sign}b" for sign in CHARACTERS] + ["", "null", "\\N", "\\."]
    values = [awkward, "\\x005c0a", "-1 day 02:00", [{"k": awkward}, None]]
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(f"c{n}"), sql.SQL(kind.name)) for n, kind in enumerate(kinds)
    )
    casts.execute(sql.SQL("CREATE TEMP TABLE copied ({})").format(columns))
    line = "\t".join(kind.copy(value) for kind, value in zip(kinds, values, strict=True))
    with casts.cursor().copy("COPY copied FROM STDIN") as copy:
        copy.write(line + "\n")
    row = casts.execute("SELECT c0, c1, c2::text, c3 FROM copied").fetchone()
    assert row == (awkward, b"\0\\\n", "-1 days +02:00:00", [{"k": awkward}, None])
