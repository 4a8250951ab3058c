"""Other people's documents, fed and loaded by the program with the slips of this folder."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.daemon import environment, etl
from tests.support.servers import Server

SLIPS = Path(__file__).parent / "slips"


@pytest.fixture
def databases(server: Server, template: str) -> Iterator[Callable[[], str]]:
    """Make as many databases as a test asks for; each is gone after it."""
    made = []

    def make() -> str:
        made.append(server.create(template))
        return server.admin_url(made[-1])

    yield make
    for name in made:
        server.drop(name)


@pytest.fixture
def ask(database: str) -> Callable[[str], list[tuple[Any, ...]]]:
    """Ask the test's database one question."""

    def asked(question: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(database) as conn:
            return conn.execute(question.encode()).fetchall()

    return asked


@pytest.fixture
def load(database: str) -> Callable[..., None]:
    """Feed files by source, run until nothing waits, and have the books audited."""

    def loaded(files: dict[str, Path], **settings: object) -> None:
        env = environment(database, parsers=SLIPS, **settings)
        for source, file in files.items():
            fed = etl("feed", source, file, env=env)
            assert fed.returncode == 0, fed.stderr
        ran = etl("run", "--once", env=env, timeout=300)
        assert ran.returncode == 0, ran.stderr
        audited = etl("audit", env=env)
        assert audited.returncode == 0, audited.stdout + audited.stderr

    return loaded


@pytest.fixture(scope="session")
def documents() -> Callable[[Path], list[Any]]:
    """Read a file of JSON lines without the program's help."""

    def read(file: Path) -> list[Any]:
        opened = gzip.open if file.suffix == ".gz" else open
        with opened(file, "rt", encoding="utf-8") as lines:
            return [json.loads(line) for line in lines if line.strip()]

    return read
