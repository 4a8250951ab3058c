"""inet, cidr and macaddr in full notation; PostgreSQL's abbreviations (``10/8``) are refused."""

import re
from ipaddress import ip_interface, ip_network
from typing import Any

from etl_actors.slips.casts.plain import BLANKS
from etl_actors.slips.values.refused import Refused

__all__ = ["cidr_text", "inet_text", "macaddr_text"]

_ADDRESS = re.compile(r"[0-9a-fA-F:.]+(?:/[0-9]{1,3})?", re.ASCII)
_MAC = re.compile(
    r"[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}|[0-9a-f]{6}[:-][0-9a-f]{6}|[0-9a-f]{4}([.-])[0-9a-f]{4}\2[0-9a-f]{4}|[0-9a-f]{12}",
    re.ASCII,
)


def inet_text(value: Any) -> str | None:
    """Cast to inet: an IPv4 or IPv6 address, with a prefix length or without."""
    if value is None:
        return None
    text = value.strip(BLANKS) if type(value) is str else ""
    if _ADDRESS.fullmatch(text):
        try:
            found = ip_interface(text)
        except ValueError:
            pass
        else:
            return str(found.ip) if found.network.prefixlen == found.max_prefixlen else str(found)
    raise Refused("not_an_address", "an IP address", value)


def cidr_text(value: Any) -> str | None:
    """Cast to cidr: a network, no bits set to the right of its prefix."""
    if value is None:
        return None
    text = value.strip(BLANKS) if type(value) is str else ""
    if _ADDRESS.fullmatch(text):
        try:
            return str(ip_network(text))
        except ValueError:
            pass
    raise Refused("not_a_network", "a network as address/prefix length, no bits set to the right of the prefix", value)


def macaddr_text(value: Any) -> str | None:
    """Cast to macaddr: six bytes in any of PostgreSQL's notations."""
    if value is None:
        return None
    text = value.strip(BLANKS).lower() if type(value) is str else ""
    if not _MAC.fullmatch(text):
        raise Refused("not_a_mac", "a MAC address of six bytes", value)
    digits = re.sub("[:.-]", "", text)
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))
