"""A NAT in user space, between two namespaces: who sends gets the answer, and is not seen outside."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv4Network

import pytest

from conformance.fabric.hosts import Host
from conformance.fabric.nat import Nat
from conformance.fabric.netns import inside
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.identifiers import Endpoint

INSIDE, OUTSIDE, SERVER = IPv4Address("10.77.0.1"), IPv4Address("10.77.1.1"), IPv4Address("10.77.1.2")
BETWEEN, BEHIND = IPv4Network("10.77.1.0/24"), IPv4Network("10.78.0.0/24")
REMOTE = IPv4Address("10.78.0.9")
PATIENCE_S = 5.0
ATTEMPTS, AGAIN_S = 50, 0.1


def mark(word: bytes) -> object:
    return lambda datagram, inside, outside: word + datagram


@pytest.fixture
def hosts(host_pair: tuple[Host, Host]) -> tuple[Host, Host]:
    """A gateway with a tun, and a server behind its outer interface."""
    gateway, server = host_pair
    gateway.wire("out0", server, "eth0")
    gateway.address("out0", OUTSIDE, BETWEEN)
    server.address("eth0", SERVER, BETWEEN)
    server.address("lo", REMOTE, BEHIND)
    gateway.tun("in0")
    gateway.address("lo", INSIDE, IPv4Network("10.77.0.0/24"))
    gateway.route_by(BEHIND, "in0")
    gateway.route(BEHIND, SERVER)
    return host_pair


def bound(host: Host, address: IPv4Address, port: int) -> socket.socket:
    with inside(host.namespace):
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((str(address), port))
    made.settimeout(PATIENCE_S)
    return made


def passed(sender: socket.socket, receiver: socket.socket) -> tuple[bytes, tuple[str, int]]:
    """Send until something arrives: the kernel takes a moment until the interface has its carrier."""
    receiver.settimeout(AGAIN_S)
    for _ in range(ATTEMPTS):
        sender.sendto(b"hello", (str(REMOTE), 5060))
        try:
            datagram, (address, port) = receiver.recvfrom(100)
        except TimeoutError:
            continue
        return datagram, (address, port)
    pytest.fail("nothing arrived")


def test_a_sender_keeps_its_port_and_gets_the_answer(hosts: tuple[Host, Host]) -> None:
    gateway, server = hosts
    nat = Nat(gateway.namespace, "in0", OUTSIDE, "out0", mark(b"out "), mark(b"in "))  # type: ignore[arg-type]
    try:
        with bound(gateway, INSIDE, 4060) as sender, bound(server, REMOTE, 5060) as receiver:
            assert passed(sender, receiver) == (b"out hello", (str(OUTSIDE), 4060))
            receiver.sendto(b"welcome", (str(OUTSIDE), 4060))
            assert sender.recvfrom(100) == (b"in welcome", (str(REMOTE), 5060))
    finally:
        nat.close()
        nat.close()


def test_the_two_endpoints_are_told_to_who_rewrites(hosts: tuple[Host, Host]) -> None:
    gateway, server = hosts
    told: list[tuple[Endpoint, Endpoint]] = []

    def note(datagram: bytes, inner: Endpoint, outer: Endpoint) -> bytes:
        told.append((inner, outer))
        return datagram

    nat = Nat(gateway.namespace, "in0", OUTSIDE, "out0", note, note)
    try:
        with bound(gateway, INSIDE, 4061) as sender, bound(server, REMOTE, 5060) as receiver:
            passed(sender, receiver)
    finally:
        nat.close()
    assert set(told) == {(Endpoint(str(INSIDE), 4061, "udp"), Endpoint(str(OUTSIDE), 4061, "udp"))}


def test_an_interface_that_there_is_not_is_one_line(hosts: tuple[Host, Host]) -> None:
    gateway, _ = hosts
    with pytest.raises(TestbedDown, match="out0"):
        Nat(gateway.namespace, "out0", OUTSIDE, "out0", mark(b""), mark(b""))  # type: ignore[arg-type]
