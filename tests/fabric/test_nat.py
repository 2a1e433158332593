"""A NAT in user space, between two namespaces: who sends gets the answer, and is not seen outside."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from conformance.fabric import registry
from conformance.fabric.hosts import Host
from conformance.fabric.nat import Nat
from conformance.fabric.netns import PREFIX, inside
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.identifiers import Endpoint

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/dev/net/tun").exists(), reason="needs root and /dev/net/tun"
)
INSIDE, OUTSIDE, SERVER = IPv4Address("10.77.0.1"), IPv4Address("10.77.1.1"), IPv4Address("10.77.1.2")
BETWEEN, BEHIND = IPv4Network("10.77.1.0/24"), IPv4Network("10.78.0.0/24")
REMOTE = IPv4Address("10.78.0.9")
PATIENCE_S = 5.0


def mark(word: bytes) -> object:
    return lambda datagram, inside, outside: word + datagram


@pytest.fixture
def hosts() -> Iterator[tuple[Host, Host]]:
    """A gateway with a tun, and a server behind its outer interface."""
    with ExitStack() as undo:
        lab, made = registry.claim(), []
        undo.callback(registry.remove, lab)
        for side in ("gw", "srv"):
            made.append(Host(f"{PREFIX}{lab}-{side}"))
            undo.callback(made[-1].close)
        gateway, server = made
        gateway.wire("out0", server, "eth0")
        gateway.address("out0", OUTSIDE, BETWEEN)
        server.address("eth0", SERVER, BETWEEN)
        server.address("lo", REMOTE, BEHIND)
        gateway.tun("in0")
        gateway.address("lo", INSIDE, IPv4Network("10.77.0.0/24"))
        gateway.route_by(BEHIND, "in0")
        gateway.route(BEHIND, SERVER)
        yield gateway, server


def bound(host: Host, address: IPv4Address, port: int) -> socket.socket:
    with inside(host.namespace):
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((str(address), port))
    made.settimeout(PATIENCE_S)
    return made


def test_a_sender_keeps_its_port_and_gets_the_answer(hosts: tuple[Host, Host]) -> None:
    gateway, server = hosts
    nat = Nat(gateway.namespace, "in0", OUTSIDE, "out0", mark(b"out "), mark(b"in "))  # type: ignore[arg-type]
    try:
        with bound(gateway, INSIDE, 4060) as sender, bound(server, REMOTE, 5060) as receiver:
            sender.sendto(b"hello", (str(REMOTE), 5060))
            assert receiver.recvfrom(100) == (b"out hello", (str(OUTSIDE), 4060))
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
            sender.sendto(b"hello", (str(REMOTE), 5060))
            receiver.recvfrom(100)
    finally:
        nat.close()
    assert told == [(Endpoint(str(INSIDE), 4061, "udp"), Endpoint(str(OUTSIDE), 4061, "udp"))]


def test_an_interface_that_there_is_not_is_one_line(hosts: tuple[Host, Host]) -> None:
    gateway, _ = hosts
    with pytest.raises(TestbedDown, match="out0"):
        Nat(gateway.namespace, "out0", OUTSIDE, "out0", mark(b""), mark(b""))  # type: ignore[arg-type]
