"""Say whether a database is at a revision of schema etl that this release accepts."""

from etl_actors.errors import DatabaseUnsuitable
from etl_actors.resources import resource
from etl_actors.store.database import connect, describe, translated
from etl_actors.store.queries import queries

__all__ = ["ACCEPTED", "check", "require_accepted"]

ACCEPTED = ("0004",)
"""The revisions that this release's daemon works with; `migrate` makes the last one."""

_SQL = queries("migrate")


def check(url: str) -> tuple[str | None, bool]:
    """Return the database's revision (None where schema etl is not there) and whether this release accepts it."""
    with translated(url), connect(url, role=None, application_name="etl-actors check") as conn:
        if conn.execute(_SQL["has_revision"]).fetchone() == (False,):
            return None, False
        row = conn.execute(_SQL["revision"]).fetchone()
    revision = None if row is None else row[0]
    return revision, revision in ACCEPTED


def require_accepted(url: str) -> None:
    """Refuse a database that this release does not work with.

    Raises:
        DatabaseUnsuitable: the sentence says what to run.
    """
    revision, accepted = check(url)
    if accepted:
        return
    where = describe(url)
    if revision is None:
        msg = f"The schema etl is not in {where}: run `etl-actors migrate`."
    elif revision in _known():
        msg = f"The schema etl in {where} is at revision {revision}, and {ACCEPTED[-1]} is needed: run `etl-actors migrate`."
    else:
        msg = (
            f"The schema etl in {where} is at revision {revision}, which this release does not know "
            f"(it accepts {', '.join(ACCEPTED)}): install the release that made it."
        )
    raise DatabaseUnsuitable(msg)


def _known() -> set[str]:
    """Return this release's revisions: each file of a migration begins with its own."""
    names = (path.name for path in resource("migrations").joinpath("versions").iterdir())
    return {name.partition("_")[0] for name in names if name.endswith(".py")}
