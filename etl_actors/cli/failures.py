"""How a failure becomes one sentence on standard error, and an exit status."""

import errno
import os
import re
import sys
from types import TracebackType

import typer

from etl_actors.errors import EtlError
from etl_actors.scrub import printable, scrub_text

__all__ = [
    "INTERRUPTED",
    "database_errors",
    "database_failed",
    "output_failed",
    "replace_closed_streams",
    "tell",
    "unexpected",
    "usage_failed",
]

INTERRUPTED = 130
"""The exit status after Ctrl-C: 128 + SIGINT, as shells have it."""

_INPUT = re.compile(r"Input should be (.*?)( -?[\d.]+)?$")
_CHOICE = re.compile(r"""(?:Value error, )?('[^']*'|"[^"]*") is not one of (.*)$""")
_PLAIN = {
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
}
_FAILED = 1
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # a file takes no more


def tell(sentence: str) -> None:
    """Print a sentence, or several on a line each, on standard error, without what is secret."""
    lines = scrub_text(sentence).strip().splitlines() or ["It failed without a word."]
    try:
        sys.stderr.write("".join(f"{printable(line)}\n" for line in lines))
        sys.stderr.flush()
    except BrokenPipeError:
        # Nobody reads it any more: the command goes on, and its exit status still tells.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def usage_failed(exc: typer.TyperException) -> None:
    """Tell of a command line that is not understood, and where help is."""
    context = getattr(exc, "ctx", None)
    command = context.command_path if context is not None else "etl-actors"
    tell(f"{_plainly(exc)}. Try: {command} --help")


def _plainly(exc: typer.TyperException) -> str:
    """Put a validator's words into ours: what was expected, and what came."""
    said = exc.format_message().strip().rstrip(".")
    found = _INPUT.search(said)
    if found is None:
        return _CHOICE.sub(r"expected one of \2, got \1", said)
    errors = getattr(exc.__cause__, "errors", None)
    got = f", got {errors()[0]['input']!r}" if errors is not None else ""
    wanted = next((plain for word, plain in _PLAIN.items() if found[1].startswith(word)), found[1])
    return f"{said[: found.start()]}expected {wanted}{found[2] if wanted.startswith('at ') else ''}{got}"


def database_errors() -> tuple[type[Exception], ...]:
    """Return the driver's base classes of errors; none where the driver was never imported, and so cannot have failed."""
    found = []
    for module, name in (("psycopg", "Error"), ("sqlalchemy.exc", "DBAPIError")):
        if module in sys.modules:
            found.append(getattr(sys.modules[module], name))
    return tuple(found)


def database_failed(exc: Exception) -> int:
    """Tell of an error of the driver that nobody translated on its way; return the exit status."""
    import psycopg

    from etl_actors.store.database import translated

    cause = getattr(exc, "orig", None) or exc
    try:
        with translated():
            raise cause
    except EtlError as failure:
        tell(str(failure))
        return failure.exit_status
    except type(cause):
        said = (cause.diag.message_primary if isinstance(cause, psycopg.Error) else None) or str(cause).strip()
        first = (said or type(cause).__name__).splitlines()[0].rstrip(".")
        tell(f"The database refused: {first}. With --debug before the command the traceback is shown.")
        return EtlError.exit_status


def unexpected(kind: type[BaseException], exc: BaseException, _trace: TracebackType | None) -> None:
    """Tell of an error that nobody foresaw; fit for `sys.excepthook`, after which the exit status is 1."""
    if issubclass(kind, KeyboardInterrupt):
        return
    said = str(exc).strip().splitlines()
    tell(
        f"etl-actors failed in a way nobody foresaw ({kind.__name__}{': ' + said[0] if said else ''})."
        " With --debug before the command the traceback is shown."
    )


def replace_closed_streams() -> None:
    """Put nothing where standard input, output or error were closed by whoever started us.

    Their numbers would be given to the next files opened, and what is printed go to the database.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            nothing = os.open(os.devnull, os.O_RDWR)
            if nothing != number:
                os.dup2(nothing, number)
                os.close(nothing)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))


def output_failed(exc: OSError | SystemExit) -> int:
    """Give up on a standard output that nobody reads any more, or that has no room; return the exit status.

    That a reader has seen enough is no problem: with `pipefail`, ``etl-actors rejects list | head -2`` ends well.

    Raises:
        OSError: it is something else that failed.
        SystemExit: the program is to end, for another reason.
    """
    if isinstance(exc, SystemExit):
        if not isinstance(exc.__context__, BrokenPipeError):  # of which the parser makes a status
            raise exc
        exc = exc.__context__
    is_full = exc.errno in _FULL
    if is_full:
        tell(f"The output cannot be written: {exc.strerror}.")
    elif not isinstance(exc, BrokenPipeError):
        raise exc
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that Python's end does not complain of what is buffered
    return _FAILED if is_full else 0
