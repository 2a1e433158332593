"""What registrations tell of the parties of a call: their REGISTERs, and which node is what."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from conformance.criteria.call import DialogRequest
from conformance.criteria.subscription import Accepted
from conformance.criteria.values import addresses, same_contact
from conformance.judgement.attempts import find_tries
from conformance.judgement.roles import Declared, bind
from conformance.judgement.subscriptions import accepted
from conformance.judgement.surroundings import Surroundings
from conformance.judgement.third_party import canonical
from conformance.trace.correlate import correlate
from conformance.trace.model import SipMessage
from conformance.trace.sip_values import parse_uri
from conformance.vocabulary.federation import NodeKind
from conformance.vocabulary.roles import Role

SIP_PORT = 5060
_KINDS = {
    Role.HOME_PCSCF: NodeKind.PCSCF,
    Role.VISITED_PCSCF: NodeKind.PCSCF,
    Role.HOME_ICSCF: NodeKind.ICSCF,
    Role.HOME_SCSCF: NodeKind.SCSCF,
}


@dataclass(frozen=True, slots=True)
class Registered:
    """What registrations and Cx of a whole trace show."""

    by_contact: dict[str, list[Accepted]]
    """REGISTERs that were accepted, in time order."""
    by_identity: dict[str, list[Accepted]]
    by_place: dict[tuple[str, int], list[Accepted]]
    """The same by the address and port that the contact names."""
    kinds: dict[tuple[str, int], frozenset[NodeKind]]
    terminals: frozenset[str]


def registered_in(around: Surroundings) -> Registered:
    """Return what the whole trace shows."""
    tries = find_tries(correlate(around.trace), around)
    kinds: dict[tuple[str, int], set[NodeKind]] = {}
    terminals: set[str] = set()
    nodes: set[str] = set()
    for one in tries:
        hops = one.chain
        for hop, (_, receiver) in zip(hops, bind(hops, around.speakers, Declared(None), None), strict=True):
            end = hop.transaction.destination
            nodes.add(end.address)
            if receiver in _KINDS:
                kinds.setdefault((end.address, end.port), set()).add(_KINDS[receiver])
            if hop.depth == 1:
                terminals.add(hop.transaction.source.address)
    found = [accepted(one) for one in tries if one.status is not None and 200 <= one.status < 300]
    by_contact: dict[str, list[Accepted]] = {}
    by_identity: dict[str, list[Accepted]] = {}
    by_place: dict[tuple[str, int], list[Accepted]] = {}
    for register in sorted(found, key=lambda one: one.end_ns):
        for uri in dict.fromkeys(map(canonical, register.contacts)):
            by_contact.setdefault(uri, []).append(register)
        for uri in register.asked or register.contacts:
            if (parsed := parse_uri(uri)) is not None:
                by_place.setdefault((parsed.host, parsed.port or SIP_PORT), []).append(register)
        for uri in dict.fromkeys(map(canonical, (register.identity, *register.associated))):
            by_identity.setdefault(uri, []).append(register)
    return Registered(
        by_contact,
        by_identity,
        by_place,
        {end: frozenset(some) for end, some in kinds.items()},
        frozenset(terminals - nodes),
    )


def register_of(request: SipMessage, registered: Registered) -> Accepted | None:
    """Return the REGISTER of the terminal that sends a request.

    Its Contact tells. Where it has none, as MESSAGE, it is that of the one contact at the place that it comes from.
    """
    for contact in addresses(request, "Contact"):
        known = registered.by_contact.get(canonical(contact.name_addr.uri), [])
        found = last_of(known, contact.name_addr.uri, request.time_ns)
        if found is not None:
            return found
    if request.sip.first("Contact") is not None:
        return None
    there = registered.by_place.get((request.source.address, request.source.port), [])
    uris = {canonical(uri): uri for one in there for uri in one.asked or one.contacts if _is_at(uri, request)}
    return last_of(there, next(iter(uris.values())), request.time_ns) if len(uris) == 1 else None


def _is_at(uri: str, request: SipMessage) -> bool:
    parsed = parse_uri(uri)
    return parsed is not None and (parsed.host, parsed.port or SIP_PORT) == (
        request.source.address,
        request.source.port,
    )


def register_reached(invite: DialogRequest, callee: str, registered: Registered) -> Accepted | None:
    """Return the REGISTER of the terminal that an INVITE reached, else the last one of who was dialled."""
    hop = invite.hop_to(Role.CALLEE)
    reached = None if hop is None or hop.request is None else hop.request.sip.request_uri
    if reached is not None:
        found = last_of(registered.by_contact.get(canonical(reached), []), reached, invite.time_ns)
        if found is not None:
            return found
    return last_of(registered.by_identity.get(canonical(callee), []), None, invite.time_ns)


def last_of(known: Sequence[Accepted], contact: str | None, time_ns: int) -> Accepted | None:
    """Return the last REGISTER before a time, of a contact where one is given; None where it ended what it was for.

    An answer lists the contacts of all devices of the user: what the REGISTER itself asked for comes first.
    """
    before = known[: bisect_left(known, time_ns, key=lambda one: one.end_ns)]
    living: dict[str, Accepted] = {}
    for one in before:
        uris = one.asked or one.contacts
        if contact is not None:
            if any(same_contact(contact, uri) for uri in uris):
                living = {contact: one}
            elif not living and any(same_contact(contact, uri) for uri in one.contacts):
                living = {"": one}
            continue
        for uri in map(canonical, uris):
            living.pop(uri, None)
            living[uri] = one
    return next((one for one in reversed(living.values()) if not one.removes), None)
