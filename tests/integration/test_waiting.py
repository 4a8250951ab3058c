"""What etl.slip and etl.pause say about why rows wait."""

from json import dumps

from etl_actors.store.database import Connection
from etl_actors.store.waiting import kept_slips, paused_sources


def test_the_active_versions_of_slips_are_found_with_the_sources_that_they_take(admin: Connection) -> None:
    for name, digest, active, text in [
        ("a", "1" * 32, True, 'name = "a"\nsource = "shop"'),
        ("a", "2" * 32, False, 'name = "a"\nsource = "web"'),
        ("b", "3" * 32, True, 'name = "b"'),
    ]:
        admin.execute(
            "INSERT INTO etl.slip (digest, name, files, active) VALUES (%s, %s, %s, %s)",
            [digest, name, dumps({"slip.toml": text}), active],
        )
    found = kept_slips(admin, ())
    assert [(slip.name, slip.digest[:1], slip.active, slip.sources) for slip in found] == [
        ("a", "1", True, ("shop",)),
        ("b", "3", True, None),
    ]


def test_the_pauses_of_a_source_are_one(admin: Connection) -> None:
    admin.execute("INSERT INTO etl.pause (source, reason) VALUES ('shop', 'x'), ('shop', ''), ('shop', 'y'), ('web', '')")
    assert paused_sources(admin) == {"shop": "x; y", "web": ""}
