"""Alembic's environment: one transaction for the whole upgrade, under one advisory lock per database."""

from alembic import context
from sqlalchemy import Connection, text

connection: Connection = context.config.attributes["connection"]
applied: list[str] = context.config.attributes.get("applied", [])

# Several daemons may migrate at once: the second waits here, then finds nothing to do.
connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('etl.migrate', 0))"))
connection.execute(text("CREATE SCHEMA IF NOT EXISTS etl"))
context.configure(
    connection=connection,
    version_table_schema="etl",
    transactional_ddl=True,
    on_version_apply=lambda step, **_: applied.extend(step.up_revision_ids),
)
with context.begin_transaction():
    context.run_migrations()
