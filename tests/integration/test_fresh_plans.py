"""Before a row is blamed, all that was known of the tables is asked again, and what the driver has prepared is prepared anew."""

from collections.abc import Callable

import pytest

from etl_actors.errors import DatabaseUnsuitable, DataRefused
from etl_actors.relational.tables import Policy
from etl_actors.store.database import Connection
from etl_actors.store.leases import Lease
from etl_actors.store.loading.load import Loading
from tests.support.documents import one
from tests.support.leases import leased
from tests.support.tables import Note, parsed, shape

_DEADLOCKED_ONCE = """
    CREATE SEQUENCE times;
    GRANT USAGE ON times TO etl_service;
    CREATE FUNCTION deadlocked() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN IF nextval(''times'') = 1 THEN RAISE deadlock_detected; END IF; RETURN new; END';
    CREATE TRIGGER deadlocked BEFORE INSERT ON note FOR EACH STATEMENT EXECUTE FUNCTION deadlocked()
"""
_REFUSED_LATE = """
    CREATE TABLE known (title text PRIMARY KEY);
    INSERT INTO known VALUES ('a');
    GRANT SELECT ON known TO etl_service;
    ALTER TABLE note ADD FOREIGN KEY (title) REFERENCES known DEFERRABLE INITIALLY DEFERRED, ADD CHECK (title <> 'at once')
"""


@pytest.fixture
def batch(producer: Connection, service: Connection) -> Callable[[], Lease]:
    """Stage and claim a row."""
    return lambda: leased(producer, service, 1)


def test_a_row_is_not_blamed_for_a_table_that_was_narrowed_whatever_went_wrong_before(
    service: Connection, admin: Connection, batch: Callable[[], Lease]
) -> None:
    loading, table = Loading(service), shape(Policy.IGNORE, title="bigint").root
    loading.load(batch(), parsed(table, []))
    admin.execute("ALTER TABLE note ALTER title TYPE smallint")
    admin.execute(_DEADLOCKED_ONCE)
    lease = batch()
    with pytest.raises(DatabaseUnsuitable, match=r"public\.note\.title a bigint, but in the database it is a smallint"):
        loading.load(lease, parsed(table, [Note(lease.row_ids[0], 1, str(2**40))]))


def test_a_loader_goes_on_whether_rows_are_refused_at_once_or_by_the_commit(
    service: Connection, admin: Connection, batch: Callable[[], Lease]
) -> None:
    """The driver has to know which of its prepared statements are gone: it forgets them by a rollback, and not by a COMMIT that fails."""
    loading, table = Loading(service), shape(Policy.IGNORE).root
    loading.load(batch(), parsed(table, []))
    admin.execute(_REFUSED_LATE)
    for title in ("at once", "late", *"aaaaaaaa", "late", *"aaaaaaaa"):
        lease = batch()
        notes = parsed(table, [Note(lease.row_ids[0], lease.row_ids[0], title)])
        if title == "a":
            assert loading.load(lease, notes).loaded == 1
        else:
            with pytest.raises(DataRefused):
                loading.load(lease, notes)
    assert one(service, "SELECT count(*) FROM note") == 16
