"""Hosts that are namespaces: links, addresses, routes, and one line where the kernel refuses."""

from __future__ import annotations

import socket
from contextlib import closing
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from conformance.fabric.hosts import ETHERNET, Host, remove_namespace
from conformance.fabric.netns import inside, named
from conformance.vocabulary.errors import NotPermitted, TestbedDown
from tests.fabric.datagrams import carried, open_udp

NETWORK = IPv4Network("192.0.2.0/24")
ONE, TWO, THREE = NETWORK[1], NETWORK[2], NETWORK[3]


@pytest.fixture
def wired(host_pair: tuple[Host, Host]) -> tuple[Host, Host]:
    """Two hosts with a cable: the second one's end is in a bridge that has its address."""
    one, two = host_pair
    two.bridge("core0", TWO, NETWORK)
    one.wire(ETHERNET, two, "n-one", "core0")
    one.address(ETHERNET, ONE, NETWORK)
    return one, two


def test_a_packet_passes_from_cable_to_bridge(wired: tuple[Host, Host]) -> None:
    one, two = wired
    with closing(open_udp(one.namespace, ONE)) as a, closing(open_udp(two.namespace, TWO)) as b:
        assert carried(b"hello", a, b) == str(ONE)


def test_with_its_address_a_host_changes_its_ethernet_address(wired: tuple[Host, Host]) -> None:
    one, two = wired
    one.readdress(ETHERNET, THREE, NETWORK)
    with inside(one.namespace), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as link:
        link.bind((ETHERNET, 0))
        assert link.getsockname()[4].hex(":") == "02:00:c0:00:02:03"
    with pytest.raises(OSError, match="Cannot assign"):
        open_udp(one.namespace, ONE)
    with closing(open_udp(one.namespace, THREE)) as a, closing(open_udp(two.namespace, TWO)) as b:
        assert carried(b"hello", a, b) == str(THREE)


def test_a_host_owns_an_address_until_it_does_not(wired: tuple[Host, Host]) -> None:
    one, two = wired
    strange = IPv4Address("198.51.100.7")
    two.own(strange)
    one.route(IPv4Network(strange), TWO)
    with closing(open_udp(one.namespace, ONE)) as a, closing(open_udp(two.namespace, strange)) as b:
        carried(b"hello", a, b)
    two.disown(strange)
    two.disown(strange)
    one.route_away(IPv4Network(strange), TWO)
    one.route_away(IPv4Network(strange), TWO)
    with closing(open_udp(one.namespace, ONE)) as a, pytest.raises(OSError, match="unreachable"):
        a.sendto(b"hello", (str(strange), 9))


def test_a_tun_interface_stays_without_a_program(host_pair: tuple[Host, Host]) -> None:
    host_pair[0].tun("tun0")
    host_pair[0].address("tun0", ONE, NETWORK)
    open_udp(host_pair[0].namespace, ONE).close()


def test_an_interface_that_is_down_carries_nothing(wired: tuple[Host, Host]) -> None:
    one, _ = wired
    one.interface_up(ETHERNET, up=False)
    with closing(open_udp(one.namespace, ONE)) as a, pytest.raises(OSError, match="unreachable"):
        a.sendto(b"hello", (str(TWO), 9))


def test_there_is_no_ipv6(host_pair: tuple[Host, Host]) -> None:
    with inside(host_pair[0].namespace):
        assert Path("/proc/thread-self/net/if_inet6").read_text() == ""


def test_what_the_kernel_refuses_is_one_line(host_pair: tuple[Host, Host]) -> None:
    with pytest.raises(TestbedDown, match=r"^nl-[0-9a-f]{4}-one: expected the interface eth7, found none$"):
        host_pair[0].address("eth7", ONE, NETWORK)
    with pytest.raises(TestbedDown, match=r"^nl-\w+-one: route add dst=[^\n]*unreachable; choose --fabric loopback$"):
        host_pair[0].route("default", ONE)


def test_settings_that_cannot_be_written_are_one_line(
    host_pair: tuple[Host, Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(NotPermitted, match=r"^nl-\w+-one: /proc/sys/net/ipv4/ip_forward: Read-only [^\n]*$"):
        host_pair[0].forwards()


def test_a_setting_that_the_kernel_does_not_have_is_left_alone(host_pair: tuple[Host, Host]) -> None:
    host_pair[0].write("net/ipv4/no_such_setting", "1")


def test_removing_what_is_not_there_does_nothing() -> None:
    remove_namespace("nl-none")
    assert "nl-none" not in named()
