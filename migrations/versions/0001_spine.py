"""The spine: staging, inbox, batches, rejects, the books, roles and grants."""

from etl_actors.store.migrate import run_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create schema etl's objects, then the roles and what each may do."""
    run_file("0001_spine.sql")
    run_file("0001_roles.sql")


def downgrade() -> None:
    """Refuse: dropping staging would lose documents."""
    msg = "schema etl is never taken down by a migration: its staging rows would be lost"
    raise NotImplementedError(msg)
