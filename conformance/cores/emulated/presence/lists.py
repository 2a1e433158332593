"""Which list a URI stands for: `rls-services` of the user, and all that it names (RFC 4826)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from conformance.cores.emulated.presence.xcap_client import XcapClient, XcapFailed
from conformance.protocols.presence.identity import canonical
from conformance.protocols.presence.resource_lists import (
    MOST_MEMBERS,
    Item,
    Member,
    Reference,
    read_list,
    read_services,
)
from conformance.protocols.presence.xml_document import MalformedDocument

FOLDERS = ("rls-services/users/{user}/", "resource-lists/users/{user}/", "resource-lists/global/")
"""Where that is of which a list of a user is made."""
_SERVICES = "rls-services/users/{user}/index"
_DEEPEST = 5
"""References within what a reference names."""
_MOST_REFERENCES = 20


class ListUnreadable(Exception):
    """The XDMS does not answer, or what it has is no list."""


@dataclass(frozen=True, slots=True)
class FoundList:
    """A list as a user has it now, without references."""

    members: tuple[Member, ...]
    packages: frozenset[str]
    """Event packages that it serves; none: all."""


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of all users of one network.

    Args:
        xcap: gets documents; None: there are no lists.
        roots: XCAP roots of the federation's testbeds, as a list may name them, by that at which this server asks; that
            of the own network, which is asked in the user's name, is the empty text.
        log: the node's logger.
    """

    xcap: XcapClient | None
    roots: Mapping[str, str]
    log: logging.Logger

    async def read(self, uri: str, user: str) -> FoundList | None:
        """Return the list with its members; None where a user has no list of that URI.

        Each user has lists of his own: nobody subscribes to what another one has put together. What a reference names
        and cannot be had, or may not be, is left out.

        Raises:
            ListUnreadable: nothing can be said of the list.
        """
        if self.xcap is None:
            return None
        try:
            document = await self.xcap.get(_SERVICES.format(user=user), user)
            service = None if document is None else read_services(document).get(canonical(uri))
            if service is None:
                return None
            items = service.items
            if service.reference:
                path = service.reference.partition("/xcap-root/")[2] or service.reference.lstrip("/")
                named = await self.xcap.get(_own_path(path, user), user)
                if named is None:
                    return None
                items = read_list(named)
            walk = _Walk(user, self)
            await walk.take(items, 0)
            return FoundList(tuple(walk.members.values()), service.packages)
        except (XcapFailed, MalformedDocument) as error:
            raise ListUnreadable(str(error)) from None


@dataclass(slots=True)
class _Walk:
    """One way through a list and what it refers to."""

    user: str
    lists: Lists
    members: dict[str, Member] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    """What was followed already; it is not followed again, so that no way is a circle."""

    async def take(self, items: tuple[Item, ...], depth: int) -> None:
        """Take members as they stand, and those of references in their place."""
        for item in items:
            if isinstance(item, Reference):
                await self._follow(item, depth + 1)
            elif len(self.members) < MOST_MEMBERS:
                self.members.setdefault(canonical(item.uri), item)

    async def _follow(self, reference: Reference, depth: int) -> None:
        assert self.lists.xcap is not None
        try:
            root, path = self._place(reference)
            place = f"{root}/{unquote(path)}"
            if place in self.seen:
                return
            if depth > _DEEPEST or len(self.seen) >= _MOST_REFERENCES:
                raise MalformedDocument(f"expected at most {_MOST_REFERENCES} references, {_DEEPEST} deep")
            self.seen.add(place)
            found = await self.lists.xcap.get(path, self.user, root=root)
            if found is None:
                raise MalformedDocument("nothing is there")
            await self.take(read_list(found), depth)
        except (XcapFailed, MalformedDocument) as error:
            self.lists.log.warning("list of %s: %.200s is left out: %.300s", self.user, reference.uri, error)

    def _place(self, reference: Reference) -> tuple[str, str]:
        """Return root and path: a relative one is one of the own root (RFC 4826 3.2)."""
        if reference.is_relative:
            return "", _own_path(reference.uri.lstrip("/"), self.user)
        for written, asked in self.lists.roots.items():
            if reference.uri.startswith(f"{written}/"):
                path = reference.uri.removeprefix(f"{written}/")
                return asked, _list_path(path) if asked else _own_path(path, self.user)
        raise MalformedDocument("expected an XCAP root of the federation")


def _own_path(path: str, user: str) -> str:
    """Return the path of a list, which must be one of the user's own or of everybody.

    Raises:
        MalformedDocument: it is another one's: this server may read more than the user may.
    """
    if not unquote(_list_path(path)).startswith((f"resource-lists/users/{user}/", "resource-lists/global/")):
        raise MalformedDocument(f"resource-list: expected a list of {user}, found {path[:100]!r}")
    return path


def _list_path(path: str) -> str:
    plain = unquote(path)
    if not plain.startswith("resource-lists/") or ".." in plain.split("/"):
        raise MalformedDocument(f"expected a document of resource-lists, found {path[:100]!r}")
    return path
