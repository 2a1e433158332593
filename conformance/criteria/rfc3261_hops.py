"""What RFC 3261 asks of those who forward a REGISTER, and of those who answer it: the identities stay the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from conformance.criteria.model import Catalogue, Citation, Finding, failed, passed, unreached
from conformance.criteria.registration import Hop, Registration
from conformance.criteria.values import (
    Address,
    address,
    cite_address,
    cite_header,
    cite_missing,
    cite_request_uri,
    clip,
    in_domain,
    same_host,
    same_identity,
)
from conformance.trace.model import SipMessage
from conformance.trace.sip_values import SipUri, parse_uri
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity

CATALOGUE = Catalogue()
KEPT = ("Contact", "Authorization")
"""Header fields of a REGISTER that no proxy has a reason to take away."""


def _cite(message: SipMessage, name: str, found: Address | None) -> Citation:
    if found is not None:
        return cite_address(message, name, found)
    header = message.sip.first(name)
    return cite_missing(message, name) if header is None else cite_header(message, header)


def _differs(before: SipMessage, after: SipMessage, name: str) -> tuple[str, str] | None:
    """Return what stood in From or To and what stands there now, where that is somebody else or nothing; else None.

    What cannot be read before is no measure.
    """
    was, now = address(before, name), address(after, name)
    if was is None:
        return None
    if now is None:
        return clip(was.name_addr.uri, 60), f"no {name} that can be read"
    if not same_identity(was.name_addr.uri, now.name_addr.uri):
        return clip(was.name_addr.uri, 60), clip(now.name_addr.uri, 60)
    tag, tag_now = (one.name_addr.params.get("tag") for one in (was, now))
    if name == "From" and tag and tag != tag_now:
        return f"tag={clip(tag, 60)}", f"tag={clip(tag_now, 60)}" if tag_now else "no tag"
    return None


def _answered(registration: Registration) -> Iterator[tuple[Hop, SipMessage, SipMessage]]:
    """Yield each hop with request and final response, those near the S-CSCF first: who answers comes before proxies."""
    for attempt in registration.attempts:
        for hop in reversed(attempt.hops):
            request, response = hop.request, hop.response
            if request is not None and response is not None and not (request.truncated or response.truncated):
                yield hop, request, response


@CATALOGUE.add(
    "REG-85",
    "The answer to a REGISTER repeats From and the URI of To, and gives To a tag.",
    source=("RFC 3261", "8.2.6.2"),
    node=Role.HOME_SCSCF,
    points=(Point.GM, Point.MW, Point.IC),
    severity=Severity.DEGRADED,
)
def answered_identities(registration: Registration) -> Finding:
    """RFC 3261 8.2.6.2: From equals that of the request, so does the URI of To, and the UAS adds a tag."""
    expected = "From and To of the request, To with a tag"
    cited: list[Citation] = []
    for hop, request, response in _answered(registration):
        for name in ("From", "To"):
            different = _differs(request, response, name)
            place = _cite(response, name, address(response, name))
            if different is not None:
                was, now = different
                found = f"{name}: {now} in the {response.sip.status}, {was} in the REGISTER"
                return failed(expected, found, place, _cite(request, name, address(request, name)), node=hop.receiver)
            cited.append(place)
        target = address(response, "To")
        if target is not None and not target.name_addr.params.get("tag"):
            return failed(expected, f"To of the {response.sip.status} has no tag", cited[-1], node=hop.receiver)
    if not cited:
        return unreached(expected, "no answer to a REGISTER was seen together with it")
    return passed(expected, "From and To of the request", *cited)


@CATALOGUE.add(
    "REG-86",
    "A CSCF that forwards a REGISTER leaves From and To as they are, and takes away neither Contact nor credentials.",
    source=("RFC 3261", "16.6"),
    node=Role.HOME_ICSCF,
    points=(Point.MW, Point.IC),
)
def forwarded_identities(registration: Registration) -> Finding:
    """RFC 3261 16.6 step 1: a proxy forwards a copy; what the steps do not speak of is not removed."""
    expected = "From and To as received, Contact and Authorization still there"
    cited: list[Citation] = []
    for attempt in registration.attempts:
        for one, following in pairwise(attempt.hops):
            before, after = one.request, following.request
            if before is None or after is None or before.truncated or after.truncated:
                continue
            node = one.receiver or following.sender
            for name in ("From", "To"):
                different = _differs(before, after, name)
                place = _cite(after, name, address(after, name))
                if different is not None:
                    was, now = different
                    origin = _cite(before, name, address(before, name))
                    return failed(expected, f"{name}: {now}, received {was}", place, origin, node=node)
                cited.append(place)
            for name in KEPT:
                header = before.sip.first(name)
                if header is not None and after.sip.first(name) is None:
                    gone = (cite_missing(after, name), cite_header(before, header))
                    return failed(expected, f"{name} is gone", *gone, node=node)
    if not cited:
        return unreached(expected, "no REGISTER was seen before and behind a CSCF")
    return passed(expected, "From, To, Contact and credentials as received", *cited)


@CATALOGUE.add(
    "REG-87",
    "CSeq of a REGISTER names the method REGISTER, on every hop.",
    source=("RFC 3261", "8.1.1.5"),
    node=Role.UE,
    points=(Point.GM, Point.MW, Point.IC),
)
def method_of_cseq(registration: Registration) -> Finding:
    """RFC 3261 8.1.1.5: the method in CSeq matches that of the request; methods have a case (7.1)."""
    expected = "CSeq: <number> REGISTER"
    cited: list[Citation] = []
    for hop in (hop for attempt in registration.attempts for hop in attempt.hops):
        request = hop.request
        header = None if request is None else request.sip.first("CSeq")
        if request is None or header is None or not request.sip.cseq_method:
            continue  # what cannot be read at all is said by REG-06
        if request.sip.cseq_method != request.sip.method:
            found = f"CSeq: {clip(header.value, 60)}"
            return failed(expected, found, cite_header(request, header), node=hop.sender)
        cited.append(cite_header(request, header))
    if not cited:
        return unreached(expected, "no REGISTER with CSeq was captured")
    return passed(expected, expected, *cited)


@CATALOGUE.add(
    "REG-88",
    "The P-CSCF forwards a REGISTER with the Request-URI that it received.",
    source=("RFC 3261", "16.5"),
    node=Role.HOME_PCSCF,
    points=(Point.MW, Point.IC),
)
def forwarded_request_uri(registration: Registration) -> Finding:
    """RFC 3261 16.5: a proxy that is not responsible for the domain has the Request-URI as its only target.

    A P-CSCF of the same domain may know where in its domain the REGISTER has to go.
    """
    expected = "the Request-URI as received"
    cited: list[Citation] = []
    for attempt in registration.attempts:
        before = None if attempt.to_pcscf is None else attempt.to_pcscf.request
        hop = attempt.from_pcscf
        after = None if hop is None else hop.request
        if before is None or hop is None or after is None:
            continue
        was, now = parse_uri(before.sip.request_uri), parse_uri(after.sip.request_uri)
        if was is None:
            continue
        places = cite_request_uri(after), cite_request_uri(before)
        if now is None or not _leads_there(was, now, hop.sender is Role.HOME_PCSCF):
            return failed(clip(before.sip.request_uri), clip(after.sip.request_uri), *places, node=hop.sender)
        cited += places
    if not cited:
        return unreached(expected, "no REGISTER was seen before and behind the P-CSCF")
    return passed(expected, expected, *cited, node=registration.pcscf)


def _leads_there(was: SipUri, now: SipUri, of_this_domain: bool) -> bool:
    same = was.scheme == now.scheme and was.user == now.user
    return same and (same_host(was.host, now.host) or (of_this_domain and in_domain(now.host, was.host)))
