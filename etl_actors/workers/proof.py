"""The proof that a slip compiles, before it comes into force: ``python -m etl_actors.workers.proof`` for one with a ``steps.py``.

Reading a slip never runs its code, and compiling it does: an edit that cannot even be imported would end every parser that
takes it up. Nor is the daemon's own process the place to run it.
"""

import json
import os
import resource
import subprocess
import sys

from etl_actors.errors import SlipError
from etl_actors.slips.mapping.mapper import mapper_of
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.source.files import STEPS
from etl_actors.workers.ending import ending

__all__ = ["main", "require_compiles"]

_LIMIT_S = 30


def require_compiles(slip: Slip) -> None:
    """Compile a slip, and forget it.

    Raises:
        SlipError: it does not compile.
    """
    if STEPS not in slip.files:
        mapper_of(slip)
        return
    try:
        done = subprocess.run(
            # -P: what lies in the folder that the daemon was started in must not be imported
            [sys.executable, "-P", "-m", "etl_actors.workers.proof"],
            input=json.dumps(dict(slip.files)).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what the slip's code prints, however much
            timeout=_LIMIT_S * 2,
            check=False,
            process_group=0,  # Ctrl-C in the terminal is the daemon's to hear
        )
    except subprocess.TimeoutExpired:
        raise SlipError(f"The {STEPS} of slip {slip.name} did not come to its end in time.") from None
    if done.returncode == 1 and done.stdout:
        raise SlipError(done.stdout.decode())
    if done.returncode != 0:
        how = ending(done.returncode)
        raise SlipError(f"The {STEPS} of slip {slip.name} cannot be run: the process that it ran in {how}.")


def main() -> int:
    """Compile the slip whose files come on standard input; on standard output say why not. Return the exit status."""
    resource.setrlimit(resource.RLIMIT_CPU, (_LIMIT_S, _LIMIT_S))  # should it loop, and nobody be left to end it
    files = json.load(sys.stdin)
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what the slip's code prints is no answer
    try:
        mapper_of(read_slip(files, "public"))
    except SlipError as error:
        answer.write(str(error))
        answer.flush()
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
