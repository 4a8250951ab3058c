"""Where settings come from, each value with its origin: the defaults, a file, the environment, the command line."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

__all__ = ["PREFIX", "Sources", "gather"]

PREFIX = "ETL_"
_FILE = "_FILE"
_SURELY = 0.85  # how alike a variable and a setting are, of 1, when it can only be a slip of the pen
# Variables of others that begin like ours: Kubernetes sets them for a service named etl-actors.
_NOT_OURS = "ETL_ACTORS_"


@dataclass(slots=True)
class Sources:
    """Values by key, the origin of each, and what was wrong on the way."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def put(self, key: str, value: object, origin: str) -> None:
        """Let `value` take the place of what an earlier source said."""
        self.values[key] = value
        self.origins[key] = origin


def gather(
    keys: tuple[str, ...], defaults: Path, config: Path | None, environ: Mapping[str, str], overrides: Mapping[str, object]
) -> Sources:
    """Lay the sources over one another, the later over the earlier.

    Args:
        keys: every key there is.
        defaults: TOML file of the defaults.
        config: TOML file of the user; None for none.
        environ: the environment, of which ``ETL_*`` is read.
        overrides: values of the command line, of which None counts as not given.
    """
    sources = Sources()
    for path in (defaults, config):
        if path is not None:
            _from_toml(sources, keys, path)
    _from_environment(sources, keys, environ)
    for key, value in overrides.items():
        if value is not None:
            sources.put(key, value, f"--{key.replace('_', '-')}")
    return sources


def _from_toml(sources: Sources, keys: tuple[str, ...], path: Path) -> None:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as exc:
        sources.problems.append(f"{path}: the settings cannot be read: {exc.strerror}")
        return
    except ValueError as exc:  # not UTF-8, or not TOML, which says line and column
        sources.problems.append(f"{path}: expected TOML: {exc}")
        return
    for key, value in table.items():
        if key in keys:
            sources.put(key, value, str(path))
        else:
            sources.problems.append(f"{key}: there is no such setting{_guess(key, keys)} ({path})")


def _from_environment(sources: Sources, keys: tuple[str, ...], environ: Mapping[str, str]) -> None:
    names = {PREFIX + key.upper(): key for key in keys}
    files = {name + _FILE: key for name, key in names.items()}
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name.startswith(_NOT_OURS) or not environ[name].strip():
            continue
        if name in names:
            sources.put(names[name], environ[name], name)
        elif name in files:
            _from_secret_file(sources, files[name], name, environ)
        elif guess := _guess(name, (*names, *files), _SURELY):
            # What is like none of ours is another program's: ETL is a common word.
            sources.problems.append(f"{name}: there is no such setting{guess} (environment)")


def _from_secret_file(sources: Sources, key: str, name: str, environ: Mapping[str, str]) -> None:
    plain = name.removesuffix(_FILE)
    if environ.get(plain, "").strip():
        sources.problems.append(f"{key}: expected {plain} or {name}, got both (environment)")
        return
    path = Path(environ[name])
    try:
        text = path.read_text("utf-8")
    except OSError as exc:
        sources.problems.append(f"{key}: the file {path} cannot be read: {exc.strerror} ({name})")
    except UnicodeDecodeError:
        sources.problems.append(f"{key}: expected text in UTF-8 in the file {path} ({name})")
    else:
        sources.put(key, text.strip(), name)


def _guess(name: str, known: Iterable[str], cutoff: float = 0.7) -> str:
    near = get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return f", did you mean {near[0]}?" if near else ""
