"""The kinds of scalars, and their join: whatever was seen in whatever order, the columns for it are the same.

Numbers are bigint as long as all are, then numeric. Texts are of a form (date, timestamp, timestamptz, uuid) as long as all are of
the same one, then text. Booleans, numbers and texts never become one another: each has a column of its own.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

__all__ = ["Form", "Number", "Scalars", "form_of", "number_in", "number_text", "scalars_of", "written_in"]

_BIGINT = 2**63
_DATE = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
_FORMS = re.compile(
    rf"(?P<date>{_DATE})"
    rf"|(?P<timestamp>{_DATE}T{_CLOCK})(?P<zone>Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?"
    r"|(?P<uuid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",
    re.ASCII,
)
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?\s*", re.ASCII)
_MOST_NUMBER = 400  # characters of a text that is a number; PostgreSQL's numeric takes far more
_LEAST, _MOST = len("YYYY-MM-DD"), len("00000000-0000-0000-0000-000000000000")


class Number(Enum):
    """What numbers fit into; the greater holds the lesser."""

    BIGINT = "bigint"
    NUMERIC = "numeric"


class Form(Enum):
    """What texts are: all of one form, or any."""

    DATE = "date"
    TIMESTAMP = "timestamp"
    TIMESTAMPTZ = "timestamptz"
    UUID = "uuid"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Scalars:
    """The scalars that were seen at one place; nothing was, if all are unset.

    Args:
        null: whether null was.
        boolean: whether a boolean was.
        number: what all numbers fit into.
        form: what all texts are.
    """

    null: bool = False
    boolean: bool = False
    number: Number | None = None
    form: Form | None = None

    def joined(self, other: "Scalars") -> "Scalars":
        """Give what was seen by either; commutative, associative and idempotent."""
        if self == other:
            return self
        return Scalars(
            self.null or other.null,
            self.boolean or other.boolean,
            _wider(self.number, other.number),
            self.form if other.form in (None, self.form) else other.form if self.form is None else Form.TEXT,
        )

    def hold(self, other: "Scalars") -> bool:
        """Tell whether the other has nothing that was not seen here: joined with it, this would be the same."""
        return (
            (self.null or not other.null)
            and (self.boolean or not other.boolean)
            and (other.number is None or self.number in (other.number, Number.NUMERIC))
            and (other.form is None or self.form in (other.form, Form.TEXT))
        )


def _wider(one: Number | None, other: Number | None) -> Number | None:
    if one is None or one is other:
        return other
    return one if other is None else Number.NUMERIC


_NULL = Scalars(null=True)
_BOOLEAN = Scalars(boolean=True)
_NUMBERS = {kind: Scalars(number=kind) for kind in Number}
_TEXTS = {form: Scalars(form=form) for form in Form}


def scalars_of(value: Any) -> Scalars:
    """Tell what a scalar is.

    Args:
        value: null, a boolean, a number (int, float or Decimal) or a text, as a document is decoded.
    """
    kind = type(value)
    if kind is str:
        return _TEXTS[form_of(value)]
    if kind is int:
        return _NUMBERS[Number.BIGINT if -_BIGINT <= value < _BIGINT else Number.NUMERIC]
    if kind is float:
        return _NUMBERS[Number.NUMERIC]
    if kind is bool:
        return _BOOLEAN
    if kind is Decimal:
        whole = value.as_tuple().exponent == 0 and -_BIGINT <= value < _BIGINT
        return _NUMBERS[Number.BIGINT if whole else Number.NUMERIC]
    return _NULL


def form_of(text: str) -> Form:
    """Tell the form of a text.

    Forms are ISO 8601 in the way of RFC 3339, years 0001 to 9999, and a uuid in small letters. Whatever else PostgreSQL's types would
    take is a text: what they write could not be told from what came.
    """
    if not _LEAST <= len(text) <= _MOST:
        return Form.TEXT
    found = _FORMS.fullmatch(text)
    if found is None:
        return Form.TEXT
    if found["uuid"]:
        return Form.UUID
    try:
        moment = datetime.fromisoformat(text)
        if found["zone"]:
            moment.astimezone(UTC)
    except (ValueError, OverflowError):  # 30 February, the year 0
        return Form.TEXT
    return Form.DATE if found["date"] else Form.TIMESTAMPTZ if found["zone"] else Form.TIMESTAMP


def written_in(form: Form, text: str) -> str:
    """Write a text of a form as it is written when it is made of its column again: in UTC, with no zeros behind a fraction.

    Args:
        form: of the text.
        text: the text.

    Returns:
        The same text, where nothing of it would be lost.
    """
    if form not in (Form.TIMESTAMP, Form.TIMESTAMPTZ):
        return text
    moment = datetime.fromisoformat(text)
    if form is Form.TIMESTAMPTZ:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    iso = moment.isoformat()
    iso = iso.rstrip("0") if "." in iso else iso
    return iso + "Z" if form is Form.TIMESTAMPTZ else iso


def number_in(text: str) -> Decimal | None:
    """Read a text as a number, where it is asked that texts are read so.

    Args:
        text: digits, with a sign, a point, an exponent or spaces around them.

    Returns:
        The number, with all digits that are written; None where the text is none.
    """
    return Decimal(text.strip()) if len(text) <= _MOST_NUMBER and _NUMBER.fullmatch(text) else None


def number_text(number: int | Decimal) -> str:
    """Write a number as PostgreSQL does, which a text that was read as a number may differ from."""
    text = format(Decimal(number), "f")
    return text.removeprefix("-") if not number else text
