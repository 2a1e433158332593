"""Identifiers that appear on both sides: addresses of hosts and of transport."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import NamedTuple

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network


def uri_host(address: object) -> str:
    """Return an address as it stands in front of a port: that of IPv6 in brackets (RFC 3261 25.1, RFC 3986 3.2.2).

    Args:
        address: a numeric address, or a host name, which stays as it is.
    """
    text = str(address)
    return f"[{text}]" if ":" in text else text


class Endpoint(NamedTuple):
    """A transport address. `transport` is `udp`, `tcp` or `sctp`; written `10.4.0.9:5060/udp`."""

    address: str
    port: int
    transport: str

    def __str__(self) -> str:
        return f"{uri_host(self.address)}:{self.port}/{self.transport}"
