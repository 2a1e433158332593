"""What an XDMS does with a request (RFC 4825 8): who may, which resource, on which condition. Knows no HTTP library."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from lxml import etree

from conformance.cores.emulated.xdms.constraints import SERVICES, Surroundings, service_uris
from conformance.cores.emulated.xdms.store import Document, DocumentStore
from conformance.cores.emulated.xdms.usages import CAPS, RLS_SERVICES, USAGES, Usage, capabilities
from conformance.protocols.xcap.edit import (
    ATTRIBUTE_TYPE,
    ELEMENT_TYPE,
    NoParent,
    NotFound,
    delete_node,
    put_attribute,
    put_element,
    read_node,
)
from conformance.protocols.xcap.errors import CONTENT_TYPE, Conflict, ErrorElement
from conformance.protocols.xcap.patch import Patch, patch_of
from conformance.protocols.xcap.safe_xml import (
    NotUtf8,
    XmlRefused,
    look_through,
    new_element,
    parse_document,
    parse_own,
)
from conformance.protocols.xcap.selector import NodeSelector, parse_selector
from conformance.protocols.xcap.uri import BadAddress, DocumentSelector, Tree, XcapAddress, parse_address

ROOT = "/xcap-root"
"""Path of the XCAP root (RFC 4825 6.1)."""
ACCEPTS_INVALID = "accepts-invalid-documents"
IGNORES_IF_MATCH = "ignores-if-match"
SAYS_200_FOR_CREATED = "answers-200-for-created"
SERVES_OTHERS = "serves-other-users"
NO_ERROR_DOCUMENT = "no-xcap-error"
NO_ETAG = "no-entity-tag"
FORGETS_RULES = "forgets-pres-rules"
FAULTS = (
    ACCEPTS_INVALID,
    IGNORES_IF_MATCH,
    SAYS_200_FOR_CREATED,
    SERVES_OTHERS,
    NO_ERROR_DOCUMENT,
    NO_ETAG,
    FORGETS_RULES,
)
"""Faults that this part of the node shows."""

_ETAG = re.compile(r'\s*(?:W/)?"(?P<tag>[^"]*)"\s*(?:,|$)')
_METHODS = ("GET", "HEAD", "PUT", "DELETE")
_MOST_DOCUMENTS = 200
"""Documents of one user."""
_INDEX = DocumentSelector(RLS_SERVICES, Tree.GLOBAL, "", "index")
_CAPABILITIES = DocumentSelector(CAPS, Tree.GLOBAL, "", "index")


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks.

    Args:
        identities: public identities that were proven.
        is_server: a trusted server of the same testbed: it reads every document, and keeps those that users only read.
    """

    identities: frozenset[str] = frozenset()
    is_server: bool = False


@dataclass(frozen=True, slots=True)
class XcapRequest:
    """A request whose sender is known."""

    method: str
    target: str
    """Path and query as they came."""
    requester: Requester
    body: bytes = b""
    content_type: str = ""
    if_match: str | None = None
    if_none_match: str | None = None


@dataclass(frozen=True, slots=True)
class XcapResponse:
    """The answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """A document that is another one now; None: it was not there, or is no more."""

    document: DocumentSelector
    previous: str | None
    new: str | None
    patch: Patch | None = None
    """Which part of it was changed, where one was, and that can be said."""


class _Answer(Exception):
    """Ends a request with an answer."""

    def __init__(self, status: int, **headers: str) -> None:
        super().__init__(status)
        self.response = XcapResponse(status, b"", headers)


class XcapService:
    """The documents and the rules for them.

    Args:
        store: where documents are.
        root: XCAP root URI, for errors that name a resource.
        identities: public identities of the domain.
        changed: told of each change, after it is stored.
        faults: names of faults that it shows.
    """

    def __init__(
        self,
        store: DocumentStore,
        root: str,
        identities: Iterable[str] = (),
        changed: Callable[[Change], None] = lambda change: None,
        faults: frozenset[str] = frozenset(),
    ) -> None:
        self._store = store
        self._root = root
        self._identities = frozenset(identities)
        self._changed = changed
        self._faults = faults
        self._forgotten = frozenset({"pres-rules"} if FORGETS_RULES in faults else ())
        self._capabilities = capabilities(self._forgotten)

    def documents(self) -> Iterator[Document]:
        """Yield every document that can be read, those of the global tree that are computed among them."""
        yield Document(_CAPABILITIES, self._capabilities, _hashed(self._capabilities))
        index = self._services_index()
        yield Document(_INDEX, index, _hashed(index))
        yield from self._store.find()

    def answer(self, request: XcapRequest) -> XcapResponse:
        """Do what a request asks for, or say why not."""
        response = self._judged(request)
        if NO_ETAG in self._faults:
            response.headers.pop("ETag", None)
        return response

    def _judged(self, request: XcapRequest) -> XcapResponse:
        try:
            return self._answer(request)
        except _Answer as ended:
            return ended.response
        except BadAddress as error:
            return XcapResponse(400, f"{error}\n".encode(), {"Content-Type": "text/plain; charset=utf-8"})
        except (NotFound, XmlRefused):  # nothing is selected in what was stored unread (ACCEPTS_INVALID)
            return XcapResponse(404)
        except Conflict as conflict:
            if NO_ERROR_DOCUMENT in self._faults:
                return XcapResponse(409)
            return XcapResponse(409, conflict.document(), {"Content-Type": CONTENT_TYPE})

    def _answer(self, request: XcapRequest) -> XcapResponse:
        if request.method not in _METHODS:
            raise _Answer(405, Allow=", ".join(_METHODS))
        address = parse_address(request.target, ROOT)
        usage = USAGES.get(address.document.auid) if address is not None else None
        if address is None or usage is None or usage.auid in self._forgotten:
            raise NotFound
        reads = request.method in ("GET", "HEAD")
        if not self._may(request.requester, address.document, usage, reads=reads):
            raise _Answer(403)
        selector = parse_selector(address.node, usage.namespace, address.namespaces) if address.node else None
        if selector is not None and selector.namespaces and not reads:
            raise _Answer(405, Allow="GET, HEAD")
        document = self._find(address.document)
        self._check_conditions(request, document, selector, reads=reads)
        if reads:
            return self._get(usage, document, selector)
        if request.method == "DELETE":
            return self._delete(usage, document, selector)
        return self._put(request, usage, address, document, selector)

    def _may(self, requester: Requester, document: DocumentSelector, usage: Usage, *, reads: bool) -> bool:
        """Default policy of RFC 4825 5.7: a user's tree is the user's alone, the global tree is read by everybody."""
        if document.tree is Tree.GLOBAL:
            return reads
        owns = document.xui in requester.identities or SERVES_OTHERS in self._faults
        if reads:
            return owns or requester.is_server
        return owns if usage.user_writes else requester.is_server

    def _find(self, selector: DocumentSelector) -> Document | None:
        if selector == _CAPABILITIES:
            return Document(selector, self._capabilities, _hashed(self._capabilities))
        if selector == _INDEX:
            content = self._services_index()
            return Document(selector, content, _hashed(content))
        return self._store.get(selector)

    def _services_index(self) -> bytes:
        """Return all services of all users in one document (RFC 4826 4.4.7)."""
        namespace = USAGES[RLS_SERVICES].namespace
        root = new_element(f"{SERVICES}rls-services", {None: namespace})
        for _, services in self._service_documents():
            root.extend(list(services.iterchildren(f"{SERVICES}service")))  # it moves them
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True)

    def _check_conditions(
        self, request: XcapRequest, document: Document | None, selector: NodeSelector | None, *, reads: bool
    ) -> None:
        """If-Match and If-None-Match: all parts of a document have its entity tag (RFC 4825 7.11)."""
        if IGNORES_IF_MATCH in self._faults:
            return
        there = document is not None and _is_there(document, selector)
        etag = document.etag if document is not None and there else None
        part_of = document.etag if document is not None else None
        if request.if_match is not None and not _matches(request.if_match, part_of, exists=there):
            raise _Answer(412)
        if request.if_none_match is not None and _matches(request.if_none_match, part_of, exists=there):
            raise _Answer(304 if reads else 412, **({"ETag": f'"{etag}"'} if etag is not None else {}))

    def _get(self, usage: Usage, document: Document | None, selector: NodeSelector | None) -> XcapResponse:
        if document is None:
            raise NotFound
        body, content_type = document.content, usage.media_type
        if selector is not None:
            body, content_type = read_node(parse_own(document.content), selector)
        return XcapResponse(200, body, {"Content-Type": content_type, "ETag": f'"{document.etag}"'})

    def _delete(self, usage: Usage, document: Document | None, selector: NodeSelector | None) -> XcapResponse:
        if document is None:
            raise NotFound
        if selector is None:
            self._store.delete(document.selector)
            self._tell(document, None)
            return XcapResponse(200)
        root = delete_node(parse_own(document.content), selector)
        stored = self._keep(usage, document, document.selector, root, None, selector)
        return XcapResponse(200, b"", {"ETag": f'"{stored.etag}"'})

    def _put(
        self,
        request: XcapRequest,
        usage: Usage,
        address: XcapAddress,
        document: Document | None,
        selector: NodeSelector | None,
    ) -> XcapResponse:
        expected = usage.media_type
        if selector is not None:
            expected = ELEMENT_TYPE if selector.attribute is None else ATTRIBUTE_TYPE
        if request.content_type.partition(";")[0].strip().lower() != expected:
            raise _Answer(415, Accept=expected)
        if document is None and self._store.count(address.document.xui) >= _MOST_DOCUMENTS:
            raise _Answer(507)
        if selector is None:
            is_new, content = document is None, request.body
            root = None if ACCEPTS_INVALID in self._faults else _document_of(content)
        else:
            if document is None:
                raise NoParent("")
            put = put_element if selector.attribute is None else put_attribute
            try:
                root, is_new = put(parse_own(document.content), selector, request.body)
            except NoParent as error:
                ancestor = address.node_uri(self._root, error.ancestor) if error.ancestor else ""
                raise NoParent(ancestor) from None
            content = None
        stored = self._keep(usage, document, address.document, root, content, selector)
        status = 201 if is_new and SAYS_200_FOR_CREATED not in self._faults else 200
        return XcapResponse(status, b"", {"ETag": f'"{stored.etag}"'})

    def _keep(
        self,
        usage: Usage,
        old: Document | None,
        selector: DocumentSelector,
        root: etree._Element | None,
        content: bytes | None,
        part: NodeSelector | None,
    ) -> Document:
        """Check a changed document, store it and tell of it; `content` where it stays as it was sent, `part` else."""
        if root is not None and ACCEPTS_INVALID not in self._faults:
            usage.check(root, Surroundings(lambda: self._services_beside(selector), self._identities))
        if content is None and root is not None:
            content = etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)
            try:
                look_through(content)  # its parts were harmless each; they may be too many or too deep together
            except XmlRefused as error:
                raise Conflict(ErrorElement.CONSTRAINT_FAILURE, str(error)) from None
        assert content is not None
        stored = self._store.put(selector, content)
        patch = None
        if old is not None and part is not None:
            patch = patch_of(parse_own(old.content), parse_own(content), part)
        self._tell(old, stored, patch)
        return stored

    def _services_beside(self, selector: DocumentSelector) -> Iterator[str]:
        for other, root in self._service_documents():
            if other != selector:
                yield from service_uris(root)

    def _service_documents(self) -> Iterator[tuple[DocumentSelector, etree._Element]]:
        for document in self._store.find(RLS_SERVICES):
            with suppress(XmlRefused):  # what was stored unread
                yield document.selector, parse_own(document.content)

    def _tell(self, old: Document | None, new: Document | None, patch: Patch | None = None) -> None:
        selector = (new or old).selector  # type: ignore[union-attr]  # one of them is there
        self._changed(Change(selector, old.etag if old else None, new.etag if new else None, patch))


def _document_of(body: bytes) -> etree._Element:
    try:
        return parse_document(body)
    except NotUtf8 as error:
        raise Conflict(ErrorElement.NOT_UTF_8, str(error)) from None
    except XmlRefused as error:
        raise Conflict(ErrorElement.NOT_WELL_FORMED, str(error)) from None


def _is_there(document: Document, selector: NodeSelector | None) -> bool:
    if selector is None:
        return True
    try:
        read_node(parse_own(document.content), selector)
    except NotFound:
        return False
    return True


def _matches(value: str, etag: str | None, *, exists: bool) -> bool:
    """Tell whether a list of entity tags has the one of the document; `*` matches what is there."""
    if value.strip() == "*":
        return exists
    return etag is not None and etag in [found["tag"] for found in _ETAG.finditer(value)]


def _hashed(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
