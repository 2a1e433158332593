"""Who is who: roles from the Via chain, from who speaks Cx and how, and from the federation where given.

Ports and well-known addresses say nothing here: real networks have all CSCFs on one address, or the ports
the other way round. What decides, in this order: the place in the Via chain (the message with one Via comes
from the terminal), the commands that an address sends on Cx (UAR: I-CSCF, MAR and SAR: S-CSCF), whether the
Request-URI has become the name of the S-CSCF, and the nodes that a federation declares.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from conformance.criteria.values import addresses, in_domain, is_numeric, same_uri
from conformance.judgement.access_proxies import first_node, peeled
from conformance.judgement.hops import RawHop
from conformance.trace.correlate import Transaction
from conformance.trace.sip_values import parse_uri
from conformance.vocabulary.federation import Federation, NodeKind, Testbed
from conformance.vocabulary.identifiers import Endpoint, uri_host
from conformance.vocabulary.roles import Role

CX_COMMANDS = {"UAR": Role.HOME_ICSCF, "LIR": Role.HOME_ICSCF, "MAR": Role.HOME_SCSCF, "SAR": Role.HOME_SCSCF}
"""Who sends a Cx command (3GPP TS 29.228)."""

LOOPED = (482, 483)
"""Loop Detected, Too Many Hops (RFC 3261 21.4.20 and 21.4.21)."""

_KINDS = {
    NodeKind.PCSCF: Role.HOME_PCSCF,
    NodeKind.ICSCF: Role.HOME_ICSCF,
    NodeKind.SCSCF: Role.HOME_SCSCF,
    NodeKind.HSS: Role.HOME_HSS,
    NodeKind.DNS: Role.HOME_DNS,
    NodeKind.AS: Role.HOME_AS,
    NodeKind.IBCF: Role.IBCF,
    NodeKind.ADAPTER: Role.ADAPTER,
    NodeKind.PRESENCE: Role.PRESENCE,
    NodeKind.XDMS: Role.XDMS,
    NodeKind.SIP_PROXY: Role.SIP_PROXY,
}


@dataclass(frozen=True, slots=True)
class CxSpeakers:
    """Addresses that send Cx commands, by the role that such a command belongs to."""

    senders: dict[Role, frozenset[str]] = field(default_factory=dict)

    def is_only(self, address: str, role: Role) -> bool:
        """Tell whether the address speaks Cx as that role and as no other."""
        return {r for r, addresses in self.senders.items() if address in addresses} == {role}

    def speaks(self, address: str) -> bool:
        """Tell whether the address sends any Cx command."""
        return any(address in addresses for addresses in self.senders.values())


def cx_speakers(transactions: Iterable[Transaction]) -> CxSpeakers:
    """Find out which addresses speak Cx as I-CSCF and as S-CSCF."""
    found: dict[Role, set[str]] = {}
    for transaction in transactions:
        role = CX_COMMANDS.get(transaction.method) if transaction.protocol == "Diameter" else None
        if role is not None:
            found.setdefault(role, set()).add(transaction.source.address)
    return CxSpeakers({role: frozenset(addresses) for role, addresses in found.items()})


class Declared:
    """Nodes that a federation declares: address to testbed and kinds."""

    def __init__(self, federation: Federation | None) -> None:
        self.testbeds = () if federation is None else tuple(federation.testbeds.values())
        """All testbeds of the federation."""
        self.block = None if federation is None else federation.block
        """All addresses that the federation agreed on."""
        self._nodes: dict[str, list[tuple[Testbed, NodeKind]]] = {}
        for testbed in self.testbeds:
            for kind, node in testbed.nodes.items():
                self._nodes.setdefault(str(node.address), []).append((testbed, kind))

    def role(self, address: str) -> Role | None:
        """Return the role of an address that is declared as one node only."""
        declared = self._nodes.get(address, [])
        return _KINDS.get(declared[0][1]) if len(declared) == 1 else None

    def kinds(self, address: str) -> frozenset[NodeKind]:
        """Return what the federation declares at an address."""
        return frozenset(kind for _, kind in self._nodes.get(address, ()))

    def testbed(self, address: str) -> Testbed | None:
        """Return the testbed of a declared address."""
        declared = self._nodes.get(address, [])
        return declared[0][0] if declared else None


def bind(
    hops: Sequence[RawHop],
    speakers: CxSpeakers,
    declared: Declared,
    home: Testbed | None,
    proxies: Sequence[Collection[str]] = (),
) -> list[tuple[Role | None, Role | None]]:
    """Bind sender and receiver of each hop of one attempt.

    Args:
        hops: From `chain`: one a depth, nearest to the terminal first.
        speakers: From `cx_speakers`.
        declared: Nodes of the federation.
        home: Testbed of the subscriber, where a federation knows it.
        proxies: From `access_proxies`: who stands before the P-CSCF, nearest to the terminal first.

    Returns:
        Sender and receiver of each hop, in the order given; None where nothing binds a node.
    """
    if not hops:
        return []
    if proxies and first_node(hops) in proxies[0]:
        behind = peeled(hops)
        bound = bind(behind, speakers, declared, home, proxies[1:])
        before: list[tuple[Role | None, Role | None]] = [(Role.UE, Role.ADAPTER)] * (len(hops) - len(behind))
        return before + [(Role.ADAPTER if sender is Role.UE else sender, receiver) for sender, receiver in bound]
    names: dict[int, Role | None] = {0: Role.UE, 1: Role.HOME_PCSCF}
    last = hops[-1].depth
    if last > 1:
        names[last] = _last_node(hops, speakers, declared)
        if names[last] is Role.HOME_SCSCF and last > 2:
            names[last - 1] = Role.HOME_ICSCF
    names[1] = _pcscf(hops, declared, home)
    for hop in hops:
        if hop.depth > 1 and declared.role(hop.transaction.destination.address) is Role.IBCF:
            names[hop.depth] = Role.IBCF
        if _is_loop(hop):
            # Whoever sends to itself is still who it was: no I-CSCF and no S-CSCF saw the request.
            names[hop.depth] = names.get(hop.depth - 1)
    return [(names.get(hop.depth - 1), names.get(hop.depth)) for hop in hops]


def _is_loop(hop: RawHop) -> bool:
    """Tell whether a node has sent a REGISTER to the very place where it takes requests itself, in vain.

    Where one process plays all CSCFs at one port that is its way from one of them to the next, and nobody complains.
    """
    request = hop.request
    if hop.final is not None and hop.final.sip.status not in LOOPED:
        return False
    via = None if request is None else next(iter(request.sip.values("Via")), None)
    if via is None or hop.depth < 2:
        return False
    sent_by = via.text.partition(";")[0].split()[-1:]
    own = hop.transaction.destination
    return hop.transaction.source.address == own.address and sent_by == [uri_host(own.address) + f":{own.port}"]


def _last_node(hops: Sequence[RawHop], speakers: CxSpeakers, declared: Declared) -> Role:
    """Tell whether the last hop that was seen ends at the S-CSCF or, cut short, at the I-CSCF."""
    last = hops[-1]
    address = last.transaction.destination.address
    role = declared.role(address)
    if role in (Role.HOME_ICSCF, Role.HOME_SCSCF):
        return role
    for candidate in (Role.HOME_SCSCF, Role.HOME_ICSCF):
        if speakers.is_only(address, candidate):
            return candidate
    first = next((hop.request for hop in hops if hop.request is not None), None)
    # 3GPP TS 24.229 5.3.1.2: only the I-CSCF replaces the Request-URI of a REGISTER.
    if first is not None and last.request is not None:
        replaced = not same_uri(first.sip.request_uri, last.request.sip.request_uri)
        if replaced:
            return Role.HOME_SCSCF
    return Role.HOME_SCSCF if last.depth > 2 else Role.HOME_ICSCF


def _pcscf(hops: Sequence[RawHop], declared: Declared, home: Testbed | None) -> Role:
    """Tell whether the P-CSCF is that of the home network, by its address or, undeclared, by the names it uses."""
    for hop in hops if home is not None else ():
        ends = hop.transaction
        endpoint = ends.destination if hop.depth == 1 else ends.source if hop.depth == 2 else None
        testbed = None if endpoint is None else declared.testbed(endpoint.address)
        if testbed is not None and home is not None:
            return Role.HOME_PCSCF if testbed.domain == home.domain else Role.VISITED_PCSCF
    return Role.VISITED_PCSCF if _says_visited(hops, home) else Role.HOME_PCSCF


def _says_visited(hops: Sequence[RawHop], home: Testbed | None) -> bool:
    """Tell whether all names that the P-CSCF uses for its network lie outside of the home domain.

    Path names the P-CSCF, P-Visited-Network-ID its network. Addresses and free texts name no domain.
    """
    first = next((hop.request for hop in hops if hop.request is not None), None)
    asked = None if first is None else parse_uri(first.sip.request_uri)
    domain = home.domain if home is not None else "" if asked is None else asked.host
    behind = next((hop.request for hop in hops if hop.depth > 1 and hop.request is not None), None)
    # Behind the I-CSCF the Request-URI names the S-CSCF and no domain.
    if behind is None or hops[0].depth > 2 or not domain or is_numeric(domain):
        return False
    path = next(iter(addresses(behind, "Path")), None)
    host = "" if path is None or path.uri is None else path.uri.host
    if is_numeric(host) or host.count(".") < 2:
        return False
    names = [host.partition(".")[2]]
    networks = (value.text.strip().strip('"') for value in behind.sip.values("P-Visited-Network-ID"))
    names += [name for name in networks if "." in name and not is_numeric(name)]
    return all(not in_domain(name, domain) and not in_domain(domain, name) for name in names)


class RoleTable:
    """Endpoints of each role, in the order in which they were seen."""

    def __init__(self) -> None:
        self._endpoints: dict[Role, dict[Endpoint, None]] = {}

    def add(self, role: Role | None, endpoint: Endpoint) -> None:
        """Note that an endpoint plays a role; None is ignored."""
        if role is not None:
            self._endpoints.setdefault(role, {})[endpoint] = None

    def at(self, address: str) -> list[Role]:
        """Return the roles of an address, in the order of `Role`."""
        return [role for role in Role if any(endpoint.address == address for endpoint in self._endpoints.get(role, ()))]

    def done(self) -> dict[Role, tuple[Endpoint, ...]]:
        """Return the table, in the order of `Role`."""
        return {role: tuple(self._endpoints[role]) for role in Role if role in self._endpoints}
