"""Which commands there are; each is imported only when it is asked for."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from etl_actors.cli.completion import completing
from etl_actors.cli.context import invocation
from etl_actors.errors import UsageError

__all__ = ["COMMANDS", "EXIT_STATUS", "Command", "Commands", "Group"]

_TYPES = re.compile(r" <(?:list\[)?(?:str|int|float|path)\]?>")
EXIT_STATUS = "Exit status: 0 well; 1 it found or met a problem; 2 wrong usage or settings; 3 the database can't be reached."


@dataclass(frozen=True, slots=True)
class Command:
    """One command: the function ``<name>`` of ``cli/<name>.py``, or of ``cli/<name>/command.py``.

    Args:
        summary: one line for the list of commands.
        examples: command lines, shown at the end of its help.
        wants_settings: its context's object is to be the `Settings`, not the `Invocation`.
        context: settings of its parser.
        has_folder: whether it has a folder of its own.
    """

    summary: str
    examples: tuple[str, ...]
    wants_settings: bool = False
    context: Mapping[str, Any] = field(default_factory=dict)
    has_folder: bool = False

    def load(self, name: str) -> Any:
        """Import the command and return it as the parser wants it; ``slips_list`` is the command `list` of a group."""
        group, _, verb = name.partition("_")
        home = f"{group}.{verb}_command" if verb else f"{name}.command" if self.has_folder else name
        function = getattr(import_module(f"etl_actors.cli.{home}"), name)
        completing(function)
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        register = alone.command(verb or name, cls=_Shown, epilog=self.epilog, context_settings=dict(self.context))
        register(_with_settings(function) if self.wants_settings else function)
        return typer.main.get_command(alone)

    @property
    def epilog(self) -> str:
        """The end of its help."""
        lines = "\n".join(f"  {example}" for example in self.examples)
        return f"\b\nFor example:\n{lines}\n\n{EXIT_STATUS}"


@dataclass(frozen=True, slots=True)
class Group(Command):
    """Commands under one name: the dictionary ``<NAME>`` of ``cli/<name>/group.py``, by name.

    The command `list` of the group `slips` is the function ``slips_list`` of ``cli/slips/list_command.py``.
    """

    def load(self, name: str) -> Any:
        """Import the list of commands, but none of them, and return the group as the parser wants it."""
        module = import_module(f"etl_actors.cli.{name}.group")

        class Members(Commands):
            above = f"{name}_"
            listed = getattr(module, name.upper())

        def begin(ctx: typer.Context) -> None:
            if ctx.invoked_subcommand is None:
                typer.echo(ctx.get_help())
                raise typer.Exit(UsageError.exit_status)

        begin.__doc__ = module.__doc__ and module.__doc__.partition(": ")[2]
        alone = typer.Typer(name=name, add_completion=False, rich_markup_mode=None)
        alone.callback(
            cls=Members,
            invoke_without_command=True,
            epilog=self.epilog,
            context_settings={"help_option_names": ["-h", "--help"]},
        )(begin)
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
        "Stage the documents of files, or of a table.",
        (
            "etl-actors feed shop products.jsonl offers.json.zst",
            "zcat access.log.gz | etl-actors feed web --format lines -",
            "etl-actors feed shop --from-table scraper.pages --json body --with url --where 'status = 200'",
        ),
        wants_settings=True,
    ),
    "status": Command(
        "Show the books: what was staged and what became of it.",
        ("etl-actors status", "etl-actors status --json"),
    ),
    "batches": Command(
        "List the batches: who worked on what, and what came of it.",
        ("etl-actors batches", "etl-actors batches --status claimed", "etl-actors batches 12 --json"),
    ),
    "trace": Command(
        "Show where a row went, or where a target row came from.",
        ("etl-actors trace 4711", "etl-actors trace offer 6f1c3a52-0d0b-5c3e-9d51-0b6f6e1d2c3a"),
        has_folder=True,
    ),
    "replay": Command(
        "Run settled rows again, as if they were loaded for the first time.",
        (
            "etl-actors replay --slip shop_product --dry-run",
            "etl-actors replay --rejected --reason not_a_number",
            "etl-actors replay --source shop --since 2026-01-31 --rate 500",
            "etl-actors replay --resume",
        ),
        has_folder=True,
    ),
    "rejects": Group(
        "Find out why rows were rejected, and settle the dead letters.",
        ("etl-actors rejects list --by reason", "etl-actors rejects show 12", "etl-actors rejects discard 12"),
    ),
    "slips": Group(
        "Write slips and try them: what becomes of which documents.",
        ("etl-actors slips list", "etl-actors slips check", "etl-actors slips try web_log access.log"),
    ),
    "audit": Command(
        "Prove the books and the invariants from the data.",
        (
            "etl-actors audit",
            "etl-actors audit --since 2h",
            "etl-actors audit --repair",
            "etl-actors audit --deep --sample 1000",
            "etl-actors audit --json",
        ),
    ),
    "prune": Command(
        "Drop old documents from staging; what was made of them stays.",
        ("etl-actors prune --older-than 30d --dry-run", "etl-actors prune --older-than 30d", "etl-actors prune --json"),
    ),
    "rebuild": Command(
        "Make a document again of the rows that it was broken out to.",
        ("etl-actors rebuild 4711", "etl-actors rebuild 4711 --json"),
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

    above = ""
    listed: Mapping[str, Command] = COMMANDS
    _completing = False

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # the parser's signature
        """Return the names in order."""
        return list(self.listed)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002  # the parser's signature
        """Return a command; None where there is none of that name."""
        command = self.listed.get(cmd_name)
        if command is not None and self._completing:
            return TyperCommand(cmd_name, short_help=command.summary)
        return None if command is None else command.load(f"{self.above}{cmd_name}")

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Complete a name, of which the shell shows the summary, without an import of what it names."""
        self._completing = True
        try:
            return super().shell_complete(ctx, incomplete)
        finally:
            self._completing = False

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  # the parser's signature
        """Write the list into the help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.summary) for name, command in self.listed.items()])


class _Shown(TyperCommand):
    """A command whose help is for people, without the names of Python's types; an option that takes one value is given once."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line.

        Raises:
            UsageError: an option was given again, and the value before would go unheard.
        """
        if not ctx.resilient_parsing:
            _, _, given = self.make_parser(ctx).parse_args(args=list(args))
            for param in given:
                once = isinstance(param, TyperOption) and not param.is_flag and not param.multiple
                if once and (times := sum(other is param for other in given)) > 1:
                    raise UsageError(f"{param.opts[-1]}: expected it once, got it {times} times.")
        return super().parse_args(ctx, args)

    def get_help(self, ctx: Any) -> str:
        """Return the text that --help prints."""
        shown = _TYPES.sub(lambda found: " " * len(found[0]), super().get_help(ctx))
        return "\n".join(line.rstrip() for line in shown.splitlines())


def _with_settings(function: Callable[..., None]) -> Callable[..., None]:
    @wraps(function)
    def call(context: typer.Context, **arguments: object) -> None:
        context.obj = invocation(context).settings()
        function(context, **arguments)

    return call
