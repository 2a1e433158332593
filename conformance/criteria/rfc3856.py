"""What RFC 3856, 3857, 3858, 4662 and 6665 ask of a subscription to presence, to watchers or to a list."""

from __future__ import annotations

import re
from collections.abc import Sequence

from conformance.criteria.model import Catalogue, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.pidf import NotReadError, NotWellFormedError, list_problem, read_watchers
from conformance.criteria.presence import PRESENCE, WINFO, Watching, is_initial
from conformance.criteria.presence_citations import cite_document
from conformance.criteria.procedure import Kind
from conformance.criteria.rfc3903 import AT_ALL, PIDF_TYPE, judge_pidf, media_type
from conformance.criteria.rfc6665 import LATE_NS
from conformance.criteria.ts24229_event import WAIT_NS, worst_of
from conformance.criteria.values import (
    address,
    cite_address,
    cite_header,
    cite_missing,
    cite_request_uri,
    cite_status,
    clip,
    option_tags,
    same_identity,
)
from conformance.trace.model import SipMessage
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import TERMINALS, Role

CATALOGUE = Catalogue()
KINDS = (Kind.WATCHING,)
WINFO_TYPE = "application/watcherinfo+xml"
LIST_TYPES = ("multipart/related", "application/rlmi+xml")
STATES = ("active", "pending", "terminated")
NO_NOTIFY = "no NOTIFY was captured"
_BOUNDARY = re.compile(r';[ \t]*boundary="?([^";,\s]{1,70})"?', re.IGNORECASE)


@CATALOGUE.add(
    "PRES-05",
    "A SUBSCRIBE is for whom it watches, and accepts the documents of its package.",
    source=("3GPP TS 24.141", "5.3.2"),
    node=Role.WATCHER,
    points=AT_ALL,
    kinds=KINDS,
)
def subscribe(seen: Watching) -> Finding:
    """RFC 3856, RFC 3857, RFC 4662: Request-URI and To of the presentity; Accept, where it is there, fits."""
    wanted = _documents(seen)
    expected = f"Request-URI = To, Accept with {' and '.join(wanted)}"
    node = seen.subscription.subscriber
    parts = []
    for one in seen.subscription.subscribes:
        request = one.request
        if request is None or not is_initial(request):
            continue
        target = address(request, "To")
        accepts = [value.text.partition(";")[0].strip().lower() for value in request.sip.values("Accept")]
        missing = [kind for kind in wanted if accepts and not _accepted(kind, accepts)]
        if target is not None and not same_identity(request.sip.request_uri, target.name_addr.uri):
            cited = (cite_request_uri(request), cite_address(request, "To", target))
            parts.append(failed(expected, f"Request-URI {clip(request.sip.request_uri, 60)}", *cited, node=node))
        elif missing or (not accepts and seen.is_list):
            header = request.sip.first("Accept")
            cite = cite_missing(request, "Accept") if header is None else cite_header(request, header)
            parts.append(failed(expected, f"no {', '.join(missing or wanted)}", cite, node=node))
        else:
            parts.append(passed(expected, clip(request.sip.request_uri), cite_request_uri(request), node=node))
    return worst_of(parts) or inconclusive(expected, "the first SUBSCRIBE was not captured")


def _documents(seen: Watching) -> Sequence[str]:
    if seen.package == WINFO:
        return (WINFO_TYPE,)
    return (*LIST_TYPES, PIDF_TYPE) if seen.is_list else (PIDF_TYPE,)


def _accepted(kind: str, accepts: Sequence[str]) -> bool:
    return any(one in (kind, "*/*", f"{kind.partition('/')[0]}/*") for one in accepts)


@CATALOGUE.add(
    "PRES-06",
    "A SUBSCRIBE that is accepted is followed at once by a NOTIFY that says the state of the subscription.",
    source=("RFC 6665", "4.2.1.2"),
    node=Role.PRESENCE,
    points=AT_ALL,
    kinds=KINDS,
)
def notified(seen: Watching) -> Finding:
    """RFC 6665: NOTIFY at once, also behind a refresh; Event of the package, Subscription-State of three values."""
    expected = "NOTIFY behind the 2xx, with Event and Subscription-State"
    subscription = seen.subscription
    parts = []
    for notify, request in seen.notified():
        event, state = request.sip.first("Event"), request.sip.first("Subscription-State")
        if state is None:
            parts.append(failed(expected, "no Subscription-State", cite_missing(request, "Subscription-State")))
        elif event is None or event.value.partition(";")[0].strip().lower() != seen.package:
            cite = cite_missing(request, "Event") if event is None else cite_header(request, event)
            parts.append(failed(f"Event: {seen.package}", "no Event" if event is None else clip(event.value), cite))
        elif notify.substate[0] not in STATES:
            parts.append(failed(expected, clip(state.value), cite_header(request, state)))
        else:
            parts.append(passed(expected, clip(state.value), cite_header(request, state)))
    for index, one in enumerate(subscription.accepted):
        response = one.response
        if response is None:
            continue
        later = subscription.accepted[index + 1 : index + 2]
        until = later[0].time_ns if later else None
        behind = [n for n in subscription.notifies if n.time_ns > one.time_ns and (until is None or n.time_ns < until)]
        if behind:
            if behind[0].time_ns > response.time_ns + LATE_NS:
                parts.append(failed(expected, "no NOTIFY within 32 s", cite_status(response)))
        elif not shows_notifies(seen):
            parts.append(inconclusive(expected, "no hop was captured that a NOTIFY passes"))
        elif (until or seen.end_ns) < response.time_ns + WAIT_NS:
            parts.append(inconclusive(expected, "the capture ends too early behind the answer to the SUBSCRIBE"))
        else:
            parts.append(failed(expected, "no NOTIFY", cite_status(response), by_absence=True))
    if parts:
        return worst_of(parts) or parts[0]
    if any(one.status is not None and one.status >= 300 for one in subscription.subscribes):
        return not_applicable(expected, "the SUBSCRIBE was refused")
    return inconclusive(expected, "no SUBSCRIBE was accepted, and no NOTIFY captured")


def shows_notifies(seen: Watching) -> bool:
    """Tell whether a hop that all NOTIFYs pass was captured: that of the subscriber, or that of the presence server."""
    pairs = {frozenset(pair) for pair in seen.subscription.pairs}
    at_terminal = any(any(role in TERMINALS for role in pair) for pair in pairs)
    at_server = any(Role.PRESENCE in pair for pair in pairs)
    return (at_terminal and seen.sees(Point.GM)) or (at_server and seen.sees(Point.ISC))


@CATALOGUE.add(
    "PRES-16",
    "A NOTIFY of an active subscription to presence has a presence document of the presentity.",
    source=("RFC 3856", "6.8"),
    node=Role.PRESENCE,
    points=AT_ALL,
    condition="a NOTIFY has a presence document",
    kinds=KINDS,
)
def told(seen: Watching) -> Finding:
    """RFC 3856 and RFC 3863: the document speaks of whom the watcher asked for."""
    expected = f"presence of {clip(seen.presentity, 60)}"
    parts = [
        judge_pidf(request, expected, "" if seen.is_list else seen.presentity)
        for _, request in seen.notified()
        if seen.package == PRESENCE and request.sip.body and media_type(request) == PIDF_TYPE
    ]
    return worst_of(parts) or not_applicable(expected, "no NOTIFY with a presence document")


@CATALOGUE.add(
    "PRES-17",
    "Watcher information is well formed, complete at first, and its version counts upwards.",
    source=("RFC 3858", "3"),
    node=Role.PRESENCE,
    points=AT_ALL,
    condition="the subscription is to watcher information",
    kinds=KINDS,
)
def watchers(seen: Watching) -> Finding:
    """RFC 3858: version and state of watcherinfo, status and event of each watcher."""
    expected = "watcherinfo: full at first, version counting upwards, known status and event"
    if seen.package != WINFO:
        return not_applicable(expected, "a subscription to presence")
    parts: list[Finding] = []
    before: tuple[int, SipMessage] | None = None
    begun = any(one.request is not None and is_initial(one.request) for one in seen.subscription.accepted)
    for notify, request in sorted(seen.notified(), key=lambda one: one[1].sip.cseq_number or 0):
        if not request.sip.body or media_type(request) != WINFO_TYPE:
            continue
        if request.truncated:
            parts.append(inconclusive(expected, "the capture cut the document short"))
            continue
        cited = cite_document(request)
        try:
            root, wrong = read_watchers(request.sip.body)
        except NotReadError as error:
            parts.append(inconclusive(expected, str(error)))
            continue
        except NotWellFormedError as error:
            parts.append(failed(expected, f"no XML: {error}", cited))
            continue
        if wrong:
            parts.append(failed(expected, wrong, cited))
            continue
        version = int(root.attributes["version"])
        is_first = begun and notify is min(seen.subscription.notifies, key=lambda one: one.time_ns)
        if is_first and root.attributes["state"] != "full":
            parts.append(failed(expected, "the first document is partial", cited, by_absence=True))
        elif before is not None and version <= before[0] and request is not before[1]:
            found = f"version {version} behind {before[0]}"
            parts.append(failed(expected, found, cited, cite_document(before[1])))
        else:
            parts.append(passed(expected, f"version {version}, {root.attributes['state']}", cited))
        before = (version, request)
    return worst_of(parts) or inconclusive(expected, "no NOTIFY with watcher information was captured")


@CATALOGUE.add(
    "PRES-18",
    "A NOTIFY of a list says so in Require, and its first part names the members.",
    source=("RFC 4662", "4.1, 5.1"),
    node=Role.PRESENCE,
    points=AT_ALL,
    condition="the subscription is to a list",
    kinds=KINDS,
)
def members(seen: Watching) -> Finding:
    """RFC 4662: Require: eventlist, multipart/related with resource list meta-information as its root."""
    expected = "Require: eventlist, multipart/related of application/rlmi+xml"
    # Who offers to understand lists may watch a single presentity all the same: the NOTIFY tells which it is.
    lists = [
        request
        for _, request in seen.notified()
        if "eventlist" in option_tags(request, "Require") or media_type(request) == LIST_TYPES[0]
    ]
    parts = []
    for request in lists:
        if "eventlist" not in option_tags(request, "Require"):
            parts.append(failed(expected, "no Require: eventlist", cite_missing(request, "Require", "eventlist")))
        elif not request.sip.body:
            continue
        elif request.truncated:
            parts.append(inconclusive(expected, "the capture cut the document short"))
        else:
            parts.append(_list(request, expected))
    return worst_of(parts) or not_applicable(expected, "no NOTIFY of a list")


def _list(request: SipMessage, expected: str) -> Finding:
    header = request.sip.first("Content-Type")
    if header is None:
        return failed(expected, "no Content-Type", cite_missing(request, "Content-Type"))
    cited = cite_header(request, header)
    boundary = _BOUNDARY.search(header.value)
    if media_type(request) != LIST_TYPES[0] or boundary is None:
        return failed(expected, clip(header.value), cited)
    parts = request.sip.body.split(b"--" + boundary.group(1).encode("latin-1"))
    for part in parts[1:65]:
        head, _, content = part.partition(b"\r\n\r\n")
        if LIST_TYPES[1].encode() not in head.lower():
            continue
        try:
            wrong = list_problem(content.strip())
        except NotReadError as error:
            return inconclusive(expected, str(error))
        offset = max(0, request.sip.body.find(content))
        return (failed if wrong else passed)(expected, wrong or "list", cite_document(request, offset))
    return failed(expected, "no part of application/rlmi+xml", cited)
