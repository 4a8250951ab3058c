"""Real logs: an access log, a machine's authentication log, Kafka's server log with its stack traces."""

import gzip
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from etl_actors.resources import resource
from tests.conformance.conftest import SLIPS
from tests.support.daemon import environment, etl

Ask = Callable[[str], list[tuple[Any, ...]]]

BUNDLED = resource("parsers")


def _loaded(database: str, source: str, files: list[Path], parsers: Path) -> None:
    env = environment(database, parsers=parsers)
    fed = etl("feed", source, *files, env=env)
    assert fed.returncode == 0, fed.stderr
    ran = etl("run", "--once", env=env)
    assert ran.returncode == 0, ran.stderr
    audited = etl("audit", env=env)
    assert audited.returncode == 0, audited.stdout + audited.stderr


def _lines(file: Path) -> list[str]:
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8") as lines:
        return [line.rstrip("\n") for line in lines]


def test_an_access_log_has_its_rows_and_one_reject_that_points_at_the_truncated_place(
    database: str, ask: Ask, corpus: Path
) -> None:
    """10,000 lines: 9,980 different ones that are whole, 19 that came twice, one cut off."""
    file = corpus / "text" / "apache_access" / "apache_logs.gz"
    lines = Counter(_lines(file))
    (cut,) = [line for line in lines if not line.endswith('"')]

    _loaded(database, "access_log", [file], BUNDLED)

    books = ask("SELECT staged, loaded, duplicate, skipped, rejected, balanced FROM etl.ledger")
    assert books == [(10_000, 9_980, 19, 0, 1, True)]
    assert books[0][2] == sum(lines.values()) - len(lines)
    ((stage, reason, message, detail),) = ask("SELECT stage, reason, message, detail FROM etl.reject")
    assert (stage, reason) == ("parse", "no_match")
    assert detail["path"] == "$.message"
    assert (detail["line"], detail["position"]) == (1, len(cut)), "the place where the line ends too early"
    assert detail["text_column"] == len(cut) + 1
    assert detail["excerpt"].splitlines()[0].endswith(cut[-20:])
    assert detail["excerpt"].splitlines()[1].strip() == "^"
    assert "the end" in message
    statuses = Counter(int(found[1]) for line in lines if (found := re.search(r'" (\d{3}) ', line)) and line != cut)
    assert dict(ask("SELECT status, count(*) FROM access_log GROUP BY 1")) == statuses
    assert ask("SELECT count(*) FROM access_log WHERE at IS NULL OR host IS NULL OR request IS NULL") == [(0,)]
    print(f"{books[0][1]} rows, {books[0][2]} duplicates, {books[0][4]} reject: {message}")


def test_an_authentication_log_has_logins_failures_and_commands_in_tables_of_their_own(
    database: str, ask: Ask, corpus: Path
) -> None:
    """At least 99.5 % of the lines have program, process (where the line names one) and message."""
    file = corpus / "text" / "auth_log" / "auth.log.gz"
    lines = set(_lines(file))

    _loaded(database, "syslog", [file], BUNDLED)

    ((staged, loaded, duplicate, rejected, balanced),) = ask(
        "SELECT staged, loaded, duplicate, rejected, balanced FROM etl.ledger"
    )
    assert (staged, loaded + duplicate + rejected, balanced) == (len(_lines(file)), staged, True)
    named = {line: re.match(r"\w{3} [ \d]\d [\d:]{8} \S+ ([^\s:\[]+)(?:\[(\d+)\])?: *(.*)", line) for line in lines}
    expected = Counter((found[1], int(found[2]) if found[2] else None, found[3] or None) for found in named.values() if found)
    got = Counter(ask("SELECT program, pid, message FROM syslog_event"))
    right = sum((expected & got).values())
    assert right / len(lines) >= 0.995
    logins = sum(bool(re.search(r"sshd\[\d+\]: Accepted ", line)) for line in lines)
    failures = sum(bool(re.search(r"sshd\[\d+\]: (message repeated \d+ times: \[ )?Failed ", line)) for line in lines)
    commands = sum(bool(re.search(r"sudo: .*COMMAND=", line)) for line in lines)
    for table, count in (("ssh_login", logins), ("ssh_failure", failures), ("sudo_command", commands)):
        assert ask(f"SELECT count(*) FROM {table}") == [(count,)]
    assert ask("SELECT count(*) FROM ssh_login WHERE ip IS NULL OR account IS NULL OR port IS NULL") == [(0,)]
    assert ask("SELECT count(*) FROM sudo_command WHERE command IS NULL OR as_user IS NULL") == [(0,)]
    print(
        f"{right} of {len(lines)} different lines ({100 * right / len(lines):.2f} %) with program, pid and message; "
        f"{logins} logins, {failures} failures, {commands} sudo commands; {rejected} rejects"
    )


def test_kafka_logs_are_events_with_their_traces(database: str, ask: Ask, corpus: Path) -> None:
    """2,289 lines are 2,060 events; every line that begins none belongs to the trace of the one before."""
    files = sorted((corpus / "text" / "kafka_logs").glob("kafka*"))
    lines = [line for file in files for line in _lines(file)]
    begun = sum(bool(re.match(r"\[\d{4}-", line)) for line in lines)
    traces = [line for line in lines if not re.match(r"\[\d{4}-", line)]

    _loaded(database, "kafka", files, SLIPS)

    assert (len(lines), begun) == (2_289, 2_060)
    books = ask("SELECT staged, loaded, duplicate, rejected, balanced FROM etl.ledger")
    assert books == [(begun, begun, 0, 0, True)]
    levels = Counter(found[1] for line in lines if (found := re.match(r"\[[^\]]+\] ([A-Z]+) ", line)))
    assert dict(ask("SELECT level, count(*) FROM kafka_event GROUP BY 1")) == levels
    assert Counter(line for (line,) in ask("SELECT line FROM kafka_trace")) == Counter(traces)
    first = ask("SELECT file, line, said FROM kafka_event WHERE line > 1 ORDER BY file, line LIMIT 1")
    assert first[0][2] in _lines(next(file for file in files if file.name == first[0][0]))[first[0][1] - 1]
    print(f"{len(lines)} lines: {begun} events, {len(traces)} lines of traces")
