"""What 3GPP TS 24.229 asks of an S-CSCF when a user registers or leaves: it tells application servers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from conformance.criteria.filter_criteria import ServiceProfile, read_profiles
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
from conformance.criteria.registration import Attempt, Registration
from conformance.criteria.scheme import may_be_refresh
from conformance.criteria.ts24229_event import WAIT_NS
from conformance.criteria.ts24229_scscf import NOT_REACHED
from conformance.criteria.ts24229_ue import TS24229
from conformance.criteria.values import (
    address,
    addresses,
    asked_expiry,
    avp,
    cite_address,
    cite_avp,
    cite_header,
    cite_missing,
    cite_request_uri,
    clip,
    same_contact,
    same_host,
    same_identity,
    same_uri,
    seconds,
    text,
)
from conformance.criteria.xml_tree import NotReadError, NotWellFormedError
from conformance.trace.model import DiameterAvp, DiameterMessage, SipMessage
from conformance.trace.sip_values import parse_uri
from conformance.vocabulary.federation import NodeKind
from conformance.vocabulary.numbers import Avp, RegistrationType
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity, Verdict

CATALOGUE = Catalogue()
EXPECTED = "a REGISTER of the S-CSCF to each application server that the user profile names for it"
_TYPES = {
    Kind.REGISTRATION: RegistrationType.INITIAL_REGISTRATION,
    Kind.REREGISTRATION: RegistrationType.RE_REGISTRATION,
    Kind.DEREGISTRATION: RegistrationType.DE_REGISTRATION,
}


@CATALOGUE.add(
    "REG-43",
    "The S-CSCF tells each application server that the user profile names who is registered: From and Contact are the "
    "S-CSCF, To is the user, and the time is what was granted.",
    source=(TS24229, "5.4.1.7"),
    node=Role.HOME_SCSCF,
    points=(Point.ISC,),
    severity=Severity.DEGRADED,
    condition="the user profile has filter criteria that match a REGISTER of this type",
    since=5,
)
def third_party_register(registration: Registration) -> Finding:
    """3GPP TS 24.229 5.4.1.7; filter criteria are those of 3GPP TS 29.228."""
    if registration.accepted is None:
        # That nobody is told of a refusal needs no capture at ISC.
        refused = registration.ended
        return unreached(EXPECTED, NOT_REACHED) if refused is None else not_applicable(EXPECTED, refused)
    if registration.kind is Kind.DEREGISTRATION and _granted(registration):
        return not_applicable(EXPECTED, "other contacts of the user stay registered")
    source = _user_data(registration)
    if source is None:
        if not registration.sees(Point.CX):
            return inconclusive(EXPECTED, "Cx not captured: nothing says which application servers are to be told")
        return inconclusive(EXPECTED, "no user profile was captured: nothing says whom it names")
    message, data = source
    try:
        profiles = read_profiles(data.data)
    except (NotReadError, NotWellFormedError) as error:
        return inconclusive(EXPECTED, f"the user profile cannot be read: {error}", cite_avp(message, data))
    servers = _servers(registration, profiles)
    if not any(servers.values()):
        return not_applicable(EXPECTED, _nobody(registration))
    cited = cite_avp(message, data)
    told = _Told(registration, profiles)
    findings = [told.judge(server, cited) for server, sure in servers.items() if sure]
    order = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)
    return min(findings, key=lambda finding: order.index(finding.verdict))


def _user_data(registration: Registration) -> tuple[DiameterMessage, DiameterAvp] | None:
    """Return the newest user profile that the S-CSCF got: of this procedure, else of the ones before it."""
    one: Registration | None = registration
    while one is not None:
        for attempt in reversed(one.attempts):
            for exchange in reversed(attempt.all("SAR")):
                found = avp(exchange.answer, Avp.USER_DATA)
                if exchange.answer is not None and found is not None:
                    return exchange.answer, found
        one = one.before
    return None


def _servers(registration: Registration, profiles: tuple[ServiceProfile, ...]) -> dict[str, bool]:
    """Return application servers, each with whether it must be told; what cannot be told for sure is False."""
    kinds = {_TYPES[registration.kind]}
    if registration.kind is Kind.REGISTRATION and may_be_refresh(registration):
        kinds.add(RegistrationType.RE_REGISTRATION)
    own = [p for p in profiles if any(same_identity(i, registration.subject) for i in p.identities)]
    found: dict[str, bool] = {}
    for profile in profiles:
        for criteria in profile.criteria:
            sure = profile in own and all(criteria.matches(kind) for kind in kinds)
            found[criteria.server] = found.get(criteria.server, False) or (
                sure and parse_uri(criteria.server) is not None
            )
    return found


def _answered_ns(accepted: Attempt) -> int:
    """Return when the terminal was answered, nanoseconds since 1970."""
    return max((hop.response.time_ns for hop in accepted.hops if hop.response is not None), default=accepted.start_ns)


def _nobody(registration: Registration) -> str:
    network = registration.facts.home_network
    why = f"the user profile names no application server for a {registration.kind}"
    if network is None or NodeKind.AS in network.nodes:
        return why
    return f"{why}; testbeds.{network.name}.nodes.as would declare one"


def _granted(registration: Registration) -> list[int]:
    """Return the seconds that the 200 of the S-CSCF grants to contacts."""
    accepted = registration.accepted
    answers = () if accepted is None else [hop.response for hop in accepted.hops if hop.response is not None]
    for answer in reversed(answers):
        whole = answer.sip.first("Expires")
        default = None if whole is None else seconds(whole.value)
        times = [seconds(one.name_addr.params.get("expires")) for one in addresses(answer, "Contact")]
        return [found for time in times if (found := default if time is None else time)]
    return []


@dataclass(frozen=True, slots=True)
class _Told:
    """Judges what application servers were told of one procedure."""

    registration: Registration
    profiles: tuple[ServiceProfile, ...]

    def judge(self, server: str, profile: Citation) -> Finding:
        """Judge what one application server was told; `profile` cites where it is named."""
        requests = [hop.request for hop in self.registration.third_party if hop.request is not None]
        mine = [request for request in requests if same_uri(request.sip.request_uri, server)]
        if mine:
            # Later ones tell of what happened later: that the network ended the registration, say.
            return self._judge_request(mine[0], server)
        expected = f"REGISTER {clip(server, 60)}"
        known = {one.server for p in self.profiles for one in p.criteria}
        others = [one for one in requests if not any(same_uri(one.sip.request_uri, other) for other in known)]
        if others:
            found = f"REGISTER {clip(others[0].sip.request_uri, 60)}"
            return failed(expected, found, profile, cite_request_uri(others[0]))
        if len(requests) < len(self.registration.third_party):
            return inconclusive(
                expected, "of a REGISTER to an application server only the answer was captured", profile
            )
        uri = parse_uri(server)
        if uri is not None and any(same_host(uri.host, host) for host in self._scscf_hosts()):
            return inconclusive(expected, "the application server lives in the S-CSCF, so nothing can be seen", profile)
        accepted = self.registration.accepted
        if accepted is None or self.registration.end_ns < _answered_ns(accepted) + WAIT_NS:
            return inconclusive(
                expected, "no REGISTER to it so far: the capture ended too soon behind the 200", profile
            )
        return failed(expected, "no REGISTER to it", profile, by_absence=True)

    def _judge_request(self, request: SipMessage, server: str) -> Finding:
        checks = (
            self._scscf(request, "From"),
            self._user(request),
            self._scscf(request, "Contact"),
            self._time(request),
        )
        cited: list[Citation] = [cite_request_uri(request)]
        for check in checks:
            if isinstance(check, Finding):
                return check
            cited += check
        user = address(request, "To")
        shown = "" if user is None else clip(user.name_addr.uri, 60)
        return passed(EXPECTED, f"{clip(server, 60)} was told of {shown}", *cited)

    def _scscf(self, request: SipMessage, name: str) -> Finding | list[Citation]:
        """Check that a header names the S-CSCF. Only what is certainly somebody else is accused."""
        expected = f"the S-CSCF in {name}"
        found = address(request, name)
        if found is None:
            return failed(expected, f"no {name} that can be read", cite_missing(request, name))
        cited = cite_address(request, name, found)
        uri, shown = found.name_addr.uri, clip(found.name_addr.uri)
        hosts = self._scscf_hosts()
        if self._is_users(uri) or self._is_terminals(uri):
            return failed(expected, shown, cited)
        if found.uri is None or not any(same_host(found.uri.host, host) for host in hosts):
            return inconclusive(expected, f"{shown}: nothing that was seen says that this is the S-CSCF", cited)
        return [cited]

    def _user(self, request: SipMessage) -> Finding | list[Citation]:
        expected = "an identity of the user in To"
        found = address(request, "To")
        if found is None:
            return failed(expected, "no To that can be read", cite_missing(request, "To"))
        cited = cite_address(request, "To", found)
        return [cited] if self._is_users(found.name_addr.uri) else failed(expected, clip(found.name_addr.uri), cited)

    def _time(self, request: SipMessage) -> Finding | list[Citation]:
        contact = address(request, "Contact")
        asked = None if contact is None else asked_expiry(request, contact)
        header = request.sip.first("Expires")
        cited = cite_missing(request, "Expires") if header is None else cite_header(request, header)
        shown = "no time" if asked is None else f"{asked} s"
        if self.registration.kind is Kind.DEREGISTRATION:
            return [cited] if asked == 0 else failed("0 s, as the user is no longer registered", shown, cited)
        granted = _granted(self.registration)
        if not granted:
            return []
        # Of several contacts each may have another time; which of them is told is the S-CSCF's choice. What is left of
        # a registration is counted in whole seconds, and one may end between the two messages.
        least = min(granted) - 1 if len(granted) == 1 else 0
        fits = asked is not None and asked > 0 and least <= asked <= max(granted) + 1
        return [cited] if fits else failed(f"{max(granted)} s as granted", shown, cited)

    def _is_users(self, uri: str) -> bool:
        identities = {self.registration.subject, *self.registration.facts.impus}
        identities |= {identity for profile in self.profiles for identity in profile.identities}
        return any(same_identity(uri, identity) for identity in identities)

    def _is_terminals(self, uri: str) -> bool:
        requests = (hop.request for attempt in self.registration.attempts for hop in attempt.hops)
        contacts = (one for request in requests if request is not None for one in addresses(request, "Contact"))
        return any(same_contact(uri, one.name_addr.uri) for one in contacts)

    def _scscf_hosts(self) -> list[str]:
        """Return the names and addresses by which the S-CSCF was seen."""
        return [*self._named_hosts(), *(end.address for end in self.registration.roles.get(Role.HOME_SCSCF, ()))]

    def _named_hosts(self) -> Iterator[str]:
        uris = []
        for attempt in self.registration.attempts:
            for command in ("MAR", "SAR"):
                uris += [text(avp(exchange.request, Avp.SERVER_NAME)) for exchange in attempt.all(command)]
            hop = attempt.to_scscf
            if hop is not None and hop.request is not None:
                uris.append(hop.request.sip.request_uri)
            if hop is not None and hop.response is not None:
                uris += [one.name_addr.uri for one in addresses(hop.response, "Service-Route")]
        for uri in filter(None, uris):
            parsed = parse_uri(uri)
            if parsed is not None and parsed.host:
                yield parsed.host
