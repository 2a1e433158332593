"""When requests leave by the border control function of the own network (3GPP TS 24.229 5.2.6.3, 5.4.3.2)."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.protocols.sip.hiding import PARAMETER
from conformance.protocols.sip.name_addr import NameAddr
from conformance.vocabulary.federation import NodeKind, Testbed


def own_hosts(testbed: Testbed) -> frozenset[str]:
    """Return names and addresses of the nodes of a network but its IBCF, which everybody may know, lower case."""
    kinds = [kind for kind in testbed.nodes if kind is not NodeKind.IBCF]
    names = {testbed.fqdn(kind).lower() for kind in kinds}
    return frozenset(names | {str(testbed.node(kind).address) for kind in kinds})


def by_the_border(testbed: Testbed, next_hop: str) -> list[str]:
    """Return the entry of Route that leads through the own IBCF, where there is one and a URI lies in another network.

    Args:
        testbed: the own network.
        next_hop: URI, or entry of a route, that the request goes to next.
    """
    if NodeKind.IBCF not in testbed.nodes:
        return []
    host = NameAddr.parse(next_hop).uri.partition(":")[2].partition(";")[0].rpartition("@")[2].partition(":")[0].lower()
    inside = host in own_hosts(testbed) or host == testbed.domain or host.endswith(f".{testbed.domain}")
    return [] if inside else [f"<{testbed.uri(NodeKind.IBCF)};lr>"]


def with_border(testbed: Testbed, routes: Sequence[str]) -> list[str]:
    """Return a route with the own IBCF in front, where there is one and the route begins in another network."""
    return [*(by_the_border(testbed, routes[0]) if routes else ()), *routes]


def is_of_hiding_network(path: str, uri: str) -> bool:
    """Tell whether an entry of Path is a token of the network that a URI lies in: it may stand for that node."""
    entry = NameAddr.parse(path)
    by = next((p.partition("=")[2] for p in entry.uri.split(";") if p.lower().startswith(f"{PARAMETER}=")), "")
    host = uri.partition(":")[2].rpartition("@")[2].partition(":")[0]
    return bool(by) and host.endswith(f".{by}")
