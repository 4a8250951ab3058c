"""What the file system refuses, said in sentences; and addresses that libpq reads as they were meant."""

import errno
import os
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from etl_actors.embedded import Lease, lease, place
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
    with pytest.raises(EtlError) as caught, lease._said_clearly(Path("/elsewhere")):
        raise OSError(number, os.strerror(number), "/data")
    assert str(caught.value) == sentence


def test_an_url_names_database_user_and_socket_whatever_they_are_called() -> None:
    held = Lease(Path("/data"), "name", Path("/a folder/50%"), Path("/log"))
    assert conninfo_to_dict(held.url_of("a/b ?", "o'neil@home")) == {
        "user": "o'neil@home",
        "dbname": "a/b ?",
        "host": "/a folder/50%",
        "port": "5432",
    }


@pytest.mark.parametrize(("length", "fits"), [(93, True), (94, False)])
def test_a_socket_folder_fits_up_to_the_limit_of_the_kernel(length: int, *, fits: bool) -> None:
    assert place._fits(Path("/" + "x" * (length - 1))) is fits


@pytest.mark.parametrize("name", ["a,b", "a b", "50%", "ü"])
def test_a_socket_folder_with_a_name_that_needs_an_escape_does_not_fit(name: str) -> None:
    assert not place._fits(Path("/data") / name)
