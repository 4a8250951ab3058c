"""What the file system and the server's programs refuse, said in sentences."""

import errno
import os
from pathlib import Path

import pytest

from etl_actors.embedded.failures import from_output, said_clearly
from etl_actors.errors import EtlError


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "There is no space left for the embedded database in /data: make room, or name another ETL_DATA_DIR."),
        (errno.EDQUOT, "There is no space left for the embedded database in /data: make room, or name another ETL_DATA_DIR."),
        (errno.EACCES, "The embedded database may not write /data (Permission denied): name another ETL_DATA_DIR."),
        (errno.EROFS, "The embedded database may not write /data (Read-only file system): name another ETL_DATA_DIR."),
        (errno.ENOTDIR, "The embedded database cannot use /data: Not a directory."),
    ],
)
def test_what_the_file_system_refuses_is_one_sentence(number: int, sentence: str) -> None:
    with pytest.raises(EtlError) as caught, said_clearly(Path("/elsewhere")):
        raise OSError(number, os.strerror(number), "/data")
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("initdb: error: invalid thing\ninitdb: hint: do this", "It failed: invalid thing."),
        ("2026-01-01 UTC [1] LOG:  a\n2026-01-01 UTC [1] FATAL:  cause\n2026-01-01 UTC [2] FATAL:  effect", "It failed: cause."),
        ("sh: cannot create\n", "It failed: sh: cannot create."),
        ("", "It failed: it said nothing."),
        (
            "FATAL:  checkpoint request failed\nERROR:  could not write: No space left on device",
            "There is no space left for the embedded database in /data: make room, or name another ETL_DATA_DIR.",
        ),
    ],
    ids=["initdb", "server", "shell", "silence", "full"],
)
def test_of_what_a_program_said_the_cause_is_told(output: str, sentence: str) -> None:
    assert str(from_output("It failed", Path("/data"), output)) == sentence
