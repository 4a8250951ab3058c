"""What the database refuses: told with its place and a reason, and never with a value, whoever words the refusal."""

import traceback
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from types import SimpleNamespace

import psycopg
import pytest
from psycopg import sql

from etl_actors.actors.answers import BatchStuck
from etl_actors.actors.loader import LoaderActor
from etl_actors.actors.messages import Load, Open
from etl_actors.errors import DatabaseUnsuitable, DataRefused
from etl_actors.relational.checks import Compared
from etl_actors.relational.tables import Column, Kind, Policy, Table
from etl_actors.store.database import Connection, connect, translated
from etl_actors.store.loading.load import Loading
from etl_actors.store.tables.constraints import check_name, index_name
from tests.support.documents import one
from tests.support.leases import leased
from tests.support.tables import Note, parsed

SECRET = "hunter2"
_PLAIN = Table("public", "note", Kind.ROOT, Policy.IGNORE, ("key",), (Column("key", "int"), Column("title", "text")), None)

Refuse = Callable[..., Exception]


def shown(error: BaseException) -> str:
    """Return everything that a log or a traceback could show of an error."""
    return "".join(traceback.format_exception(error)) + repr(error.__cause__) + repr(vars(error))


@pytest.fixture
def refuse(producer: Connection, service: Connection) -> Refuse:
    """Load one note whose title is the secret, as the loader actor does; return how it is refused."""

    def load(table: Table = _PLAIN, title: str = SECRET) -> Exception:
        lease = leased(producer, service, 1)
        with pytest.raises((DataRefused, DatabaseUnsuitable, psycopg.Error)) as caught, translated():
            Loading(service).load(lease, parsed(table, [Note(lease.row_ids[0], 1, title)]))
        assert SECRET not in shown(caught.value)
        assert caught.value.__context__ is None, "a logger that walks contexts must find no driver error there"
        assert one(service, "SELECT count(*) FROM note WHERE title IS NOT NULL") == 0
        return caught.value

    return load


@pytest.fixture
def note(producer: Connection, service: Connection, admin: Connection) -> Connection:
    """Make the table note, empty; give a superuser's connection to it."""
    lease = leased(producer, service, 1)
    Loading(service).load(lease, parsed(_PLAIN, [Note(lease.row_ids[0], 1, "a")]))
    admin.execute("DELETE FROM note")
    return admin


def told(error: Exception, reason: str, **detail: str) -> str:
    assert isinstance(error, DataRefused), error
    assert error.reason == reason
    assert error.detail == detail
    return str(error)


def test_a_check_of_a_slip_names_its_column_and_what_it_asks(refuse: Refuse, service: Connection) -> None:
    longer = Column("title", "text", check=Compared("title", ">", "x"))
    table = Table("public", "note", Kind.ROOT, Policy.IGNORE, ("key",), (Column("key", "int"), longer), None)
    name = check_name(table, longer)
    message = told(refuse(table), "check_violation", table="public.note", column="title", constraint=name, check="title > 'x'")
    assert message == "expected public.note.title to fulfil its check `title > 'x'`, but a value does not"
    assert one(service, "SELECT count(*) FROM pg_constraint WHERE conrelid = 'note'::regclass AND conname = %s", name) == 1


def test_a_column_that_must_not_be_null_is_named(refuse: Refuse, note: Connection) -> None:
    note.execute("ALTER TABLE note ADD COLUMN theirs text NOT NULL")
    message = told(refuse(), "not_null_violation", table="public.note", column="theirs")
    assert message.endswith("not null violation (table public.note, column theirs)")


def test_a_value_out_of_range_is_told_with_its_column(refuse: Refuse, note: Connection) -> None:
    note.execute("ALTER TABLE note ALTER COLUMN title TYPE smallint USING NULL")
    small = Table("public", "note", Kind.ROOT, Policy.IGNORE, ("key",), (Column("key", "int"), Column("title", "smallint")), None)
    error = refuse(small, "70123")
    told(error, "numeric_value_out_of_range", table="public.note", column="title")
    assert "70123" not in shown(error)
    told(refuse(small), "invalid_text_representation", table="public.note", column="title")


def test_a_nul_that_came_as_far_as_the_database_is_told_with_its_table(refuse: Refuse) -> None:
    told(refuse(title=f"{SECRET}\0"), "character_not_in_repertoire", table="public.note")


def test_a_column_named_like_the_text_after_it_is_told_from_it(refuse: Refuse, note: Connection) -> None:
    odd = 'x: "a'
    columns = (Column("key", "int"), Column(odd, "smallint"))
    table = Table("public", "odd", Kind.ROOT, Policy.IGNORE, ("key",), columns, None)
    told(refuse(table, "70123"), "numeric_value_out_of_range", table="public.odd", column=odd)


def test_a_customers_foreign_key_is_named(refuse: Refuse, note: Connection) -> None:
    note.execute("CREATE TABLE known (title text PRIMARY KEY); GRANT SELECT, REFERENCES ON known TO etl_service")
    note.execute("ALTER TABLE note ADD CONSTRAINT theirs FOREIGN KEY (title) REFERENCES known")
    told(refuse(), "foreign_key_violation", table="public.note", constraint="theirs")


def test_a_customers_unique_index_is_named(refuse: Refuse, note: Connection) -> None:
    note.execute("CREATE UNIQUE INDEX theirs ON note ((1))")
    note.execute("INSERT INTO note (_id, _row_id, _batch_id) VALUES (gen_random_uuid(), 1, 1)")
    told(refuse(), "unique_violation", table="public.note", constraint="theirs")


_LONG = "".join(sha256(bytes([n])).hexdigest() for n in range(200))  # does not compress to what an index takes


def test_a_text_that_is_too_long_for_an_index_is_told_with_its_table_and_the_slips_indexes(
    refuse: Refuse, note: Connection
) -> None:
    asked = Table("public", "note", Kind.ROOT, Policy.IGNORE, ("key",), _PLAIN.columns, None, indexes=(("title",),))
    name = index_name(asked, ("title",))
    note.execute(sql.SQL("CREATE INDEX {} ON note (title)").format(sql.Identifier(name)))
    message = told(refuse(asked, SECRET + _LONG), "program_limit_exceeded", table="public.note", indexes=name)
    assert "maximum size is 8191" in message
    assert f"(table public.note, indexes {name})" in message
    told(refuse(_PLAIN, SECRET + _LONG), "program_limit_exceeded", table="public.note")


def test_an_index_that_postgresql_itself_names_is_named(refuse: Refuse, note: Connection) -> None:
    note.execute("CREATE INDEX theirs ON note (title)")
    message = told(refuse(_PLAIN, SECRET + _LONG[:5500]), "program_limit_exceeded", table="public.note", constraint="theirs")
    assert "maximum 2704" in message


_RAISES = {
    "plain": ("RAISE EXCEPTION 'no %', NEW.title", "raise_exception"),
    "with_detail": ("RAISE EXCEPTION 'no' USING DETAIL = NEW.title, HINT = NEW.title", "raise_exception"),
    "as_if_of_a_place": (
        "RAISE EXCEPTION 'no' USING TABLE = NEW.title, COLUMN = NEW.title, CONSTRAINT = NEW.title, ERRCODE = 'check_violation'",
        "check_violation",
    ),
    "as_if_an_index_were_full": ("RAISE program_limit_exceeded USING MESSAGE = 'no ' || NEW.title", "program_limit_exceeded"),
    "as_if_a_right_were_missing": ("RAISE insufficient_privilege USING MESSAGE = 'no ' || NEW.title", "insufficient_privilege"),
    "as_if_the_disk_were_full": ("RAISE disk_full USING MESSAGE = 'no ' || NEW.title", "disk_full"),
    "as_if_the_server_went": ("RAISE admin_shutdown USING MESSAGE = 'no ' || NEW.title", "admin_shutdown"),
    "with_a_code_of_its_own": ("RAISE EXCEPTION 'no %', NEW.title USING ERRCODE = 'U0001'", "error"),
    "by_assertion": ("ASSERT false, NEW.title", "assert_failure"),
}


def trigger(admin: Connection, body: str) -> None:
    admin.execute(f"CREATE FUNCTION theirs() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; END $$".encode())
    admin.execute("CREATE TRIGGER theirs BEFORE INSERT ON note FOR EACH ROW EXECUTE FUNCTION theirs()")


@pytest.mark.parametrize("way", _RAISES)
def test_what_a_customers_trigger_says_is_not_repeated(refuse: Refuse, note: Connection, way: str) -> None:
    body, reason = _RAISES[way]
    trigger(note, body)
    error = refuse()
    assert isinstance(error, DataRefused), "the row is to blame, and bisection will find it"
    assert error.detail == {}
    assert error.reason == reason or way == "with_a_code_of_its_own"


def test_a_right_that_is_missing_is_named_and_no_row_is_blamed(refuse: Refuse, note: Connection) -> None:
    note.execute("CREATE TABLE journal (title text)")
    trigger(note, "INSERT INTO journal VALUES (NEW.title); RETURN NEW")
    error = refuse()
    assert isinstance(error, DatabaseUnsuitable)
    assert str(error) == "The rights in the database do not suffice: permission denied for table journal."
    note.execute("GRANT INSERT ON journal TO etl_service")


def test_an_error_that_is_no_refusal_is_told_by_its_code_alone(
    note: Connection, producer: Connection, service: Connection, service_url: str
) -> None:
    trigger(note, "EXECUTE 'nonsense ' || NEW.title; RETURN NEW")
    lease = leased(producer, service, 1)
    answers: list[object] = []
    reply_to = SimpleNamespace(tell=answers.append)
    with closing(connect(service_url)) as conn:
        loader = LoaderActor(lambda: conn, "public")
        loader.on_receive(Open())
        loader.on_receive(Load(lease, parsed(_PLAIN, [Note(lease.row_ids[0], 1, SECRET)]), again=False, reply_to=reply_to))  # type: ignore[arg-type]
    assert answers == [BatchStuck(lease, "SyntaxError (42601)")]


@pytest.mark.parametrize("policy", [Policy.IGNORE, Policy.UPDATE])
def test_a_loser_is_refused_too_whoever_it_came_with(producer: Connection, service: Connection, policy: Policy) -> None:
    """Else its other rows would land or not by how the documents were cut into batches."""
    longer = Column("title", "text", check=Compared("title", ">", "x"))
    table = Table("public", "note", Kind.ROOT, policy, ("key",), (Column("key", "int"), longer), None)
    lease = leased(producer, service, 2)
    titles = ("y", SECRET) if policy is Policy.IGNORE else (SECRET, "y")
    with pytest.raises(DataRefused, match="to fulfil its check") as caught:
        Loading(service).load(lease, parsed(table, [Note(r, 1, t) for r, t in zip(lease.row_ids, titles, strict=True)]))
    assert caught.value.detail["table"] == "public.note"
    assert SECRET not in shown(caught.value)
