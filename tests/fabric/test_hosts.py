"""Hosts that are namespaces: links, addresses, routes, and one line where the kernel refuses."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path

import pytest

from conformance.fabric import registry
from conformance.fabric.hosts import ETHERNET, Host, remove_namespace
from conformance.fabric.netns import PREFIX, inside, named
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
    with pytest.raises(TestbedDown, match=r"^nl-\w+-one: route replace dst=[^\n]*unreachable; choose --fabric lo\w+$"):
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


# --- IPv6 --------------------------------------------------------------------------------------------------------

NETWORK_6 = IPv6Network("2001:db8::/64")
ONE_6, TWO_6, THREE_6 = NETWORK_6[1], NETWORK_6[2], NETWORK_6[3]


@pytest.fixture
def wired_6(allowed: None) -> Iterator[tuple[Host, Host]]:
    """As `wired`, with IPv6."""
    lab = registry.claim()
    one, two = Host(f"{PREFIX}{lab}-one", 6), Host(f"{PREFIX}{lab}-two", 6)
    two.bridge("core0", TWO_6, NETWORK_6)
    one.wire(ETHERNET, two, "n-one", "core0")
    one.address(ETHERNET, ONE_6, NETWORK_6)
    yield one, two
    one.close()
    two.close()
    registry.remove(lab)


def test_an_address_of_ipv6_serves_at_once_and_can_be_changed(wired_6: tuple[Host, Host]) -> None:
    """Duplicate address detection would refuse it for a second (RFC 4862 5.4)."""
    one, two = wired_6
    with closing(open_udp(one.namespace, ONE_6)) as a, closing(open_udp(two.namespace, TWO_6)) as b:
        assert carried(b"hello", a, b) == str(ONE_6)
    for address in (THREE_6, ONE_6, THREE_6):
        one.readdress(ETHERNET, address, NETWORK_6)
        one.route("default", TWO_6)  # once more is no mistake: it outlives the address
    with closing(open_udp(one.namespace, THREE_6)) as a, closing(open_udp(two.namespace, TWO_6)) as b:
        assert carried(b"hello", a, b) == str(THREE_6)


def test_a_host_owns_an_address_of_ipv6_until_it_does_not(wired_6: tuple[Host, Host]) -> None:
    one, two = wired_6
    strange = IPv6Address("2001:db8:1::7")
    two.own(strange)
    one.route(IPv6Network(strange), TWO_6)
    with closing(open_udp(one.namespace, ONE_6)) as a, closing(open_udp(two.namespace, strange)) as b:
        assert carried(b"hello", a, b) == str(ONE_6)
    for _ in range(2):
        two.disown(strange)
        one.route_away(IPv6Network(strange), TWO_6)
    with closing(open_udp(one.namespace, ONE_6)) as a, pytest.raises(OSError, match="unreachable"):
        a.sendto(b"hello", (str(strange), 9))


def test_a_host_of_ipv4_has_no_ipv6(wired: tuple[Host, Host]) -> None:
    with pytest.raises(OSError, match="Cannot assign"):
        open_udp(wired[0].namespace, IPv6Address("::1"))
