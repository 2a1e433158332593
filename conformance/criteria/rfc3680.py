"""What RFC 3680 asks of registration information: its form, the order of its documents, what the first one has."""

from __future__ import annotations

from conformance.criteria.event_citations import cite_body, cite_contact, cite_place
from conformance.criteria.model import Catalogue, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.reginfo import CONTENT_TYPE, RegInfo, read_reginfo
from conformance.criteria.subscription import Passage, RegistrationEvents, Subscription
from conformance.criteria.ts24229_event import AT_ALL, KINDS, NO_TERMINAL, documents, watched_identity, worst_of
from conformance.criteria.values import (
    addresses,
    asked_expiry,
    cite_header,
    cite_missing,
    cite_value,
    clip,
    same_contact,
    same_identity,
    seconds,
)
from conformance.criteria.xml_tree import NotReadError, NotWellFormedError
from conformance.trace.model import SipMessage
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Level, Severity

CATALOGUE = Catalogue()
RFC3680 = "RFC 3680"
NO_DOCUMENT = "no NOTIFY with registration information that can be read was captured"
_TAKES = (CONTENT_TYPE, "application/*", "*/*")


@CATALOGUE.add(
    "REG-62",
    "A terminal that says what documents it takes takes registration information.",
    source=(RFC3680, None),
    node=Role.UE,
    points=(Point.GM,),
    severity=Severity.DEGRADED,
    condition="the terminal's SUBSCRIBE has Accept",
    kinds=KINDS,
)
def accept(events: RegistrationEvents) -> Finding:
    """RFC 3680: without Accept registration information is meant; with it the type has to be there."""
    expected = f"Accept: {CONTENT_TYPE}, or no Accept"
    subscriptions = events.of(Role.UE)
    if not subscriptions:
        return not_applicable(expected, NO_TERMINAL)
    parts = []
    for passage in (one for subscription in subscriptions for one in subscription.subscribes):
        headers = () if passage.request is None else passage.request.sip.all("Accept")
        if passage.request is None or not headers:
            continue
        types = _types(passage)
        cited = [cite_header(passage.request, header) for header in headers]
        shown = clip(", ".join(header.value for header in headers))
        parts.append((passed if types & set(_TAKES) else failed)(expected, shown, *cited))
    return worst_of(parts) or not_applicable(expected, "no SUBSCRIBE of the terminal has Accept")


def _types(passage: Passage) -> set[str]:
    """Return the document types of Accept."""
    values = () if passage.request is None else passage.request.sip.values("Accept")
    return {value.text.partition(";")[0].strip().lower() for value in values}


@CATALOGUE.add(
    "REG-69",
    "The body of a NOTIFY is well-formed registration information.",
    source=(RFC3680, None),
    node=Role.HOME_SCSCF,
    points=AT_ALL,
    kinds=KINDS,
)
def well_formed(events: RegistrationEvents) -> Finding:
    """RFC 3680: reginfo with version and state; registrations with aor, id, state; contacts with id, state, event."""
    expected = f"{CONTENT_TYPE} as its schema has it"
    parts = [
        _form(one, notify, request, expected) for one, notify, request in events.notified() if not request.truncated
    ]
    return worst_of(parts) or inconclusive(expected, "no NOTIFY was captured")


def _form(one: Subscription, notify: Passage, request: SipMessage, expected: str) -> Finding:
    body, header = request.sip.body, request.sip.first("Content-Type")
    if not body:
        if notify.substate[0] == "active":
            return failed(expected, "no body", cite_place(request, 0))
        return not_applicable(expected, "a NOTIFY that is not active has no body")
    if header is None:
        return failed(expected, "a body without Content-Type", cite_missing(request, "Content-Type"))
    kind = header.value.partition(";")[0].strip().lower()
    if kind != CONTENT_TYPE and kind in {each for subscribe in one.subscribes for each in _types(subscribe)}:
        return inconclusive(expected, f"the subscriber takes {clip(kind, 60)} too")
    if kind != CONTENT_TYPE:
        return failed(f"Content-Type: {CONTENT_TYPE}", clip(header.value), cite_header(request, header))
    if request.sip.first("Content-Encoding") is not None:
        return inconclusive(expected, "the document has a Content-Encoding")
    try:
        document = read_reginfo(body)
    except NotReadError as error:
        return inconclusive(expected, str(error))
    except NotWellFormedError as error:
        return failed(expected, f"no XML: {error}", cite_place(request, error.offset))
    if document.problems:
        cited = [cite_place(request, problem.offset) for problem in document.problems[:3]]
        return failed(expected, clip("; ".join(one.what for one in document.problems[:3])), *cited)
    shown = f"version {document.version}, {document.state}, {len(document.registrations)} registrations"
    return passed(expected, shown, cite_body(request, document, document.offset, "", ()))


@CATALOGUE.add(
    "REG-70",
    "Documents of one subscription are counted from 0, one by one.",
    source=(RFC3680, None),
    node=Role.HOME_SCSCF,
    points=AT_ALL,
    severity=Severity.DEGRADED,
    kinds=KINDS,
)
def version(events: RegistrationEvents) -> Finding:
    """RFC 3680: versions begin with 0 and grow by one with each new document for a subscriber."""
    expected = "version 0 in the first document, one more in each further one"
    parts = []
    for one in events.subscriptions:
        found = _documents(one)
        began = any(_begins(passage) for passage in one.subscribes)
        for place, (request, document) in enumerate(found):
            if place and request.sip.body == found[place - 1][0].sip.body:
                continue  # the same document once more is no new one
            cited = [cite_body(request, document, document.offset, "", (("version", str(document.version)),))]
            if place:
                earlier, before = found[place - 1]
                cited.insert(0, cite_body(earlier, before, before.offset, "", (("version", str(before.version)),)))
                wanted = (before.version or 0) + 1
            elif not began:
                continue
            else:
                wanted = 0
            if document.version == wanted:
                parts.append(passed(expected, f"version {wanted}", *cited))
            else:
                # A document that is not in the capture would explain a number that is too high.
                missed = document.version is not None and document.version > wanted
                text = f"version {document.version}" + (" first" if not place else f" behind {wanted - 1}")
                parts.append(failed(f"version {wanted}", text, *cited, by_absence=missed))
    return worst_of(parts) or inconclusive(expected, NO_DOCUMENT)


def _documents(one: Subscription) -> list[tuple[SipMessage, RegInfo]]:
    """Return the documents of a subscription that have a version, in the order in which they were sent."""
    sent = sorted(one.notifies, key=lambda notify: _cseq(notify.request))
    pairs = [(notify.request, notify.document) for notify in sent]
    return [(r, d) for r, d in pairs if r is not None and d is not None and d.version is not None]


def _cseq(request: SipMessage | None) -> int:
    return -1 if request is None or request.sip.cseq_number is None else request.sip.cseq_number


def _begins(passage: Passage) -> bool:
    """Tell whether a SUBSCRIBE begins a subscription: its To has no tag yet."""
    request = passage.request
    header = None if request is None else request.sip.first("To")
    return header is not None and "tag=" not in header.value.rpartition(">")[2].lower()


@CATALOGUE.add(
    "REG-71",
    "The first NOTIFY behind a SUBSCRIBE has the full state, with the identity that is watched.",
    source=(RFC3680, None),
    node=Role.HOME_SCSCF,
    points=AT_ALL,
    kinds=KINDS,
)
def full_state(events: RegistrationEvents) -> Finding:
    """RFC 3680, RFC 6665: who subscribes first learns everything, and then what changes."""
    expected = 'state="full" with the watched identity'
    parts = []
    for one in events.subscriptions:
        # What is told behind a refresh may have been on its way before.
        for subscribe in (passage for passage in one.accepted if _begins(passage)):
            behind = (n for n in one.notifies if n.time_ns > subscribe.time_ns)
            notify = next(behind, None)
            if notify is None or notify.request is None or notify.document is None or notify.document.problems:
                continue
            if notify.substate[0] == "pending":
                continue
            request, document = notify.request, notify.document
            watched = watched_identity(one, notify)
            cited = [cite_body(request, document, document.offset, "", (("state", document.state),))]
            if document.state != "full":
                parts.append(failed(expected, f'state="{document.state}"', *cited))
            elif not any(same_identity(entry.aor, watched) for entry in document.registrations):
                shown = ", ".join(clip(entry.aor, 60) for entry in document.registrations[:4]) or "no registration"
                parts.append(failed(f"a registration of {clip(watched, 60)}", shown, *cited))
            else:
                parts.append(passed(expected, f"full, {len(document.registrations)} registrations", *cited))
    return worst_of(parts) or inconclusive(expected, "no SUBSCRIBE and the document that followed were captured")


@CATALOGUE.add(
    "REG-84",
    "A contact has no more time left in a document than its REGISTER was granted.",
    source=(RFC3680, None),
    node=Role.HOME_SCSCF,
    points=AT_ALL,
    level=Level.INFORMATION,
    severity=Severity.COSMETIC,
    condition="a NOTIFY has an active contact with expires, and the 200 that granted it was captured",
    kinds=KINDS,
)
def time_left(events: RegistrationEvents) -> Finding:
    """RFC 3680 says what expires means, and neither MUST nor SHOULD: the seconds until the binding ends."""
    expected = "expires of the contact: not more than granted"
    parts = []
    for _, notify, document in documents(events):
        request = notify.request
        if request is None:
            continue
        for contact in (c for entry in document.registrations for c in entry.contacts if c.state == "active"):
            left = seconds(contact.expires)
            # A REGISTER that is on its way may have been answered already where the document was written.
            granted = [
                (time, cite_value(register.response, "Contact", bound.value))
                for register in events.registers
                if register.time_ns <= notify.time_ns
                for bound in addresses(register.response, "Contact")
                if same_contact(bound.name_addr.uri, contact.uri)
                and (time := asked_expiry(register.response, bound)) is not None
            ]
            if left is None or not granted:
                continue
            most, answer = max(granted, key=lambda pair: pair[0])
            cited = (cite_contact(request, document, contact, ("expires",)), answer)
            if left > most:
                parts.append(failed(f"at most {most} s", f"{left} s", *cited, by_absence=True))
            else:
                parts.append(passed(expected, f"{left} s of {most} s", *cited))
    return worst_of(parts) or not_applicable(expected, "no contact of a REGISTER that was captured says its time")
