"""Observation points: where packets are captured."""

from __future__ import annotations

from enum import StrEnum


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
