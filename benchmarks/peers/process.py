"""A peer's script in a process of its own: it is told what to do, is ready, starts at a sign, and tells how long it took."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

__all__ = ["timed_peer"]

_LIMIT_S = 900.0


def timed_peer(python: Path, script: str, order: Mapping[str, object], environ: Mapping[str, str] | None = None) -> float:
    """Run a script of this folder and return the seconds that it took, its start and warming left out.

    Args:
        python: of the peers' environment.
        script: its name.
        order: what it is told.
        environ: variables that it has beside those of this process.

    Raises:
        RuntimeError: it failed.
    """
    pipe = subprocess.PIPE
    command = [str(python), str(Path(__file__).parent / script)]
    with subprocess.Popen(command, env=os.environ | (environ or {}), stdin=pipe, stdout=pipe, stderr=pipe, text=True) as peer:
        assert peer.stdin is not None
        assert peer.stdout is not None
        peer.stdin.write(json.dumps(order) + "\n")
        peer.stdin.flush()
        peer.stdout.readline()
        out, said = peer.communicate("go\n", timeout=_LIMIT_S)
    if peer.returncode:
        raise RuntimeError(f"{script} failed: {said[-2000:]}")
    return float(json.loads(out)["took_s"])
