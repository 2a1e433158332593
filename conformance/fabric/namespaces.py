"""The fabric `namespaces`: a host is a network namespace, and partners reach each other through OpenVPN."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from ipaddress import IPv4Address, ip_network
from pathlib import Path

from conformance.capture.points import ObservationPoint, marker_endpoint, point_filters
from conformance.fabric import registry, sip_gateway
from conformance.fabric.echo import await_echo
from conformance.fabric.fabric import Attachment, Program, home_tunnel
from conformance.fabric.hosts import ETHERNET, Host
from conformance.fabric.layout import (
    CORE_BRIDGE,
    HUB,
    OUTER,
    TUN,
    Access,
    Partner,
    layout,
    node_host,
    placed,
)
from conformance.fabric.nat import Nat
from conformance.fabric.netns import PREFIX
from conformance.fabric.openvpn import OpenVpn, require_openvpn, write_client, write_hub
from conformance.fabric.pki import Authority, Credentials, Flaw, default_folder
from conformance.fabric.tun import open_tun
from conformance.terminals.loop import TerminalLoop
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.federation import Federation, NodeKind
from conformance.vocabulary.identifiers import IpAddress
from conformance.vocabulary.points import Point

_UNDERLAY_BRIDGE = "under0"
_READY_S = 20.0
_REFUSAL = "VERIFY ERROR"
_AT_THE_CORE = (Point.GM, Point.ACCESS, Point.MW, Point.ISC, Point.CX, Point.UT, Point.DNS)
_AT_THE_ACCESS = (Point.GM, Point.ACCESS, Point.MEDIA)
_IPV6 = "ip6 and not (ip6[6] == 58 and ip6[40] >= 133 and ip6[40] <= 137)"
"""Neighbour discovery (RFC 4861 4) is for IPv6 what ARP is for IPv4, which is no IP packet."""


class Slot:
    """A terminal's host; it is used again when its terminal has gone."""

    def __init__(self, host: Host, loop: TerminalLoop) -> None:
        self.host, self.loop = host, loop


class Namespaces:
    """A lab of network namespaces.

    Args:
        federation: as its file describes it.
        folder: where configurations and logs of the VPN go.

    Raises:
        BadInput: addresses of the federation are in the way of each other.
    """

    name = "namespaces"

    def __init__(self, federation: Federation, folder: Path) -> None:
        self.layout = layout(placed(federation))
        self.federation = self.layout.federation
        self.lab = ""
        """Id of the lab; empty while it is down."""
        self._folder = folder
        self._hosts: dict[str, Host] = {}
        self._clients: dict[str, OpenVpn] = {}
        self._held: dict[str, int] = {}
        """Open interfaces of tunnels whose client is dead, by partner."""
        self._hub: OpenVpn | None = None
        self._authority: Authority | None = None
        self._addresses = {
            partner.name: itertools.cycle(partner.access[0].addresses()) for partner in self.layout.partners
        }
        self._free: dict[str, list[Slot]] = {}
        self._slots: list[Slot] = []
        self._last_terminal = 0
        self._running = ExitStack()

    @property
    def limits(self) -> tuple[str, ...]:
        """Say what this fabric does not have."""
        inside, outside = self.federation.ip_version, self.layout.hub_outer.version
        version = f"IPv{inside} only" if inside == outside else f"IPv{inside} in the tunnel, IPv{outside} around it"
        found = [f"Fabric namespaces: all hosts share one kernel; links have no delay and lose nothing; {version}."]
        if not self.layout.has_vpn:
            found.append("Interconnection routed: there is no VPN between the partners.")
        return tuple(found)

    def up(self) -> None:
        """Make the namespaces and bring the VPN up; see `Fabric.up`."""
        if self.layout.has_vpn:
            require_openvpn()
        registry.clear_dead()
        with ExitStack() as starting:
            self.lab = registry.claim()
            starting.callback(self._remove)
            self._build()
            if self.layout.has_vpn:
                starting.callback(self._stop_vpn)
                self._start_vpn()
            else:
                self._route()
            self._running = starting.pop_all()

    def down(self) -> None:
        """Take the lab away; see `Fabric.down`."""
        self._running.close()

    def namespace(self, host: str) -> str:
        """Return the namespace of a host of the layout."""
        return f"{PREFIX}{self.lab}-{host}"

    def namespace_of(self, node: str) -> str:
        """Return the namespace of a node: `uc3m/p-cscf`."""
        testbed, _, kind = node.partition("/")
        return self.namespace(node_host(testbed, kind))

    def programs(self) -> tuple[Program, ...]:
        """Return the hub and the clients of the VPN that run."""
        running = {HUB: self._hub, **self._clients}
        return tuple(
            Program(f"vpn {name}", program.pid, program.namespace, program.log)
            for name, program in running.items()
            if program is not None and program.runs
        )

    def points(self) -> tuple[ObservationPoint, ...]:
        """Return all points of all partners; each has its own.

        Gm, access, Mw, ISC, Cx and DNS on the bridge of the nodes; Gm, access and media on that of the access network;
        Ic in the tunnel; VPN on the outer interface. Without a VPN the outer interface has Ic.
        """
        filters = point_filters(self.federation)
        inside, outside = (_IPV6, "ip or ip6") if self.federation.ip_version == 6 else ("ip", "ip")
        found = []
        for partner in self.layout.partners:
            places = [(point, CORE_BRIDGE, f"core of {partner.name}") for point in _AT_THE_CORE]
            places += [
                (point, access.bridge, f"{access.bridge} of {partner.name}")
                for access in partner.access
                for point in _AT_THE_ACCESS
            ]
            if self.layout.has_vpn:
                places += [(Point.IC, TUN, f"tunnel of {partner.name}"), (Point.VPN, OUTER, f"outer of {partner.name}")]
            else:
                places += [(Point.IC, OUTER, f"outer of {partner.name}")]
            for point, interface, place in places:
                if (point not in filters and point is not Point.VPN) or not _has(partner, point):
                    continue
                text = f"{inside} and ({filters[point]})" if point in filters else outside
                marker = marker_endpoint(self.federation.block, point)
                found.append(ObservationPoint(point, interface, text, marker, self.namespace(partner.gateway), place))
        return tuple(sorted(found, key=lambda one: list(Point).index(one.point)))

    def attach(self, visited: str, home: str | None = None) -> Attachment:
        """Attach a terminal: a host of its own in the access network; see `Fabric.attach`."""
        partner = self.layout.partner(visited)
        access = partner.access[0]
        slot = self._slot(partner, access)
        local = next(self._addresses[visited])
        slot.host.readdress(ETHERNET, local, access.pool)
        slot.host.route("default", access.router)

        def release() -> None:
            self._free.setdefault(visited, []).append(slot)

        if home is None:
            return Attachment(local, None, slot.loop, slot.host.namespace, release)
        address, forget = self._give_home_address(home)

        def release_both() -> None:
            forget()
            release()

        tunnel = home_tunnel(self.federation, visited, address, local)
        return Attachment(address, tunnel, slot.loop, slot.host.namespace, release_both)

    # --- the VPN ---------------------------------------------------------------------------------------------

    def stop_client(self, partner: str, *, kill: bool = False) -> None:
        """End the VPN client of a partner; by SIGKILL where `kill` is set."""
        self._clients[partner].stop(kill=kill)

    def start_client(self, partner: str, flaw: Flaw = Flaw.NONE, *, wait: bool = True) -> None:
        """Start the VPN client of a partner.

        Args:
            partner: name of the testbed.
            flaw: what is wrong with its certificate.
            wait: return when the tunnel is up, else at once.

        Raises:
            TestbedDown: the tunnel does not come up.
        """
        client = self._client(partner, self._credentials(partner, flaw))
        client.start()
        if wait:
            client.wait_ready(time.monotonic() + _READY_S)

    def await_client(self, partner: str, seconds: float) -> None:
        """Wait until the tunnel of a partner is up; raises TestbedDown with the client's last lines where it is not."""
        self._clients[partner].wait_ready(time.monotonic() + seconds)

    def stop_hub(self, *, kill: bool = False) -> None:
        """End the hub of the VPN."""
        if self._hub is not None:
            self._hub.stop(kill=kill)

    def start_hub(self) -> None:
        """Start the hub again and return when it serves."""
        if self._hub is not None:
            self._hub.start()
            self._hub.wait_ready(time.monotonic() + _READY_S)

    def refused_client(self, partner: str, flaw: Flaw) -> str:
        """Start the VPN client of a partner with a certificate that must not be accepted; wait until it is refused.

        Returns:
            What the hub said.

        Raises:
            TestbedDown: the hub says nothing of the kind, or does not run.
        """
        if self._hub is None or not self._hub.runs:
            raise TestbedDown("openvpn hub: does not run; expected it to look at a certificate")
        refused = self._hub.listen(_REFUSAL)
        self.start_client(partner, flaw, wait=False)
        if not refused.event.wait(_READY_S):
            raise TestbedDown(
                f"openvpn hub: expected {_REFUSAL!r} for the certificate ({flaw}) of {partner}, found: "
                + " | ".join(self._hub.last_lines)
            )
        return refused.line.partition(_REFUSAL)[2].lstrip(": ")

    def set_reachable(self, partner: str, *, reachable: bool) -> None:
        """Cut the line of a partner's VPN gateway, or mend it: its VPN client runs on, and finds nobody.

        The line is cut at its other end: who captures at the partner's own interface goes on.
        """
        self._hosts[HUB].interface_up(_port(self.layout.partner(partner)), up=reachable)

    @contextmanager
    def behind_nat(self, partner: str) -> Iterator[None]:
        """Let a partner leave the VPN and reach the others through a NAT that changes SIP messages.

        The NAT has the interface of the tunnel inside, so that what reaches it is seen as before, and the address of
        the router of the nodes outside, to which the others are led without the VPN. A NAT is a matter of IPv4.
        """
        own = self.layout.partner(partner)
        gateway = self._hosts[own.gateway]
        others = [one for one in self.layout.partners if one is not own]
        assert isinstance(own.router, IPv4Address)
        outside = ip_network(own.router)
        self.stop_client(partner)
        self._let_go(partner)
        with ExitStack() as undo:
            undo.callback(self.start_client, partner)
            for other in others:
                for network in other.networks:
                    gateway.route_by(network, TUN)
                    undo.callback(gateway.route_by_no_more, network, TUN)
                    gateway.route(network, other.outer.ip)
                    undo.callback(gateway.route_away, network, other.outer.ip)
                theirs = self._hosts[other.gateway]
                theirs.route(outside, own.outer.ip)
                undo.callback(theirs.route_away, outside, own.outer.ip)
            nat = Nat(self.namespace(own.gateway), TUN, own.router, OUTER, sip_gateway.outwards, sip_gateway.inwards)
            undo.callback(nat.close)
            yield

    def await_path(self, partner: str, seconds: float) -> None:
        """Wait until packets pass between a partner and every other one whose VPN client runs.

        Raises:
            TestbedDown: they do not, in time.
        """
        own = self.layout.partner(partner)
        deadline = time.monotonic() + seconds
        for other in self.layout.partners:
            client = self._clients.get(other.name)
            if other is not own and (client is None or client.runs):
                await_echo(self.namespace(own.gateway), own.router, other.router, deadline)

    def keep_points(self) -> None:
        """Open the tunnel's interface of each partner whose VPN client is dead; see `Fabric.keep_points`."""
        for name, client in self._clients.items():
            if not client.runs and name not in self._held:
                with suppress(TestbedDown):  # somebody else has it: then it has a carrier, too
                    self._held[name] = open_tun(self.namespace(self.layout.partner(name).gateway), TUN)

    def _let_go(self, partner: str) -> None:
        if (descriptor := self._held.pop(partner, None)) is not None:
            os.close(descriptor)

    def dead_vpn(self) -> dict[str, list[str]]:
        """Return who of the VPN does not run, each with the last lines of its log; see `Fabric.dead_vpn`."""
        programs = {HUB: self._hub, **self._clients}
        return {
            f"vpn {name}": program.last_lines
            for name, program in programs.items()
            if program is not None and not program.runs
        }

    def _start_vpn(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._authority = Authority(default_folder())
        config = write_hub(self._folder, self.layout, self._authority)
        self._hub = OpenVpn(HUB, config, self.namespace(HUB), self._folder / "hub.log")
        deadline = time.monotonic() + _READY_S
        self._hub.start()
        # A client that calls before the hub listens calls again only after two seconds.
        self._hub.wait_ready(deadline)
        for partner in self.layout.partners:
            self.start_client(partner.name, wait=False)
        for client in self._clients.values():
            client.wait_ready(deadline)

    def _credentials(self, partner: str, flaw: Flaw) -> Credentials:
        assert self._authority is not None
        if flaw is Flaw.REVOKED:
            self._authority.revocation_list(self._folder / "crl.pem", [partner])
        return self._authority.credentials(partner, flaw)

    def _client(self, name: str, credentials: Credentials) -> OpenVpn:
        assert self._authority is not None
        if name in self._clients:
            self._clients[name].stop()
        self._let_go(name)
        partner = self.layout.partner(name)
        config = write_client(self._folder, self.layout, partner, self._authority, credentials)
        client = OpenVpn(name, config, self.namespace(partner.gateway), self._folder / f"{name}.log")
        self._clients[name] = client
        return client

    def _stop_vpn(self) -> None:
        for name, client in self._clients.items():
            client.stop()
            self._let_go(name)
        if self._hub is not None:
            self._hub.stop()
        self._clients.clear()
        self._hub = None

    # --- hosts -----------------------------------------------------------------------------------------------

    def _build(self) -> None:
        for name in self.layout.hosts():
            self._hosts[name] = Host(self.namespace(name), self.federation.ip_version)
        hub = self._hosts[HUB]
        hub.bridge(_UNDERLAY_BRIDGE, self.layout.hub_outer.ip, self.layout.hub_outer.network)
        if self.layout.hub_outer.version == 4:
            hub.without_ipv6(_UNDERLAY_BRIDGE)
        if self.layout.has_vpn:
            hub.tun(TUN)
        hub.forwards()
        for partner in self.layout.partners:
            self._build_partner(partner, hub)

    def _build_partner(self, partner: Partner, hub: Host) -> None:
        gateway = self._hosts[partner.gateway]
        gateway.wire(OUTER, hub, _port(partner), _UNDERLAY_BRIDGE)
        gateway.address(OUTER, partner.outer.ip, partner.outer.network)
        if partner.outer.version == 4:
            gateway.without_ipv6(OUTER)
            hub.without_ipv6(_port(partner))
        if self.layout.has_vpn:
            gateway.tun(TUN)
        gateway.bridge(CORE_BRIDGE, partner.router, partner.core)
        for access in partner.access:
            gateway.bridge(access.bridge, access.router, access.pool)
        gateway.forwards()
        for kind, node in partner.testbed.nodes.items():
            host = self._hosts[node_host(partner.name, kind)]
            host.wire(ETHERNET, gateway, f"n-{kind}", CORE_BRIDGE)
            host.address(ETHERNET, node.address, partner.core)
            host.route("default", partner.router)

    def _route(self) -> None:
        """Without a VPN: each gateway knows the way to the others."""
        for partner in self.layout.partners:
            for other in self.layout.partners:
                for network in other.networks if other is not partner else ():
                    self._hosts[partner.gateway].route(network, other.outer.ip)

    def _slot(self, partner: Partner, access: Access) -> Slot:
        free = self._free.get(partner.name)
        if free:
            return free.pop()
        self._last_terminal += 1
        number = self._last_terminal
        host = Host(self.namespace(f"{partner.name}-ue{number}"), self.federation.ip_version)
        self._hosts[f"{partner.name}-ue{number}"] = host
        host.wire(ETHERNET, self._hosts[partner.gateway], f"ue{number}", access.bridge)
        slot = Slot(host, TerminalLoop(host.namespace))
        self._slots.append(slot)
        return slot

    def _give_home_address(self, home: str) -> tuple[IpAddress, _Forget]:
        """Lead packets for an address of a home network to its gateway, which carries them to the terminal."""
        partner = self.layout.partner(home)
        address = next(self._addresses[home])
        gateway = partner.testbed.node(NodeKind.GATEWAY).address
        host = self._hosts[node_host(home, NodeKind.GATEWAY)]
        # The P-CSCF goes to the gateway directly: by the router the same packet would be seen twice at one point.
        neighbour = self._hosts[node_host(home, NodeKind.PCSCF)]
        # Media comes from the networks of other terminals: the router knows the way, also for those of the own network.
        router = self._hosts[partner.gateway]
        host.own(address)
        neighbour.route(ip_network(address), gateway)
        router.route(ip_network(address), gateway)
        router.answer_for(address, partner.access[0].bridge)
        return address, _Forget(host, (neighbour, router), address, gateway, partner.access[0].bridge)

    def _remove(self) -> None:
        for slot in self._slots:
            slot.loop.close()
        for host in self._hosts.values():
            with suppress(OSError):
                host.close()
        self._slots.clear()
        self._free.clear()
        self._hosts.clear()
        lab, self.lab = self.lab, ""
        registry.remove(lab)


class _Forget:
    """Undoes what leads packets for a home address to its gateway."""

    def __init__(
        self, host: Host, knowing: tuple[Host, Host], address: IpAddress, gateway: IpAddress, bridge: str
    ) -> None:
        self._host, self._knowing, self._address, self._gateway = host, knowing, address, gateway
        self._bridge = bridge

    def __call__(self) -> None:
        for host in self._knowing:
            host.route_away(ip_network(self._address), self._gateway)
        self._knowing[1].answer_no_more(self._address, self._bridge)
        self._host.disown(self._address)


def _port(partner: Partner) -> str:
    """Return the hub's end of a partner's line."""
    return f"p{int(partner.outer.ip) & 0xFF}"


def _has(partner: Partner, point: Point) -> bool:
    """Whether a partner has what a point needs: an access network alone has neither CSCF nor HSS."""
    return partner.testbed.has_ims or point in (Point.ACCESS, Point.GM, Point.VPN)
