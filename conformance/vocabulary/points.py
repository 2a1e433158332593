"""Observation points: where packets are captured."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import ip_address, ip_network

from conformance.vocabulary.identifiers import IpNetwork

_MARKER_OCTET = 255


class Point(StrEnum):
    """One reference point of the IMS (3GPP TS 23.002) or one place of the harness.

    The value is the interface name (`if_name`) that a capture of the harness uses for the point.
    """

    GM = "Gm"
    ACCESS = "access"
    MW = "Mw"
    IC = "Ic"
    ISC = "ISC"
    CX = "Cx"
    UT = "Ut"
    DNS = "DNS"
    MEDIA = "media"
    PANA = "PANA"
    VPN = "VPN"
    """The outer, physical interface of a partner's VPN gateway: what passes in the tunnel is encrypted there."""


POINTS = {point.value: point for point in Point}
"""By the name of the interface."""


def marker_network(block: IpNetwork) -> IpNetwork:
    """Return the part of a federation's block that belongs to the capture markers.

    Its third octet is 255; of IPv6 it is the last /64.
    """
    if block.version == 6:
        return ip_network(f"{ip_address(int(block.broadcast_address) >> 64 << 64)}/64")
    return ip_network((int(block.network_address) & 0xFFFF0000 | _MARKER_OCTET << 8, 24))
