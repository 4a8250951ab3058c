"""The statement that fetches documents puts as many into one value as who takes them apart reckons with."""

import re

from etl_actors.store import staging
from etl_actors.store.queries import queries


def test_pieces_have_the_same_length_on_both_sides() -> None:
    for name in ("fetch", "fetch_run"):
        statement = queries("staging")[name].decode().partition("\n\n")[0]
        numbers = {
            int(number)
            for number in re.findall(r"\b\d{3,}\b", "\n".join(re.sub("--.*", "", line) for line in statement.splitlines()))
        }
        assert numbers == {staging._TOGETHER, staging._TOGETHER - 1}
