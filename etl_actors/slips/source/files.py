"""The files of a slip, and the digest that names one version of them."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from etl_actors.errors import SlipError

__all__ = ["LIBRARY", "MAIN", "STEPS", "digest", "read_slip_folder"]

MAIN = "slip.toml"
STEPS = "steps.py"
LIBRARY = "std/"  # what a slip uses of the grammar library is kept with it under such names
_DIGEST_BYTES = 16


def read_slip_folder(folder: Path) -> dict[str, str]:
    """Read what makes a slip: `slip.toml`, grammars, `steps.py`; not its samples.

    Args:
        folder: of the slip.

    Returns:
        Text by name relative to the folder, sorted by name.

    Raises:
        SlipError: no `slip.toml`, or a file that can't be read as UTF-8.
    """
    if not (folder / MAIN).is_file():
        message = f"{folder / MAIN}: there is no such file"
        raise SlipError(message)
    names = sorted([folder / MAIN, *folder.glob("*.lark"), *folder.glob(STEPS)])
    return {path.name: _text(path) for path in names}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{path}: expected UTF-8, got other bytes at {error.start}"
        raise SlipError(message) from None
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise SlipError(message) from None


def digest(files: Mapping[str, str]) -> str:
    """Name a version of a slip by its files.

    Args:
        files: text by name.

    Returns:
        32 hexadecimal digits, independent of the order of the files.
    """
    hashed = sha256()
    for name, text in sorted(files.items()):
        for part in (name.encode(), text.encode()):
            hashed.update(len(part).to_bytes(8, "big") + part)
    return hashed.digest()[:_DIGEST_BYTES].hex()
