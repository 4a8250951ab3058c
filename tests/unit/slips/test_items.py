"""Items that are rejected alone (`on_error = "item"`): they and what is below them go, the rest of the document stays."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from etl_actors.relational.reject import Reject, Stage
from etl_actors.slips.mapping.lines import Lines
from etl_actors.slips.values.document import Staged

from .conftest import mapper_of

SHOP = """
[tables.product]
key = ["sku"]
columns.sku = "sku | text"
[tables.offer]
parent = "product"
each = "offers[*]"
key = ["seller"]
on_error = "item"
columns.seller = "seller | text"
[tables.price]
parent = "offer"
each = "prices"
columns.amount = "@ | int"
[tables.step]
parent = "price"
each = "@up.steps"
on_error = "item"
columns.step = "@ | int"
[tables.note]
parent = "product"
each = "notes"
columns.note = "@ | text"
"""


def mapped(document: Any, toml: str = SHOP) -> tuple[bool | Reject, Lines]:
    mapper = mapper_of(toml)
    lines = mapper.begin()
    return mapper.map(Staged(7, b"{}", "s", ""), document, lines), lines


def last(lines: list[str]) -> list[str]:
    return [line.rpartition("\t")[2] for line in lines]


def test_an_item_that_fails_is_rejected_alone() -> None:
    outcome, lines = mapped({"sku": "A", "offers": [{"seller": "x"}, {"seller": None}, {"seller": "z"}], "notes": ["n"]})
    assert outcome is True
    assert (last(lines[1]), last(lines[4])) == (["x", "z"], ["n"])
    (reject,) = lines.rejects
    assert (reject.row_id, reject.stage, reject.reason, reject.item) == (7, Stage.MAP, "null_key", True)
    assert reject.detail["path"] == "$.offers[1].seller"


def test_what_is_below_a_failing_item_goes_with_it() -> None:
    offers = [{"seller": "x", "prices": [1, 2]}, {"seller": "y", "prices": [3, "?"]}, {"seller": "z", "prices": [5]}]
    outcome, lines = mapped({"sku": "A", "offers": offers})
    assert outcome is True
    assert (last(lines[1]), last(lines[2])) == (["x", "z"], ["1", "2", "5"])
    assert [reject.detail["path"] for reject in lines.rejects] == ["$.offers[1].prices[1]"]
    assert [line.split("\t")[5] for line in lines[1]] == ["0", "1"], "positions have no gaps"


def test_an_item_within_an_item_is_rejected_alone_too() -> None:
    offers = [{"seller": "x", "prices": [1], "steps": [1, "?", 3]}, {"seller": "y", "prices": [2], "steps": ["?"]}]
    outcome, lines = mapped({"sku": "A", "offers": offers})
    assert outcome is True
    assert (last(lines[1]), last(lines[2]), last(lines[3])) == (["x", "y"], ["1", "2"], ["1", "3"])
    assert [reject.detail["table"] for reject in lines.rejects] == ["public.step"] * 2


def test_of_a_failing_item_only_its_own_reject_is_told_not_those_within_it() -> None:
    offers = [{"seller": "x", "prices": [1, "?"], "steps": [1, "?"]}]
    outcome, lines = mapped({"sku": "A", "offers": offers})
    assert outcome is True
    assert [last(one) for one in lines[1:4]] == [[], [], []]
    assert [reject.detail["path"] for reject in lines.rejects] == ["$.offers[0].prices[1]"]


def test_a_document_that_fails_has_one_reject() -> None:
    outcome, lines = mapped({"sku": "A", "offers": [{"seller": None}], "notes": 5})
    assert isinstance(outcome, Reject)
    assert not outcome.item
    assert lines == [[], [], [], [], []]
    assert lines.rejects == []


def test_an_each_that_fails_is_no_item_s_fault() -> None:
    toml = SHOP.replace('each = "offers[*]"', 'each = "offers"')
    outcome, lines = mapped({"sku": "A", "offers": "none"}, toml)
    assert isinstance(outcome, Reject)
    assert (outcome.item, outcome.detail["path"]) == (False, "$.offers")
    assert lines.rejects == []


def test_a_when_that_fails_rejects_its_item() -> None:
    toml = SHOP.replace('key = ["seller"]\n', 'key = ["seller"]\nwhen = "n | int > 1"\n')
    outcome, lines = mapped({"sku": "A", "offers": [{"n": "?"}, {"n": 5, "seller": "x"}, {"n": 0}]}, toml)
    assert outcome is True
    assert last(lines[1]) == ["x"]
    assert [reject.detail["path"] for reject in lines.rejects] == ["$.offers[0].n"]


def test_the_items_below_a_failing_item_of_a_tree_are_items_of_their_own() -> None:
    toml = """
[tables.t]
columns.a = "a | text"
[tables.node]
parent = "t"
each = "$.tree"
recurse = "in"
on_error = "item"
columns.n = "n | int"
"""
    tree = [{"n": 1, "in": [{"n": "?", "in": [{"n": 3}]}, {"n": 4, "in": 5}, {"n": 6}]}]
    outcome, lines = mapped({"tree": tree}, toml)
    assert outcome is True
    assert last(lines[1]) == ["1", "3", "6"]
    assert [reject.detail["path"] for reject in lines.rejects] == ["$.tree[0].in[0].n", "$.tree[0].in[1].in"]


def test_a_bug_is_no_reject_of_an_item() -> None:
    toml = SHOP.replace('"seller | text"', '"seller | jsonb | text"')
    mapper = mapper_of(toml)
    lines = mapper.begin()
    try:
        mapper.map(Staged(7, b"{}", "s", ""), {"sku": "A", "offers": [{"seller": object()}]}, lines)
    except Exception:  # noqa: BLE001  (whichever it is)
        pass
    else:
        raise AssertionError("a bug went by unseen")
    assert (list(lines), lines.rejects) == ([[], [], [], [], []], [])


_OFFERS = st.lists(
    st.fixed_dictionaries(
        {"seller": st.sampled_from(["a", "b", None])},
        optional={"prices": st.lists(st.sampled_from([1, 2, "?"]), max_size=3), "steps": st.lists(st.sampled_from([1, "?"]))},
    ),
    max_size=6,
)


@given(_OFFERS)
def test_what_stays_is_what_the_document_without_the_failing_items_gives(offers: list[dict[str, Any]]) -> None:
    outcome, lines = mapped({"sku": "A", "offers": offers})
    assert outcome is True
    sound = [
        {**one, "steps": [step for step in one.get("steps", []) if step != "?"]}
        for one in offers
        if one["seller"] is not None and "?" not in one.get("prices", [])
    ]
    assert mapped({"sku": "A", "offers": sound})[0] is True
    expected = mapped({"sku": "A", "offers": sound})[1]
    for written, wanted in zip(lines, expected, strict=True):
        assert last(written) == last(wanted)
    assert all(reject.item for reject in lines.rejects)


def test_thousands_of_failing_items_are_placed_in_passable_time() -> None:
    """Each reject's place is found without a walk over all items before it."""
    offers = [{"seller": None, "n": number} for number in range(5000)]
    outcome, lines = mapped({"sku": "A", "offers": offers})
    assert outcome is True
    assert [reject.detail["path"] for reject in lines.rejects] == [f"$.offers[{number}].seller" for number in range(5000)]
