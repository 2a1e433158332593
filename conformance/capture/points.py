"""Observation points of a federation: interface, filter and marker address of each; and those of the loopback fabric.

The filters name addresses and never ports: every node has an address of its own, and a later fragment of an
IP packet (RFC 791 section 3.2) carries no port, so a filter with ports would lose it. They are disjoint as
long as no two nodes share an address.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import Federation, NodeKind, Testbed
from conformance.vocabulary.identifiers import Endpoint, IpAddress, IpNetwork
from conformance.vocabulary.points import Point, marker_network

LOOPBACK = "lo"
DISCARD_PORT = 9
"""Where markers go: the discard service (RFC 863), which answers nothing."""
_CSCFS = (NodeKind.PCSCF, NodeKind.ICSCF, NodeKind.SCSCF, NodeKind.IBCF)
_UNBOUND = "udp and src host 127.0.0.1"
"""What a program sends on `lo` from a socket that it bound to all addresses, as baresip does with media."""


@dataclass(frozen=True, slots=True)
class ObservationPoint:
    """One place where packets are captured.

    Attributes:
        point: Which reference point it is; its value becomes `if_name`.
        interface: Name of the network interface that is listened to.
        filter: Which packets belong to the point, in the language of pcap-filter(7); without the marker.
        marker: Where the packets go that open and close a cell at this point.
        namespace: Network namespace of the interface; empty for that of the process.
        place: Where in the federation, for a reader: `core of uc3m`; empty where there is one place only.
    """

    point: Point
    interface: str
    filter: str
    marker: Endpoint
    namespace: str = ""
    place: str = ""

    @property
    def is_loopback(self) -> bool:
        """Whether every packet passes the interface twice: on its way out, and on its way in."""
        return self.interface == LOOPBACK

    def __str__(self) -> str:
        """Return `Gm at core of uc3m`, or the point alone where there is one place only."""
        return f"{self.point} at {self.place}" if self.place else str(self.point)

    @property
    def filter_with_marker(self) -> str:
        """Return the filter that the sniffer uses: the point's own packets, and its markers.

        Only packets *towards* the marker address pass, so the ICMP errors that nobody listening there causes do not.
        """
        return f"({self.filter}) or (udp dst port {self.marker.port} and dst host {self.marker.address})"


def loopback_points(federation: Federation) -> tuple[ObservationPoint, ...]:
    """Return the points Gm, access, Mw, Ic, ISC, Cx, Ut, DNS and media of a federation whose nodes live on `lo`.

    A point without any node (no HSS in the whole federation, say) is left out: it cannot be observed.

    Args:
        federation: The federation, already moved to the block of the worker.

    Returns:
        The points in the order of `Point`.

    Raises:
        BadInput: the block has no room for the marker addresses (third octet 255).
    """
    filters = point_filters(federation)
    if Point.MEDIA in filters and federation.ip_version == 4:
        pools = [network.pool for testbed in federation.testbeds.values() for network in testbed.access_networks]
        filters[Point.MEDIA] += f" or ({_UNBOUND} and {_any('dst net', pools)})"
    return tuple(
        ObservationPoint(point, LOOPBACK, filters[point], marker_endpoint(federation.block, point))
        for point in Point
        if point in filters
    )


def point_filters(federation: Federation) -> dict[Point, str]:
    """Return which packets belong to each point, in the language of pcap-filter(7).

    Gm is between terminals and P-CSCFs, or the plain SIP proxy that stands in their place where there is no IMS; an
    adapter in front of a P-CSCF is part of it, on both sides. Mw is between CSCFs of one testbed, Ic between those of
    two; ISC is between S-CSCFs and application servers, and all that a presence server says and hears by SIP; access is
    GTP-U at the gateways, media from terminal to terminal; Ut is all that an XDMS says and hears. A point without any
    node has none.
    """
    domains = [_addresses([testbed], *_CSCFS) for testbed in federation.testbeds.values()]
    cscfs = sorted({address for domain in domains for address in domain}, key=int)
    everybody = federation.testbeds.values()
    pools = [a.pool for t in everybody for a in t.access_networks]
    adapters, pcscfs = _addresses(everybody, NodeKind.ADAPTER), _addresses(everybody, NodeKind.PCSCF)
    callers = pools if cscfs else []  # without IMS nobody calls
    between_cscfs = _between(cscfs)
    # In the language of filters `and` binds no closer than `or`.
    within = " or ".join(f"({_between(domain)})" for domain in domains if domain)
    filters = {
        Point.GM: _either(
            _both(
                _any("net", pools),
                _any("host", _addresses(everybody, NodeKind.PCSCF, NodeKind.ADAPTER, NodeKind.SIP_PROXY)),
            ),
            f"({before})" if (before := _both(_any("host", adapters), _any("host", pcscfs))) else "",
        ),
        Point.ACCESS: _any("host", _addresses(everybody, NodeKind.GATEWAY)),
        Point.MW: f"({within})" if within else "",
        Point.IC: f"{between_cscfs} and not ({within})" if sum(map(bool, domains)) > 1 else "",
        Point.ISC: _either(
            _both(
                _any("host", _addresses(everybody, NodeKind.SCSCF)), _any("host", _addresses(everybody, NodeKind.AS))
            ),
            _any("host", _addresses(everybody, NodeKind.PRESENCE)),
        ),
        Point.CX: _any("host", _addresses(everybody, NodeKind.HSS)),
        Point.UT: _any("host", _addresses(everybody, NodeKind.XDMS)),
        Point.DNS: _any("host", _addresses(everybody, NodeKind.DNS)),
        Point.MEDIA: _both(_any("src net", callers), _any("dst net", callers)),
    }
    if filters[Point.ISC] and filters[Point.UT]:
        filters[Point.ISC] = f"({filters[Point.ISC]}) and not {filters[Point.UT]}"
    for point in (Point.CX, Point.UT, Point.ISC):
        if filters[point] and filters[Point.DNS]:
            # Where an HSS or an XDMS asks the DNS, the packet belongs to DNS alone.
            filters[point] = f"{filters[point]} and not {filters[Point.DNS]}"
    return {point: text for point, text in filters.items() if text}


def _addresses(testbeds: Iterable[Testbed], *kinds: NodeKind) -> list[IpAddress]:
    return sorted({n.address for t in testbeds for k, n in t.nodes.items() if k in kinds}, key=int)


def _between(addresses: Sequence[IpAddress]) -> str:
    return _both(_any("src host", addresses), _any("dst host", addresses))


def _any(primitive: str, values: Iterable[IpAddress | IpNetwork]) -> str:
    """Return `(host a or host b)`, and the empty filter where there is no value."""
    terms = [f"{primitive} {value}" for value in values]
    return f"({' or '.join(terms)})" if terms else ""


def _both(one: str, other: str) -> str:
    return f"{one} and {other}" if one and other else ""


def _either(one: str, other: str) -> str:
    return f"({one}) or {other}" if one and other else one or other


def marker_endpoint(block: IpNetwork, point: Point) -> Endpoint:
    """Return where the markers of a point go.

    Raises:
        BadInput: the block has no room for them (third octet 255).
    """
    number = list(Point).index(point) + 1
    address = marker_network(block)[number]
    if address not in block:
        raise BadInput(f"federation block {block}: expected a block that holds the marker address {address}; use a /16")
    return Endpoint(str(address), DISCARD_PORT, "udp")
