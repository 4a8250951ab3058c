"""Logs: structlog for all, console on a terminal and JSON elsewhere; what others log comes the same way, and no secret does."""

import logging
import os
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from etl_actors.errors import EtlError
from etl_actors.scrub import printable, scrub

__all__ = ["configure"]

# What these tell at "info" is of interest to their authors; at "debug" everything is shown.
_CHATTY = ("alembic", "asyncio", "pykka", "sqlalchemy", "uvicorn")


def configure(format: str = "auto", level: str = "info", stream: TextIO | None = None) -> None:  # noqa: A002  # the setting's name
    """Send all logs to `stream`; may be called again.

    Args:
        format: console, json, or auto: console where `stream` is a terminal.
        level: debug, info, warning or error; what is below is not told.
        stream: standard error where None.
    """
    stream = sys.stderr if stream is None else stream
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    console = format == "console" or (format == "auto" and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(stream, console=console)],
        )
    )
    _take_over(handler, level.upper())


def _rendering(stream: TextIO, *, console: bool) -> list[Processor]:
    # The traceback becomes text before the scrubbing, so that what an exception quotes is scrubbed too.
    text: list[Processor] = [structlog.processors.StackInfoRenderer(), structlog.processors.format_exc_info, _scrubbed]
    if console:
        return [*text, _printable, structlog.dev.ConsoleRenderer(colors=stream.isatty() and not os.environ.get("NO_COLOR"))]
    return [*text, _headed, structlog.processors.JSONRenderer()]


def _take_over(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old.formatter, structlog.stdlib.ProcessorFormatter)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(level if level in ("DEBUG", "ERROR") else "WARNING")
    logging.getLogger("pykka").addFilter(_told_in_a_line)  # the same one again is not added
    logging.getLogger("alembic.runtime.plugins").setLevel("WARNING")  # a line for each of its own modules


def _told_in_a_line(record: logging.LogRecord) -> bool:
    """Leave out the traceback of what is no bug: pykka tells of every end of an actor with one."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, EtlError):
        record.msg = f"{record.getMessage().rstrip(':')}: {type(error).__name__}: {error}"
        record.args = record.exc_info = record.exc_text = None
    return True


def _headed(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Begin every line with the same keys, for whoever reads JSON without a program."""
    return {**{key: event[key] for key in ("timestamp", "level", "event") if key in event}, **event}


def _scrubbed(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: scrub(value, key) for key, value in event.items()}


def _printable(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: printable(value) if isinstance(value, str) else value for key, value in event.items()}
