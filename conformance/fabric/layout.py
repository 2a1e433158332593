"""The plan of a lab: which namespaces there are, how they are joined, which addresses they have. Nothing is made here.

    hub            OpenVPN server, bridge `under0` that joins the partners' outer interfaces
    TESTBED-vpn    a partner's VPN gateway and router: `outer0` to the hub, `tun0` the tunnel, bridge `core0` of the
                   nodes, a bridge `access0`, `access1`... for each access network
    TESTBED-NODE   one node, `eth0` on `core0`
    TESTBED-ueN    one terminal, `eth0` on the bridge of its access network

Nothing leads out of the lab: no interface of the machine is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, IPv6Network, ip_interface, ip_network
from itertools import islice

from conformance.federation import moved_by
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import Federation, Interconnect, Testbed
from conformance.vocabulary.identifiers import IpAddress, IpNetwork

UNDERLAY = IPv4Network("198.18.0.0/24")
"""Outer addresses of the partners: a range for tests between networks (RFC 2544), which no testbed uses."""
TUNNEL = IPv4Network("10.8.0.0/24")
"""Addresses of the tunnel (D2.2 2.8)."""
UNDERLAY_6 = IPv6Network("fd18:198::/64")
"""Outer addresses where partners of an IPv6 federation are routed to each other; those of a VPN are always IPv4."""
TUNNEL_6 = IPv6Network("fd10:8::/64")
HUB = "hub"
VPN_PORT = 1194
CORE_BRIDGE = "core0"
OUTER = "outer0"
TUN = "tun0"
_FIRST_PARTNER = 10
_MOST_PARTNERS = 240
_MOST_TERMINALS = 4096
"""Addresses of an IPv6 pool that are given to terminals."""
_SMALLEST = {4: 30, 6: 64}
"""Prefix of the smallest network of nodes."""


@dataclass(frozen=True, slots=True)
class Access:
    """One access network of a partner."""

    bridge: str
    pool: IpNetwork
    router: IpAddress
    """The default route of its terminals: last address of the pool, of an IPv6 pool the first one."""

    def addresses(self) -> list[IpAddress]:
        """Return what terminals may get."""
        hosts = self.pool.hosts() if self.pool.version == 4 else islice(self.pool.hosts(), _MOST_TERMINALS)
        return [address for address in hosts if address != self.router]


@dataclass(frozen=True, slots=True)
class Partner:
    """A testbed, as the lab sees it."""

    testbed: Testbed
    outer: IPv4Interface | IPv6Interface
    tunnel: IpAddress
    core: IpNetwork
    """Smallest network that has all nodes, and room for the router."""
    router: IpAddress
    """Of the nodes."""
    access: tuple[Access, ...]

    @property
    def name(self) -> str:
        """Name of the testbed."""
        return self.testbed.name

    @property
    def gateway(self) -> str:
        """Host that has the VPN client."""
        return f"{self.name}-vpn"

    @property
    def networks(self) -> tuple[IpNetwork, ...]:
        """What the other partners reach through the tunnel."""
        return (self.core, *(access.pool for access in self.access))


@dataclass(frozen=True, slots=True)
class Layout:
    """A lab."""

    federation: Federation
    partners: tuple[Partner, ...]
    tunnel: IpNetwork
    hub_outer: IPv4Interface | IPv6Interface

    @property
    def has_vpn(self) -> bool:
        """Whether the partners reach each other through the VPN; else they are routed to each other."""
        return self.federation.interconnect is Interconnect.VPN

    def partner(self, name: str) -> Partner:
        """Return the partner of that name; KeyError where there is none."""
        for partner in self.partners:
            if partner.name == name:
                return partner
        raise KeyError(name)

    def hosts(self) -> Iterator[str]:
        """Yield the hosts that are always there: hub, gateways, nodes."""
        yield HUB
        for partner in self.partners:
            yield partner.gateway
            for kind in partner.testbed.nodes:
                yield node_host(partner.name, kind)


def node_host(testbed: str, kind: str) -> str:
    """Return the host of a node: `uc3m-p-cscf`."""
    return f"{testbed}-{kind}"


def placed(federation: Federation) -> Federation:
    """Return the federation at addresses that can be routed: 127.1.0.0/16 becomes 10.1.0.0/16.

    A lab is alone in its namespaces, so that parallel ones have the same addresses.
    """
    if federation.ip_version != 4 or not federation.block.is_loopback:
        return federation
    return moved_by(federation, (10 - 127) << 24)


def layout(federation: Federation) -> Layout:
    """Plan a lab for a federation that is `placed`.

    Raises:
        BadInput: addresses of the federation are in the way of each other or of the lab's own.
    """
    if len(federation.testbeds) > _MOST_PARTNERS:
        raise BadInput(
            f"fabric namespaces: found {len(federation.testbeds)} testbeds, expected {_MOST_PARTNERS} or fewer"
        )
    is_ipv4, has_vpn = federation.ip_version == 4, federation.interconnect is Interconnect.VPN
    tunnel: IpNetwork = TUNNEL if is_ipv4 else TUNNEL_6
    underlay: IpNetwork = UNDERLAY if is_ipv4 or has_vpn else UNDERLAY_6
    partners = tuple(
        _partner(testbed, _on(underlay, number), tunnel[number])
        for number, testbed in enumerate(federation.testbeds.values(), _FIRST_PARTNER)
    )
    taken: list[tuple[str, IpNetwork]] = [("the tunnel", tunnel), ("the partners' outer interfaces", underlay)]
    for partner in partners:
        for network in partner.networks:
            for owner, other in taken:
                if network.overlaps(other):
                    raise BadInput(
                        f"fabric namespaces: testbed {partner.name} has {network}, which {owner} has already ({other});"
                        " expected networks of its own: change the addresses of its nodes or its pools"
                    )
            taken.append((f"testbed {partner.name}", network))
    return Layout(federation, partners, tunnel, _on(underlay, 1))


def _on(network: IpNetwork, number: int) -> IPv4Interface | IPv6Interface:
    return ip_interface(f"{network[number]}/{network.prefixlen}")


def _partner(testbed: Testbed, outer: IPv4Interface | IPv6Interface, tunnel: IpAddress) -> Partner:
    core, router = _core(testbed)
    access = tuple(
        Access(f"access{index}", network.pool, _pool_router(network.pool, testbed.name))
        for index, network in enumerate(testbed.access_networks)
    )
    return Partner(
        testbed=testbed,
        outer=outer,
        tunnel=tunnel,
        core=core,
        router=router,
        access=access,
    )


def _core(testbed: Testbed) -> tuple[IpNetwork, IpAddress]:
    nodes = {node.address for node in testbed.nodes.values()}
    if len(nodes) != len(testbed.nodes):
        raise BadInput(
            f"fabric namespaces: two nodes of testbed {testbed.name} share an address; expected one a node, because "
            "each node is a host of its own"
        )
    network = ip_network(f"{min(nodes, key=int)}/{_SMALLEST[min(node.version for node in nodes)]}", strict=False)
    while not (all(_is_host(node, network) for node in nodes) and (free := _free(network, nodes))):
        network = network.supernet()
    return network, free


def _is_host(address: IpAddress, network: IpNetwork) -> bool:
    """Tell whether a network has an address for a host: the first and the last one of IPv4 are the network's own."""
    own = (network.network_address, network.broadcast_address) if network.version == 4 else ()
    return address in network and address not in own


def _free(network: IpNetwork, taken: Iterable[IpAddress]) -> IpAddress | None:
    """Return the first address for a router that nobody has."""
    used = set(taken)
    return next((address for address in _routers(network) if address not in used), None)


def _routers(network: IpNetwork) -> Iterator[IpAddress]:
    """Yield addresses for a router: from the last one down, of IPv6 from the first one up.

    The last addresses of an IPv6 network are reserved (RFC 2526).
    """
    if isinstance(network, IPv6Network):
        yield from network.hosts()
    else:
        yield from (network[offset] for offset in range(network.num_addresses - 2, 0, -1))


def _pool_router(pool: IpNetwork, testbed: str) -> IpAddress:
    if pool.num_addresses < 8:
        raise BadInput(
            f"fabric namespaces: testbed {testbed} has the pool {pool}, expected a /{pool.max_prefixlen - 3} or "
            "larger: give it more addresses"
        )
    return next(_routers(pool))
