"""36,273 films without a natural key: cast and genres become child tables, and a second feed adds nothing."""

import gzip
import json
from pathlib import Path

import psycopg

from tests.support.contents import contents, settled
from tests.support.daemon import environment, etl

_TABLES = ["movie", "movie_cast", "movie_genre"]


def _expected(file: Path) -> tuple[int, int, int, int]:
    """Count documents, different documents, and the children of the different ones, without the program's help."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        documents = [json.loads(line) for line in lines]
    different = {json.dumps(document, sort_keys=True): document for document in documents}.values()
    return (
        len(documents),
        len(different),
        sum(len(document["cast"]) for document in different),
        sum(len(document["genres"]) for document in different),
    )


def test_films_become_three_tables_and_a_second_feed_adds_no_row(database: str, corpus: Path) -> None:
    """Feed the films twice; count against the file, and see the books balance both times."""
    file = corpus / "nested" / "wiki_movies" / "movies.jsonl.gz"
    documents, films, cast, genres = _expected(file)
    env = environment(database)
    assert etl("feed", "wiki_movies", file, env=env).returncode == 0
    assert etl("run", "--once", env=env).returncode == 0
    assert settled(database)
    first = contents(database, _TABLES)
    assert {table: rows for table, (rows, _) in first.items()} == {"movie": films, "movie_cast": cast, "movie_genre": genres}
    assert etl("feed", "wiki_movies", file, env=env).returncode == 0
    assert etl("run", "--once", env=env).returncode == 0
    assert settled(database)
    assert contents(database, _TABLES) == first
    with psycopg.connect(database) as conn:
        books = conn.execute("SELECT staged, loaded, duplicate, rejected, balanced FROM etl.ledger").fetchall()
    assert books == [(2 * documents, films, 2 * documents - films, 0, True)]
    print(f"{documents} films staged twice: {films} loaded, {cast} cast, {genres} genres, {2 * documents - films} duplicates")
    audited = etl("audit", env=env)
    assert audited.returncode == 0, audited.stdout + audited.stderr
