"""Finds the REGISTERs that an S-CSCF sends to application servers, and whose registration they tell of.

They look like REGISTERs of a terminal: one Via, and To names the user. Such a REGISTER is no attempt of anybody; it
belongs to the registration that set it off (3GPP TS 24.229 5.4.1.7).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

from conformance.criteria.filter_criteria import FilterCriteria, read_profiles
from conformance.criteria.values import address, addresses, every, same_host, same_identity, same_uri
from conformance.criteria.xml_tree import NotReadError, NotWellFormedError
from conformance.judgement.hops import RawHop
from conformance.judgement.surroundings import Surroundings
from conformance.trace.correlate import Transaction
from conformance.trace.model import DiameterAvp, DiameterMessage
from conformance.trace.sip_values import parse_uri
from conformance.vocabulary.numbers import Avp
from conformance.vocabulary.points import Point

if TYPE_CHECKING:
    from conformance.judgement.attempts import Segment, Try


def canonical(uri: str) -> str:
    """Return a public user identity in a form that can be looked up (RFC 3261 10.3 step 5)."""
    parsed = parse_uri(uri)
    if parsed is None or not parsed.host:
        return uri.partition(";")[0]
    return f"{parsed.scheme}:{unquote(parsed.user)}@{parsed.host.lower()}"


class ThirdParty:
    """Tells REGISTERs of S-CSCFs to application servers from those of terminals.

    Args:
        around: What is known of the whole trace.
    """

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def sent(self, hop: RawHop) -> bool:
        """Tell whether a REGISTER is that of an S-CSCF to an application server.

        It was captured on ISC. Or it begins at a CSCF, and From names somebody else than To, or it goes to an
        application server by name. Or From names somebody else than To, and Contact is at home where From is: a
        terminal has an address of its own.
        """
        if hop.depth > 1:
            return False
        if any(sighting.point is Point.ISC for sighting in hop.any.sightings) or _is_servers(hop):
            return True
        source = hop.transaction.source.address
        if not (self._around.speakers.speaks(source) or source in self._around.relays):
            return False
        sender, target = address(hop.any, "From"), address(hop.any, "To")
        if sender and target and not same_identity(sender.name_addr.uri, target.name_addr.uri):
            return True
        request = hop.request
        return request is not None and any(
            same_uri(request.sip.request_uri, server) for server in self._around.once(application_servers)
        )


def _is_servers(hop: RawHop) -> bool:
    """Tell whether a REGISTER is sent by a server in its own name, whatever else of it was captured."""
    sender, target, contact = (address(hop.any, name) for name in ("From", "To", "Contact"))
    if sender is None or target is None or contact is None or sender.uri is None or contact.uri is None:
        return False
    is_other = not same_identity(sender.name_addr.uri, target.name_addr.uri)
    return is_other and bool(sender.uri.host) and same_host(sender.uri.host, contact.uri.host)


def application_servers(around: Surroundings) -> tuple[str, ...]:
    """Return the application servers that user profiles of a trace name."""
    data = {avp.data for transaction in around.diameter for avp in _user_data(transaction)}
    return tuple({criteria.server for one in data for criteria in _criteria(one)})


def _user_data(transaction: Transaction) -> Iterator[DiameterAvp]:
    if transaction.method == "SAR" and isinstance(transaction.final, DiameterMessage):
        yield from every(transaction.final, Avp.USER_DATA)


def _criteria(user_data: bytes) -> Iterator[FilterCriteria]:
    try:
        profiles = read_profiles(user_data)
    except (NotReadError, NotWellFormedError):
        return  # the criterion that needs the profile says what is wrong with it
    for profile in profiles:
        yield from profile.criteria


def belonging(hops: Iterable[RawHop], procedures: Iterable[Segment]) -> dict[int, list[RawHop]]:
    """Give each REGISTER to an application server to the procedure of the user that the S-CSCF accepted last.

    Args:
        hops: REGISTERs to application servers.
        procedures: Those of terminals, a procedure behind the one that it refreshes.

    Returns:
        REGISTERs by the `id` of the procedure, in time order. Those of users who did not register in the trace are in
        none of them.
    """
    waiting = sorted(hops, key=lambda hop: hop.transaction.time_ns)
    if not waiting:
        return {}
    names: dict[int, frozenset[str]] = {}
    accepted: dict[str, list[tuple[int, int]]] = {}
    for procedure in procedures:
        known = frozenset() if procedure.before is None else names.get(id(procedure.before), frozenset())
        done = next((one for one in procedure.attempts if one.status is not None and 200 <= one.status < 300), None)
        names[id(procedure)] = known if done is None else known | _identities(done)
        if done is not None:
            for name in names[id(procedure)]:
                accepted.setdefault(name, []).append((done.chain[-1].transaction.time_ns, id(procedure)))
    for some in accepted.values():
        some.sort()
    found: dict[int, list[RawHop]] = {}
    for hop in waiting:
        target = address(hop.any, "To")
        some = accepted.get("" if target is None else canonical(target.name_addr.uri), [])
        place = bisect_right(some, hop.transaction.time_ns, key=lambda one: one[0])
        if place:
            found.setdefault(some[place - 1][1], []).append(hop)
    return found


def _identities(accepted: Try) -> frozenset[str]:
    """Return the identities that a REGISTER registered: that of To, and those that the 200 brings with it."""
    answers = [hop.final for hop in accepted.chain if hop.final is not None]
    implicit = (one.name_addr.uri for answer in answers for one in addresses(answer, "P-Associated-URI"))
    return frozenset({accepted.user, *map(canonical, implicit)})
