"""What registrations tell of the parties of a call: their REGISTERs, and which node is what."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from conformance.criteria.call import DialogRequest
from conformance.criteria.subscription import Accepted
from conformance.criteria.values import addresses, same_contact
from conformance.judgement.proxies_before import proxies_before, whole_tries
from conformance.judgement.roles import Declared, bind
from conformance.judgement.subscriptions import accepted
from conformance.judgement.surroundings import Surroundings
from conformance.judgement.third_party import canonical
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
    at_place: dict[tuple[str, int], dict[str, str]]
    """Contacts that were asked for, by the address and port that they name: as in `by_contact`, and as written."""
    kinds: dict[tuple[str, int], frozenset[NodeKind]]
    terminals: frozenset[str]


def registered_in(around: Surroundings) -> Registered:
    """Return what the whole trace shows."""
    tries = around.once(whole_tries)
    before = proxies_before(around, Declared(None))
    kinds: dict[tuple[str, int], set[NodeKind]] = {}
    terminals: set[str] = set()
    nodes: set[str] = set()
    for one in tries:
        nodes.update(hop.transaction.destination.address for hop in one.chain)
        terminals.update(hop.transaction.source.address for hop in one.chain if hop.depth == 1)
        hops = before.behind(one.chain)
        for hop, (_, receiver) in zip(hops, bind(hops, around.speakers, Declared(None), None), strict=True):
            end = hop.transaction.destination
            if receiver in _KINDS:
                kinds.setdefault((end.address, end.port), set()).add(_KINDS[receiver])
    found = [accepted(one) for one in tries if one.status is not None and 200 <= one.status < 300]
    by_contact: dict[str, list[Accepted]] = {}
    by_identity: dict[str, list[Accepted]] = {}
    at_place: dict[tuple[str, int], dict[str, str]] = {}
    for register in sorted(found, key=lambda one: one.end_ns):
        for uri in dict.fromkeys(map(canonical, register.contacts)):
            by_contact.setdefault(uri, []).append(register)
        for uri in register.asked or register.contacts:
            if (parsed := parse_uri(uri)) is not None:
                at_place.setdefault((parsed.host, parsed.port or SIP_PORT), {})[canonical(uri)] = uri
        for uri in dict.fromkeys(map(canonical, (register.identity, *register.associated))):
            by_identity.setdefault(uri, []).append(register)
    return Registered(
        by_contact,
        by_identity,
        at_place,
        {end: frozenset(some) for end, some in kinds.items()},
        frozenset(terminals - nodes),
    )


def register_of(request: SipMessage, registered: Registered) -> Accepted | None:
    """Return the REGISTER of the terminal that sends a request.

    Its Contact tells. Where it has none, as MESSAGE, it is that of the one contact at the place that it comes from.
    """
    uris = [contact.name_addr.uri for contact in addresses(request, "Contact")]
    if request.sip.first("Contact") is None:
        there = registered.at_place.get((request.source.address, request.source.port), {})
        uris = [*there.values()] if len(there) == 1 else []
    for uri in uris:
        found = last_of(registered.by_contact.get(canonical(uri), []), uri, request.time_ns)
        if found is not None:
            return found
    return None


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
