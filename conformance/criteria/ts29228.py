"""What 3GPP TS 29.228 and 29.229 ask of Cx in a registration: UAR, MAR, SAR and their answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

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
from conformance.criteria.registration import ONLY_ASKS, Attempt, Exchange, Registration
from conformance.criteria.scheme import may_be_refresh, uses_aka, vectors
from conformance.criteria.ts24229_icscf import assigned_scscf
from conformance.criteria.ts24229_pcscf import network_id
from conformance.criteria.values import (
    address,
    authorization,
    avp,
    cite_avp,
    cite_command,
    cite_no_avp,
    cite_request_uri,
    cite_value,
    clip,
    inner,
    is_numeric,
    number,
    result,
    same_host,
    same_identity,
    succeeded,
    text,
)
from conformance.trace.model import DiameterMessage, SipMessage
from conformance.trace.sip_values import SipUri, parse_uri
from conformance.vocabulary.numbers import (
    VENDOR_3GPP,
    Avp,
    DiameterResult,
    ServerAssignmentType,
    UserAuthorizationType,
)
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Level, Severity

CATALOGUE = Catalogue()
TS29228 = "3GPP TS 29.228"
CX = (Point.CX,)


def _wrong_identities(request: DiameterMessage, register: SipMessage | None) -> Finding | list[Citation]:
    """Compare User-Name and Public-Identity with the REGISTER that the query is for."""
    citations: list[Citation] = []
    for code, name in ((Avp.USER_NAME, "User-Name"), (Avp.PUBLIC_IDENTITY, "Public-Identity")):
        holder = avp(request, code)
        if holder is None:
            return failed(name, f"no {name}", cite_no_avp(request, name))
        shown = text(holder) or ""
        cited = cite_avp(request, holder, shown)
        wanted = None if register is None else _identity(register, code)
        if wanted is not None:
            same = shown == wanted if code is Avp.USER_NAME else same_identity(shown, wanted)
            if not same:
                return failed(f"{name} {clip(wanted)}", f"{name} {clip(shown)}", cited, compared=[register])
        citations.append(cited)
    return citations


def _identity(register: SipMessage, code: Avp) -> str | None:
    target = address(register, "To")
    if code is Avp.PUBLIC_IDENTITY:
        return None if target is None else target.name_addr.uri
    digest = authorization(register)
    username = None if digest is None else digest.value("username")
    if username:
        return username
    # 24.229 5.3.1.2: without credentials the private identity is the public one without scheme,
    # port and parameters.
    uri = None if target is None else parse_uri(target.name_addr.uri)
    return None if uri is None or not uri.user else f"{uri.user}@{uri.host}"


def _register(attempt: Attempt) -> SipMessage | None:
    """Return the REGISTER as a CSCF received it, or as near to that as was captured."""
    for hop in reversed(attempt.hops):
        if hop.request is not None:
            return hop.request
    return None


_Further = Callable[[DiameterMessage, Attempt], Finding | list[Citation]]
"""Checks what a query names beside user and identity."""


def _each_query(registration: Registration, command: str, further: _Further) -> Finding | list[Citation]:
    """Compare every query of a command with the REGISTER that it is for; the first that is wrong decides."""
    citations: list[Citation] = []
    for attempt in registration.attempts:
        for exchange in attempt.all(command):
            request = exchange.request
            if request is None:
                continue
            for compared in (_wrong_identities(request, _register(attempt)), further(request, attempt)):
                if isinstance(compared, Finding):
                    return compared
                citations += compared
    return citations


@CATALOGUE.add(
    "REG-22",
    "The UAR names the user, the identity and the visited network of the REGISTER.",
    source=(TS29228, None),
    node=Role.HOME_ICSCF,
    points=CX,
)
def uar(registration: Registration) -> Finding:
    """3GPP TS 29.228 user registration status query, 3GPP TS 24.229 5.3.1.2."""
    expected = "User-Name = digest username, Public-Identity = To, Visited-Network-Identifier = P-Visited-Network-ID"
    citations = _each_query(registration, "UAR", _wrong_network)
    if isinstance(citations, Finding):
        return citations
    if not citations:
        return unreached(expected, "no UAR was captured")
    return passed(expected, "all three as in the REGISTER", *citations)


def _wrong_network(request: DiameterMessage, attempt: Attempt) -> Finding | list[Citation]:
    name = "Visited-Network-Identifier"
    holder = avp(request, Avp.VISITED_NETWORK_IDENTIFIER)
    if holder is None:
        return failed(name, f"no {name}", cite_no_avp(request, name))
    shown = text(holder) or ""
    cited = cite_avp(request, holder, holder.data.hex(":"))
    hop = attempt.to_icscf or attempt.from_pcscf
    values = () if hop is None or hop.request is None else hop.request.sip.values("P-Visited-Network-ID")
    if hop is None or hop.request is None or not values:
        return [cited]
    names = [network_id(value.text) for value in values]
    if shown.lower() not in (n.lower() for n in names):
        header = cite_value(hop.request, "P-Visited-Network-ID", values[0])
        return failed(f"{name} {clip(names[0])}", f"{name} {clip(shown)}", cited, header)
    return [cited]


@CATALOGUE.add(
    "REG-23",
    "The UAA of a registration says in Experimental-Result whether it is the first or a subsequent one, and "
    "names the S-CSCF of a subsequent one.",
    source=(TS29228, None),
    node=Role.HOME_HSS,
    points=CX,
    condition="the HSS knows the user and lets it register",
    kinds=(Kind.REGISTRATION, Kind.REREGISTRATION),
)
def uaa(registration: Registration) -> Finding:
    """3GPP TS 29.228 user registration status query; result codes of 3GPP TS 29.229."""
    expected = "Experimental-Result 2001, or 2002 with Server-Name"
    citations: list[Citation] = []
    found: list[str] = []
    refused = False
    for exchange in (e for attempt in registration.attempts for e in attempt.all("UAR")):
        answer = exchange.answer
        if answer is None or not _is_registration(exchange):
            continue
        code, experimental = result(answer)
        if code is None:
            return failed(expected, "no result", cite_no_avp(answer, "Experimental-Result-Code"))
        if not succeeded(answer):
            refused = True
            continue
        if not experimental:
            holder = avp(answer, Avp.RESULT_CODE)
            cited = cite_command(answer) if holder is None else cite_avp(answer, holder, str(code))
            return failed(expected, f"Result-Code {code} instead of Experimental-Result", cited)
        group = avp(answer, Avp.EXPERIMENTAL_RESULT)
        vendor = number(inner(group, Avp.VENDOR_ID))
        holder = inner(group, Avp.EXPERIMENTAL_RESULT_CODE)
        if group is None or holder is None:
            continue
        cited = cite_avp(answer, holder, str(code))
        if vendor != VENDOR_3GPP:
            return failed("Vendor-Id 10415", f"Vendor-Id {vendor}", cited)
        server = avp(answer, Avp.SERVER_NAME)
        if code == DiameterResult.SUBSEQUENT_REGISTRATION and server is None:
            return failed(expected, "2002 without Server-Name", cited, cite_no_avp(answer, "Server-Name"))
        citations.append(cited)
        name = "" if server is None else f", Server-Name {clip(text(server) or '', 60)}"
        found.append(f"{code}{name}")
    if citations:
        return passed(expected, "; ".join(found), *citations)
    if refused:
        return not_applicable(expected, "the HSS refused the query")
    return unreached(expected, "no UAA was captured")


def _is_registration(exchange: Exchange) -> bool:
    asked = number(avp(exchange.request, Avp.USER_AUTHORIZATION_TYPE))
    return exchange.request is not None and asked in (None, UserAuthorizationType.REGISTRATION)


@CATALOGUE.add(
    "REG-26",
    "The MAR names the user, the identity, the S-CSCF and what vector it wants.",
    source=(TS29228, None),
    node=Role.HOME_SCSCF,
    points=CX,
)
def mar(registration: Registration) -> Finding:
    """3GPP TS 29.228 authentication procedure; the AVPs are those of 3GPP TS 29.229.

    The scheme `unknown` leaves the choice to the HSS; it conforms, too.
    """
    aka = uses_aka(registration)
    scheme = "Digest-AKAv1-MD5" if aka else "one of 3GPP TS 29.229"
    expected = f"User-Name, Public-Identity, Server-Name, SIP-Number-Auth-Items, scheme {scheme}"

    def further(request: DiameterMessage, attempt: Attempt) -> Finding | list[Citation]:
        found = _present(request, expected, _OF_MAR)
        if isinstance(found, Finding):
            return found
        item = inner(avp(request, Avp.SIP_AUTH_DATA_ITEM), Avp.SIP_AUTHENTICATION_SCHEME)
        if item is None:
            return failed(expected, "no SIP-Authentication-Scheme", found[-1])
        asked = text(item) or ""
        cited = cite_avp(request, item, asked)
        if aka and not asked.lower().startswith("digest-akav") and asked.lower() != "unknown":
            return failed(f"scheme {scheme}", f"scheme {clip(asked)}", cited)
        return [*found, cited]

    citations = _each_query(registration, "MAR", further)
    if isinstance(citations, Finding):
        return citations
    if not citations:
        return unreached(expected, "no MAR was captured")
    return passed(expected, "all of them", *citations)


_SERVER_NAME = (Avp.SERVER_NAME, "Server-Name")
_OF_MAR = (
    _SERVER_NAME,
    (Avp.SIP_NUMBER_AUTH_ITEMS, "3GPP-SIP-Number-Auth-Items"),
    (Avp.SIP_AUTH_DATA_ITEM, "3GPP-SIP-Auth-Data-Item"),
)


def _present(request: DiameterMessage, expected: str, wanted: Iterable[tuple[Avp, str]]) -> Finding | list[Citation]:
    """Cite AVPs that a query has to have, by Wireshark's names of them."""
    citations = []
    for code, name in wanted:
        holder = avp(request, code)
        if holder is None or not holder.data:
            cited = cite_no_avp(request, name) if holder is None else cite_avp(request, holder)
            return failed(expected, f"no {name}", cited)
        citations.append(cite_avp(request, holder))
    return citations


@CATALOGUE.add(
    "REG-27",
    "The MAA brings an AKA vector whose parts have their lengths.",
    source=(TS29228, None),
    node=Role.HOME_HSS,
    points=CX,
    condition="the network authenticates with AKA and the HSS knows the user",
)
def maa(registration: Registration) -> Finding:
    """3GPP TS 29.228 authentication procedure; lengths of 3GPP TS 33.102: RAND, AUTN, CK, IK 16, RES 4 to 16."""
    expected = "Result-Code 2001, SIP-Authenticate 32, SIP-Authorization 4 to 16, keys 16 octets"
    if uses_aka(registration) is False:
        return not_applicable(expected, "the network does not challenge with AKA")
    answers = [
        exchange.answer
        for attempt in registration.attempts
        for exchange in attempt.all("MAR")
        if exchange.answer is not None
    ]
    if not answers:
        return unreached(expected, "no MAA was captured")
    if not all(succeeded(answer) for answer in answers):
        return not_applicable(expected, f"the HSS answered {result(answers[0])[0]}")
    citations: list[Citation] = []
    sizes = ""
    for message, item in (v for attempt in registration.attempts for v in vectors(attempt)):
        parts = []
        for code, name, low, high, needed in _PARTS:
            holder = inner(item, code)
            if holder is None:
                if needed:
                    return failed(expected, f"no {name}", cite_avp(message, item), cite_no_avp(message, name))
                continue
            cited = cite_avp(message, holder)
            if not low <= len(holder.data) <= high:
                length = f"{low}" if low == high else f"{low} to {high}"
                return failed(f"{name} of {length} octets", f"{len(holder.data)} octets", cited)
            citations.append(cited)
            parts.append(f"{name} {len(holder.data)}")
        sizes = ", ".join(parts)
    if not citations:
        cited = cite_no_avp(answers[0], "3GPP-SIP-Auth-Data-Item")
        return failed(expected, "no SIP-Auth-Data-Item", cited)
    return passed(expected, sizes, *citations)


_PARTS = (
    (Avp.SIP_AUTHENTICATE, "3GPP-SIP-Authenticate", 32, 32, True),
    (Avp.SIP_AUTHORIZATION, "3GPP-SIP-Authorization", 4, 16, True),
    (Avp.CONFIDENTIALITY_KEY, "Confidentiality-Key", 16, 16, False),
    (Avp.INTEGRITY_KEY, "Integrity-Key", 16, 16, False),
)


@CATALOGUE.add(
    "REG-36",
    "The S-CSCF tells the HSS of the registration (SAR, REGISTRATION; RE_REGISTRATION where it is refreshed), and the "
    "SAA brings the user profile.",
    source=(TS29228, None),
    node=Role.HOME_SCSCF,
    points=CX,
    kinds=(Kind.REGISTRATION, Kind.REREGISTRATION),
)
def sar(registration: Registration) -> Finding:
    """3GPP TS 29.228 S-CSCF registration notification; Server-Assignment-Type of 3GPP TS 29.229."""
    expected = "SAR with Server-Assignment-Type REGISTRATION (1), SAA 2001 with User-Data"
    if registration.kind is Kind.REREGISTRATION:
        expected = "Server-Assignment-Type RE_REGISTRATION (2) in a SAR"
    accepted = registration.accepted
    if accepted is None:
        # A SAR of another type (AUTHENTICATION_FAILURE, ...) belongs to a registration that fails.
        return unreached(expected, "no 200 was seen: the registration did not get that far")
    if accepted.only_asks:
        return not_applicable(expected, ONLY_ASKS)
    exchanges = accepted.all("SAR")
    again = registration.kind is Kind.REREGISTRATION
    if not exchanges:
        if again:
            return not_applicable(expected, "the S-CSCF told the HSS nothing of the re-registration")
        if not any(attempt.all("MAR") or attempt.all("SAR") for attempt in registration.attempts):
            return inconclusive(expected, "no Cx of the S-CSCF was captured")
        hop = next((h for h in reversed(accepted.hops) if h.request is not None), None)
        cited = [] if hop is None or hop.request is None else [cite_request_uri(hop.request)]
        return failed(expected, "a 200 without SAR", *cited, by_absence=True)
    exchange = exchanges[0]
    request, answer = exchange.request, exchange.answer
    if request is None or answer is None:
        return inconclusive(expected, "SAR and SAA were not captured together")
    holder = avp(request, Avp.SERVER_ASSIGNMENT_TYPE)
    if holder is None:
        return failed(expected, "no Server-Assignment-Type", cite_no_avp(request, "Server-Assignment-Type"))
    shown = number(holder)
    cited_type = cite_avp(request, holder, str(shown))
    allowed = {ServerAssignmentType.RE_REGISTRATION if again else ServerAssignmentType.REGISTRATION}
    if not again and _known_before(registration):
        allowed.add(ServerAssignmentType.RE_REGISTRATION)
    if shown not in allowed:
        wanted = f"Server-Assignment-Type {min(allowed):d}"
        return failed(wanted, f"Server-Assignment-Type {shown}", cited_type)
    if not succeeded(answer):
        return not_applicable(expected, f"the HSS answered {result(answer)[0]}")
    available = number(avp(request, Avp.USER_DATA_ALREADY_AVAILABLE))
    profile = avp(answer, Avp.USER_DATA)
    if available == 1:
        return passed(expected, f"type {shown}; the S-CSCF has the profile already", cited_type)
    if again and profile is None:
        return passed(expected, f"type {shown}", cited_type)
    if profile is None or not profile.data:
        missing = cite_no_avp(answer, "Cx-User-Data") if profile is None else cite_avp(answer, profile)
        return failed("User-Data in the SAA", "none", missing, node=Role.HOME_HSS)
    found = f"type {shown}, User-Data of {len(profile.data)} octets"
    return passed(expected, found, cited_type, cite_avp(answer, profile))


def _known_before(registration: Registration) -> bool:
    """Tell whether the identity may have been registered already when the S-CSCF sent the SAR.

    The HSS called it so when the terminal first asked, or an earlier REGISTER got no answer that was captured.
    """
    first = registration.first.first("UAR")
    known = first is not None and result(first.answer)[0] == DiameterResult.SUBSEQUENT_REGISTRATION
    unanswered = any(attempt.status is None for attempt in registration.attempts)
    return known or unanswered or may_be_refresh(registration)


@CATALOGUE.add(
    "REG-89",
    "The SAR names the identity that is registered, its user and the S-CSCF.",
    source=(TS29228, None),
    node=Role.HOME_SCSCF,
    points=CX,
)
def sar_names(registration: Registration) -> Finding:
    """3GPP TS 29.228 S-CSCF registration notification: the identities of the REGISTER, and the S-CSCF's name."""
    expected = "Public-Identity = To, User-Name = digest username, Server-Name"
    citations = _each_query(registration, "SAR", lambda request, _: _present(request, expected, (_SERVER_NAME,)))
    if isinstance(citations, Finding):
        return citations
    if not citations:
        return unreached(expected, "no SAR was captured")
    return passed(expected, "all three", *citations)


@CATALOGUE.add(
    "REG-90",
    "MAR and SAR call the S-CSCF by the name under which it got the REGISTER.",
    source=(TS29228, None),
    node=Role.HOME_SCSCF,
    points=CX,
    level=Level.SHOULD,
    severity=Severity.DEGRADED,
    condition="the REGISTER reached the S-CSCF by a name, and that hop was captured",
)
def server_name(registration: Registration) -> Finding:
    """3GPP TS 29.228: the HSS keeps Server-Name and sends the next REGISTER there, by way of the I-CSCF."""
    expected = "Server-Name as in the Request-URI of the REGISTER"
    citations: list[Citation] = []
    found = ""
    for attempt in registration.attempts:
        hop = attempt.from_icscf
        register = None if hop is None else hop.request
        uri = None if register is None else parse_uri(register.sip.request_uri)
        if register is None or uri is None or is_numeric(uri.host) or not _is_meant(attempt, uri):
            continue
        for exchange in (*attempt.all("MAR"), *attempt.all("SAR")):
            holder = avp(exchange.request, Avp.SERVER_NAME)
            name = text(holder) or ""
            named = parse_uri(name)
            if exchange.request is None or holder is None or named is None or is_numeric(named.host):
                continue
            places = (cite_avp(exchange.request, holder, name), cite_request_uri(register))
            if not same_host(named.host, uri.host):
                return failed(f"Server-Name {clip(uri.host)}", f"Server-Name {clip(name)}", *places)
            citations += places
            found = clip(name)
    if not citations:
        return not_applicable(expected, "no MAR or SAR together with the REGISTER that it is for, both by name")
    return passed(expected, found, *citations)


def _is_meant(attempt: Attempt, uri: SipUri) -> bool:
    """Tell whether the I-CSCF addressed an S-CSCF, and the one that the HSS named: else the S-CSCF is not to blame."""
    assigned = assigned_scscf(attempt)
    if assigned is not None:
        named = parse_uri(text(assigned[1]) or "")
        return named is not None and same_host(named.host, uri.host)
    received = None if attempt.to_icscf is None else attempt.to_icscf.request
    before = None if received is None else parse_uri(received.sip.request_uri)
    return before is not None and not same_host(before.host, uri.host)
