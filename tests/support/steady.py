"""What varies from one run to the next, said in words that stay: moments, durations, rates, identifiers, places."""

import re
import socket
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from etl_actors import __version__

__all__ = ["Steady"]

_MOMENT = re.compile(
    r"\b(\d{4}-\d\d-\d\d)([T ])(\d\d:\d\d(?::\d\d)?)(\.\d+)?(Z|[+-]\d\d(?::?\d\d)?)?(?![\d:])",
)
_SLACK = timedelta(minutes=1)  # times are shown without seconds too
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_DIGEST = re.compile(r"\b(?:[0-9a-f]{64}|[0-9a-f]{32}|(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8})\b")
_TIME = r"\d[\d,]*(?:\.\d+)? (?:ms|s|min|h|d)\b"

# Each pattern's groups stand for what is kept of it.
_WORDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"\b(for|in|within|took|after|p\d+|left) {_TIME}"), r"\1 0.1 s"),
    (re.compile(rf"\b{_TIME} ago\b"), "0.1 s ago"),
    (re.compile(r"(?<=  )\d\.\d s\b"), "0.1 s"),  # in a table
    (
        re.compile(r"\b\d[\d,]*(?:\.\d+)? ((?:row|document|line|reject|record)s?|[KMG]i?B|bytes)(?:/s| a second| per second)\b"),
        r"1,000 \1/s",
    ),
    (re.compile(r"((?:[\"_]|\b)[a-z_]*(?:_s|_ms|seconds|duration|elapsed|took)\"?[:=] ?)\d+(?:\.\d+)?"), r"\g<1>0.1"),
    (re.compile(rf"\b(version\"?[:=] ?\"?){re.escape(__version__)}"), r"\g<1>1.0.0"),
    (re.compile(r"((?:[\"_]|\b)(?:pid\"?[:=] ?|process ))\d+"), r"\g<1>4711"),
)


class Steady:
    """The steady words of one session: equal ones stay equal, different ones different.

    Args:
        places: what stands for a text that varies as a whole, such as a folder: pairs of the text and its word.
    """

    def __init__(self, places: Iterable[tuple[str, str]]) -> None:
        # The longer first: a folder may lie in another.
        host = socket.gethostname()
        self._places = [*sorted(places, key=lambda pair: -len(pair[0])), (host, "ann-pc")]
        self._host = re.compile(rf"{re.escape('ann-pc')}:\d+")
        self._began = datetime.now(UTC)
        self._seen: dict[str, str] = {}
        self._digests = 0

    def said(self, text: str) -> str:
        """Return a text of the session in its steady words."""
        for varies, word in self._places:
            text = text.replace(varies, word)
        text = self._host.sub("ann-pc:4711", text)
        text = _MOMENT.sub(self._moment, text)
        text = _UUID.sub(self._numbered(lambda _found, number: f"00000000-0000-0000-0000-{number:012}"), text)
        text = _DIGEST.sub(self._digest, text)
        for pattern, word in _WORDS:
            text = pattern.sub(word, text)
        return text

    def _moment(self, found: re.Match[str]) -> str:
        """Say a moment of the session in as many characters; a moment of other times, as documents have them, stays."""
        date, between, time, fraction, zone = found.groups()
        moment = datetime.fromisoformat(f"{date}T{time}{_hours(zone)}")
        if not self._began - _SLACK <= moment <= datetime.now(UTC) + _SLACK:
            return found[0]
        return f"2026-01-02{between}{'03:04:05'[: len(time)]}{'.678901' if fraction else ''}{zone or ''}"

    def _digest(self, found: re.Match[str]) -> str:
        digest = found[0]
        for seen, word in self._seen.items():
            if seen.startswith(digest) or digest.startswith(seen):
                return word[0] * len(digest)
        self._digests += 1
        self._seen[digest] = f"{self._digests % 16:x}"
        return self._seen[digest] * len(digest)

    def _numbered(self, word: Callable[[str, int], str]) -> Callable[[re.Match[str]], str]:
        def replaced(found: re.Match[str]) -> str:
            return self._seen.setdefault(found[0], word(found[0], 1 + sum("-" in key for key in self._seen)))

        return replaced


def _hours(zone: str | None) -> str:
    """Write a zone as Python reads it: +00:00."""
    if zone in {None, "Z"}:
        return "+00:00"
    assert zone is not None
    digits = zone.replace(":", "")
    return f"{digits[:3]}:{digits[3:] or '00'}"
