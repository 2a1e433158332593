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
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from conformance.federation import moved_by
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import Federation, Interconnect, Testbed

UNDERLAY = IPv4Network("198.18.0.0/24")
"""Outer addresses of the partners: a range for tests between networks (RFC 2544), which no testbed uses."""
TUNNEL = IPv4Network("10.8.0.0/24")
"""Addresses of the tunnel (D2.2 2.8)."""
HUB = "hub"
VPN_PORT = 1194
CORE_BRIDGE = "core0"
OUTER = "outer0"
TUN = "tun0"
HUB_OUTER = IPv4Interface(f"{UNDERLAY[1]}/{UNDERLAY.prefixlen}")
_FIRST_PARTNER = 10
_MOST_PARTNERS = 240


@dataclass(frozen=True, slots=True)
class Access:
    """One access network of a partner."""

    bridge: str
    pool: IPv4Network
    router: IPv4Address
    """Last address of the pool: the default route of its terminals."""

    def addresses(self) -> list[IPv4Address]:
        """Return what terminals may get."""
        return [address for address in self.pool.hosts() if address != self.router]


@dataclass(frozen=True, slots=True)
class Partner:
    """A testbed, as the lab sees it."""

    testbed: Testbed
    outer: IPv4Interface
    tunnel: IPv4Address
    core: IPv4Network
    """Smallest network that has all nodes, and room for the router."""
    router: IPv4Address
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
    def networks(self) -> tuple[IPv4Network, ...]:
        """What the other partners reach through the tunnel."""
        return (self.core, *(access.pool for access in self.access))


@dataclass(frozen=True, slots=True)
class Layout:
    """A lab."""

    federation: Federation
    partners: tuple[Partner, ...]

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
    if not federation.block.is_loopback:
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
    partners = tuple(
        _partner(testbed, _FIRST_PARTNER + number) for number, testbed in enumerate(federation.testbeds.values())
    )
    taken: list[tuple[str, IPv4Network]] = [("the tunnel", TUNNEL), ("the partners' outer interfaces", UNDERLAY)]
    for partner in partners:
        for network in partner.networks:
            for owner, other in taken:
                if network.overlaps(other):
                    raise BadInput(
                        f"fabric namespaces: testbed {partner.name} has {network}, which {owner} has already ({other});"
                        " expected networks of its own: change the addresses of its nodes or its pools"
                    )
            taken.append((f"testbed {partner.name}", network))
    return Layout(federation, partners)


def _partner(testbed: Testbed, number: int) -> Partner:
    core, router = _core(testbed)
    access = tuple(
        Access(f"access{index}", network.pool, _last(network.pool, testbed.name))
        for index, network in enumerate(testbed.access_networks)
    )
    return Partner(
        testbed=testbed,
        outer=IPv4Interface(f"{UNDERLAY[number]}/{UNDERLAY.prefixlen}"),
        tunnel=TUNNEL[number],
        core=core,
        router=router,
        access=access,
    )


def _core(testbed: Testbed) -> tuple[IPv4Network, IPv4Address]:
    nodes = {node.address for node in testbed.nodes.values()}
    if len(nodes) != len(testbed.nodes):
        raise BadInput(
            f"fabric namespaces: two nodes of testbed {testbed.name} share an address; expected one a node, because "
            "each node is a host of its own"
        )
    network = IPv4Network(f"{min(nodes)}/30", strict=False)
    while not (all(node in network for node in nodes) and (free := _free(network, nodes))):
        network = network.supernet()
    return network, free


def _free(network: IPv4Network, taken: Iterable[IPv4Address]) -> IPv4Address | None:
    """Return the last address of a network that nobody has."""
    used = set(taken)
    last = int(network.broadcast_address) - 1
    return next((a for n in range(last, int(network.network_address), -1) if (a := IPv4Address(n)) not in used), None)


def _last(pool: IPv4Network, testbed: str) -> IPv4Address:
    if pool.prefixlen > 29:
        raise BadInput(
            f"fabric namespaces: testbed {testbed} has the pool {pool}, expected a /29 or larger: "
            "give it more addresses"
        )
    return pool.broadcast_address - 1
