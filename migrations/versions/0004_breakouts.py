"""What break-outs need beside their slips."""

from etl_actors.store.migrate import run_file

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add what documents ask of tables, and which column holds what of them; a slip that is in force has the latter from its next version on."""
    run_file("0004_breakout_plans.sql")
    run_file("0004_breakout_columns.sql")


def downgrade() -> None:
    """Refuse: what rows wait for would be forgotten."""
    msg = "schema etl is never taken back by a migration: changes that rows wait for would be forgotten"
    raise NotImplementedError(msg)
