"""Samples of a slip: documents, each with what the slip is to make of it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Any

from etl_actors.errors import SlipError
from etl_actors.relational.reject import Reject
from etl_actors.slips.trying.trial import Outcome, Trial, value_of
from etl_actors.slips.values.json_text import json_text
from etl_actors.slips.values.refused import Refused

__all__ = ["EXPECTED", "Sample", "difference", "expected_of", "payload_of", "read_samples", "samples_text"]

EXPECTED = ("rows", "rejects", "reject", "skipped", "not_taken")
_DETAIL = ("path", "table", "column", "line", "text_column", "position")  # what a snapshot of a reject keeps of its detail
_NUMBER = re.compile(r'"\\u0000(-?[0-9.eE+-]+)\\u0000"')


@dataclass(frozen=True, slots=True)
class Sample:
    """A document of a sample file.

    Args:
        name: the file's name without its extension, and behind `#` the number from 1 where it holds several.
        document: any JSON value.
        expected: what is to become of it, by `EXPECTED`; empty where nobody has said yet.
    """

    name: str
    document: Any
    expected: Mapping[str, Any]


def read_samples(file: Path) -> list[Sample]:
    """Read a sample file: one object of ``document`` and what is expected of it, or a list of such.

    Raises:
        SlipError: it is neither; the text begins with the file.
    """
    try:
        content = value_of(file.read_bytes())
    except (OSError, ValueError) as error:
        raise SlipError(f"{file}: expected a sample as JSON, got text that is none: {error}") from None
    several = content if isinstance(content, list) else [content]
    return [
        _sample(file, f"{file.stem}#{number}" if isinstance(content, list) else file.stem, one)
        for number, one in enumerate(several, 1)
    ]


def _sample(file: Path, name: str, content: Any) -> Sample:
    if not isinstance(content, dict) or "document" not in content:
        raise SlipError(f'{file}: expected {{"document": …, "rows": {{…}}}} or a list of such, got no `document`')
    unknown = sorted(content.keys() - {"document", *EXPECTED})
    if unknown:
        wanted = ", ".join(f"`{key}`" for key in EXPECTED)
        raise SlipError(f"{file}: a sample has no key `{unknown[0]}`; beside `document` it has one of {wanted}")
    return Sample(name, content["document"], {key: content[key] for key in EXPECTED if key in content})


def payload_of(sample: Sample) -> bytes:
    """Write a sample's document as it would be staged.

    Raises:
        SlipError: it holds a text that cannot be staged.
    """
    try:
        return json_text(sample.document).encode()
    except Refused as refused:
        raise SlipError(f"sample {sample.name}: {refused.sentence}") from None


def expected_of(trial: Trial) -> dict[str, Any]:
    """Write what became of a document as a sample has it."""
    match trial.outcome:
        case Outcome.ROWS:
            rows = {table: [dict(row) for row in made] for table, made in trial.rows.items()}
            items = [_reject(reject) for reject in trial.rejects]
            return {"rows": rows} | ({"rejects": items} if items else {})
        case Outcome.REJECTED:
            return {"reject": _reject(trial.rejects[0])}
        case _:
            return {trial.outcome.value: True}


def _reject(reject: Reject) -> dict[str, Any]:
    detail = {key: reject.detail[key] for key in _DETAIL if key in reject.detail}
    if "table" in detail:
        detail["table"] = str(detail["table"]).rpartition(".")[2]  # samples hold whatever the target schema is
    return {"stage": reject.stage.value, "reason": reject.reason, **detail}


def difference(sample: Sample, trial: Trial) -> str:
    """Tell what became of a document otherwise than its sample expects, as a diff; empty where nothing.

    Of a reject only those of its properties are compared that the sample names.
    """
    expected = dict(sample.expected)
    got = expected_of(trial)
    if isinstance(expected.get("reject"), dict) and "reject" in got:
        told = got["reject"] | {"message": trial.rejects[0].message, "expression": trial.rejects[0].detail.get("expression")}
        got["reject"] = {key: told.get(key) for key in expected["reject"]}
    if expected == got:
        return ""
    return "\n".join(unified_diff(_lines(expected), _lines(got), "expected", "got", lineterm="", n=2))


def _lines(value: Any) -> list[str]:
    return _written(value).splitlines()


def samples_text(samples: list[Sample], *, several: bool) -> str:
    """Write a sample file.

    Args:
        samples: its documents, with what is expected of them.
        several: whether it holds a list.
    """
    content: list[Any] = [{"document": sample.document, **sample.expected} for sample in samples]
    return _written(content if several else content[0]) + "\n"


def _written(value: Any) -> str:
    """Write JSON with every number digit for digit, which the encoder cannot: it is given texts, whose quotes are then taken off."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=lambda number: f"\0{number}\0")
    return _NUMBER.sub(r"\1", text)
