"""What RFC 4825 (XCAP) asks of an XDMS and of its clients; who may do what is in `ts24141`."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.criteria import resource_lists
from conformance.criteria.d22_presence import capabilities
from conformance.criteria.model import Catalogue, Citation, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.presence import DocumentRequest, Documents
from conformance.criteria.presence_citations import cite_content, cite_line, cite_no_line, cite_start
from conformance.criteria.procedure import Kind
from conformance.criteria.ts24229_event import worst_of
from conformance.criteria.values import clip
from conformance.criteria.xcap_names import CAPABILITIES, RULES
from conformance.criteria.xml_tree import NotReadError, NotWellFormedError, read_xml
from conformance.trace.model import HttpMessage
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Level, Severity

CATALOGUE = Catalogue()
KINDS = (Kind.DOCUMENTS,)
RFC4825 = "RFC 4825"
ERROR_TYPE = "application/xcap-error+xml"
ERROR = "urn:ietf:params:xml:ns:xcap-error"
ELEMENT_TYPE, ATTRIBUTE_TYPE = "application/xcap-el+xml", "application/xcap-att+xml"
TYPES = {
    **dict.fromkeys(RULES, "application/auth-policy+xml"),
    "resource-lists": "application/resource-lists+xml",
    "rls-services": "application/rls-services+xml",
    "pidf-manipulation": "application/pidf+xml",
}
"""Media type of the documents of each application usage."""


def _type(message: HttpMessage) -> str:
    return message.http.value("Content-Type").partition(";")[0].strip().lower()


@CATALOGUE.add(
    "PRES-10",
    "A PUT that creates a document is answered with 201, one that replaces it with 200.",
    source=(RFC4825, "8.2.7"),
    node=Role.XDMS,
    points=(Point.UT,),
    severity=Severity.DEGRADED,
    condition="a PUT of a whole document is accepted, and the trace shows whether the document was there before",
    kinds=KINDS,
)
def written(seen: Documents) -> Finding:
    """RFC 4825 8.2.7: `If the creation or replacement was successful`, 201 Created or 200 OK, `respectively`."""
    expected = "201 for a new document, 200 for a replaced one"
    parts = []
    for one in _documents_written(seen):
        known = _existed(seen, one)
        if known is None or one.answer is None:
            continue
        existed, shown = known
        expected = "200 for a document that is replaced" if existed else "201 for a new document"
        words = f"{one.status} for a document that {'was there' if existed else 'was not there'}"
        cited = (cite_start(one.answer), *shown)
        if one.status == (200 if existed else 201):
            parts.append(passed(expected, words, *cited))
        else:
            # What was not captured may have made or removed the document meanwhile; a condition says how it is now.
            parts.append(failed(expected, words, *cited, by_absence=shown[0].message is not one.request))
    return worst_of(parts) or not_applicable(expected, "no document was written of which it was seen whether it is new")


@CATALOGUE.add(
    "PRES-22",
    "Every answer that brings or accepts a document or a part of it has an entity-tag.",
    source=(RFC4825, "8.5"),
    node=Role.XDMS,
    points=(Point.UT,),
    severity=Severity.DEGRADED,
    condition="a PUT is accepted, or a GET is answered with 200",
    kinds=KINDS,
)
def tagged(seen: Documents) -> Finding:
    """RFC 4825 8.5: the server `MUST include the Etag header field in all 200 or 201 responses to PUT, GET`."""
    expected = "ETag"
    parts = []
    for one in seen.requests:
        if one.method not in ("PUT", "GET") or one.status not in (200, 201) or one.answer is None:
            continue
        tag = one.answer.http.first("ETag")
        start = cite_start(one.answer)
        if tag is None and one.answer.truncated:
            parts.append(inconclusive(expected, "the capture cut the answer short", start))
        elif tag is None:
            words = f"{one.status} to {one.method} without ETag"
            parts.append(failed(expected, words, start, cite_no_line(one.answer, "ETag")))
        else:
            parts.append(passed(expected, clip(tag.value, 40), start, cite_line(one.answer, tag)))
    return worst_of(parts) or not_applicable(expected, "nothing was written or read")


def _documents_written(seen: Documents) -> Iterator[DocumentRequest]:
    """Yield the PUTs of whole documents that were accepted."""
    for one in seen.requests:
        if one.method == "PUT" and one.accepted and one.name is not None and not one.name.node:
            yield one


def _before(seen: Documents, one: DocumentRequest) -> Iterator[DocumentRequest]:
    """Yield what was asked of the same document before, the newest first."""
    for other in reversed(seen.history):
        if other.time_ns >= one.time_ns or other.name is None or one.name is None:
            continue
        if other.name.document == one.name.document:
            yield other


def _is_over(other: DocumentRequest, one: DocumentRequest) -> bool:
    """Tell whether a request was answered before another one was sent; else nobody knows which one came first."""
    return other.answer is not None and other.answer.time_ns <= one.time_ns


def _existed(seen: Documents, one: DocumentRequest) -> tuple[bool, tuple[Citation, ...]] | None:
    """Tell whether a document was there before a PUT that was accepted, and what shows it; None where nothing does."""
    request, answer = one.request, one.answer
    if request is None or answer is None or _is_crossed(seen, one, answer.time_ns):
        return None
    for name, existed in (("If-None-Match", False), ("If-Match", True)):
        condition = request.http.first(name)
        # RFC 4825 8.2.6: who accepts a condition says that it holds. Of If-None-Match only * speaks of all documents.
        if condition is not None and (existed or condition.value.strip() == "*"):
            return existed, (cite_line(request, condition),)
    for other in _before(seen, one):
        if other.answer is None or other.status is None or not _is_over(other, one) or other.status >= 500:
            return None  # who knows what became of it, and when
        there = _shows(other, other.status)
        if there is not None:
            return there, (cite_start(other.answer),)
    return None


def _is_crossed(seen: Documents, one: DocumentRequest, answered_ns: int) -> bool:
    """Tell whether the same document is changed by another request while one waits: nobody knows who was first."""
    return any(
        other.name is not None
        and one.name is not None
        and other.name.document == one.name.document
        and other.method in ("PUT", "DELETE")
        and one.time_ns < other.time_ns < answered_ns
        for other in seen.history
    )


def _shows(one: DocumentRequest, status: int) -> bool | None:
    """Tell whether a document is there behind a request of it or of a part of it; None where that says nothing."""
    is_part = one.name is not None and bool(one.name.node)
    if 200 <= status < 300:
        return is_part or one.method != "DELETE"
    return False if status == 404 and not is_part and one.method != "PUT" else None


@CATALOGUE.add(
    "PRES-12",
    "The XDMS refuses what it cannot keep: 409 for what is no XML, 404 for an unknown usage, 412 for an old tag.",
    source=(RFC4825, "8, 8.2"),
    node=Role.XDMS,
    points=(Point.UT,),
    severity=Severity.DEGRADED,
    condition="a document is broken, its usage is unknown, or its entity-tag is old",
    kinds=KINDS,
)
def refused(seen: Documents) -> Finding:
    """RFC 4825 8: 404 for a usage `not understood`; 8.2.2: 409 for what is not well formed; 8.2.6: conditions hold."""
    expected = "409 for what is no XML, 404 for an unknown usage, 412 where If-Match is old"
    parts = [part for one in seen.requests for part in _refusals(seen, one, expected)]
    return worst_of(parts) or not_applicable(expected, "nothing had to be refused")


def _refusals(seen: Documents, one: DocumentRequest, expected: str) -> Iterator[Finding]:
    request, answer, name = one.request, one.answer, one.name
    if request is None or answer is None or name is None or one.status in (401, 403, 407):
        return
    start = cite_start(answer)
    decided = one.method == "PUT" and not name.node and (one.accepted or one.status == 409)
    if decided and not request.truncated and _is_broken(request):
        found = f"{one.status} for a document that is no XML"
        yield (failed if one.accepted else passed)("409", found, start, cite_content(request))
    known = _usages(seen, one)
    if known is not None and name.usage not in known and name.usage != CAPABILITIES:
        what = f"{one.status} for the unknown usage {clip(name.usage, 40)}"
        yield (passed if one.status == 404 else failed)(expected, what, start, cite_start(request))
    condition = request.http.first("If-Match")
    current = _tag(seen, one)
    if condition is not None and current is not None and condition.value.strip() != "*":
        fits = current in [part.strip() for part in condition.value.split(",")]
        cited = (start, cite_line(request, condition))
        if not fits and one.accepted:
            found = f"{one.status} with If-Match {clip(condition.value, 40)}, the entity-tag was {clip(current, 40)}"
            yield failed("412", found, *cited, by_absence=True)
        elif not fits and one.status == 412:
            yield passed(expected, "412 to an old entity-tag", *cited)


def _error_problem(answer: HttpMessage) -> str:
    if _type(answer) != ERROR_TYPE:
        return f"409 with {clip(_type(answer), 60) or 'no Content-Type'}"
    try:
        root = read_xml(answer.http.body)
    except (NotReadError, NotWellFormedError) as error:
        return f"409 with a document that cannot be read: {error}"
    return "" if root.name == f"{ERROR} xcap-error" else f"409 with {root.name[:80]}"


def _is_broken(request: HttpMessage) -> bool:
    if request.http.first("Content-Encoding") is not None:
        return False
    try:
        read_xml(request.http.body)
    except NotWellFormedError:
        return True
    except NotReadError:
        return False
    return False


def _usages(seen: Documents, one: DocumentRequest) -> frozenset[str] | None:
    """Return the application usages that the XDMS says it has, None where that was not seen."""
    for other in seen.history:
        where = None if other.request is None else other.request.destination
        same = one.request is not None and where == one.request.destination
        name = other.name
        whole = other.answer is not None and not other.answer.truncated and other.status == 200
        if (
            same
            and whole
            and other.method == "GET"
            and name is not None
            and name.usage == CAPABILITIES
            and not name.node
        ):
            return None if other.answer is None else capabilities(other.answer.http.body)
    return None


def _tag(seen: Documents, one: DocumentRequest) -> str | None:
    """Return the entity-tag that a document had before a request, None where that was not seen."""
    for other in _before(seen, one):
        if not _is_over(other, one) or (other.accepted and other.method == "DELETE"):
            return None
        if other.accepted and other.answer is not None:
            return other.answer.http.value("ETag").strip() or None
    return None


@CATALOGUE.add(
    "PRES-23",
    "A list that breaks its schema, or has twice what has to be unique, is refused with 409.",
    source=(RFC4825, "8.2.5"),
    node=Role.XDMS,
    points=(Point.UT,),
    severity=Severity.DEGRADED,
    condition="a PUT of a whole document of lists that RFC 4826 does not allow",
    kinds=KINDS,
)
def validated(seen: Documents) -> Finding:
    """RFC 4825 8.2.5: the server `MUST reject the request with a 409`; what a list is, RFC 4826 3.2 and 3.4.5 say."""
    expected = "409"
    parts = []
    for one in seen.requests:
        request, answer, name = one.request, one.answer, one.name
        if request is None or answer is None or name is None or one.method != "PUT" or request.truncated:
            continue
        encoded = request.http.first("Content-Encoding") is not None
        if name.usage != resource_lists.USAGE or name.node or encoded or not (one.accepted or one.status == 409):
            continue
        wrong = resource_lists.breach(request.http.body)
        if wrong:
            verdict = failed if one.accepted else passed
            words = f"{one.status} for a document with {wrong}"
            parts.append(verdict(expected, words, cite_start(answer), cite_content(request)))
    return worst_of(parts) or not_applicable(
        expected, "no list that is surely wrong; of other documents that is not known"
    )


@CATALOGUE.add(
    "PRES-24",
    "An answer 409 says why in a document of XCAP errors.",
    source=(RFC4825, "8.2"),
    node=Role.XDMS,
    points=(Point.UT,),
    level=Level.SHOULD,
    severity=Severity.DEGRADED,
    condition="a request is answered with 409",
    kinds=KINDS,
)
def explained(seen: Documents) -> Finding:
    """RFC 4825 8.2.1, 8.2.2, 8.2.5: the 409 `SHOULD include a detailed conflict report`."""
    expected = "409 with xcap-error"
    parts = []
    for one in seen.requests:
        answer = one.answer
        if answer is None or one.status != 409:
            continue
        if answer.truncated:
            parts.append(inconclusive(expected, "the capture cut the answer short"))
            continue
        wrong = _error_problem(answer)
        cited = (cite_start(answer), cite_content(answer))
        parts.append((failed if wrong else passed)(expected, wrong or expected, *cited))
    return worst_of(parts) or not_applicable(expected, "no request is answered with 409")


@CATALOGUE.add(
    "PRES-19",
    "A client gives a document, an element or an attribute its own media type.",
    source=(RFC4825, "7.1, 8.2.2"),
    node=Role.PRESENTITY,
    points=(Point.UT,),
    severity=Severity.DEGRADED,
    condition="a PUT to a known application usage",
    kinds=KINDS,
)
def typed(seen: Documents) -> Finding:
    """RFC 4825: xcap-el+xml, xcap-att+xml; a document has the type that its application usage defines."""
    expected = "the media type of the application usage"
    parts = []
    for one in seen.requests:
        request, name = one.request, one.name
        if request is None or name is None or one.method != "PUT":
            continue
        last = name.node.rpartition("/")[2]
        attribute = last.startswith(("@", "%40"))
        wanted = TYPES.get(name.usage)
        if name.node:
            wanted = ATTRIBUTE_TYPE if attribute else ELEMENT_TYPE
        header = request.http.first("Content-Type")
        if wanted is None:
            continue
        cited = cite_no_line(request, "Content-Type") if header is None else cite_line(request, header)
        right = _type(request) == wanted
        parts.append(
            (passed if right else failed)(wanted, _type(request) or "no Content-Type", cited, node=seen.client)
        )
    return worst_of(parts) or not_applicable(expected, "no PUT to a known application usage")
