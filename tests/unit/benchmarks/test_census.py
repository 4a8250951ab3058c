from benchmarks.census import census_of

FILM = {"title": "Ice", "cast": ["A", "B"], "year": 1901, "href": None, "prizes": [], "crew": {"lead": {"Name": ""}, "rest": {}}}


def test_items_are_counted_by_their_array_and_values_by_their_place() -> None:
    found = census_of([FILM, {"cast": [{"name": "C"}]}])
    assert found.rows == {"": 2, "cast": 3}
    assert found.values == {
        ("", "title"): 1,
        ("", "year"): 1,
        ("", "crewleadname"): 1,
        ("cast", "value"): 2,
        ("cast", "name"): 1,
    }


def test_what_says_nothing_is_counted_together() -> None:
    assert census_of([FILM]).bare == 3
