"""Which commands there are; each is imported only when it is asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from etl_actors.cli.context import invocation

__all__ = ["COMMANDS", "Command", "Commands"]


@dataclass(frozen=True, slots=True)
class Command:
    """One command: the function ``etl_actors.cli.<name>.<name>``.

    Args:
        summary: one line for the list of commands.
        examples: command lines, shown at the end of its help.
        wants_settings: its context's object is to be the `Settings`, not the `Invocation`.
        context: settings of its parser.
    """

    summary: str
    examples: tuple[str, ...]
    wants_settings: bool = False
    context: Mapping[str, Any] = field(default_factory=dict)

    def load(self, name: str) -> Any:
        """Import the command and return it as the parser wants it."""
        function = getattr(import_module(f"etl_actors.cli.{name}"), name)
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        lines = "\n".join(f"  {example}" for example in self.examples)
        register = alone.command(name, epilog=f"\b\nFor example:\n{lines}", context_settings=dict(self.context))
        register(_with_settings(function) if self.wants_settings else function)
        return typer.main.get_command(alone)


COMMANDS = {
    "migrate": Command(
        "Bring the schema etl of the database up to date.",
        ("etl-actors migrate", "etl-actors migrate --check"),
    ),
    "run": Command(
        "Run the daemon: turn staged documents into rows.",
        ("etl-actors run", "etl-actors run --workers 4", "etl-actors run --once"),
    ),
    "feed": Command(
        "Stage the documents of files.",
        ("etl-actors feed shop products.jsonl", "zcat access.log.gz | etl-actors feed web --format lines -"),
        wants_settings=True,
    ),
    "status": Command(
        "Show the books: what was staged and what became of it.",
        ("etl-actors status", "etl-actors status --json"),
    ),
    "audit": Command(
        "Prove the books and the invariants from the data.",
        ("etl-actors audit", "etl-actors audit --since 2026-01-31", "etl-actors audit --json"),
    ),
    "demo": Command(
        "Feed real input through a daemon and show what came of it.",
        ("etl-actors demo", "etl-actors demo --documents 2000"),
        wants_settings=True,
    ),
    "psql": Command(
        "Open psql on the database in use.",
        ("etl-actors psql", "etl-actors psql -c 'SELECT * FROM etl.ledger'"),
        context={"ignore_unknown_options": True, "help_option_names": ["--help"]},
    ),
}
"""The commands by name, in the order in which they are listed."""


class Commands(TyperGroup):
    """The list of commands, none of which is imported to be listed."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # the parser's signature
        """Return the names in order."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002  # the parser's signature
        """Return a command; None where there is none of that name."""
        command = COMMANDS.get(cmd_name)
        return None if command is None else command.load(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  # the parser's signature
        """Write the list into the help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.summary) for name, command in COMMANDS.items()])


def _with_settings(function: Callable[..., None]) -> Callable[..., None]:
    @wraps(function)
    def call(context: typer.Context, **arguments: object) -> None:
        context.obj = invocation(context).settings()
        function(context, **arguments)

    return call
