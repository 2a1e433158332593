"""Who opens a tun interface reads what is sent there, and is told in one line where he cannot open it."""

from __future__ import annotations

import os
import select
import socket
from ipaddress import IPv4Address, IPv4Network

import pytest

from conformance.fabric.hosts import Host
from conformance.fabric.netns import inside
from conformance.fabric.tun import open_tun
from conformance.protocols.ip_udp import UdpPacket
from conformance.vocabulary.errors import TestbedDown

OWN, NETWORK, OTHER = IPv4Address("10.77.0.1"), IPv4Network("10.77.0.0/24"), "10.77.0.2"
ATTEMPTS, AGAIN_S = 50, 0.1


def test_what_is_sent_to_the_interface_is_read(host_pair: tuple[Host, Host]) -> None:
    host, _ = host_pair
    host.tun("in0")
    host.address("in0", OWN, NETWORK)
    descriptor = open_tun(host.namespace, "in0")
    try:
        with inside(host.namespace):
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with sender:
            for _ in range(ATTEMPTS):  # the kernel takes a moment until the interface has its carrier
                sender.sendto(b"hello", (OTHER, 5060))
                if select.select([descriptor], [], [], AGAIN_S)[0]:
                    break
            else:
                pytest.fail("nothing was read")
        packet = UdpPacket.decode(os.read(descriptor, 2048))
        assert (packet.source.address, packet.destination.address, packet.payload) == (str(OWN), OTHER, b"hello")
        with pytest.raises(TestbedDown, match="in0"):
            open_tun(host.namespace, "in0")
    finally:
        os.close(descriptor)


def test_an_interface_of_another_kind_is_one_line(host_pair: tuple[Host, Host]) -> None:
    one, other = host_pair
    one.wire("eth0", other, "eth0")
    with pytest.raises(TestbedDown, match="tun interface eth0"):
        open_tun(one.namespace, "eth0")
