"""Identities are UUIDv8, the same for ever, and never shared by different things."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from etl_actors.relational.identity import (
    child_identifier,
    child_identity,
    document_identity,
    key_identity,
    row_identity,
    stored_identity,
)
from etl_actors.relational.tables import Column, Kind, Policy, Table

KNOWN = (
    "368168fa5e688301b55ed998214a2a3a",
    "717572fcd4248bb8b59058b4d4082e2b",
    "64ab7884996d800f820053e2729d0607",
    "000000000000800081dc6ee1000aee88",
)

_NAMES = st.text(min_size=1, max_size=5)


def test_identities_are_the_same_in_every_release() -> None:
    assert key_identity("t", ["n1e0", "sä"]) == KNOWN[0]
    assert document_identity("t", b"{}") == KNOWN[1]
    assert row_identity("t", 7) == KNOWN[2]
    assert child_identity("t", "0" * 32, 3) == KNOWN[3]


@given(_NAMES, st.lists(st.text(max_size=4), max_size=3), st.lists(st.text(max_size=4), max_size=3))
def test_different_keys_never_share_an_identity(table: str, one: list[str], other: list[str]) -> None:
    assert (key_identity(table, one) == key_identity(table, other)) == (one == other)


@given(st.text("ab1:", max_size=4), st.text("ab1:", max_size=4), st.text("ab1:", max_size=4), st.text("ab1:", max_size=4))
def test_a_table_and_its_key_are_told_apart(table: str, value: str, other_table: str, other_value: str) -> None:
    same = (table, value) == (other_table, other_value)
    assert (key_identity(table, [value]) == key_identity(other_table, [other_value])) == same


@given(_NAMES, st.binary(max_size=9), st.integers(0, 2**63 - 1))
def test_every_identity_is_a_uuid_of_version_8(table: str, raw: bytes, number: int) -> None:
    parent = document_identity(table, raw)
    for identity in (
        parent,
        key_identity(table, [str(number)]),
        row_identity(table, number),
        child_identity(table, parent, number),
    ):
        uuid = UUID(identity)
        assert (uuid.version, uuid.variant, uuid.hex) == (8, "specified in RFC 4122", identity)


@given(_NAMES, st.uuids(), st.integers(0, 1000))
def test_a_parent_may_be_written_with_dashes(table: str, parent: UUID, index: int) -> None:
    assert child_identity(table, str(parent), index) == child_identity(table, parent.hex, index)


def test_a_stored_row_has_the_identity_of_its_key() -> None:
    table = Table("s", "t", Kind.ROOT, Policy.IGNORE, ("b", "a"), (Column("a", "numeric(5,2)"), Column("b", "text")), None)
    assert stored_identity(table, ["x", "1.50"]) == key_identity("t", ["sx", "n15e-1"])


def test_children_of_a_table_whose_name_ends_in_a_digit_are_told_apart() -> None:
    assert row_identity("t1", 2) != row_identity("t", 12)


@given(_NAMES, st.uuids(), st.uuids(), st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))
def test_children_of_different_parents_or_places_never_share_an_identity(
    table: str, one: UUID, other: UUID, first: int, second: int
) -> None:
    identify = child_identifier(table)
    assert (identify(one.hex, first) == identify(other.hex, second)) == ((one, first) == (other, second))
    assert identify(one.hex, first) != child_identity(f"{table}x", one.hex, first)


@given(st.uuids(version=4), st.integers(0, 2**31 - 2))
def test_children_of_one_parent_lie_side_by_side_below_it(parent: UUID, index: int) -> None:
    identify = child_identifier("t")
    assert identify(parent.hex, index)[:12] == parent.hex[:12]
    low, high = sorted([UUID(identify(parent.hex, index)).int, UUID(identify(parent.hex, index + 1)).int])
    assert high - low in {1, 2**60 - 1}


@given(_NAMES, _NAMES, st.uuids(version=4))
def test_children_of_children_never_share_an_identity(above: str, table: str, root: UUID) -> None:
    parents, children = child_identifier(above), child_identifier(table)
    made = {children(parents(root.hex, place), index) for place in range(40) for index in range(40)}
    assert len(made) == 40 * 40
