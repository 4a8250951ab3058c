"""Other people's documents, as a payload is decoded."""

import gzip
import json
from pathlib import Path
from typing import Any

from etl_actors.slips.values.document import decode

__all__ = ["documents_of"]


def documents_of(file: Path) -> list[Any]:
    """Read the documents of a file: JSON lines, or a JSON array."""
    with gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8") as lines:
        if ".jsonl" in file.name:
            return [decode(line.encode()) for line in lines if line.strip()]
        return [decode(json.dumps(one, ensure_ascii=False).encode()) for one in json.load(lines)]
