"""The address of an XCAP resource (RFC 4825 6): root, document selector, node selector, namespace bindings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote, unquote_to_bytes

SEPARATOR = "~~"
_BINDING = re.compile(r"\s*xmlns\(\s*(?P<prefix>[^\s=()]+)\s*=\s*(?P<uri>(?:[^()^]|\^[()^])*)\)\s*")
_UNESCAPE = re.compile(r"\^([()^])")
_MOST_BINDINGS = 32
_SAFE_IN_SELECTOR = "/@=:*!$&'(),;+-._~"


class Tree(StrEnum):
    """The two trees of an application usage."""

    GLOBAL = "global"
    USERS = "users"


class BadAddress(ValueError):
    """An address that does not follow RFC 4825 6; the answer is 400 or 404."""


@dataclass(frozen=True, slots=True)
class DocumentSelector:
    """Which document: application usage, tree, user, name."""

    auid: str
    tree: Tree
    xui: str
    """User identity (RFC 4825 4); empty in the global tree."""
    name: str
    """The rest of the path, usually `index`."""

    def __str__(self) -> str:
        """Return it as it stands behind the root, in URI form."""
        parts = [self.auid, self.tree, *([self.xui] if self.tree is Tree.USERS else []), *self.name.split("/")]
        return "/".join(quote(part, safe="@:+!$&'(),;=-._~") for part in parts)


@dataclass(frozen=True, slots=True)
class XcapAddress:
    """Which resource."""

    document: DocumentSelector
    node: str = ""
    """Node selector without percent-encoding; empty for the document itself."""
    namespaces: dict[str, str] = field(default_factory=dict, compare=False)
    """What the query binds (RFC 4825 6.4)."""

    def node_uri(self, root: str, node: str) -> str:
        """Return the URI of a node of the same document."""
        return f"{root}/{self.document}/{SEPARATOR}/{quote(node, safe=_SAFE_IN_SELECTOR)}"


def parse_address(target: str, root: str) -> XcapAddress | None:
    """Read what a request line asks for.

    Args:
        target: path and query as they came, percent-encoded.
        root: path of the XCAP root: `/xcap-root`.

    Returns:
        None where it lies outside the root, or names no document.

    Raises:
        BadAddress: it is not encoded as a URI is, or its query binds no namespaces.
    """
    path, _, query = target.partition("#")[0].partition("?")
    if not path.startswith(f"{root}/"):
        return None
    segments = path[len(root) + 1 :].split("/")
    names = [_decoded(segment) for segment in segments]
    end = names.index(SEPARATOR) if SEPARATOR in names else len(names)
    document = _document(names[:end])
    if document is None:
        return None
    node = _decoded("/".join(segments[end + 1 :]))
    if end < len(names) and not node:
        raise BadAddress("expected a node selector behind ~~")
    return XcapAddress(document, node, parse_query(query))


def parse_query(query: str) -> dict[str, str]:
    """Return the namespace bindings of a query: `xmlns(a=urn:a)xmlns(b=urn:b)` (XPointer, RFC 4825 6.4).

    Raises:
        BadAddress: something else stands in it.
    """
    text = _decoded(query)
    found: dict[str, str] = {}
    position = 0
    while position < len(text):
        binding = _BINDING.match(text, position)
        if binding is None or len(found) >= _MOST_BINDINGS:
            raise BadAddress("query: expected xmlns(prefix=namespace)")
        found[binding["prefix"]] = _UNESCAPE.sub(r"\1", binding["uri"].strip())
        position = binding.end()
    return found


def _document(names: list[str]) -> DocumentSelector | None:
    """Read a document selector; None for folders, unknown trees and paths with empty or dotted parts."""
    if any(name in ("", ".", "..") for name in names):
        return None
    match names:
        case [auid, "global", *rest] if rest:
            return DocumentSelector(auid, Tree.GLOBAL, "", "/".join(rest))
        case [auid, "users", xui, *rest] if rest:
            return DocumentSelector(auid, Tree.USERS, xui, "/".join(rest))
    return None


def _decoded(text: str) -> str:
    try:
        decoded = unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise BadAddress("expected percent-encoded UTF-8") from None
    if any(ord(character) < 0x20 for character in decoded):
        raise BadAddress("expected no control characters")
    return decoded
