"""ICMP echo between two namespaces."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import IPv4Address, IPv4Network

import pytest

from conformance.fabric import registry
from conformance.fabric.echo import await_echo
from conformance.fabric.hosts import Host
from conformance.fabric.netns import PREFIX
from conformance.vocabulary.errors import TestbedDown

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
OUTSIDE, SERVER, BETWEEN = IPv4Address("10.77.1.1"), IPv4Address("10.77.1.2"), IPv4Network("10.77.1.0/24")
PATIENCE_S = 5.0


@pytest.fixture
def hosts() -> Iterator[tuple[Host, Host]]:
    """Two hosts, joined."""
    with ExitStack() as undo:
        lab, made = registry.claim(), []
        undo.callback(registry.remove, lab)
        for side in ("a", "b"):
            made.append(Host(f"{PREFIX}{lab}-{side}"))
            undo.callback(made[-1].close)
        gateway, server = made
        gateway.wire("out0", server, "eth0")
        gateway.address("out0", OUTSIDE, BETWEEN)
        server.address("eth0", SERVER, BETWEEN)
        yield gateway, server


def test_echo_tells_whether_packets_pass(hosts: tuple[Host, Host]) -> None:
    gateway, server = hosts
    await_echo(gateway.namespace, OUTSIDE, SERVER, time.monotonic() + PATIENCE_S)
    server.interface_up("eth0", up=False)
    with pytest.raises(TestbedDown, match=f"echo reply of {SERVER}"):
        await_echo(gateway.namespace, OUTSIDE, SERVER, time.monotonic() + 0.3)
