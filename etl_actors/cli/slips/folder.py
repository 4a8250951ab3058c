"""A new slip's folder: its files, and samples of what it makes of documents."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl_actors.errors import SlipError, UsageError
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.source.files import read_slip_folder
from etl_actors.slips.trying.samples import Sample, expected_of, payload_of, samples_text
from etl_actors.slips.trying.trial import Trier

if TYPE_CHECKING:
    from etl_actors.settings import Settings

__all__ = ["folder_for", "write_folder"]

_SAMPLES = 3


def folder_for(settings: "Settings", name: str, into: Path | None) -> Path:
    """Choose the folder of a new slip.

    Args:
        settings: that say where slips are.
        name: of the slip.
        into: the folder of slips that was asked for; None for the first of the settings.

    Raises:
        UsageError: the name is none of a folder, or there is one.
    """
    if "/" in name or "\\" in name or name.startswith(".") or not name.strip():
        raise UsageError(f"NAME: expected a name without slashes, got {name!r}; the folder is told with --into.")
    named = settings.parser_folders if settings.parsers.strip() else ()  # else it is the bundled one
    folder = (into or next(iter(named), Path("slips"))) / name
    if folder.exists():
        raise UsageError(f"{folder} is there already, and is not overwritten.")
    return folder


def write_folder(settings: "Settings", folder: Path, files: Mapping[str, str], documents: Sequence[Any]) -> int:
    """Write a slip's folder.

    Args:
        settings: for where its tables go.
        folder: of the slip; it is made.
        files: of the slip, by name.
        documents: the first of them become samples, with the rows that the slip makes of them.

    Returns:
        How many samples were written.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        (folder / "samples").mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
        return _write_samples(settings, folder, documents[:_SAMPLES])
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}.") from None


def _write_samples(settings: "Settings", folder: Path, found: Sequence[Any]) -> int:
    trier = Trier(read_slip(read_slip_folder(folder), settings.target_schema, origin=str(folder)))
    written = 0
    for number, document in enumerate(found, 1):
        sample = Sample(f"sample_{number}", document, {})
        try:
            made = Sample(sample.name, document, expected_of(trier.attempt(payload_of(sample))))
        except SlipError:
            continue  # a text that cannot be staged
        (folder / "samples" / f"{sample.name}.json").write_text(samples_text([made], several=False), "utf-8")
        written += 1
    return written
