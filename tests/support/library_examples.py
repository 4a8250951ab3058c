"""The examples of the library's grammars, ``std/NAME.toml``, and what their comments say: their tests and their page."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from etl_actors.combinators.library import library_examples_text, library_text

__all__ = ["Bad", "Examples", "Good", "bare", "library_docstring", "library_examples", "read_examples"]

_HEAD = re.compile(r"(?://.*(?:\n|\Z))+")
_KINDS: Mapping[type, str] = {str: "a text", int: "a whole number"}


@dataclass(frozen=True, slots=True)
class Good:
    """A text that a grammar reads.

    Args:
        text: the text.
        value: what it becomes, children that are null and lists that are empty left out.
        start: the rule that reads it.
        note: what the example shows; may be empty.
    """

    text: str
    value: Any
    start: str = "start"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bad:
    """A text that a grammar refuses.

    Args:
        text: the text.
        at: offset, in characters, of what is refused.
        start: the rule that refuses it.
        note: what the example shows; may be empty.
    """

    text: str
    at: int
    start: str = "start"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Examples:
    """The examples of one grammar, in the order of their file.

    Args:
        good: what it reads.
        bad: what it refuses.
    """

    good: tuple[Good, ...]
    bad: tuple[Bad, ...]

    def every(self) -> tuple[Good | Bad, ...]:
        """List the good ones and then the bad ones."""
        return (*self.good, *self.bad)

    def starts(self) -> tuple[str, ...]:
        """List the rules that examples start by, each once, in order of appearance."""
        return tuple(dict.fromkeys(each.start for each in self.every()))


def library_examples(name: str) -> Examples | None:
    """Read the examples of a grammar of the library.

    Args:
        name: without folder and ``.lark``.

    Returns:
        Its examples; None where it has none.

    Raises:
        ValueError: they are not written as examples are.
    """
    text = library_examples_text(name)
    return None if text is None else read_examples(text, f"std/{name}.toml")


def library_docstring(name: str) -> str:
    """Give what the comment at the head of a grammar of the library says, without its slashes.

    Args:
        name: without folder and ``.lark``.

    Returns:
        Its lines; empty where there is no such comment.
    """
    head = _HEAD.match(library_text(name) or "")
    return "\n".join(re.sub("^// ?", "", line).rstrip() for line in head[0].splitlines()) if head else ""


def read_examples(text: str, name: str) -> Examples:
    """Read a file of examples.

    Args:
        text: TOML: tables ``[[good]]`` with ``text`` and ``value``, and ``[[bad]]`` with ``text`` and ``at``; each may have
            ``start`` and ``note``.
        name: of the file, for messages.

    Returns:
        The examples.

    Raises:
        ValueError: it is no TOML, or an example has not what it needs, or more.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{name}: this is no TOML: {error}") from None
    extra = sorted(content.keys() - {"good", "bad"})
    if extra:
        raise ValueError(f"{name}: expected [[good]] and [[bad]], got {', '.join(extra)}")
    good = tuple(
        Good(_get(one, where, "text", str), _value(one, where), **_more(one, where, {"text", "value"}))
        for one, where in _each(content, "good", name)
    )
    bad = tuple(
        Bad(_get(one, where, "text", str), _at(one, where), **_more(one, where, {"text", "at"}))
        for one, where in _each(content, "bad", name)
    )
    return Examples(good, bad)


def bare(value: Any) -> Any:
    """Leave out of a value what examples leave out: children that are null, and lists that are empty.

    Args:
        value: of a grammar.

    Returns:
        Plain objects, lists and texts.
    """
    match value:
        case Mapping():
            return {key: bare(one) for key, one in value.items() if one is not None and one != []}
        case list():
            return [bare(one) for one in value]
        case _:
            return value


def _each(content: dict[str, Any], kind: str, name: str) -> Iterator[tuple[dict[str, Any], str]]:
    found = content.get(kind, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ValueError(f"{name}: examples are tables [[{kind}]]")
    for number, one in enumerate(found, 1):
        yield one, f"{name}: example {number} of [[{kind}]]"


def _get(one: dict[str, Any], where: str, key: str, kind: type) -> Any:
    if type(one.get(key)) is not kind:
        raise ValueError(f"{where}: `{key}` has to be {_KINDS[kind]}, got {one.get(key, 'nothing')!r}")
    return one[key]


def _at(one: dict[str, Any], where: str) -> int:
    at: int = _get(one, where, "at", int)
    if not 0 <= at <= len(one["text"]):
        raise ValueError(f"{where}: `at` is an offset into its text of {len(one['text'])} characters, got {at}")
    return at


def _value(one: dict[str, Any], where: str) -> Any:
    if "value" not in one:
        raise ValueError(f"{where}: it has no `value`")
    for part in _parts(one["value"]):
        if type(part) is not str:
            raise ValueError(f"{where}: a value is made of texts, lists and tables, got {part!r}")
    return bare(one["value"])


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _parts(one)
    else:
        yield value


def _more(one: dict[str, Any], where: str, needed: set[str]) -> dict[str, str]:
    extra = sorted(one.keys() - needed - {"start", "note"})
    if extra:
        raise ValueError(f"{where}: there is no key `{extra[0]}`")
    return {key: _get(one, where, key, str) for key in ("start", "note") if key in one}
