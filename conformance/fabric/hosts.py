"""Hosts that are network namespaces, made with pyroute2: links between them, bridges, addresses and routes."""

from __future__ import annotations

import contextlib
import socket
import threading
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from pyroute2 import IPRoute, netns
from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.netlink.rtnl.ifaddrmsg import IFA_F_NODAD

from conformance.fabric.netns import inside, leave_for_a_new_one
from conformance.vocabulary.errors import NotPermitted, TestbedDown
from conformance.vocabulary.identifiers import IpAddress, IpNetwork

ETHERNET = "eth0"
_FIRST, _SECOND = 1, 2
"""Which of two routes to the same network is taken."""
_LONGEST = 15
"""Characters of an interface name."""
_PLAIN_IPV6 = (("accept_dad", "0"), ("dad_transmits", "0"), ("accept_ra", "0"), ("router_solicitations", "0"))
"""No duplicate address detection, which takes a second, and nobody looks for routers."""


_NTF_PROXY = 0x08
"""Flag of a neighbour entry that says who answers for it (linux/neighbour.h)."""


class Host:
    """One host.

    Args:
        namespace: name of its namespace, which is made.
        ip_version: 4 or 6. The host has no IPv6 where it is 4; where it is 6 it has the addresses that it is given and
            makes none itself.
        exists: somebody else has made the namespace, and set it up.

    Raises:
        NotPermitted: only root may make one.
        TestbedDown: the kernel does not make it.
    """

    def __init__(self, namespace: str, ip_version: int = 4, *, exists: bool = False) -> None:
        self.namespace = namespace
        try:
            if not exists:
                make_namespace(namespace)
            # Left to itself pyroute2 forks for a namespace and for a socket there, and ends the copy by SIGTERM: one of
            # this process with its threads' locks and its signal handlers.
            with inside(namespace):
                self._link = IPRoute()
        except PermissionError as error:
            raise NotPermitted(
                f"network namespace {namespace}: {error.strerror}; run as root, or --fabric loopback"
            ) from None
        except OSError as error:
            raise TestbedDown(f"network namespace {namespace}: {error.strerror}; choose --fabric loopback") from None
        if exists:
            return
        self._up("lo")
        if ip_version == 4:
            # Neighbour discovery of a protocol that nobody uses would be in every capture.
            self.write("net/ipv6/conf/all/disable_ipv6", "1")
        for setting, value in _PLAIN_IPV6:
            self.write(f"net/ipv6/conf/default/{setting}", value)
        self.write("net/ipv4/conf/all/rp_filter", "0")
        self.write("net/ipv4/conf/default/rp_filter", "0")

    def bridge(self, name: str, address: IpAddress | None = None, network: IpNetwork | None = None) -> None:
        """Make a bridge, with an address of its own where one is given."""
        self._ask("link", "add", ifname=name, kind="bridge")
        self._up(name)
        if address is not None and network is not None:
            self.address(name, address, network)

    def wire(self, own: str, other: Host, theirs: str, bridge: str = "") -> None:
        """Join two hosts.

        Args:
            own: interface here.
            other: the other host.
            theirs: interface there.
            bridge: bridge of the other host that theirs belongs to; empty: none.
        """
        self._ask(
            "link", "add", ifname=own, kind="veth", peer={"ifname": theirs[:_LONGEST], "net_ns_fd": other.namespace}
        )
        self._up(own)
        if bridge:
            other._ask("link", "set", index=other._index(theirs), master=other._index(bridge))
        other._up(theirs)

    def tun(self, name: str) -> None:
        """Make a tun interface that outlives the program that uses it."""
        with inside(self.namespace):
            self._ask("link", "add", ifname=name, kind="tuntap", mode="tun")
        # No link-local address: whoever has one tells the other end of groups that it is in.
        self.write(f"net/ipv6/conf/{name}/addr_gen_mode", "1")
        self._up(name)

    def address(self, interface: str, address: IpAddress, network: IpNetwork) -> None:
        """Give an interface an address."""
        self._ask(
            "addr",
            "add",
            index=self._index(interface),
            address=str(address),
            prefixlen=network.prefixlen,
            **({"flags": IFA_F_NODAD} if address.version == 6 else {}),
        )

    def readdress(self, interface: str, address: IpAddress, network: IpNetwork) -> None:
        """Give an interface another address, and the Ethernet address that belongs to it.

        So nobody's memory of who has the address is ever wrong.
        """
        index = self._index(interface)
        self._ask("flush_addr", index=index)
        octets = ":".join(f"{octet:02x}" for octet in address.packed[-4:])
        self._ask("link", "set", index=index, address=f"02:00:{octets}")
        self.address(interface, address, network)

    def route(self, network: IpNetwork | str, via: IpAddress) -> None:
        """Add a route, or change where it leads; `default` is a network too."""
        self._ask("route", "replace", dst=str(network), gateway=str(via), priority=_SECOND, family=_family(via))

    def route_away(self, network: IpNetwork | str, via: IpAddress) -> None:
        """Remove a route; nothing where there is none."""
        with contextlib.suppress(TestbedDown):
            self._ask("route", "del", dst=str(network), gateway=str(via), priority=_SECOND, family=_family(via))

    def route_by(self, network: IpNetwork, interface: str) -> None:
        """Add a route to an interface that has no neighbours; it goes before routes by a router."""
        self._ask("route", "add", dst=str(network), oif=self._index(interface), priority=_FIRST)

    def route_by_no_more(self, network: IpNetwork, interface: str) -> None:
        """Undo `route_by`; nothing where it was not."""
        with contextlib.suppress(TestbedDown):
            self._ask("route", "del", dst=str(network), oif=self._index(interface), priority=_FIRST)

    def own(self, address: IpAddress) -> None:
        """Take packets for an address as if it were the host's own."""
        if address.version == 6:  # else nobody may bind what is a route alone
            self.write("net/ipv6/ip_nonlocal_bind", "1")
        self._ask("route", "add", **self._local_route(address))

    def disown(self, address: IpAddress) -> None:
        """Undo `own`; nothing where it was not."""
        with contextlib.suppress(TestbedDown):
            self._ask("route", "del", **self._local_route(address))

    def answer_for(self, address: IpAddress, interface: str) -> None:
        """Say on an interface that packets for an address are to be sent here (proxy ARP, RFC 1027; RFC 4861 7.2.8)."""
        if address.version == 6:
            self.write(f"net/ipv6/conf/{interface}/proxy_ndp", "1")
        self._ask("neigh", "replace", **self._proxy(address, interface))

    def answer_no_more(self, address: IpAddress, interface: str) -> None:
        """Undo `answer_for`; nothing where it was not."""
        with contextlib.suppress(TestbedDown):
            self._ask("neigh", "del", **self._proxy(address, interface))

    def _proxy(self, address: IpAddress, interface: str) -> dict[str, Any]:
        return {
            "dst": str(address),
            "ifindex": self._index(interface),
            "flags": _NTF_PROXY,
            "family": _family(address),
        }

    def _local_route(self, address: IpAddress) -> dict[str, Any]:
        route = {"dst": str(ip_network(address)), "type": "local", "table": 255, "oif": self._index("lo")}
        return {**route, "family": _family(address), **({"scope": "host"} if address.version == 4 else {})}

    def forwards(self) -> None:
        """Let the host pass on packets that are not for it, and keep to itself that there is a shorter way."""
        self.write("net/ipv4/ip_forward", "1")
        self.write("net/ipv6/conf/all/forwarding", "1")
        self.write("net/ipv4/conf/all/send_redirects", "0")
        self.write("net/ipv4/conf/default/send_redirects", "0")

    def interface_up(self, interface: str, *, up: bool) -> None:
        """Set an interface up or down."""
        self._ask("link", "set", index=self._index(interface), state="up" if up else "down")

    def without_ipv6(self, interface: str) -> None:
        """Switch IPv6 off at one interface."""
        self.write(f"net/ipv6/conf/{interface}/disable_ipv6", "1")

    def write(self, setting: str, value: str) -> None:
        """Write a setting of `/proc/sys`; nothing where the kernel does not have it.

        Raises:
            NotPermitted: /proc/sys cannot be written, as in many containers.
        """
        try:
            with inside(self.namespace), contextlib.suppress(FileNotFoundError):
                Path("/proc/sys", setting).write_text(value)
        except OSError as error:
            raise NotPermitted(
                f"{self.namespace}: /proc/sys/{setting}: {error.strerror}; expected that a host may be configured: run "
                "on the machine itself or in a privileged container, or --fabric loopback"
            ) from None

    def close(self) -> None:
        """Give back what was needed to configure the host; the namespace stays."""
        self._link.close()

    def _up(self, interface: str) -> None:
        self.interface_up(interface, up=True)

    def _index(self, interface: str) -> int:
        found = self._link.link_lookup(ifname=interface[:_LONGEST])
        if not found:
            raise TestbedDown(f"{self.namespace}: expected the interface {interface}, found none")
        return int(found[0])

    def _ask(self, what: str, *arguments: Any, **values: Any) -> None:
        try:
            getattr(self._link, what)(*arguments, **values)
        except NetlinkError as error:
            asked = " ".join([what, *map(str, arguments), *(f"{name}={value}" for name, value in values.items())])
            raise TestbedDown(f"{self.namespace}: {asked}: {error.args[-1]}; choose --fabric loopback") from None


def _family(address: IpAddress) -> int:
    return socket.AF_INET6 if address.version == 6 else socket.AF_INET


def make_namespace(name: str) -> None:
    """Make a namespace with a name.

    Raises:
        OSError: the kernel does not.
    """
    problems: list[OSError] = []

    def make() -> None:
        try:
            leave_for_a_new_one()
            netns.attach(name, threading.get_native_id())
        except OSError as error:
            problems.append(error)

    thread = threading.Thread(target=make, name=f"makes {name}")  # a namespace is a property of a thread
    thread.start()
    thread.join()
    if problems:
        raise problems[0]


def remove_namespace(name: str) -> None:
    """Remove a namespace by name; nothing where there is none. What is in it goes with its last process."""
    with contextlib.suppress(OSError):
        netns.remove(name)
