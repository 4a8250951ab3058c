"""Every error that etl-actors raises, as one tree.

::

    EtlError                      one clear sentence; the command line prints it and exits with ``exit_status``
    ├── UsageError                what was asked for cannot be done as asked            (exit 2)
    │   └── SettingsError         wrong settings, all problems together                 (exit 2)
    ├── SlipError                 a slip that cannot be used, with file and place       (exit 1)
    ├── DatabaseUnavailable       no server answers, or it went away                    (exit 3)
    ├── DatabaseUnsuitable        the server is too old, or its schema is not ours      (exit 1)
    ├── LeaseLost                 the batch belongs to somebody else: nothing may land  (engine)
    ├── Outgrown                  the slip knows more by now than when rows were made   (engine)
    ├── DataRefused               the database refuses a value of the batch             (engine)
    ├── TextTooLarge              documents have more text than the database can give   (engine)
    └── WorkerLost                a parser process ended or hung                        (engine)

Bad data is not an error but a value: see `etl_actors.relational.reject.Reject`.
"""

from collections.abc import Mapping
from typing import Self

from etl_actors.relational.suspect import Suspect

__all__ = [
    "DataRefused",
    "DatabaseUnavailable",
    "DatabaseUnsuitable",
    "EtlError",
    "LeaseLost",
    "Outgrown",
    "SettingsError",
    "SlipError",
    "TextTooLarge",
    "UsageError",
    "WorkerLost",
]


class EtlError(Exception):
    """The root of the tree; its text is one sentence that a user can act on."""

    exit_status = 1


class UsageError(EtlError):
    """What was asked for cannot be done as it was asked."""

    exit_status = 2


class SettingsError(UsageError):
    """Settings that are wrong, with every problem on a line of its own."""


class SlipError(EtlError):
    """A slip that cannot be used; the text begins with its file and place."""


class DatabaseUnavailable(EtlError):
    """No server answers at the address, or the one that did went away."""

    exit_status = 3


class DatabaseUnsuitable(EtlError):
    """The server is too old, or its schema is at a revision that this release does not accept."""


class LeaseLost(EtlError):
    """The batch's lease token is no longer ours; whatever was prepared under it must not land."""

    @classmethod
    def of(cls, batch_id: int, token: int) -> Self:
        """Name the batch, and the token under which it was held."""
        return cls(f"batch {batch_id} is no longer held under token {token}")


class Outgrown(EtlError):
    """A slip that breaks documents out has grown since a batch was parsed by it: the batch is to be parsed again; nothing landed."""


class NoPlace(EtlError):
    """Tables of a slip that breaks documents out cannot get a place for some of them, since others depend on the tables."""


class DataRefused(EtlError):
    """The database refuses a value of the batch.

    Args:
        message: carries no data.
        reason: a short code.
        detail: the table, column and constraint, as far as the database names them.

    Attributes:
        suspect: the row at which the database stopped, if that is known.
    """

    def __init__(self, message: str, reason: str, detail: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.detail = dict(detail or {})
        self.suspect: Suspect | None = None


class TextTooLarge(EtlError):
    """Documents are larger as text than what PostgreSQL can put together, whatever they weigh as jsonb: a number of 8 bytes may have 131,072 digits."""


class WorkerLost(EtlError):
    """A parser process ended or hung; `row_id` is the row it was on, 0 where it is not known."""

    def __init__(self, message: str, row_id: int, reason: str) -> None:
        super().__init__(message)
        self.row_id = row_id
        self.reason = reason
