"""Which list a URI stands for: `rls-services` of the user, and the list that it names (RFC 4826)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from urllib.parse import unquote

from conformance.cores.emulated.presence.xcap_client import XcapClient, XcapFailed
from conformance.protocols.presence.identity import canonical
from conformance.protocols.presence.resource_lists import ListService, read_list, read_services
from conformance.protocols.presence.xml_document import MalformedDocument

_SERVICES = "rls-services/users/{user}/index"


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of all users of one network.

    Args:
        xcap: gets documents; None: there are no lists.
        log: the node's logger.
    """

    xcap: XcapClient | None
    log: logging.Logger

    async def find(self, uri: str, user: str) -> ListService | None:
        """Return the list with its members; None where a user has no list of that URI.

        Each user has lists of his own: nobody subscribes to what another one has put together.
        """
        if self.xcap is None:
            return None
        try:
            document = await self.xcap.get(_SERVICES.format(user=user), user)
            service = None if document is None else read_services(document).get(canonical(uri))
            if service is None or not service.reference:
                return service
            members = await self.xcap.get(_path(service.reference, user), user)
            return None if members is None else replace(service, members=read_list(members))
        except (XcapFailed, MalformedDocument) as error:
            self.log.warning("list %.200s: %.300s", uri, error)
            return None


def _path(reference: str, user: str) -> str:
    """Return what stands behind the XCAP root in the URI of a list, which must be one of the user's own.

    Raises:
        MalformedDocument: it is another one's: this server may read more than the user may.
    """
    path = reference.partition("/xcap-root/")[2] or reference.lstrip("/")
    own = f"resource-lists/users/{user}/"
    plain = unquote(path)
    if not plain.startswith(own) or ".." in plain.split("/"):
        raise MalformedDocument(f"resource-list: expected a list of {user}, found {path[:100]!r}")
    return path
