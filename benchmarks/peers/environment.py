"""The environment of the peers: made once from pinned versions, apart from that of the service."""

import subprocess
import venv
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

__all__ = ["peers_python", "pinned"]

_REQUIREMENTS = Path(__file__).parent / "requirements.txt"
_CACHE = Path(__file__).parent.parent.parent / ".cache"


def peers_python(tell: Callable[[str], None]) -> Path:
    """Return the Python of an environment that has the peers, which is made unless it is there.

    Args:
        tell: told when it is made, which takes a moment.

    Raises:
        RuntimeError: pip could not install them.
    """
    digest = blake2b(_REQUIREMENTS.read_bytes(), digest_size=8).hexdigest()
    folder = _CACHE / f"peers-{digest}"
    python = folder / "bin" / "python"
    ready = folder / "ready"  # written last: what is interrupted begins again
    if not ready.exists():
        tell(f"making an environment of {_REQUIREMENTS.name}")
        venv.create(folder, clear=True, with_pip=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--only-binary", ":all:", "-r", str(_REQUIREMENTS)]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the peers could not be installed: {done.stderr.decode()[-2000:]}")
        ready.touch()
    return python


def pinned(name: str) -> str:
    """Give a peer with its version, as in ``dlt 1.31.0``."""
    lines = _REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    return next(f"{name} {version}" for one, _, version in (line.partition("==") for line in lines) if one == name)
