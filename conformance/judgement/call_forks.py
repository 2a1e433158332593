"""Which branches of an INVITE are forks: sent to another contact of the callee beside the one that the call took.

A proxy that forks sends one INVITE on as several, each to a Request-URI of its own (RFC 3261 16.5, 16.6). A further try
for the same Request-URI, at another server of the same name say, is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from conformance.criteria.values import same_uri
from conformance.judgement.hops import RawHop

Vias = tuple[str, ...]


@dataclass(eq=False)
class RawFork:
    """One branch, hops in order from the node that forks; its ends have no roles yet."""

    parent: RawHop
    """The hop of the call's own way that reaches the node."""
    hops: list[RawHop]
    cancels: list[RawHop] = field(default_factory=list)
    acks: list[RawHop] = field(default_factory=list)
    """ACKs of a refusal; those of a 2xx are requests of a dialog."""

    @property
    def tags(self) -> frozenset[str]:
        """To tags of the answers on its last hop."""
        return frozenset(self.hops[-1].tags)


def find_forks(taken: Sequence[RawHop], apart: Sequence[RawHop], vias: Mapping[int, Vias]) -> list[RawFork]:
    """Return the forks among the hops of an INVITE that lie on no way to the answer.

    Args:
        taken: Hops of the call's own way, in order.
        apart: The others.
        vias: What names the Via elements of each hop, by its `id`.
    """
    found = []
    for root in apart:
        above = [hop for hop in (*taken, *apart) if _lies_behind(root, hop, vias)]
        parent = max(above, key=lambda hop: len(vias[id(hop)]), default=None)
        if parent is None or not any(parent is hop for hop in taken):
            continue
        beside = next((hop for hop in taken if _lies_behind(hop, parent, vias)), None)
        if beside is None or beside.request is None or root.request is None:
            continue
        if same_uri(beside.request.sip.request_uri, root.request.sip.request_uri):
            continue
        below = [hop for hop in apart if hop is root or _lies_behind(hop, root, vias)]
        shift = parent.depth - len(vias[id(parent)])  # where a node before it began the Via list anew
        found.append(RawFork(parent, [RawHop(hop.transaction, hop.depth + shift) for hop in _deepest(below, vias)]))
    return found


def _lies_behind(hop: RawHop, before: RawHop, vias: Mapping[int, Vias]) -> bool:
    own, theirs = vias[id(hop)], vias[id(before)]
    return 0 < len(theirs) < len(own) and own[len(own) - len(theirs) :] == theirs


def _deepest(hops: Sequence[RawHop], vias: Mapping[int, Vias]) -> list[RawHop]:
    """Return the way from the first of some hops to the last one that was answered, or reached."""
    leaf = max(hops, key=lambda hop: (hop.final is not None, len(vias[id(hop)]), hop.transaction.time_ns))
    way = [hop for hop in hops if hop is leaf or _lies_behind(leaf, hop, vias)]
    return sorted(way, key=lambda hop: len(vias[id(hop)]))
