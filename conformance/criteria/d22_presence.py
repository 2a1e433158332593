"""What D2.2 3.3 asks of presence: whom the presence server trusts, and which documents the XDMS keeps."""

from __future__ import annotations

from conformance.criteria.model import Catalogue, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.passage import Way
from conformance.criteria.presence import DocumentRequest, Documents, Publication, Watching, is_initial
from conformance.criteria.presence_citations import cite_content, cite_start
from conformance.criteria.procedure import Kind, in_pool
from conformance.criteria.registration import Hop
from conformance.criteria.ts24229_event import worst_of
from conformance.criteria.values import (
    address,
    addresses,
    cite_address,
    cite_missing,
    cite_status,
    clip,
    same_identity,
)
from conformance.criteria.xcap_names import CAPABILITIES, RULES
from conformance.criteria.xml_tree import NotReadError, NotWellFormedError, read_xml
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import TERMINALS, Role
from conformance.vocabulary.verdicts import Level, Severity

CATALOGUE = Catalogue()
KINDS = (Kind.PUBLICATION, Kind.WATCHING)
D22 = "D2.2"
OFFERED = (*RULES, "resource-lists", "rls-services", "pidf-manipulation", CAPABILITIES)
CAPS = "urn:ietf:params:xml:ns:xcap-caps"
NOT_SEEN = "no request and its answer were captured between S-CSCF and presence server"


@CATALOGUE.add(
    "PRES-08",
    "The presence server accepts a request only where From is the identity that the network asserts.",
    source=(D22, "3.3.3.1"),
    node=Role.PRESENCE,
    points=(Point.ISC,),
    condition="a request to the presence server has P-Asserted-Identity and a readable From",
    kinds=KINDS,
)
def same_person(seen: Publication | Watching) -> Finding:
    """D2.2 3.3.3.1: who is asserted in P-Asserted-Identity must match the From URI, else the request is refused."""
    expected = "From = P-Asserted-Identity, or a refusal"
    parts = []
    for _, hop, request in seen.into_server():
        asserted, sender = addresses(request, "P-Asserted-Identity"), address(request, "From")
        if not asserted or sender is None or sender.uri is None or not is_initial(request):
            continue
        if sender.uri.host.endswith("anonymous.invalid"):
            continue  # RFC 3323 4.1.1.3: From says nothing
        cited = [cite_address(request, "From", sender), cite_address(request, "P-Asserted-Identity", asserted[0])]
        status = _status(hop)
        if any(same_identity(one.name_addr.uri, sender.name_addr.uri) for one in asserted):
            parts.append(passed(expected, clip(sender.name_addr.uri), *cited))
        elif status is None:
            parts.append(inconclusive(expected, "the answer of the presence server was not captured"))
        else:
            words = f"From {clip(sender.name_addr.uri, 60)} was answered {status}"
            cited += [cite_status(hop.response)] if hop.response is not None else []
            parts.append((failed if status < 300 else passed)(expected, words, *cited))
    return worst_of(parts) or not_applicable(expected, NOT_SEEN)


@CATALOGUE.add(
    "PRES-09",
    "The presence server refuses who is not asserted by the network, or comes past it.",
    source=(D22, "3.3.3.1"),
    node=Role.PRESENCE,
    points=(Point.ISC,),
    condition="a request without P-Asserted-Identity, or from a terminal's own address, reaches the presence server",
    kinds=KINDS,
)
def trusted(seen: Publication | Watching) -> Finding:
    """D2.2 3.3.3.1: identities are taken from P-Asserted-Identity of a trusted source alone."""
    expected = "a refusal (4xx) without P-Asserted-Identity, and from a terminal's own address"
    parts = []
    for way, hop, request in seen.into_server():
        if not is_initial(request):
            continue
        named = bool(request.sip.all("P-Asserted-Identity"))
        direct = _is_direct(seen, way, hop)
        if named and not direct:
            continue
        status = _status(hop)
        if status is None or hop.response is None:
            parts.append(inconclusive(expected, "the answer of the presence server was not captured"))
            continue
        what = "past the network" if direct else "without P-Asserted-Identity"
        cited = [cite_status(hop.response)]
        if not named:
            cited.append(cite_missing(request, "P-Asserted-Identity"))
        parts.append((failed if status < 300 else passed)(expected, f"{status} to a request {what}", *cited))
    return worst_of(parts) or not_applicable(expected, "every request came from the network, with P-Asserted-Identity")


def _is_direct(seen: Publication | Watching, way: Way, hop: Hop) -> bool:
    """Tell whether a terminal itself sends to the presence server; its address has to say so where one is known."""
    request = hop.request
    if request is None or hop.sender not in TERMINALS or hop is not way.hops[0]:
        return False
    return any(in_pool(request.source.address, testbed) for testbed in seen.facts.testbeds)


def _status(hop: Hop) -> int | None:
    return None if hop.response is None else hop.response.sip.status


@CATALOGUE.add(
    "PRES-14",
    "The XDMS offers the documents of presence: rules, lists, list services, presence kept by hand, capabilities.",
    source=(D22, "3.3.3.2"),
    node=Role.XDMS,
    points=(Point.UT,),
    level=Level.SHOULD,
    severity=Severity.DEGRADED,
    condition="somebody asks for the capabilities",
    kinds=(Kind.DOCUMENTS,),
)
def offered(seen: Documents) -> Finding:
    """D2.2 3.3.3.2; RFC 4825 12: xcap-caps lists the application usages."""
    expected = f"auids: {', '.join(OFFERED)}"
    parts = []
    for one in seen.requests:
        usages = capabilities(one.answer.http.body) if one.answer is not None and _asks_capabilities(one) else None
        if one.answer is None or usages is None:
            continue
        missing = [usage for usage in OFFERED if usage not in usages]
        cited = (cite_start(one.answer), cite_content(one.answer))
        found = f"no {', '.join(missing)}" if missing else f"{len(usages)} usages"
        parts.append((failed if missing else passed)(expected, found, *cited))
    return worst_of(parts) or not_applicable(expected, "nobody asks for the capabilities")


def _asks_capabilities(one: DocumentRequest) -> bool:
    name, answer = one.name, one.answer
    if name is None or answer is None or answer.truncated or (one.method, one.status) != ("GET", 200):
        return False
    return name.usage == CAPABILITIES and not name.node


def capabilities(document: bytes) -> frozenset[str] | None:
    """Return the application usages that a document of capabilities lists, None where it cannot be read."""
    try:
        root = read_xml(document)
    except (NotReadError, NotWellFormedError):
        return None
    if root.name != f"{CAPS} xcap-caps":
        return None
    return frozenset(one.content for usages in root.all(f"{CAPS} auids") for one in usages.all(f"{CAPS} auid"))
