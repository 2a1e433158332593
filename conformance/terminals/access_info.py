"""What a terminal says of its access network: P-Access-Network-Info (3GPP TS 24.229 7.2A.4, RFC 7315 4.4)."""

from __future__ import annotations

from ipaddress import ip_address

from conformance.vocabulary.federation import Federation

_WLAN_NODE = 'i-wlan-node-id="020000000001"'
"""A locally administered address: no real access point has it."""
_CELL = 'utran-cell-id-3gpp="0010100010000001"'
"""A cell of the test network 001-01."""


def access_info(federation: Federation, address: str) -> str:
    """Return the value of the header field for a terminal that is attached at an address.

    Args:
        federation: whose access network it is.
        address: numeric address in the access network.

    Returns:
        Empty where no access network has the address: then nothing is said.
    """
    place = ip_address(address)
    for testbed in federation.testbeds.values():
        for access in testbed.access_networks:
            if place in access.pool:
                return _described(access.type)
    return ""


def _described(access_type: str) -> str:
    if access_type.startswith("IEEE-802.11"):
        return f"{access_type};{_WLAN_NODE}"
    if access_type.startswith("3GPP-UTRAN"):
        return f"{access_type};{_CELL}"
    return access_type
