"""The one exception by which a value is refused while a document is mapped."""

from collections.abc import Mapping
from typing import Any, Self

from etl_actors.relational.reject import Stage

__all__ = ["Refused", "shown"]

SHOWN = 80  # characters of a value that a message quotes


class Refused(Exception):
    """A value is not what the slip asks for.

    Steps raise it; the mapper catches it at the document's boundary and makes a `Reject` of it; `a / b` goes on to b.

    Args:
        reason: short code, fit to group by.
        expected: what was wanted, as in "a date as YYYY-MM-DD".
        got: the value that came; of a text that was read piece by piece, the whole.
        stage: parse where a grammar refuses a text, else map.
        detail: of a text: ``line`` and ``text_column`` from 1, ``position`` from 0, ``excerpt`` with a caret.
        reach: how far the value was understood; of several refusals the one that reached furthest is told.
    """

    let: int | None = None
    """Number of the let within which it was raised, the innermost one; the mapper's business."""

    elements: tuple[int, ...] = ()
    """Of a list that is taken element by element: the index of the one refused, of lists within lists the outermost first."""

    def __init__(
        self,
        reason: str,
        expected: str,
        got: Any,
        *,
        stage: Stage = Stage.MAP,
        detail: Mapping[str, Any] | None = None,
        reach: int = 0,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.expected = expected
        self.got = got
        self.stage = stage
        self.detail = dict(detail or {})
        self.reach = reach

    def again(self) -> Self:
        """Make one like it, without the frames that this one came through."""
        fresh = type(self).__new__(type(self), *self.args)
        fresh.__dict__.update(self.__dict__)
        return fresh

    def within(self, index: int) -> None:
        """Note the index of the element that was refused, in a list around whatever is noted already.

        What a let refused is told as the let's own: it is the same whichever element asked for it first.
        """
        if self.let is None:
            self.elements = (index, *self.elements)

    @property
    def sentence(self) -> str:
        """Expected and got, in one sentence."""
        return f"expected {self.expected}, got {shown(self.got)}"


def shown(value: Any) -> str:
    """Quote a value in at most about 80 characters.

    Args:
        value: any JSON value.

    Returns:
        Text on one line.
    """
    match value:
        case None:
            return "null"
        case True | False:
            return str(value).lower()
        case str():
            return repr(value if len(value) <= SHOWN else value[:SHOWN] + "…")
        case list():
            return f"an array of {len(value)}"
        case dict():
            return f"an object of {len(value)} key{'s' * (len(value) != 1)}"
        case _:
            try:
                text = str(value)
            except ValueError:  # CPython refuses to print integers beyond 4,300 digits
                return "a number of thousands of digits"
            return text if len(text) <= SHOWN else text[:SHOWN] + "…"
