"""Memory is bounded: by the bytes in flight, whatever a document weighs, and not by what waits."""

from pathlib import Path

import psycopg
import pytest

from tests.support.contents import settled
from tests.support.daemon import environment, etl, named, parsers_of, running, wait_until

LARGE = 20 * 2**20
ITEMS = 200_000
MOST_MB = 1_000
"""It takes about a quarter of that: 75 MB, and a few times the bytes in flight, or one document in all its forms."""

BACKLOG = 150_000
INFLIGHT = 8 * 2**20
SLACK_MB = 32
""" Of a backlog that weighs 90 MB, two thirds would not fit into that."""

_SLIP = """name = "page"
source = "pages"
[tables.page]
key = ["id"]
columns.id = "id | int"
columns.body = "body | text"
[tables.page_item]
parent = "page"
each = "$.items"
columns.n = "n | int"
columns.t = "t | text"
"""
_STAGE = """
INSERT INTO etl.staging (source, payload)
SELECT %(source)s, CASE n WHEN 100 THEN jsonb_build_object('id', n, 'body', {text}, 'items', '[]'::jsonb)
                          WHEN 200 THEN jsonb_build_object('id', n, 'body', 'x', 'items', {items})
                          ELSE jsonb_build_object('id', n, 'body', md5(n::text), 'items', '[{{"n": 1, "t": "one"}}]'::jsonb) END
  FROM generate_series(1, 300) n
"""
_TEXT = "(SELECT string_agg(md5(g::text), ' ') FROM generate_series(1, %(large)s / 33) g)"
_ITEMS = (
    "(SELECT jsonb_agg(jsonb_build_object('n', g, 't', md5(g::text) || md5((-g)::text))) FROM generate_series(1, %(items)s) g)"
)


def _peak_mb(pid: int) -> float:
    """Return the most memory that a process had at once, in MB (2**20)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _now_mb(pid: int) -> float:
    """Return the memory that a process has, in MB (2**20)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _slips(folder: Path) -> Path:
    (folder / "slips" / "page").mkdir(parents=True, exist_ok=True)
    (folder / "slips" / "page" / "slip.toml").write_text(_SLIP)
    return folder / "slips"


def _landed(database: str) -> int:
    with psycopg.connect(database) as conn:
        row = conn.execute("SELECT coalesce(sum(loaded), 0)::int FROM etl.ledger").fetchone()
    return 0 if row is None else int(row[0])


def test_documents_of_twenty_megabytes_land_beside_small_ones(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    statement = _STAGE.format(text=_TEXT, items=_ITEMS)
    with psycopg.connect(database) as conn:
        for source in ("pages", "loose"):
            conn.execute(statement.encode(), {"source": source, "large": LARGE, "items": ITEMS})
        weights = conn.execute("SELECT max(bytes), min(bytes) FROM etl.inbox").fetchone()
    assert weights is not None
    assert weights[0] > LARGE * 0.95
    env = environment(database, _slips(tmp_path), unmatched="breakout", workers=2, row_timeout_s=300, drain_s=300)
    log = tmp_path / "daemon.log"
    with running("run", env=env, log=log) as daemon:
        wait_until(lambda: _landed(database) == 600, "all has landed", 300)
        peaks = [_peak_mb(pid) for pid in (daemon.pid, *parsers_of(daemon.pid))]
    with capsys.disabled():
        print(f"\npeak: daemon {peaks[0]:.0f} MB, parsers {', '.join(f'{peak:.0f} MB' for peak in peaks[1:])}")
    assert settled(database)
    assert not named(log, "worker.lost")
    assert peaks[0] < MOST_MB
    assert max(peaks[1:]) < MOST_MB
    with psycopg.connect(database) as conn:
        for root, items in (("page", "page_item"), ("loose", "loose__items")):
            found = conn.execute(
                f"SELECT (SELECT count(*) FROM {root}), (SELECT max(length(body)) FROM {root}), (SELECT count(*) FROM {items})".encode()
            ).fetchone()
            assert found == (300, LARGE // 33 * 33 - 1, ITEMS + 298)


def test_nothing_grows_with_the_backlog(database: str, tmp_path: Path) -> None:
    """Look again and again what is claimed while much waits, and what memory the daemon and its parsers have on the way."""
    batches, nbytes = 6, 2 * 2**20
    env = environment(
        database, _slips(tmp_path), batch_bytes=nbytes, inflight_bytes=INFLIGHT, inflight_batches=batches, workers=2
    )
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(
            "INSERT INTO etl.staging (source, payload) SELECT 'pages', jsonb_build_object('id', n, 'body', repeat(md5(n::text), 18)) "
            "FROM generate_series(1, %s) n",
            [BACKLOG],
        )
        claimed, on_the_way = [(0, 0)], list[float]()
        with running("run", env=env, log=tmp_path / "daemon.log") as daemon:

            def landed() -> bool:
                done, held, weight = conn.execute(
                    "SELECT coalesce(sum(cardinality(row_ids)) FILTER (WHERE status = 'done'), 0)::int, count(*) FILTER (WHERE status = 'claimed'), "
                    "coalesce(sum(bytes) FILTER (WHERE status = 'claimed'), 0)::int FROM etl.batch"
                ).fetchone() or (0, 0, 0)
                claimed.append((held, weight))
                if done >= BACKLOG // 3 and not on_the_way:
                    on_the_way.extend(_now_mb(pid) for pid in (daemon.pid, *parsers_of(daemon.pid)))
                return bool(done == BACKLOG)

            wait_until(landed, "all has landed", 300)
            at_the_end = [_now_mb(pid) for pid in (daemon.pid, *parsers_of(daemon.pid))]
    assert settled(database)
    assert max(held for held, _ in claimed) <= batches
    # A claim ends with the row that passes what is left, by the mean of the rows that were staged together.
    assert 0 < max(weight for _, weight in claimed) < INFLIGHT + 2**19
    for before, after in zip(on_the_way, at_the_end, strict=True):
        assert after < before + SLACK_MB


def test_a_document_that_is_too_large_as_text_is_rejected_and_its_batch_lands(database: str, tmp_path: Path) -> None:
    """Stage some kilobytes of jsonb that no text can hold: numbers with all the zeros that a numeric may have. A replay rejects it again."""
    with psycopg.connect(database) as conn:
        conn.execute(
            "INSERT INTO etl.staging (source, payload) SELECT 'pages', CASE n WHEN 1 THEN jsonb_build_object('id', n, 'items', "
            "(SELECT jsonb_agg('1e131071'::numeric) FROM generate_series(1, 8300))) ELSE jsonb_build_object('id', n) END "
            "FROM generate_series(1, 2) n"
        )
    done = etl("run", "--once", env=environment(database, _slips(tmp_path), workers=1))
    assert done.returncode == 0, done.stderr
    assert settled(database)
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT row_id, stage, reason, message FROM etl.reject").fetchall() == [
            (1, "parse", "too_large", "expected a document of less than 1 GB as text, got more")
        ]
        assert conn.execute("SELECT id::int FROM page ORDER BY 1").fetchall() == [(2,)]
    ordered = etl("replay", "--rows", "1", "--rows", "2", "--yes", "--detach", env=environment(database, _slips(tmp_path)))
    assert ordered.returncode == 0, ordered.stderr
    done = etl("run", "--once", env=environment(database, _slips(tmp_path), workers=1))
    assert done.returncode == 0, done.stderr
    assert settled(database)
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT row_id, reason, status FROM etl.reject ORDER BY reject_id").fetchall() == [
            (1, "too_large", "replayed"),
            (1, "too_large", "open"),
        ]
        assert conn.execute("SELECT status FROM etl.replay").fetchall() == [("done",)]
