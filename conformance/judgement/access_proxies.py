"""Who stands between a terminal and its P-CSCF: an adapter, a border of the access network, any SIP proxy.

A federation declares it, or declares the P-CSCF behind it. Undeclared it is told by what each node adds to a REGISTER:
what a P-CSCF alone does (3GPP TS 24.229 5.2.2.1: P-Visited-Network-ID, the mark of integrity; a charging vector) is not
done by the first node and is done by the second. Path alone does not tell: a P-CSCF may forget it, and an IBCF behind
it or a border before it may add one of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from conformance.criteria.values import authorization, same_uri
from conformance.judgement.hops import RawHop
from conformance.trace.model import SipMessage
from conformance.vocabulary.federation import NodeKind

if TYPE_CHECKING:
    from conformance.judgement.roles import Declared  # which itself asks for `peeled`

PATH, NETWORK, CHARGING, INTEGRITY = "Path", "P-Visited-Network-ID", "P-Charging-Vector", "integrity-protected"
_OWN = frozenset({NETWORK, INTEGRITY})
"""What nobody but a P-CSCF adds; an IBCF may bring a charging vector and a Path (3GPP TS 24.229 5.10)."""
_MOST = 4
"""Nodes before a P-CSCF that are looked for."""


def access_proxies(chains: Sequence[Sequence[RawHop]], declared: Declared) -> list[frozenset[str]]:
    """Find the nodes between terminal and P-CSCF of one procedure.

    Args:
        chains: Hops of each attempt, from `chain`: what one attempt shows holds for all.
        declared: Nodes of the federation.

    Returns:
        Addresses of the first node, the second one, ... that are no P-CSCF; nothing where the first one is.
    """
    found: list[frozenset[str]] = []
    rest = [hops for hops in chains if hops]
    while rest and len(found) < _MOST:
        told = [(first_node(hops), _stands_before(hops, declared)) for hops in rest]
        no = {address for address, between in told if between is False}
        yes = frozenset(address for address, between in told if between and address is not None) - no
        if not yes:
            break
        found.append(yes)
        rest = [peeled(hops) for hops in rest if first_node(hops) in yes]
        rest = [hops for hops in rest if hops]
    return found


def first_node(hops: Sequence[RawHop]) -> str | None:
    """Return the address of the node that a terminal asks; None where that was not captured."""
    for hop in hops:
        if hop.depth == 1:
            return hop.transaction.destination.address
        if hop.depth == 2:
            return hop.transaction.source.address
    return None


def peeled(hops: Sequence[RawHop]) -> list[RawHop]:
    """Return the hops behind the first node, as if the terminal were there."""
    return [RawHop(hop.transaction, hop.depth - 1) for hop in hops if hop.depth > 1]


def _stands_before(hops: Sequence[RawHop], declared: Declared) -> bool | None:
    """Tell whether the first node stands before the P-CSCF; None where nothing says it."""
    node, behind = first_node(hops), first_node(peeled(hops))
    if node is None:
        return None
    kinds = declared.kinds(node)
    if kinds and kinds != {NodeKind.ADAPTER, NodeKind.PCSCF}:
        return kinds == {NodeKind.ADAPTER}
    if not kinds and behind is not None and behind != node and declared.kinds(behind) == {NodeKind.PCSCF}:
        return True
    return _by_deeds({hop.depth: hop for hop in hops})


def _by_deeds(hops: dict[int, RawHop]) -> bool | None:
    before, between, after = (None if (hop := hops.get(depth)) is None else hop.request for depth in (1, 2, 3))
    if between is None:
        return None
    first = _added(before, between)
    if first - {PATH}:
        return False
    if after is None:
        return True if not first and _brings_path(hops[2]) else None
    if not same_uri(between.sip.request_uri, after.sip.request_uri):
        return None  # who names the S-CSCF is the I-CSCF
    second = _added(between, after)
    return True if second & _OWN or (not first and PATH in second) else None


def _added(before: SipMessage | None, after: SipMessage) -> frozenset[str]:
    """Return what a node did that a P-CSCF does; all that is there where it was not captured what it got."""
    return frozenset(_marks(after)) - frozenset(() if before is None else _marks(before)) | _longer(before, after)


def _marks(request: SipMessage) -> Iterator[str]:
    yield from (name for name in (NETWORK, CHARGING) if request.sip.first(name) is not None)
    digest = authorization(request)
    if digest is not None and digest.credentials.get(INTEGRITY) is not None:
        yield INTEGRITY


def _longer(before: SipMessage | None, after: SipMessage) -> frozenset[str]:
    count = 0 if before is None else len(before.sip.values(PATH))
    return frozenset({PATH} if len(after.sip.values(PATH)) > count else ())


def _brings_path(hop: RawHop) -> bool:
    """Tell whether an answer repeats a Path that the request did not have yet: somebody behind has added it."""
    return hop.request is not None and hop.final is not None and PATH in _longer(hop.request, hop.final)
