"""ICMP echo between two namespaces."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import IPv4Network, IPv6Network

import pytest

from conformance.fabric import registry
from conformance.fabric.echo import await_echo
from conformance.fabric.hosts import Host
from conformance.fabric.netns import PREFIX
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.identifiers import IpNetwork

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
NETWORKS = (IPv4Network("10.77.1.0/24"), IPv6Network("2001:db8:77::/64"))
PATIENCE_S = 5.0


@pytest.fixture
def hosts(between: IpNetwork) -> Iterator[tuple[Host, Host]]:
    """Two hosts, joined."""
    with ExitStack() as undo:
        lab, made = registry.claim(), []
        undo.callback(registry.remove, lab)
        for side in ("a", "b"):
            made.append(Host(f"{PREFIX}{lab}-{side}", between.version))
            undo.callback(made[-1].close)
        gateway, server = made
        gateway.wire("out0", server, "eth0")
        gateway.address("out0", between[1], between)
        server.address("eth0", between[2], between)
        yield gateway, server


@pytest.mark.parametrize("between", NETWORKS, ids=["IPv4", "IPv6"])
def test_echo_tells_whether_packets_pass(hosts: tuple[Host, Host], between: IpNetwork) -> None:
    gateway, server = hosts
    here, there = between[1], between[2]
    await_echo(gateway.namespace, here, there, time.monotonic() + PATIENCE_S)
    server.interface_up("eth0", up=False)
    with pytest.raises(TestbedDown, match=f"echo reply of {there}"):
        await_echo(gateway.namespace, here, there, time.monotonic() + 0.3)
