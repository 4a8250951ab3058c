"""The entry point: the options before the command, and how errors become one sentence and an exit status."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from etl_actors import __version__
from etl_actors.cli import failures
from etl_actors.cli.commands import EXIT_STATUS, Commands
from etl_actors.cli.context import Invocation, invocation
from etl_actors.errors import EtlError, UsageError
from etl_actors.resources import resource

__all__ = ["app", "execute", "main"]

_NAME = "etl-actors"

_EPILOG = f"""\b
To begin with:
  etl-actors demo                          see it work
  etl-actors run                           in one terminal, and in another:
  etl-actors feed shop products.jsonl
  etl-actors status

{EXIT_STATUS}

\b
Settings are variables, as ETL_WORKERS=4, or a file: etl-actors --config FILE.
Every setting, with its unit, meaning and default: {resource("config") / "default.toml"}
"""

app = typer.Typer(name=_NAME, rich_markup_mode=None, pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:  # noqa: FBT001  # the parser's signature
    if wanted:
        typer.echo(f"{_NAME} {__version__}")
        raise typer.Exit


@app.callback(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_EPILOG,
)
def _begin(
    ctx: typer.Context,
    *,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Settings file; names only what differs.", show_default=False)
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks, and log everything.")] = False,
    _shown: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Insert JSON into etl.staging; get typed, deduplicated relational rows, exactly once, with the books to prove it."""
    before = invocation(ctx)
    before.config, before.debug = config, debug


def execute(arguments: Sequence[str], before: Invocation | None = None) -> int:
    """Run one command line, tell of what failed, and return the exit status.

    Args:
        arguments: without the program's name.
        before: what the options before the command are written to.
    """
    before = Invocation() if before is None else before
    try:
        # Not by calling `app`, which would put an excepthook of its own over ours.
        command = typer.main.get_command(app)
        status = command.main(_options_first(arguments) or ["--help"], prog_name=_NAME, obj=before, standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as exc:
        failures.usage_failed(exc)
        return exc.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return failures.INTERRUPTED
    except (OSError, SystemExit) as exc:
        return failures.output_failed(exc)
    except EtlError as exc:
        if before.debug:
            raise
        failures.tell(str(exc))
        return exc.exit_status
    except failures.database_errors() as exc:
        if before.debug:
            raise
        return failures.database_failed(exc)
    if not arguments:
        return UsageError.exit_status
    return status if isinstance(status, int) else 0


def main() -> NoReturn:
    """Be the program ``etl-actors``."""
    failures.replace_closed_streams()
    before = Invocation()
    arguments = sys.argv[1:]
    if "--debug" not in arguments:
        sys.excepthook = failures.unexpected
    sys.exit(execute(arguments, before))


def _options_first(arguments: Sequence[str]) -> list[str]:
    """Move ``--debug`` and ``--config FILE`` to the front: people write them after the command too."""
    front: list[str] = []
    rest = list(arguments)
    own = rest.index("--") if "--" in rest else len(rest)
    mine, others = rest[:own], rest[own:]
    for name, values in (("--debug", 0), ("--config", 1)):
        while name in mine:
            at = mine.index(name)
            front += mine[at : at + 1 + values]
            del mine[at : at + 1 + values]
    for argument in [each for each in mine if each.startswith("--config=")]:
        front.append(argument)
        mine.remove(argument)
    return [*front, *mine, *others]
