"""The ways in which dlt can load."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.process import timed_peer

__all__ = ["WAYS", "Way"]


@dataclass(frozen=True, slots=True)
class Way:
    """A way in which dlt can load.

    Args:
        format: of the files that it loads.
        processes: that normalise.
    """

    format: str
    processes: int

    def load(self, python: Path, order: Mapping[str, object]) -> float:
        """Load what is staged, and return the seconds that it took.

        Args:
            python: of the environment that has dlt.
            order: what `with_dlt.py` is told beside the format.
        """
        return timed_peer(python, "with_dlt.py", {**order, "format": self.format}, self._settings)

    @property
    def _settings(self) -> dict[str, str]:
        told = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "CRITICAL"}
        if self.processes == 1:
            return told
        several = {"NORMALIZE__WORKERS": str(self.processes), "NORMALIZE__START_METHOD": "fork"}
        return told | several | {"DATA_WRITER__FILE_MAX_ITEMS": "5000"}  # a file is the work of one process

    def __str__(self) -> str:
        return f"{self.format} files, {self.processes} process{'es' if self.processes > 1 else ''} to normalise"


WAYS = [Way(form, processes) for form in ("csv", "insert_values") for processes in (1, 2)]
