"""The SIP proxies between terminals and P-CSCFs that a whole trace shows: known for what is no REGISTER, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from conformance.judgement.access_proxies import access_proxies, first_node, peeled
from conformance.judgement.attempts import Try, find_tries
from conformance.judgement.hops import RawHop
from conformance.judgement.roles import Declared, bind
from conformance.judgement.surroundings import Surroundings
from conformance.trace.correlate import correlate
from conformance.vocabulary.federation import NodeKind
from conformance.vocabulary.roles import Role


@dataclass(frozen=True, slots=True)
class ProxiesBefore:
    """Who stands before a P-CSCF, and is nothing else: declared, or found in registrations."""

    declared: Declared
    found: frozenset[str]

    def __contains__(self, address: object) -> bool:
        """Tell whether an address is that of such a proxy."""
        kinds = self.declared.kinds(address) if isinstance(address, str) else frozenset()
        return kinds == {NodeKind.ADAPTER} or (not kinds and address in self.found)

    def behind(self, hops: Sequence[RawHop]) -> list[RawHop]:
        """Return the hops of a request of a terminal from the last of them on, as if the terminal were there."""
        rest = list(hops)
        while rest and first_node(rest) in self:
            rest = peeled(rest)
        return rest


def proxies_before(around: Surroundings, declared: Declared) -> ProxiesBefore:
    """Return the proxies of a whole trace."""
    return ProxiesBefore(declared, around.once(_found))


def whole_tries(around: Surroundings) -> Sequence[Try]:
    """Return the REGISTERs of terminals of a whole trace; use `Surroundings.once`."""
    return find_tries(correlate(around.trace), around)


def _found(around: Surroundings) -> frozenset[str]:
    nobody = Declared(None)
    calls: dict[str, list[list[RawHop]]] = {}
    for one in around.once(whole_tries):
        calls.setdefault(one.call_id, []).append(one.chain)
    found: set[str] = set()
    others: set[str] = set()
    for chains in calls.values():
        levels = access_proxies(chains, nobody)
        found.update(*levels)
        for hops in chains:
            for hop, pair in zip(hops, bind(hops, around.speakers, nobody, None, levels), strict=True):
                ends = (hop.transaction.source, hop.transaction.destination)
                others |= {end.address for end, role in zip(ends, pair, strict=True) if role is not Role.ADAPTER}
    return frozenset(found - others)
