"""Who is who in a subscription to the registration event package.

The subscriber is known by where REGISTERs came from and went to, and by its own identity: a terminal watches
itself, a P-CSCF has another URI in From than in To. The notifier is the S-CSCF.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conformance.criteria.values import address, addresses, is_numeric, same_host, same_identity
from conformance.judgement.access_proxies import first_node
from conformance.judgement.attempts import Try
from conformance.judgement.hops import RawHop
from conformance.judgement.proxies_before import ProxiesBefore
from conformance.judgement.roles import CxSpeakers, Declared
from conformance.trace.model import SipMessage
from conformance.trace.sip_values import parse_via
from conformance.vocabulary.federation import Testbed
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.roles import Role

Pair = tuple[Role | None, Role | None]


@dataclass(frozen=True, slots=True)
class Watcher:
    """The subscriber of one subscription."""

    role: Role | None
    address: str
    """Where its SUBSCRIBEs come from; empty where that was not seen."""
    pcscf: str
    """Address of the P-CSCF of a terminal; empty where that was not seen."""


class Places:
    """Where the nodes are, as far as REGISTERs, Cx and a federation tell.

    Args:
        tries: REGISTERs of terminals.
        speakers: Who speaks Cx.
        declared: Nodes of the federation.
        notifiers: Address and port of those who send NOTIFYs.
        before: Proxies between terminals and P-CSCFs; none where it is None.
    """

    def __init__(
        self,
        tries: Iterable[Try],
        speakers: CxSpeakers,
        declared: Declared,
        notifiers: set[tuple[str, int]],
        before: ProxiesBefore | None = None,
    ) -> None:
        self.before = before or ProxiesBefore(declared, frozenset())
        self.speakers, self.declared, self.notifiers = speakers, declared, notifiers
        self.home: Testbed | None = None
        self.terminals: set[str] = set()
        self.pcscfs: set[str] = set()
        self._hosts: set[str] = set()
        for one in tries:
            self.terminals.update(hop.transaction.source.address for hop in one.chain if hop.depth == 1)
            for hop in self.before.behind(one.chain):
                ends = hop.transaction
                if hop.depth == 1:
                    self.pcscfs.add(ends.destination.address)
                elif hop.depth == 2:
                    self.pcscfs.add(ends.source.address)
                for path in () if hop.request is None else addresses(hop.request, "Path"):
                    if path.uri is not None:
                        self._hosts.add(path.uri.host)

    def at_home(self, home: Testbed | None) -> Places:
        """Return the same places as a subscriber of that testbed sees them."""
        other = Places((), self.speakers, self.declared, self.notifiers, self.before)
        other.terminals, other.pcscfs, other._hosts, other.home = self.terminals, self.pcscfs, self._hosts, home
        return other

    def pcscf(self, at: str) -> Role:
        """Return the role of the P-CSCF at an address: at home or visited."""
        testbed = self.declared.testbed(at)
        foreign = testbed is not None and self.home is not None and testbed.domain != self.home.domain
        return Role.VISITED_PCSCF if foreign else Role.HOME_PCSCF

    def is_pcscf(self, at: str) -> bool:
        """Tell whether an address is a P-CSCF's and no terminal's."""
        return self.declared.role(at) is Role.HOME_PCSCF or (at in self.pcscfs and at not in self.terminals)

    def is_terminal(self, at: str) -> bool:
        """Tell whether an address is a terminal's and no node's."""
        return at in self.terminals and at not in self.pcscfs and self.declared.testbed(at) is None

    def node(self, at: str) -> Role | None:
        """Return the role of an address behind a P-CSCF, where declaration or Cx tell it."""
        role = self.declared.role(at)
        if role in (Role.HOME_ICSCF, Role.HOME_SCSCF, Role.IBCF):
            return role
        for candidate in (Role.HOME_SCSCF, Role.HOME_ICSCF):
            if self.speakers.is_only(at, candidate):
                return candidate
        return None

    def watcher(self, subscribes: Sequence[Sequence[RawHop]], notifies: Sequence[Sequence[RawHop]]) -> Watcher:
        """Find out who the subscriber of a subscription is.

        Args:
            subscribes: Its SUBSCRIBEs, hop by hop.
            notifies: Its NOTIFYs, hop by hop.
        """
        if not subscribes:
            return self._notified(notifies)
        outer = subscribes[0][0]
        at = outer.transaction.source.address
        pcscf = first_node(self.before.behind(subscribes[0]))
        if pcscf is None:
            pcscf = at if outer.depth > 1 else outer.transaction.destination.address
        if outer.depth > 1:
            at = _origin(outer.any)
        role = self._subscriber(outer.any, at)
        return Watcher(role, at, pcscf if role is Role.UE else "")

    def _subscriber(self, message: SipMessage, at: str) -> Role | None:
        if self.is_pcscf(at):
            return self.pcscf(at)
        if self.is_terminal(at):
            return Role.UE
        sender, target = address(message, "From"), address(message, "To")
        if sender is None or target is None:
            return None
        if same_identity(sender.name_addr.uri, target.name_addr.uri):
            return Role.UE
        host = "" if sender.uri is None else sender.uri.host
        return self.pcscf(at) if host and any(same_host(host, one) for one in self._hosts) else None

    def _notified(self, notifies: Sequence[Sequence[RawHop]]) -> Watcher:
        last = notifies[0][-1]
        at = last.transaction.destination.address
        target = address(last.any, "To")
        watched = address(last.any, "From")
        uris = [found.name_addr.uri for found in (target, watched) if found is not None]
        own = len(uris) == 2 and same_identity(*uris)
        if self.is_terminal(at) or (own and not self.is_pcscf(at)):
            return Watcher(Role.UE, at, last.transaction.source.address if last.depth > 1 else "")
        if self.is_pcscf(at):
            # A terminal's own NOTIFY is on its way to it; the last hop was not captured.
            return Watcher(Role.UE, "", at) if own else Watcher(self.pcscf(at), at, "")
        return Watcher(None, at, "")


def bind_subscribe(hops: Sequence[RawHop], watcher: Watcher, places: Places) -> list[Pair]:
    """Bind sender and receiver of each hop of a SUBSCRIBE.

    Args:
        hops: One a depth, nearest to the subscriber first.
        watcher: The subscriber.
        places: Where the nodes are.

    Returns:
        Sender and receiver of each hop, in the order given; None where nothing binds a node.
    """
    behind = places.before.behind(hops)
    if watcher.role is Role.UE and len(behind) < len(hops):
        between: list[Pair] = [
            (Role.UE if hop.depth == 1 else Role.ADAPTER, Role.ADAPTER) for hop in hops[: len(hops) - len(behind)]
        ]
        bound = bind_subscribe(behind, watcher, places) if behind else []
        return between + [(Role.ADAPTER if sender is Role.UE else sender, receiver) for sender, receiver in bound]
    names: dict[int, Role | None] = {0: watcher.role}
    first = 1
    if watcher.role is Role.UE:
        names[1] = places.pcscf(watcher.pcscf)
        first = 2
    for hop in hops:
        if hop.depth >= first:
            names[hop.depth] = places.node(hop.transaction.destination.address)
    last = hops[-1]
    if last.depth >= first and names[last.depth] is None:
        names[last.depth] = _last(last, places)
    return [(names.get(hop.depth - 1), names.get(hop.depth)) for hop in hops]


def _last(hop: RawHop, places: Places) -> Role:
    """Tell whether the last hop ends at the S-CSCF or, cut short, at the entry of the home network."""
    ends = hop.transaction.destination
    if (ends.address, ends.port) in places.notifiers or not places.notifiers:
        return Role.HOME_SCSCF
    routed = hop.request is not None and bool(hop.request.sip.all("Route"))
    return Role.HOME_SCSCF if routed or hop.depth > 1 else Role.HOME_ICSCF


def bind_notify(hops: Sequence[RawHop], watcher: Watcher, places: Places) -> list[Pair]:
    """Bind sender and receiver of each hop of a NOTIFY.

    Args:
        hops: One a depth, nearest to the S-CSCF first.
        watcher: The subscriber.
        places: Where the nodes are.

    Returns:
        Sender and receiver of each hop, in the order given; None where nothing binds a node.
    """
    names: dict[int, Role | None] = {0: Role.HOME_SCSCF}
    for hop in hops:
        names[hop.depth] = _receiver(hop.transaction.destination, hop is hops[-1], watcher, places)
    last = hops[-1].depth
    if names[last] is Role.UE and last > 1:
        names.setdefault(last - 1, places.pcscf(hops[-1].transaction.source.address))
    return [(names.get(hop.depth - 1), names.get(hop.depth)) for hop in hops]


def _receiver(ends: Endpoint, is_last: bool, watcher: Watcher, places: Places) -> Role | None:
    at = ends.address
    if watcher.role is Role.UE:
        # On one address for all, the last hop is the terminal's.
        if at == watcher.address and (is_last or at != watcher.pcscf):
            return Role.UE
        return places.pcscf(at) if at == watcher.pcscf or places.is_pcscf(at) else places.node(at)
    if at == watcher.address:
        return watcher.role
    return places.node(at)


def _origin(message: SipMessage) -> str:
    """Return the address that the lowest Via gives, empty where it is none."""
    vias = message.sip.values("Via")
    via = parse_via(vias[-1]) if vias else None
    if via is None:
        return ""
    found = via.params.get("received") or via.host
    return found if is_numeric(found) else ""
