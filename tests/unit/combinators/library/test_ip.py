"""Internet addresses, held to those of Python."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.combinators.grammar import load_grammar
from etl_actors.combinators.result import Failure
from tests.support.grammars import value_of
from tests.support.library import find, refuses, value_by


@pytest.mark.parametrize(
    "text", ["0.0.0.0", "255.255.255.255", "::", "::1", "1::", "fe80::1:2", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4"]
)
def test_an_address_is_read(text: str) -> None:
    assert value_by("ip", text) == text


@pytest.mark.parametrize(
    "text",
    ["", "1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4.5", "1.2.3.4 ", "1::2::3", ":1", "12345::", "1:2:3:4:5:6:7", "fe80::1%eth0"],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    assert refuses("ip", text)


_PIECES = st.lists(st.sampled_from(["::", ":", ":", ".", "0", "1", "ab", "FFFF", "12345", "255", "256", "1.2.3.4"]), max_size=17)


@given(_PIECES.map("".join) | st.ip_addresses().map(str) | st.ip_addresses(v=6).map(lambda ip: ip.exploded))
def test_an_address_is_what_python_takes_for_one(text: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        assert refuses("ip", text)
    else:
        assert value_by("ip", text) == text


@given(st.ip_addresses(), st.integers(0, 140))
def test_an_address_with_a_length_is_what_python_takes_for_an_interface(address: Any, length: int) -> None:
    if length > address.max_prefixlen:
        assert refuses("ip", f"{address}/{length}", "cidr")
    else:
        assert value_by("ip", f"{address}/{length}", "cidr") == {"address": str(address), "length": str(length)}
    assert refuses("ip", str(address), "v6" if address.version == 4 else "v4")


def test_addresses_are_found_in_the_grammars_of_others() -> None:
    grammar = load_grammar('%import std.ip.IP\nstart: IP "." "at" IP', name="own.lark", find=find)
    assert value_of(grammar, "1.2.3.4.at::1") == {"ip": ["1.2.3.4", "::1"]}
    assert isinstance(grammar.read("1.2.3.400.at::1"), Failure)
