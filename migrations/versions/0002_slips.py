"""Slips: which digests a daemon works by, and items that were refused alone."""

from etl_actors.store.migrate import run_file

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns, and look past refused items where a row's own reject is meant."""
    run_file("0002_slips.sql")


def downgrade() -> None:
    """Refuse: dropping the columns would lose which dead letters are of items."""
    msg = "schema etl is never taken back by a migration: dead letters of items would count as letters of rows"
    raise NotImplementedError(msg)
