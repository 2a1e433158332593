"""The security agreement between terminal and P-CSCF (RFC 3329, 3GPP TS 33.203): offers, answers, and their use."""

from __future__ import annotations

from conformance.criteria.features import ipsec_undeclared, may_agree_on_ipsec, offers_ipsec
from conformance.criteria.model import Catalogue, Citation, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.procedure import Kind
from conformance.criteria.registration import Hop, Registration
from conformance.criteria.rfc3261 import NO_REGISTER
from conformance.criteria.scheme import uses_aka
from conformance.criteria.values import cite_header, cite_missing, cite_value, clip, option_tags
from conformance.trace.model import SipMessage
from conformance.trace.sip import Value
from conformance.trace.sip_values import parse_parameters
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity

CATALOGUE = Catalogue()
RFC3329 = ("RFC 3329", None)
IPSEC = "ipsec-3gpp"
OFFERED = "the terminal offers a security association (Security-Client)"
NEEDED = ("alg", "spi-c", "spi-s", "port-c", "port-s")
"""Parameters of the mechanism ipsec-3gpp (3GPP TS 33.203)."""


def mechanisms(message: SipMessage | None, name: str) -> list[tuple[Value, str, dict[str, str]]]:
    """Return the mechanisms of Security-Client, -Server or -Verify: element, mechanism, parameters in lower case."""
    found = []
    for value in () if message is None else message.sip.values(name):
        word, params = parse_parameters(value)
        plain = {key.lower(): (param or "").strip('"').lower() for key, param in params.items()}
        found.append((value, word.strip().lower(), plain))
    return found


def _lacking(message: SipMessage, name: str) -> tuple[str, Citation] | None:
    """Return what an offer of ipsec-3gpp lacks."""
    for value, mechanism, params in mechanisms(message, name):
        if mechanism == IPSEC:
            missing = [key for key in NEEDED if not params.get(key)]
            if missing:
                return f"no {' and '.join(missing)}", cite_value(message, name, value)
    return None


def _challenged(registration: Registration) -> Hop | None:
    attempt = registration.challenged
    return None if attempt is None else attempt.gm


def _answer(registration: Registration) -> Hop | None:
    attempt = registration.answered
    return None if attempt is None else attempt.gm


@CATALOGUE.add(
    "REG-13",
    "A terminal that offers a security association names its algorithm, SPIs and ports, and requires sec-agree.",
    source=RFC3329,
    node=Role.UE,
    points=(Point.GM,),
    condition=OFFERED,
    kinds=(Kind.REGISTRATION, Kind.REREGISTRATION),
)
def offer(registration: Registration) -> Finding:
    """RFC 3329 (sec-agree in Require and Proxy-Require), 3GPP TS 33.203 (parameters of ipsec-3gpp)."""
    expected = f"Security-Client: {IPSEC} with {', '.join(NEEDED)}; Require and Proxy-Require: sec-agree"
    if not offers_ipsec(registration):
        return not_applicable(expected, ipsec_undeclared(registration))
    citations: list[Citation] = []
    for request in (a.gm.request for a in registration.attempts if a.gm is not None and a.gm.request is not None):
        if not request.sip.all("Security-Client"):
            continue
        lacking = _lacking(request, "Security-Client")
        if lacking is not None:
            return failed(expected, *lacking)
        for name in ("Require", "Proxy-Require"):
            if "sec-agree" not in option_tags(request, name):
                headers = request.sip.all(name)
                cited = [cite_header(request, header) for header in headers] or [cite_missing(request, name)]
                return failed(expected, f"no sec-agree in {name}", *cited)
        citations += [cite_header(request, header) for header in request.sip.all("Security-Client")]
    if not citations:
        return inconclusive(expected, NO_REGISTER)
    return passed(expected, "all of them", *citations)


@CATALOGUE.add(
    "REG-31",
    "The P-CSCF answers an offered security association with Security-Server in the challenge.",
    source=RFC3329,
    node=Role.HOME_PCSCF,
    points=(Point.GM,),
    condition=OFFERED,
)
def answer(registration: Registration) -> Finding:
    """RFC 3329 and 3GPP TS 33.203: mechanism, algorithm, SPIs and ports of the P-CSCF."""
    expected = f"Security-Server: {IPSEC} with {', '.join(NEEDED)}"
    if not may_agree_on_ipsec(registration):
        return not_applicable(expected, ipsec_undeclared(registration))
    if uses_aka(registration) is False:
        return not_applicable(expected, "the network authenticates by password: it makes no such association")
    hop = _challenged(registration)
    if hop is None or hop.response is None or hop.request is None:
        return inconclusive(expected, "no 401 towards the terminal was captured")
    if not any(m == IPSEC for _, m, _ in mechanisms(hop.request, "Security-Client")):
        return not_applicable(expected, "the REGISTER that was challenged offers no security association")
    found = mechanisms(hop.response, "Security-Server")
    ours = [(value, params) for value, mechanism, params in found if mechanism == IPSEC]
    if not ours:
        cited = [cite_value(hop.response, "Security-Server", value) for value, _, _ in found]
        shown = ", ".join(clip(value.text, 60) for value, _, _ in found) or "no Security-Server"
        missing = cite_missing(hop.response, "Security-Server")
        return failed(expected, shown, *(cited or [missing]), node=hop.receiver)
    lacking = _lacking(hop.response, "Security-Server")
    if lacking is not None:
        return failed(expected, *lacking, node=hop.receiver)
    cited = [cite_value(hop.response, "Security-Server", value) for value, _ in ours]
    return passed(expected, clip(ours[0][0].text), *cited, node=hop.receiver)


@CATALOGUE.add(
    "REG-32",
    "The REGISTER behind the challenge goes over the security association.",
    source=("3GPP TS 33.203", None),
    node=Role.UE,
    points=(Point.GM,),
    condition="terminal and P-CSCF have agreed on a security association",
)
def over_the_association(registration: Registration) -> Finding:
    """3GPP TS 33.203: ESP to the protected server port of the P-CSCF (port-s of Security-Server)."""
    expected = "REGISTER in ESP to port-s of the P-CSCF"
    if not may_agree_on_ipsec(registration):
        return not_applicable(expected, ipsec_undeclared(registration))
    challenged, following = _challenged(registration), _answer(registration)
    agreed = [
        p
        for _, m, p in mechanisms(None if challenged is None else challenged.response, "Security-Server")
        if m == IPSEC
    ]
    if not agreed:
        return not_applicable(expected, "no security association was agreed on (REG-31)")
    request = None if following is None else following.request
    if request is None:
        return inconclusive(expected, "the REGISTER behind the challenge was not captured")
    header = request.sip.first("CSeq")
    cited = () if header is None else (cite_header(request, header),)
    if any("esp" in sighting.encapsulation for sighting in request.sightings):
        return passed(expected, "in ESP", *cited)
    ports = {params.get("port-s", "") for params in agreed}
    shown = f"to port {request.destination.port} without ESP"
    if str(request.destination.port) in ports:
        # A capture behind the network stack of a node shows what came over the association without ESP.
        return passed(expected, f"to port-s {request.destination.port}", *cited)
    return failed(expected, shown, *cited)


@CATALOGUE.add(
    "REG-33",
    "Security-Verify of the REGISTER behind the challenge repeats Security-Server, and Security-Client is unchanged.",
    source=RFC3329,
    node=Role.UE,
    points=(Point.GM,),
    severity=Severity.BLOCKING,
    condition="terminal and P-CSCF have agreed on a security association",
)
def verify(registration: Registration) -> Finding:
    """RFC 3329: so the P-CSCF sees that nobody changed its list; 3GPP TS 33.203 for Security-Client."""
    expected = "Security-Verify = Security-Server of the 401, Security-Client as before"
    if not may_agree_on_ipsec(registration):
        return not_applicable(expected, ipsec_undeclared(registration))
    challenged, following = _challenged(registration), _answer(registration)
    offered = mechanisms(None if challenged is None else challenged.response, "Security-Server")
    if challenged is None or challenged.response is None or not offered:
        return not_applicable(expected, "no security association was agreed on (REG-31)")
    request = None if following is None else following.request
    if request is None:
        return inconclusive(expected, "the REGISTER behind the challenge was not captured")
    repeated = mechanisms(request, "Security-Verify")
    server = [cite_value(challenged.response, "Security-Server", value) for value, _, _ in offered]
    if not repeated:
        return failed(expected, "no Security-Verify", cite_missing(request, "Security-Verify"), *server)
    cited = [cite_value(request, "Security-Verify", value) for value, _, _ in repeated]
    if [one[1:] for one in repeated] != [one[1:] for one in offered]:
        shown = ", ".join(clip(value.text, 80) for value, _, _ in repeated)
        return failed(expected, f"Security-Verify: {shown}", *cited, *server)
    before, after = (mechanisms(m, "Security-Client") for m in (challenged.request, request))
    if challenged.request is not None and before and [one[1:] for one in before] != [one[1:] for one in after]:
        shown = ", ".join(clip(value.text, 80) for value, _, _ in after) or "no Security-Client"
        clients = [cite_value(request, "Security-Client", value) for value, _, _ in after]
        return failed(expected, f"Security-Client: {shown}", *(clients or [cite_missing(request, "Security-Client")]))
    return passed(expected, "both", *cited)
