"""The audit: clean after honest loads, and whatever is broken afterwards is found by the check that is meant for it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from json import loads
from pathlib import Path

import psycopg
import pytest

from etl_actors.errors import DatabaseUnsuitable
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.reject import Reject, Stage
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.source.files import read_slip_folder
from etl_actors.store.audit.audit import AuditReport, audit, examine
from etl_actors.store.database import Connection, connect
from etl_actors.store.loading.load import Loading
from etl_actors.store.queries import queries
from etl_actors.store.slips import remember
from etl_actors.store.tables.kin import require_same_identity
from tests.support.documents import one, stage
from tests.support.leases import claim
from tests.support.notes import notes
from tests.support.servers import Server
from tests.support.settle import settle

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SLIPS = Path(__file__).parents[1] / "slips"
_NAMES = ("note_ignore", "note_update", "wiki_movie")


def movie(number: int) -> dict[str, object]:
    return {"title": f"film {number % 30}", "year": 1900 + number % 30, "cast": ["a", "b"], "genres": ["c"] * (number % 2)}


@pytest.fixture(scope="module")
def loaded(server: Server, template: str) -> Iterator[str]:
    """Load notes in which keys come again, some broken, and films without a key; this is the database's name."""
    name = server.create(template)
    url = server.admin_url(name)
    with psycopg.connect(url, autocommit=True) as producer, connect(url) as service:
        slips = [read_slip(read_slip_folder(_SLIPS / slip), "public") for slip in _NAMES]
        for slip in slips:
            remember(service, slip)
        stage(producer, "notes_ignore", [loads(text) for text in notes(250, 60)])
        stage(producer, "notes_update", [loads(text) for text in notes(250, 60, seed=8)])
        stage(producer, "wiki_movies", [movie(n) for n in range(60)])
        settle(service, {(slip.sources or ("",))[0]: slip for slip in slips}, 40)
        stage(producer, "notes_update", [{"id": 1}, {"id": 2}])
    yield name
    server.drop(name)


@pytest.fixture(scope="module")
def everything(server: Server, loaded: str) -> Iterator[Connection]:
    """Connect to that database as one who may break all of it."""
    with connect(server.admin_url(loaded), role=None) as admin:
        yield admin


@contextmanager
def broken(conn: Connection, statements: str) -> Iterator[None]:
    """Break something until the block is left."""
    with conn.transaction(force_rollback=True):
        for statement in statements.split("; "):
            assert conn.execute(statement.encode()).rowcount != 0, "the harm was done"
        yield


def examined(conn: Connection, since: datetime | None = None) -> AuditReport:
    """Make the audit's checks within the transaction that has broken something, as an operator."""
    conn.execute("SET LOCAL ROLE etl_operator")
    return examine(conn, "public", since, lambda _: None)


def told(report: AuditReport) -> list[str]:
    """Return the sentences that the user sees."""
    return [_UUID.sub("<_id>", report.sentence(finding)) for finding in report.findings]


def audited(url: str, since: datetime | None = None) -> AuditReport:
    with connect(url, role="etl_operator") as operator:
        return audit(operator, "public", since)


def test_honest_loads_leave_nothing_to_find(everything: Connection) -> None:
    report = audit(everything, "public")
    assert report.findings == ()
    assert report.rows == 562
    tables = {check.name.partition(" public.")[2] for check in report.checks}
    assert {"note_ignore", "note_update_bit", "vendor_update", "movie", "movie_cast"} <= tables
    assert {check.invariant for check in report.checks} == {1, 2, 3, 4}


_DONE = "(SELECT min(batch_id) FROM etl.batch WHERE source = 'notes_update' AND outcomes LIKE '%l%d%')"

_REPLAYED = """INSERT INTO etl.replay (replay_id, filter, status, finished_at) OVERRIDING SYSTEM VALUE VALUES (1, '{}', 'done', now()); \
INSERT INTO etl.batch (source, slip, slip_digest, target, row_ids, row_lo, row_hi, bytes, outcomes, prior, prior_batches, replay_id,
                       status, owner, finished_at, loaded, duplicate)
SELECT source, slip, slip_digest, target, row_ids, row_lo, row_hi, bytes, outcomes, outcomes,
       array_fill(batch_id, ARRAY[cardinality(row_ids)]), 1, 'done', 1, finished_at + interval '1 s', loaded, duplicate
  FROM etl.batch WHERE source = 'wiki_movies' AND outcomes LIKE 'l%'"""
"""A replay of the films that changed nothing."""


def _letter(old: str, new: str) -> str:
    return f"UPDATE etl.batch SET outcomes = overlay(outcomes PLACING '{new}' FROM strpos(outcomes, '{old}')),"


_HARM = {
    "a_target_row_is_lost": (
        "DELETE FROM vendor_update WHERE _id = (SELECT min(_id::text)::uuid FROM vendor_update)",
        {"count public.vendor_update"},
    ),
    "a_root_is_lost_and_leaves_its_children": (
        "DELETE FROM note_update WHERE _id = (SELECT min(_root_id::text)::uuid FROM note_update_tag)",
        {"count public.note_update", "mixed public.note_update_tag"},
    ),
    "a_target_row_is_doubled": (
        "INSERT INTO movie SELECT (gen_random_uuid()), _row_id, _batch_id, _loaded_at, title, year, href, extract FROM movie LIMIT 1",
        {"count public.movie", "identity public.movie"},
    ),
    "a_row_takes_anothers_place_in_the_count": (
        (
            "UPDATE movie SET _id = gen_random_uuid() WHERE _id = (SELECT m._id FROM movie m LEFT JOIN movie_cast c ON c._root_id = m._id "
            "ORDER BY m._id LIMIT 1)"
        ),
        {"identity public.movie", "mixed public.movie_cast"},
    ),
    "a_child_lies_under_another_root": (
        (
            "UPDATE note_ignore_tag t SET _root_id = (SELECT _id FROM note_ignore n WHERE n._id <> t._root_id LIMIT 1) "
            "WHERE _id = (SELECT min(_id::text)::uuid FROM note_ignore_tag)"
        ),
        {"mixed public.note_ignore_tag"},
    ),
    "a_child_lies_under_another_parent": (
        (
            "UPDATE note_ignore_tag t SET _parent_id = (SELECT _id FROM note_ignore n WHERE n._id <> t._root_id LIMIT 1) "
            "WHERE _id = (SELECT min(_id::text)::uuid FROM note_ignore_tag)"
        ),
        {"identity public.note_ignore_tag"},
    ),
    "a_key_was_changed": (
        "UPDATE note_update SET id = id + 1000 WHERE id = (SELECT min(id) FROM note_update)",
        {"identity public.note_update"},
    ),
    "a_root_is_said_to_come_from_another_document": (
        (
            "UPDATE movie SET _row_id = (SELECT min(row_id) FROM etl.staging WHERE source = 'notes_ignore') "
            "WHERE _id = (SELECT min(_id::text)::uuid FROM movie)"
        ),
        {"lineage public.movie", "mixed public.movie_cast", "identity public.movie"},
    ),
    "an_outcome_is_another": (
        f"UPDATE etl.batch SET outcomes = overlay(outcomes PLACING 's' FROM strpos(outcomes, 'd')) WHERE batch_id = {_DONE}",
        {"miscounted", "recounted"},
    ),
    "two_outcomes_are_exchanged": (
        "UPDATE etl.batch SET outcomes = reverse(outcomes) WHERE source = 'wiki_movies' AND loaded = 30",
        {"lineage public.movie"},
    ),
    "a_waiting_row_is_lost": (
        "DELETE FROM etl.inbox WHERE row_id = (SELECT min(row_id) FROM etl.inbox)",
        {"unbalanced", "nowhere"},
    ),
    "a_row_bypassed_the_trigger": (
        "SET session_replication_role = replica; INSERT INTO etl.staging (source, payload) VALUES ('notes_update', '{}')",
        {"unbalanced", "nowhere"},
    ),
    "a_row_that_is_settled_waits_again": (
        "INSERT INTO etl.inbox (source, row_id, bytes) SELECT source, row_lo, 1 FROM etl.batch WHERE status = 'done' LIMIT 1",
        {"unbalanced", "twice"},
    ),
    "a_row_waits_that_was_never_staged": (
        "INSERT INTO etl.inbox (source, row_id, bytes) VALUES ('notes_update', 900000, 1)",
        {"unbalanced", "phantom"},
    ),
    "a_run_reaches_into_another": (
        "UPDATE etl.inbox SET rows = 2 WHERE row_id = (SELECT min(row_id) FROM etl.inbox)",
        {"unbalanced", "twice"},
    ),
    "a_run_goes_on_over_rows_that_were_never_staged": (
        "UPDATE etl.inbox SET rows = 3 WHERE row_id = (SELECT max(row_id) FROM etl.inbox)",
        {"unbalanced", "phantom"},
    ),
    "a_settled_batch_is_lost": (
        "UPDATE etl.batch SET status = 'released' WHERE batch_id = (SELECT max(batch_id) FROM etl.batch WHERE loaded = 0 AND rejected = 0)",
        {"unbalanced", "nowhere"},
    ),
    "a_dead_letter_is_lost": (
        "DELETE FROM etl.reject WHERE reject_id = (SELECT min(reject_id) FROM etl.reject)",
        {"unexplained_rejects"},
    ),
    "a_dead_letter_is_of_another_row": (
        "UPDATE etl.reject SET row_id = row_id + 1 WHERE reject_id = (SELECT min(reject_id) FROM etl.reject)",
        {"unexplained_rejects"},
    ),
    "two_sources_exchange_a_row": (
        """UPDATE etl.batch b SET row_ids[1] = o.row_ids[1] FROM etl.batch o
            WHERE b.batch_id = (SELECT min(batch_id) FROM etl.batch WHERE source = 'wiki_movies' AND outcomes LIKE 'd%')
              AND o.batch_id = (SELECT min(batch_id) FROM etl.batch WHERE source = 'notes_ignore' AND outcomes LIKE 'd%')""",
        {"foreign_rows", "nowhere", "twice", "bounds"},
    ),
    "a_batch_claims_to_have_added_more": (
        """UPDATE etl.batch SET rows_added = jsonb_set(rows_added, '{public.movie}', '1000') WHERE batch_id =
           (SELECT min(batch_id) FROM etl.batch WHERE source = 'wiki_movies')""",
        {"count public.movie", "gained"},
    ),
    "a_loaded_row_is_said_to_be_a_duplicate_and_the_counts_are_adapted": (
        f"{_letter('l', 'd')} loaded = loaded - 1, duplicate = duplicate + 1 WHERE batch_id = {_DONE}",
        {"gained"},
    ),
    "a_duplicate_is_said_to_be_loaded_and_the_counts_are_adapted": (
        f"{_letter('d', 'l')} loaded = loaded + 1, duplicate = duplicate - 1 WHERE batch_id = {_DONE}",
        {"gained"},
    ),
    "a_duplicate_is_said_to_be_skipped_and_the_counts_are_adapted": (
        f"{_letter('d', 's')} skipped = skipped + 1, duplicate = duplicate - 1 WHERE batch_id = {_DONE}",
        {"skipped"},
    ),
    "a_duplicate_is_said_to_be_rejected_and_the_counts_are_adapted": (
        f"{_letter('d', 'r')} rejected = rejected + 1, duplicate = duplicate - 1 WHERE batch_id = {_DONE}",
        {"unexplained_rejects"},
    ),
    "two_rows_of_a_batch_change_places": (
        f"UPDATE etl.batch SET row_ids[1] = row_ids[2], row_ids[2] = row_ids[1] WHERE batch_id = {_DONE}",
        {"bounds"},
    ),
    "the_bounds_of_a_batch_are_others": (f"UPDATE etl.batch SET row_hi = row_hi + 1 WHERE batch_id = {_DONE}", {"bounds"}),
    "a_count_of_staging_was_changed": (
        (
            "UPDATE etl.staging_partition SET counted_hi = 101 WHERE row_lo = 1; "
            "INSERT INTO etl.staging_count SELECT name, 'notes_ignore', 99 FROM etl.staging_partition WHERE row_lo = 1"
        ),
        {"sealed", "unbalanced"},
    ),
    "a_replay_says_another_letter_was_before": (
        f"{_REPLAYED}; UPDATE etl.batch SET prior = overlay(prior PLACING 'd' FROM strpos(prior, 'l')) WHERE replay_id = 1",
        {"prior", "recounted"},
    ),
    "a_replay_names_another_batch_before": (
        f"{_REPLAYED}; UPDATE etl.batch SET prior_batches[2] = prior_batches[2] + 1 WHERE replay_id = 1",
        {"prior"},
    ),
    "a_replay_rejected_a_document_whose_row_stays": (
        (
            f"{_REPLAYED}; UPDATE etl.batch SET outcomes = 'r' || substr(outcomes, 2), loaded = loaded - 1, rejected = 1 "
            "WHERE replay_id = 1; INSERT INTO etl.reject (row_id, batch_id, stage, reason, message) "
            "SELECT row_lo, batch_id, 'map', 'x', 'y' FROM etl.batch WHERE replay_id = 1"
        ),
        {"orphan public.movie"},
    ),
    "a_replay_put_a_document_elsewhere_and_its_row_stays": (
        f"{_REPLAYED}; UPDATE etl.batch SET slip_digest = repeat('0', 32) WHERE replay_id = 1",
        {"orphan public.movie"},
    ),
    "a_replay_has_rows_to_do_that_were_not_settled_so": (
        f"{_REPLAYED}; INSERT INTO etl.replay_row SELECT 1, source, row_lo, NULL, NULL, batch_id + 1 FROM etl.batch WHERE replay_id = 1",
        {"repeats"},
    ),
    "a_replay_ended_before_it_had_looked_for_all_winners": (
        f"{_REPLAYED}; INSERT INTO etl.vacancy SELECT 1, 'public.movie', _id FROM movie LIMIT 1",
        {"vacant"},
    ),
}

_TOLD = {
    "a_target_row_is_lost": "Rows missing from public.vendor_update: 1 (added: 40, there: 39).",
    "a_target_row_is_doubled": "Rows that public.movie has too many: 1 (added: 30, there: 31).",
    "a_child_lies_under_another_root": (
        "Rows of public.note_ignore_tag (_id) that do not lie under the root row of their own document: 1 (<_id>)."
    ),
    "a_key_was_changed": "Rows of public.note_update (_id) whose key or place gives another _id: 1 (<_id>).",
    "an_outcome_is_another": "Batches whose counts are not those of their rows' outcomes: 1 (batch 2).",
    "a_loaded_row_is_said_to_be_a_duplicate_and_the_counts_are_adapted": (
        "Batches that say they loaded more or fewer rows than they added: 1 (batch 2)."
    ),
    "a_waiting_row_is_lost": (
        "Staged rows that neither wait, are claimed nor settled: 1 (row 561). They bypassed the trigger, or their place in the "
        "inbox was lost; enqueue them: etl-actors audit --repair"
    ),
    "a_run_reaches_into_another": "Rows that wait, are claimed or settled twice: 1 (row 562).",
    "a_run_goes_on_over_rows_that_were_never_staged": (
        "Rows that wait, are claimed or settled without being staged: 2 (row 563, row 564)."
    ),
    "a_settled_batch_is_lost": (
        "Staged rows that neither wait, are claimed nor settled: 20 (row 541, row 542, row 543, row 544, row 545, …). They "
        "bypassed the trigger, or their place in the inbox was lost; enqueue them: etl-actors audit --repair"
    ),
    "a_dead_letter_is_lost": "Rejected rows without a dead letter, or dead letters without a rejected row: 1 (row 101).",
    "two_rows_of_a_batch_change_places": "Batches whose row ids were changed: 1 (batch 2).",
    "two_sources_exchange_a_row": "Rows of one source in a batch of another: 1 (row 81).",
    "a_replay_says_another_letter_was_before": (
        "Rows of which a replay says another outcome before it than the batch before it: 1 (row 501)."
    ),
    "a_replay_rejected_a_document_whose_row_stays": (
        "Rows of public.movie (_id) whose document a replay has rejected, skipped or taken elsewhere: 1 (<_id>)."
    ),
}
"""What the user reads of it, among other sentences perhaps."""


@pytest.mark.parametrize("harm", _HARM)
def test_what_is_broken_is_found(everything: Connection, harm: str) -> None:
    statements, expected = _HARM[harm]
    with broken(everything, statements):
        report = examined(everything)
    names = {finding.check for finding in report.findings}
    assert names >= expected
    # What a root loses or changes, each of its children's tables tells; else nothing is blamed that is well.
    assert all(name.startswith("mixed ") for name in names - expected)
    assert all(finding.count >= 1 for finding in report.findings)
    assert all(finding.examples for finding in report.findings)
    assert harm not in _TOLD or _TOLD[harm] in told(report)


def test_a_replay_that_left_everything_as_it_was_is_no_finding(everything: Connection) -> None:
    with broken(everything, _REPLAYED):
        assert examined(everything).findings == ()
        assert examined(everything, datetime(2020, 1, 1, tzinfo=UTC)).findings == ()


def test_an_audit_since_a_moment_looks_at_later_rows_only(everything: Connection) -> None:
    harm = "UPDATE etl.reject SET row_id = row_id + 1 WHERE reject_id = (SELECT min(reject_id) FROM etl.reject)"
    now = datetime.now(UTC)
    with broken(everything, harm):
        before = examined(everything, now - timedelta(hours=1))
        assert ([finding.check for finding in before.findings], before.rows) == (["unexplained_rejects"], 562)
        after = examined(everything, now + timedelta(hours=1))
        assert (after.findings, after.rows) == ((), 0)


def test_an_audit_since_a_moment_reads_the_rows_of_tables_that_came_from_later_rows_and_counts_all(
    everything: Connection,
) -> None:
    moment, row_id = one(
        everything, "SELECT received_at, row_id FROM etl.staging WHERE source = 'wiki_movies' ORDER BY 2 LIMIT 1"
    )
    earlier = "UPDATE note_update SET id = id + 1000; UPDATE note_ignore_tag SET _root_id = _id; DELETE FROM vendor_update"
    with broken(everything, earlier):
        report = examined(everything, moment)
        assert (report.since, report.from_row, report.rows) == (moment, row_id, 62)
        assert [found.check for found in report.findings] == ["count public.vendor_update"]
    later = "UPDATE movie SET _id = gen_random_uuid() WHERE title = 'film 4'"
    with broken(everything, later):
        found = {finding.check for finding in examined(everything, moment).findings}
        assert found >= {"identity public.movie", "mixed public.movie_cast"}


def test_an_outcome_of_a_later_row_is_recounted_from_that_row_on(everything: Connection) -> None:
    moment = one(everything, "SELECT min(received_at) FROM etl.staging WHERE source = 'wiki_movies'")
    harm = "UPDATE etl.batch SET prior = overlay(prior PLACING 'd' FROM strpos(prior, 'l')) WHERE replay_id = 1"
    with broken(everything, f"{_REPLAYED}; {harm}"):
        assert [found.check for found in examined(everything, moment).findings] == ["recounted", "prior"]
        assert examined(everything, moment + timedelta(hours=1)).findings == ()


def test_a_batch_that_straddles_the_first_row_is_no_finding(producer: Connection, service: Connection, database: str) -> None:
    stage(producer, "shop", ["earlier"])
    moment = one(service, "SELECT clock_timestamp()")
    stage(producer, "shop", ["later"])
    lease = claim(service)
    assert len(lease.row_ids) == 2
    rejects = tuple(Reject(row_id, Stage.ROUTE, "no_slip", "m") for row_id in lease.row_ids)
    Loading(service).load(lease, Parsed(None, None, (), rejects, ()))
    report = audited(database, moment)
    assert (report.rows, report.findings) == (1, ())
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute("DELETE FROM etl.reject WHERE row_id = %s", [lease.row_ids[1]])
    assert [found.check for found in audited(database, moment).findings] == ["unexplained_rejects"], "its later row counts"


@pytest.mark.parametrize(
    ("harm", "lack"),
    [
        ("DROP TABLE vendor_update", "table missing"),
        ("REVOKE SELECT ON vendor_update FROM etl_operator", "table not readable"),
        ("ALTER TABLE vendor_update DROP COLUMN name", "column missing: name"),
    ],
    ids=lambda text: text.partition(" ")[0],
)
def test_a_table_that_cannot_be_checked_is_a_finding_and_the_others_are_checked(
    everything: Connection, harm: str, lack: str
) -> None:
    rows = one(everything, "SELECT count(*) FROM vendor_update")
    with everything.transaction(force_rollback=True):
        everything.execute(harm.encode())
        everything.execute("DELETE FROM movie_cast WHERE _id = (SELECT min(_id::text)::uuid FROM movie_cast)")
        found = {finding.check: finding for finding in examined(everything).findings}
    assert found.keys() == {"count public.vendor_update", "count public.movie_cast"}
    assert (found["count public.vendor_update"].count, found["count public.vendor_update"].examples) == (
        rows,
        (f"{lack}; added: {rows}",),
    )


def test_what_lay_under_a_root_table_that_was_dropped_is_not_blamed(everything: Connection) -> None:
    with broken(everything, "DROP TABLE movie"):
        assert [found.check for found in examined(everything).findings] == ["count public.movie"]


# Tables that several slips have filled ---------------------------------------------------------------------------------------


def both(database: str, service: Connection, producer: Connection, *texts: str) -> None:
    """Load the same document through slips made of `texts`, one after the other; nobody asks whether they agree."""
    slips = [read_slip({"slip.toml": f'name = "s{no}"\nsource = "s{no}"\n{text}'}, "public") for no, text in enumerate(texts)]
    for no, slip in enumerate(slips):
        remember(service, slip)
        stage(producer, f"s{no}", [{"k": 1, "tags": ["x", "y"]}, {"k": 2, "tags": ["x"]}])
        settle(service, {f"s{no}": slip}, 10)


def tagged(root: str, tag: str = 'parent = "{}"\neach = "$.tags"') -> str:
    """Write a slip with a root table and a table of tags below it."""
    return f'[tables.{root}]\nkey = ["k"]\ncolumns.k = "k | int"\n[tables.tag]\n{tag.format(root)}\ncolumns.t = "@ | text"\n'


def test_children_of_two_roots_in_one_table_are_no_finding(database: str, service: Connection, producer: Connection) -> None:
    both(database, service, producer, tagged("one"), tagged("two"))
    assert audited(database).findings == ()
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(
            "UPDATE tag SET _root_id = (SELECT _id FROM two WHERE k = 1) WHERE _root_id = (SELECT _id FROM one WHERE k = 2)"
        )
    assert {found.check for found in audited(database).findings} == {"mixed public.tag"}, "under the root of another document"


def test_children_that_a_later_version_gave_a_key_are_judged_by_their_own_version(
    database: str, service: Connection, producer: Connection
) -> None:
    keyed = tagged("one", 'parent = "{}"\neach = "$.tags"\nkey = ["t"]\non_duplicate = "update"')
    both(database, service, producer, tagged("one"), keyed)
    assert audited(database).findings == ()
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute("UPDATE tag SET _root_id = _id WHERE _index = 1 AND _row_id = 1")
    assert {found.check for found in audited(database).findings} == {"mixed public.tag"}
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(
            "UPDATE tag SET _root_id = (SELECT _id FROM one WHERE k = 1), _batch_id = 900 WHERE _index = 1 AND _row_id = 1"
        )
    assert {found.check for found in audited(database).findings} == {"lineage public.tag"}


def test_an_audit_changes_nothing_and_needs_an_operator_only(server: Server, loaded: str) -> None:
    with connect(server.admin_url(loaded), role="etl_operator") as operator:
        before = operator.execute("SELECT pg_current_xact_id_if_assigned(), count(*) FROM etl.batch").fetchall()
        audit(operator, "public")
        assert operator.execute("SELECT pg_current_xact_id_if_assigned(), count(*) FROM etl.batch").fetchall() == before


_LOG = """
name = "log"
source = "logs"
[input]
format = "lines"
origin = {origin}
[tables.log]
columns.message = "message | text"
"""


def test_rows_of_documents_that_say_where_they_came_from_are_no_finding(
    database: str, service: Connection, producer: Connection
) -> None:
    slip = read_slip({"slip.toml": _LOG.format(origin="true")}, "public")
    remember(service, slip)
    lines = [{"message": "a", "_file": "x.log", "_line": 1}, {"message": "a", "_file": "x.log", "_line": 7}, {"message": "b"}]
    stage(producer, "logs", lines)
    settle(service, {"logs": slip}, 10)
    assert one(service, "SELECT count(*) FROM log") == 2
    assert audited(database).findings == ()
    again = read_slip({"slip.toml": _LOG.format(origin="false")}, "public")
    with pytest.raises(
        DatabaseUnsuitable, match="whole document, but those that are there are known by their whole document, file"
    ):
        require_same_identity(service, again, [slip])


def test_a_table_that_may_not_be_read_is_not_locked_for_the_audit(everything: Connection) -> None:
    there = queries("audit")["there"]
    with everything.transaction(force_rollback=True):
        everything.execute("REVOKE SELECT ON vendor_update FROM etl_operator")
        everything.execute("SET LOCAL ROLE etl_operator")
        found = everything.execute(there, {"tables": ["vendor_update", "movie_cast", "nowhere"]}).fetchall()
    assert found == [(False,), (True,), (False,)]
