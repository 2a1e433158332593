"""What RFC 3903, RFC 3863 and 3GPP TS 24.141 ask of a publication of presence, and of who keeps it."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.criteria.model import Catalogue, Citation, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.passage import Way
from conformance.criteria.pidf import NotReadError, pidf_problem
from conformance.criteria.presence import Publication
from conformance.criteria.presence_citations import cite_document
from conformance.criteria.procedure import Kind
from conformance.criteria.ts24229_event import worst_of
from conformance.criteria.values import (
    address,
    cite_address,
    cite_header,
    cite_missing,
    cite_request_uri,
    cite_status,
    clip,
    same_identity,
    seconds,
)
from conformance.trace.model import SipMessage
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

CATALOGUE = Catalogue()
KINDS = (Kind.PUBLICATION,)
RFC3903 = "RFC 3903"
AT_ALL = (Point.GM, Point.MW, Point.ISC)
PIDF_TYPE = "application/pidf+xml"


def media_type(message: SipMessage) -> str:
    """Return the media type of the body, lower case, without parameters; empty where none is given."""
    header = message.sip.first("Content-Type")
    return "" if header is None else header.value.partition(";")[0].strip().lower()


def _value(message: SipMessage | None, name: str) -> str:
    header = None if message is None else message.sip.first(name)
    return "" if header is None else header.value.strip()


def _requests(seen: Publication) -> Iterator[tuple[Way, SipMessage]]:
    for one in seen.publishes:
        if one.request is not None:
            yield one, one.request


@CATALOGUE.add(
    "PRES-01",
    "The first PUBLISH is for the presentity, names the package presence, and has a presence document.",
    source=("3GPP TS 24.141", "5.3.1.2"),
    node=Role.PRESENTITY,
    points=AT_ALL,
    kinds=KINDS,
)
def initial(seen: Publication) -> Finding:
    """3GPP TS 24.141 5.3.1.2: Request-URI and To are the presentity's; RFC 3903: Event, and a body."""
    expected = "Request-URI = To, Event: presence, application/pidf+xml"
    parts = []
    for _, request in _requests(seen):
        if request.sip.first("SIP-If-Match") is not None:
            continue
        target = address(request, "To")
        event = request.sip.first("Event")
        if event is None:
            parts.append(failed(expected, "no Event", cite_missing(request, "Event")))
        elif event.value.partition(";")[0].strip().lower() != "presence":
            parts.append(failed(expected, clip(event.value), cite_header(request, event)))
        elif target is None:
            parts.append(inconclusive(expected, "To cannot be read"))
        elif not same_identity(request.sip.request_uri, target.name_addr.uri):
            cited = (cite_request_uri(request), cite_address(request, "To", target))
            parts.append(failed(expected, f"Request-URI {clip(request.sip.request_uri, 60)}", *cited))
        elif not request.sip.body:
            parts.append(failed(expected, "no body", cite_header(request, event)))
        elif media_type(request) != PIDF_TYPE:
            header = request.sip.first("Content-Type")
            cite = cite_missing(request, "Content-Type") if header is None else cite_header(request, header)
            parts.append(failed(expected, media_type(request) or "no Content-Type", cite))
        else:
            parts.append(passed(expected, clip(request.sip.request_uri), cite_request_uri(request)))
    return worst_of(parts) or inconclusive(expected, "the first PUBLISH was not captured")


@CATALOGUE.add(
    "PRES-02",
    "The 2xx to PUBLISH has one entity-tag, and grants no more time than was asked for.",
    source=(RFC3903, "6"),
    node=Role.PRESENCE,
    points=AT_ALL,
    kinds=KINDS,
)
def granted(seen: Publication) -> Finding:
    """RFC 3903 6: SIP-ETag and Expires in the response; the time is at most the one asked for."""
    expected = "SIP-ETag and Expires, not more than asked"
    parts = []
    for one in seen.publishes:
        response, request = one.response, one.request
        if response is None or not one.is_accepted:
            continue
        tags, expires = response.sip.all("SIP-ETag"), response.sip.first("Expires")
        if not tags and seconds(_value(request, "Expires")) == 0:
            continue  # nothing is left that a later PUBLISH could build on
        if not tags:
            parts.append(failed(expected, "no SIP-ETag", cite_missing(response, "SIP-ETag")))
            continue
        if len(tags) > 1:
            parts.append(failed(expected, f"{len(tags)} SIP-ETag", *(cite_header(response, tag) for tag in tags)))
            continue
        if expires is None:
            parts.append(failed(expected, "no Expires", cite_missing(response, "Expires")))
            continue
        asked, given = seconds(_value(request, "Expires")), seconds(expires.value)
        cited: list[Citation] = [cite_header(response, tags[0]), cite_header(response, expires)]
        if given is None or (asked is not None and given > asked):
            wanted = expected if asked is None else f"at most {asked} s"
            parts.append(failed(wanted, clip(expires.value), *cited, *_asked(request)))
        else:
            parts.append(passed(expected, f"{clip(tags[0].value, 40)}, {given} s", *cited))
    if not parts and any(one.status is not None and one.status >= 300 for one in seen.publishes):
        return not_applicable(expected, "every PUBLISH was refused")
    return worst_of(parts) or inconclusive(expected, "no 2xx to PUBLISH was captured")


def _asked(request: SipMessage | None) -> list[Citation]:
    header = None if request is None else request.sip.first("Expires")
    return [] if request is None or header is None else [cite_header(request, header)]


@CATALOGUE.add(
    "PRES-03",
    "A PUBLISH that builds on an entity-tag that is no longer valid is refused with 412, and only such a one.",
    source=(RFC3903, "6"),
    node=Role.PRESENCE,
    points=AT_ALL,
    condition="a PUBLISH has SIP-If-Match",
    kinds=KINDS,
)
def matched(seen: Publication) -> Finding:
    """RFC 3903 6: where no stored entity-tag matches, the ESC rejects the publication with 412."""
    expected = "412 where SIP-If-Match is not the last entity-tag"
    parts = []
    used: dict[str, SipMessage] = {}
    """Entity-tags that a later one took the place of, and the answer that gave that."""
    given: dict[str, tuple[SipMessage, int]] = {}
    """Entity-tags, the answer that gave each, and when it ends."""
    for one in seen.publishes:
        request, response = one.request, one.response
        tag = _value(request, "SIP-If-Match")
        if response is None or response.sip.status is None:
            continue
        if tag and request is not None:
            header = request.sip.first("SIP-If-Match")
            cited = [cite_status(response), *([] if header is None else [cite_header(request, header)])]
            known = given.get(tag)
            if tag in used and one.is_accepted:
                parts.append(failed(expected, f"{response.sip.status} to {clip(tag, 40)}, which was replaced", *cited))
            elif tag in used or (response.sip.status == 412 and known is None):
                parts.append(passed(expected, f"{response.sip.status} to {clip(tag, 40)}", *cited))
            elif response.sip.status == 412 and known is not None and response.time_ns < known[1]:
                found = f"412 to {clip(tag, 40)}, which frame {known[0].frame} gave"
                parts.append(failed("no 412", found, *cited, by_absence=True))
            elif one.is_accepted and known is not None:
                parts.append(passed(expected, f"{response.sip.status} to {clip(tag, 40)}", *cited))
        if not one.is_accepted:
            continue
        fresh = _value(response, "SIP-ETag")
        if tag and (tag != fresh if fresh else seconds(_value(request, "Expires")) == 0):
            used[tag] = response  # replaced, or removed
        if fresh:
            granted_s = seconds(_value(response, "Expires"))
            given[fresh] = (response, response.time_ns + (granted_s or 0) * 1_000_000_000)
            used.pop(fresh, None)
    return worst_of(parts) or not_applicable(expected, "no answered PUBLISH with SIP-If-Match of a known entity-tag")


@CATALOGUE.add(
    "PRES-04",
    "The presence document of a PUBLISH is well formed and speaks of the presentity.",
    source=("RFC 3863", "4.1"),
    node=Role.PRESENTITY,
    points=AT_ALL,
    condition="a PUBLISH has a presence document",
    kinds=KINDS,
)
def document(seen: Publication) -> Finding:
    """RFC 3863: entity of presence, id of each tuple, one status, basic open or closed."""
    expected = "presence of the presentity; tuples with id, status, basic open or closed"
    parts = []
    for _, request in _requests(seen):
        if request.sip.body and media_type(request) == PIDF_TYPE and request.sip.first("Content-Encoding") is None:
            target = address(request, "To")
            parts.append(judge_pidf(request, expected, "" if target is None else target.name_addr.uri))
    return worst_of(parts) or not_applicable(expected, "no PUBLISH with a presence document")


def judge_pidf(request: SipMessage, expected: str, entity: str) -> Finding:
    """Judge the presence document in a message.

    Args:
        request: PUBLISH or NOTIFY.
        expected: Words of the criterion.
        entity: Whose presence it must be; empty: anybody's.
    """
    if request.truncated:
        return inconclusive(expected, "the capture cut the document short")
    try:
        wrong = pidf_problem(request.sip.body, entity)
    except NotReadError as error:
        return inconclusive(expected, str(error))
    cited = cite_document(request)
    return failed(expected, wrong, cited) if wrong else passed(expected, "presence document", cited)
