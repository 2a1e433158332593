"""What 3GPP TS 24.229 asks of S-CSCFs whose user has services: INVITEs pass the application servers of the profile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from conformance.criteria.call import Call, UserProfile
from conformance.criteria.call_values import TS24229, cite_all, route_of
from conformance.criteria.filter_criteria import FilterCriteria, Occasion, read_profiles
from conformance.criteria.model import (
    Catalogue,
    Citation,
    Finding,
    failed,
    inconclusive,
    not_applicable,
    passed,
    unreached,
)
from conformance.criteria.procedure import Kind
from conformance.criteria.registration import Hop
from conformance.criteria.values import cite_avp, cite_request_uri, clip, same_host, same_identity
from conformance.criteria.xml_tree import NotReadError, NotWellFormedError
from conformance.trace.model import SipMessage
from conformance.trace.sip_values import parse_uri
from conformance.vocabulary.federation import NodeKind
from conformance.vocabulary.numbers import SessionCase
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity

CATALOGUE = Catalogue()
CALL = (Kind.CALL,)
VISITED = "the INVITE passes each application server of a criterion that matches it, in the order of their priority"
ROUTED = "Route towards an application server: the server, then the S-CSCF"


class _Visit(NamedTuple):
    """An INVITE that the S-CSCF sent to an application server."""

    sent: SipMessage
    back: SipMessage | None
    """The INVITE as the server sent it back."""

    @property
    def place(self) -> str:
        """The server, as the S-CSCF names it: where the INVITE was to go."""
        return next(iter(route_of(self.sent)), self.sent.sip.request_uri)


class _Side(NamedTuple):
    """One side of a call."""

    scscf: Role
    server: Role
    case: SessionCase


ORIGINATING = _Side(Role.ORIG_SCSCF, Role.ORIG_AS, SessionCase.ORIGINATING)
TERMINATING = _Side(Role.TERM_SCSCF, Role.TERM_AS, SessionCase.TERMINATING_REGISTERED)


@CATALOGUE.add(
    "CALL-41",
    "Before the caller's INVITE leaves his S-CSCF it passes the application servers that his profile names for it, in "
    "the order of their priority.",
    source=TS24229,
    node=Role.ORIG_SCSCF,
    points=(Point.ISC,),
    severity=Severity.DEGRADED,
    condition="the caller's user profile was seen on Cx and has filter criteria that match the INVITE",
    kinds=CALL,
)
def services_of_the_caller(call: Call) -> Finding:
    """3GPP TS 24.229 (procedures at the S-CSCF, requests of the served user); criteria are those of 29.228."""
    return _judge(call, ORIGINATING, call.caller_profile, call.subject)


@CATALOGUE.add(
    "CALL-42",
    "Before an INVITE leaves the callee's S-CSCF for his terminal it passes the application servers that his profile "
    "names for it, in the order of their priority.",
    source=TS24229,
    node=Role.TERM_SCSCF,
    points=(Point.ISC,),
    severity=Severity.DEGRADED,
    condition="the callee's user profile was seen on Cx and has filter criteria that match the INVITE",
    kinds=CALL,
)
def services_of_the_callee(call: Call) -> Finding:
    """3GPP TS 24.229 (procedures at the S-CSCF, requests to the served user); criteria are those of 29.228."""
    return _judge(call, TERMINATING, call.callee_profile, call.callee)


@CATALOGUE.add(
    "CALL-43",
    "Route of an INVITE to an application server names the server first and then the S-CSCF, to which the server sends "
    "it back.",
    source=TS24229,
    node=Role.ORIG_SCSCF,
    points=(Point.ISC,),
    condition="the INVITE was seen on its way from an S-CSCF to an application server",
    kinds=CALL,
)
def route_to_the_server(call: Call) -> Finding:
    """3GPP TS 24.229: by the original dialog identifier in its own entry the S-CSCF knows the INVITE again."""
    citations: list[Citation] = []
    for side in (ORIGINATING, TERMINATING):
        hosts = _hosts(call, side)
        for request in _to_servers(call, side):
            route, cited = route_of(request), cite_all(request, "Route")
            found = clip(", ".join(route)) or "no Route"
            first, own = (*map(parse_uri, route[:2]), None, None)[:2]
            if first is None or own is None:
                return failed(ROUTED, found, *cited, node=side.scscf)
            swapped = any(same_host(first.host, host) for host in hosts)
            if swapped and not any(same_host(own.host, host) for host in hosts):
                return failed(ROUTED, found, *cited, node=side.scscf)
            citations += cited
    if not citations:
        return not_applicable(ROUTED, "no INVITE to an application server was seen")
    return passed(ROUTED, ROUTED, *citations)


def _to_servers(call: Call, side: _Side) -> Iterator[SipMessage]:
    """Yield INVITEs to nodes that certainly are application servers: declared, or they send the INVITE back.

    Within one host nobody can tell a server from the next CSCF.
    """
    hops = call.invite.hops
    for place, hop in enumerate(hops):
        if hop.sender is not side.scscf or hop.receiver is not side.server or hop.request is None:
            continue
        sender, server = hop.request.source.address, hop.request.destination.address
        network = call.facts.network_of(server)
        declared = network is not None and NodeKind.AS in call.facts.node_at(server, network)
        if sender != server and (declared or _returns(hops[place + 1 : place + 2], side, sender)):
            yield hop.request


def _returns(following: Sequence[Hop], side: _Side, scscf: str) -> bool:
    """Tell whether the hop behind one to an application server leads back to the S-CSCF, at the address it had."""
    return any(
        hop.sender is side.server and hop.receiver is side.scscf and hop.request.destination.address == scscf
        for hop in following
        if hop.request is not None
    )


def _hosts(call: Call, side: _Side) -> set[str]:
    """Return the hosts that are the S-CSCF: what it calls itself in Record-Route, and its addresses."""
    found = {end.address for end in call.roles.get(side.scscf, ())}
    if (named := call.network_named.get(side.scscf)) is not None:
        found.add(named)
    return found


def _judge(call: Call, side: _Side, profile: UserProfile | None, user: str) -> Finding:
    if profile is None:
        return not_applicable(VISITED, "no user profile was captured: nothing says which services there are")
    cited = cite_avp(profile.message, profile.data)
    try:
        profiles = read_profiles(profile.data.data)
    except (NotReadError, NotWellFormedError) as error:
        return inconclusive(VISITED, f"the user profile cannot be read: {error}", cited)
    criteria = next((p.criteria for p in profiles if any(same_identity(one, user) for one in p.identities)), ())
    got = call.into(side.scscf)
    request = call.invite.request if got is None else got.request
    ordered = sorted(criteria, key=lambda one: -1 if one.priority is None else one.priority)
    if request is None or not any(one.matches_of(Occasion(request, side.case)) for one in ordered):
        return not_applicable(VISITED, _NONE)
    if got is None or got.request is None:
        return unreached(VISITED, "no INVITE to the S-CSCF was captured")
    if got.depth == 1 or got.sender is None:
        # Perhaps from a server that makes a call of its own (a back-to-back user agent): then all is done already.
        return inconclusive(VISITED, "what was before the S-CSCF was not captured")
    return _Way(call, side, got.request, cited).judge(ordered)


_NONE = "the user profile has no filter criteria that certainly match this INVITE"


@dataclass(frozen=True, slots=True)
class _Way:
    """The way of an INVITE between an S-CSCF and the application servers of its user."""

    call: Call
    side: _Side
    got: SipMessage
    """The INVITE as the S-CSCF got it first."""
    profile: Citation

    def judge(self, criteria: Sequence[FilterCriteria]) -> Finding:
        """Follow the criteria in their order, and the visits beside them."""
        visits, tried = list(self._visits()), list(self._tried())
        left = self.call.out_of(self.side.scscf)
        now, citations = self.got, [self.profile]
        for criterion in criteria:
            matches = criterion.matches_of(Occasion(now, self.side.case))
            if matches is False:
                continue
            if visits and same_place(visits[0].place, criterion.server):
                visit = visits.pop(0)
                citations.append(cite_request_uri(visit.sent))
                if visit.back is None:
                    break  # the server answered itself, or how the INVITE went on was not captured
                if self._is_retargeted(visit.back):
                    break
                now = visit.back
            elif matches and not any(same_place(place, criterion.server) for place in tried):
                return self._missing(criterion, visits, left, citations)
        if not citations[1:] and not tried:
            return not_applicable(VISITED, _NONE)
        return passed(VISITED, VISITED, *citations)

    def _visits(self) -> Iterator[_Visit]:
        hops = self.call.invite.hops
        for place, hop in enumerate(hops):
            if hop.sender is self.side.scscf and hop.receiver is self.side.server and hop.request is not None:
                after = hops[place + 1] if place + 1 < len(hops) else None
                follows = after is not None and after.sender is self.side.server and after.depth == hop.depth + 1
                yield _Visit(hop.request, after.request if follows and after is not None else None)

    def _tried(self) -> Iterator[str]:
        """Yield where INVITEs went that had no answer which the caller got: servers that are down."""
        for hop in self.call.branches:
            if hop.request is not None and hop.request.sip.method == "INVITE":
                yield next(iter(route_of(hop.request)), hop.request.sip.request_uri)

    def _is_retargeted(self, back: SipMessage) -> bool:
        """Tell whether a server has put somebody else in the place of the callee: then the callee's criteria end."""
        return self.side is TERMINATING and not same_identity(back.sip.request_uri, self.got.sip.request_uri)

    def _missing(
        self, criterion: FilterCriteria, visits: Sequence[_Visit], left: Hop | None, citations: Sequence[Citation]
    ) -> Finding:
        expected = f"INVITE to {clip(criterion.server, 60)}"
        if self.call.cancelled:
            return inconclusive(expected, "the caller gave up before it was answered", *citations)
        uri = parse_uri(criterion.server)
        if uri is None:
            return inconclusive(expected, "the profile names no URI that can be read", *citations)
        if any(same_host(uri.host, host) for host in _hosts(self.call, self.side)):
            return inconclusive(
                expected, "the application server lives in the S-CSCF, so nothing can be seen", *citations
            )
        if not self.call.is_complete or any(hop.request is None for hop in self.call.invite.hops):
            return inconclusive(expected, "not every hop of the INVITE was captured", *citations)
        if visits:
            # Names may differ; that it is another server of the profile is certain.
            other = visits[0]
            found = f"INVITE to {clip(other.place, 60)} first"
            if not self._is_named(other):
                return inconclusive(expected, f"{found}, which the profile does not name", *citations)
            return failed(expected, found, self.profile, cite_request_uri(other.sent))
        if left is None or left.request is None:
            return unreached(expected, "the INVITE was not seen to leave the S-CSCF")
        found = f"INVITE to {clip(next(iter(route_of(left.request)), left.request.sip.request_uri), 60)}"
        return failed(expected, found, self.profile, cite_request_uri(left.request), by_absence=True)

    def _is_named(self, visit: _Visit) -> bool:
        profiles = self.call.caller_profile if self.side is ORIGINATING else self.call.callee_profile
        return profiles is not None and any(
            same_place(visit.place, one.server)
            for profile in read_profiles(profiles.data.data)
            for one in profile.criteria
        )


def same_place(one: str, other: str) -> bool:
    """Tell whether two URIs lead to one server, whatever parameters they have."""
    a, b = parse_uri(one), parse_uri(other)
    if a is None or b is None:
        return False
    return same_host(a.host, b.host) and a.user == b.user and (a.port or 5060) == (b.port or 5060)
