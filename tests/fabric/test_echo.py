"""ICMP echo between two namespaces."""

from __future__ import annotations

import time
from ipaddress import IPv4Address, IPv4Network

import pytest

from conformance.fabric.echo import await_echo
from conformance.fabric.hosts import Host
from conformance.vocabulary.errors import TestbedDown

OUTSIDE, SERVER, BETWEEN = IPv4Address("10.77.1.1"), IPv4Address("10.77.1.2"), IPv4Network("10.77.1.0/24")
PATIENCE_S = 5.0


def test_echo_tells_whether_packets_pass(host_pair: tuple[Host, Host]) -> None:
    gateway, server = host_pair
    gateway.wire("out0", server, "eth0")
    gateway.address("out0", OUTSIDE, BETWEEN)
    server.address("eth0", SERVER, BETWEEN)
    await_echo(gateway.namespace, OUTSIDE, SERVER, time.monotonic() + PATIENCE_S)
    server.interface_up("eth0", up=False)
    with pytest.raises(TestbedDown, match=f"echo reply of {SERVER}"):
        await_echo(gateway.namespace, OUTSIDE, SERVER, time.monotonic() + 0.3)
