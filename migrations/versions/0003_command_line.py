"""What the command line works with: replays, dead letters, traces, the books, and retention."""

from etl_actors.store.migrate import run_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what replays need, the indexes by which dead letters and traces are found, the books in plain joins, and retention."""
    run_file("0003_replay.sql")
    run_file("0003_rejects.sql")
    run_file("0003_carried.sql")
    run_file("0003_books.sql")
    run_file("0003_retention.sql")


def downgrade() -> None:
    """Refuse: without the letters before a replay the books would count its rows twice."""
    msg = "schema etl is never taken back by a migration: rows that were replayed would count twice"
    raise NotImplementedError(msg)
