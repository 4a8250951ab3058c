"""What is to be done so that a table is as a slip wants it: a list of changes, each with its statement and a sentence."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from psycopg import sql

from etl_actors.relational.companions import versions_name
from etl_actors.relational.tables import FILLED, LINEAGE, PARENTAGE, Column, Kind, Policy, Table
from etl_actors.store.tables.constraints import check_constraint, check_name, check_text, checked, index_name, is_ours
from etl_actors.store.tables.facts import Facts
from etl_actors.store.tables.quoting import identifier, listed
from etl_actors.store.tables.versions_view import view_steps

__all__ = ["Change", "Question", "adapted", "created", "system_columns", "view_changes"]

_REQUIRED = frozenset({"_id", "_row_id", "_batch_id", "_parent_id", "_root_id", "_index"})


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the database.

    Args:
        table: the qualified name of the table.
        statement: that makes it.
        sentence: what it does, for people.
        view: the qualified name of the view of the table that it makes or changes; empty where it is about the table itself.
    """

    table: str
    statement: sql.Composed
    sentence: str
    view: str = ""

    @property
    def target(self) -> str:
        """Name what is changed, as it is recorded: by that a view is known as one that a slip has made."""
        return self.view or self.table


@dataclass(frozen=True, slots=True)
class Question:
    """What a plan asks only where it must, since the answer costs something.

    Args:
        empty: whether the table has no row.
        required_by_us: which of its columns are NOT NULL because a slip asked for that.
        asked: the columns of the table as other slips in force ask for them.
    """

    empty: Callable[[], bool]
    required_by_us: Callable[[], frozenset[str]]
    asked: Callable[[], Iterable[tuple[Table, Column]]]


def system_columns(table: Table) -> tuple[tuple[str, str], ...]:
    """Return name and type of the columns that a table has beside the slip's own."""
    columns: tuple[tuple[str, str], ...] = LINEAGE
    if table.kind in (Kind.OWN, Kind.SET):
        columns += PARENTAGE
    return (*columns, (FILLED, "jsonb")) if table.policy is Policy.FILL else columns


def created(table: Table, *, viewed: bool = True) -> Iterator[Change]:
    """Make a table that is not there.

    Args:
        table: as the slip wants it.
        viewed: whether it gets the view of its versions, if it keeps some.
    """
    name, target = table.qualified, identifier(table)
    fields = [_field(column, kind) for column, kind in system_columns(table)]
    fields += [_field(c.name, c.type, required=not c.null) for c in table.columns]
    parts = [*fields, sql.SQL("PRIMARY KEY (_id)"), *(check_constraint(table, c) for c in checked(table))]
    size = len(table.columns)
    yield Change(
        name,
        sql.SQL("CREATE TABLE {} ({})").format(target, listed(parts)),
        f"create table {name} ({size} column{'' if size == 1 else 's'})",
    )
    yield Change(
        name,
        sql.SQL("GRANT SELECT ON {} TO etl_reader, etl_operator").format(target),
        f"let etl_reader and etl_operator read {name}",
    )
    if table.kind in (Kind.OWN, Kind.SET):
        # A replaced owner's children are found by it, and so are a parent's by a customer's join.
        yield Change(name, sql.SQL("CREATE INDEX ON {} (_parent_id)").format(target), f"add an index to {name} (_parent_id)")
    yield from _indexes(table, frozenset())
    yield from _comments(table, {}, list)
    if viewed:
        yield from view_changes(table, None)


def adapted(table: Table, facts: Facts, slip: str, ask: Question, *, structure_only: bool = False) -> Iterator[Change]:
    """Change a table that is there, and that differs in nothing that cannot be changed.

    Args:
        table: as the slip wants it.
        facts: it as it is.
        slip: its name.
        ask: for what else the plan needs.
        structure_only: leave checks, indexes and comments as they are: whoever loads may work by an older version.
    """
    yield from _columns(table, facts, ask)
    yield from _nullable(table, facts, slip, ask)
    yield from view_changes(table, facts)
    if not structure_only:
        yield from _checks(table, facts, ask)
        yield from _indexes(table, facts.indexes)
        yield from _comments(table, {name: column.comment for name, column in facts.columns.items()}, ask.asked)


def _columns(table: Table, facts: Facts, ask: Question) -> Iterator[Change]:
    """Add what another slip of the table, or an older version, had no use for; the rows there keep null."""
    system = [Column(name, kind) for name, kind in system_columns(table) if name == FILLED]
    for column in (c for c in [*system, *table.columns] if c.name not in facts.columns):
        required = not column.null and ask.empty()
        yield Change(
            table.qualified,
            sql.SQL("ALTER TABLE {} ADD COLUMN {}").format(
                identifier(table), _field(column.name, column.type, required=required)
            ),
            f"add column {column.name} {column.type} to {table.qualified}",
        )


def _nullable(table: Table, facts: Facts, slip: str, ask: Question) -> Iterator[Change]:
    filled = {column.name for column in table.columns if not column.null}
    system = {name for name, _ in LINEAGE + PARENTAGE}
    suspects = [name for name, f in facts.columns.items() if f.required and name not in filled and name not in system]
    for name in suspects:
        if name in ask.required_by_us():
            yield Change(
                table.qualified,
                sql.SQL("ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL").format(identifier(table), sql.Identifier(name)),
                f"let {table.qualified}.{name} be null: slip {slip} does not always fill it",
            )


def _checks(table: Table, facts: Facts, ask: Question) -> Iterator[Change]:
    wanted = {check_name(table, column): column for column in checked(table)}
    surplus = {name for name in facts.checks - wanted.keys() if is_ours(name)}
    if surplus:
        surplus -= {check_name(there, column) for there, column in ask.asked() if column.check is not None}
    for name in sorted(surplus):
        yield Change(
            table.qualified,
            sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(identifier(table), sql.Identifier(name)),
            f"drop the check {name} of {table.qualified}: no slip asks for it any more",
        )
    if table.policy is Policy.FILL and wanted.keys() - facts.checks and not ask.empty():
        return  # a row that is there may fail it in a column that nobody fills again: no document could add to it any more
    for name, column in wanted.items():
        if name not in facts.checks and column.check is not None:
            # Rows that are there came under other rules: a check that they fail must not keep the new ones from landing.
            old = sql.SQL("") if ask.empty() else sql.SQL(" NOT VALID")
            yield Change(
                table.qualified,
                sql.SQL("ALTER TABLE {} ADD {}{}").format(identifier(table), check_constraint(table, column), old),
                f"add a check to {table.qualified}.{column.name}: {check_text(column.check)}",
            )


def _indexes(table: Table, there: frozenset[str]) -> Iterator[Change]:
    name, target = table.qualified, identifier(table)
    by_row, by_giver = index_name(table, ("_row_id",)), index_name(table, (FILLED,))
    if table.kind is not Kind.SET and by_row not in there:
        # By it a replay and a trace find what a staged row has made; row ids come in order, so that it grows at its end.
        made = sql.SQL("CREATE INDEX {} ON {} (_row_id)").format(sql.Identifier(by_row), target)
        yield Change(name, made, f"add an index to {name} (_row_id)")
    if table.policy is Policy.FILL and by_giver not in there:
        made = sql.SQL("CREATE INDEX {} ON {} USING gin (etl.givers(_filled)) WHERE _filled IS NOT NULL").format(
            sql.Identifier(by_giver), target
        )
        yield Change(name, made, f"add an index to {name} (which rows gave its columns)")
    for columns in dict.fromkeys(table.indexes):
        name = index_name(table, columns)
        if name not in there:
            yield Change(
                table.qualified,
                sql.SQL("CREATE INDEX {} ON {} ({})").format(
                    sql.Identifier(name), identifier(table), listed(sql.Identifier(c) for c in columns)
                ),
                f"add an index to {table.qualified} ({', '.join(columns)})",
            )


def view_changes(table: Table, facts: Facts | None) -> Iterator[Change]:
    """Show the versions of a table that keeps some, with all columns that it has (no facts: it is to be made) and those that it gets, last."""
    names = [*(facts.columns if facts else ()), *(name for name, _ in system_columns(table)), *(c.name for c in table.columns)]
    for statement, sentence in view_steps(table, list(dict.fromkeys(names)), facts) if table.versioned else ():
        yield Change(table.qualified, statement, sentence, f"{table.schema}.{versions_name(table.name)}")


def _comments(table: Table, there: Mapping[str, str], asked: Callable[[], Iterable[tuple[Table, Column]]]) -> Iterator[Change]:
    for column in table.columns:
        held = there.get(column.name, "")
        if not column.comment or column.comment == held:
            continue
        if held and any(other.name == column.name and other.comment == held for _, other in asked()):
            continue  # another slip's: the two would change it in turn for ever
        yield Change(
            table.qualified,
            sql.SQL("COMMENT ON COLUMN {} IS {}").format(
                sql.Identifier(table.schema, table.name, column.name), sql.Literal(column.comment)
            ),
            f"comment on {table.qualified}.{column.name}: {column.comment}",
        )


def _field(name: str, kind: str, *, required: bool = False) -> sql.Composed:
    default = sql.SQL(" NOT NULL DEFAULT clock_timestamp()") if name == "_loaded_at" else sql.SQL("")
    null = sql.SQL(" NOT NULL") if required or name in _REQUIRED else sql.SQL("")
    # A type cannot be a parameter; the slip reader has matched it against the types it knows.
    return sql.SQL("{} {}{}{}").format(sql.Identifier(name), sql.SQL(kind), null, default)
