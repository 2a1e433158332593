"""A terminal's XCAP client: documents, elements and attributes over HTTP and HTTPS, with digest (RFC 4825, RFC 2617).

The methods of `XcapClient` may be called from any thread but the terminals' own.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import quote

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from sipmessage import URI
from yarl import URL

from conformance.protocols.sip.digest_header import DigestHeader
from conformance.stack.errors import StackError
from conformance.stack.locate import Locator
from conformance.terminals.authenticator import Authenticator
from conformance.terminals.event_log import EventLog
from conformance.terminals.loop import GRACE_S, TerminalLoop
from conformance.terminals.presence_failures import PresenceRefused, PresenceTimedOut
from conformance.vocabulary.events import EventKind

ELEMENT = "application/xcap-el+xml"
ATTRIBUTE = "application/xcap-att+xml"

_LARGEST = 1024 * 1024
_KINDS = {"PUT": EventKind.STORED, "GET": EventKind.FETCHED, "DELETE": EventKind.REMOVED}


@dataclass(frozen=True, slots=True)
class XcapAnswer:
    """What the server answered."""

    status: int
    body: bytes
    entity_tag: str
    """ETag; empty where there is none."""
    content_type: str


@dataclass(frozen=True, slots=True)
class XcapPlace:
    """Where and as whom a client asks."""

    root: str
    """XCAP root: `https://xcap.uc3m.netlab.test:8443/xcap-root`."""
    user: str
    """The user whose documents are asked for: a public user identity."""
    source: str
    """Numeric address of the terminal."""
    locator: Locator
    """Finds the server by DNS."""
    tls: ssl.SSLContext | None = None
    """For HTTPS."""


class XcapClient:
    """One user's client.

    Args:
        place: where and as whom.
        authenticator: answers challenges.
        events: where observations go.
        loop: where it lives.
        patience_s: how long an answer is awaited, seconds.
    """

    def __init__(
        self, place: XcapPlace, authenticator: Authenticator, events: EventLog, loop: TerminalLoop, patience_s: float
    ) -> None:
        self.place = place
        self.users = {place.user}
        """Whose documents were named: the own user, and others."""
        self._authenticator = authenticator
        self._events = events
        self._loop = loop
        self._patience_s = patience_s

    def put(
        self, path: str, body: bytes, content_type: str, *, if_match: str = "", node: str = "", query: str = ""
    ) -> XcapAnswer:
        """Store a document, or with `node` an element or attribute of it.

        Args:
            path: document behind the root: `self.document("pres-rules")`.
            body: what to store.
            content_type: of the document, or `ELEMENT`, or `ATTRIBUTE`.
            if_match: entity tag that it must have now; `*`: any; empty: no condition.
            node: node selector; empty: the document itself.
            query: bindings of namespaces (RFC 4825 6.4).

        Raises:
            PresenceRefused: with the status of the answer.
            PresenceTimedOut: no answer within `timers.procedure_ms`, or the server cannot be reached.
        """
        headers = {"Content-Type": content_type} | ({"If-Match": if_match} if if_match else {})
        return self._procedure("PUT", self._url(path, node, query), headers, body)

    def get(self, path: str, *, node: str = "", query: str = "") -> XcapAnswer:
        """Fetch a document, or with `node` a part of it. Arguments and errors as `put`."""
        return self._procedure("GET", self._url(path, node, query), {}, b"")

    def delete(self, path: str, *, if_match: str = "", node: str = "", query: str = "") -> XcapAnswer:
        """Remove a document, or with `node` a part of it. Arguments and errors as `put`."""
        headers = {"If-Match": if_match} if if_match else {}
        return self._procedure("DELETE", self._url(path, node, query), headers, b"")

    def document(self, auid: str, name: str = "index", user: str = "") -> str:
        """Return the path of a document of a user behind the root.

        Args:
            auid: application usage.
            name: of the document.
            user: whose; the client's own user where it is empty.
        """
        self.users.add(user or self.place.user)
        return f"{auid}/users/{quote(user or self.place.user, safe=':@+;=')}/{quote(name)}"

    def _url(self, path: str, node: str, query: str) -> URL:
        selector = f"/~~/{quote(node, safe='/@*=:')}" if node else ""
        binding = f"?{quote(query, safe='()=:')}" if query else ""
        return URL(f"{self.place.root}/{path}{selector}{binding}", encoded=True)

    def _procedure(self, method: str, url: URL, headers: Mapping[str, str], body: bytes) -> XcapAnswer:
        what = f"{method} {url.raw_path_qs}"

        async def timed() -> XcapAnswer:
            try:
                async with asyncio.timeout(self._patience_s):
                    return await self._exchange(method, url, headers, body)
            except TimeoutError:
                self._time_out(f"awaited the answer to {what} for {self._patience_s:g} s")
            except (aiohttp.ClientError, OSError, StackError) as error:
                self._time_out(f"awaited the answer to {what}: {error}")

        answer = self._loop.run(timed, self._patience_s + GRACE_S, what)
        if answer.status >= 300:
            self._record(EventKind.PRESENCE_REFUSED, answer.status, what)
            raise PresenceRefused(answer.status, f"{what}: {_shown(answer.body)}")
        self._record(_KINDS[method], answer.status, what)
        return answer

    async def _exchange(self, method: str, url: URL, headers: Mapping[str, str], body: bytes) -> XcapAnswer:
        """Send the request, and once more with credentials where it is challenged (RFC 2617 3.3)."""
        fields = {**headers, "X-3GPP-Intended-Identity": f'"{self.place.user}"'}
        connector = aiohttp.TCPConnector(
            local_addr=(self.place.source, 0), resolver=_DnsResolver(self.place.locator), ssl=self.place.tls or True
        )
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
            answer, challenge = await self._ask(session, method, url, fields, body)
            if answer.status != 401 or challenge is None:
                return answer
            try:
                credentials = self._authenticator.answer(
                    DigestHeader.parse(challenge), method=method, uri=url.raw_path_qs
                )
            except ValueError as error:
                raise PresenceRefused(answer.status, str(error)) from None
            fields["Authorization"] = str(credentials.credentials)
            answer, _ = await self._ask(session, method, url, fields, body)
            return answer

    async def _ask(
        self, session: aiohttp.ClientSession, method: str, url: URL, headers: Mapping[str, str], body: bytes
    ) -> tuple[XcapAnswer, str | None]:
        async with session.request(method, url, headers=headers, data=body or None, allow_redirects=False) as response:
            content = await response.content.read(_LARGEST)
            found = response.headers
            answer = XcapAnswer(response.status, content, found.get("ETag", ""), found.get("Content-Type", ""))
            digests = (one for one in found.getall("WWW-Authenticate", []) if one[:7].lower() == "digest ")
            return answer, next(digests, None)

    def _record(self, kind: EventKind, status: int | None, detail: str) -> None:
        self._events.record(self.place.user, kind, status, detail)

    def _time_out(self, what: str) -> NoReturn:
        self._record(EventKind.TIMED_OUT, None, what)
        raise PresenceTimedOut(f"{self.place.user}: {what}") from None


class _DnsResolver(AbstractResolver):
    """Asks the DNS server of the network, as the stack does for SIP: each question is on the wire."""

    def __init__(self, locator: Locator) -> None:
        self._locator = locator

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = []
        async for hop in self._locator.locate(URI.parse(f"sip:{host}:{port}")):
            kind = socket.AF_INET6 if ":" in hop.address else socket.AF_INET
            found.append(ResolveResult(hostname=host, host=hop.address, port=port, family=kind, proto=0, flags=0))
        return found

    async def close(self) -> None:
        """Nothing is kept."""


def _shown(body: bytes) -> str:
    text = body[:160].decode("utf-8", "replace")
    return "".join(character if character.isprintable() else " " for character in text)
