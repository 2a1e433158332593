"""What belongs to the capture markers."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from conformance.vocabulary.points import marker_network


@pytest.mark.parametrize(
    ("block", "markers"),
    [
        ("127.1.0.0/16", "127.1.255.0/24"),
        ("10.0.0.0/8", "10.0.255.0/24"),
        ("fd4e:1::/48", "fd4e:1:0:ffff::/64"),
        ("fd4e:1::/56", "fd4e:1:0:ff::/64"),
    ],
)
def test_markers_have_a_part_of_the_block(block: str, markers: str) -> None:
    assert marker_network(ip_network(block)) == ip_network(markers)
