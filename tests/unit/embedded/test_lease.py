"""Addresses that libpq reads as they were meant."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from etl_actors.embedded import Lease, place


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
