"""XCAP over HTTP and HTTPS: who asks is found out here, what is answered is the business of `XcapService`."""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections.abc import Collection
from urllib.parse import unquote

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from conformance.cores.emulated.xdms.digest import DigestGuard
from conformance.cores.emulated.xdms.service import Requester, XcapRequest, XcapResponse, XcapService
from conformance.protocols.xcap.safe_xml import LARGEST
from conformance.stack.ports import bind_failure

NO_AUTHENTICATION = "no-authentication"
"""Fault: whoever names a user in an address is taken for him."""
ASSERTED_IDENTITY = "X-3GPP-Asserted-Identity"

_IDENTITY = re.compile(r'"([^"\s<>]{1,255})"|<([^"\s<>]{1,255})>|([^",\s<>]{1,255})')
_OWNER = re.compile(r"/users/(?P<xui>[^/]+)/")
_BODY_S = 10.0
_IDLE_S = 30.0


class XcapServer:
    """The sockets of one XDMS.

    Args:
        service: answers.
        guard: proves who somebody is.
        trusted: addresses of servers whose word is taken for who somebody is (3GPP TS 24.109 annex G).
        log: the node's logger.
        faults: names of faults that it shows.
    """

    def __init__(
        self,
        service: XcapService,
        guard: DigestGuard,
        trusted: Collection[str],
        log: logging.Logger,
        faults: frozenset[str] = frozenset(),
    ) -> None:
        self._service = service
        self._guard = guard
        self._trusted = trusted
        self._log = log
        self._faults = faults
        application = web.Application(client_max_size=LARGEST)
        application.router.add_route("*", "/{path:.*}", self._handle)
        library_log = log.getChild("http")
        library_log.addFilter(_on_one_line)
        self._runner = web.AppRunner(
            application,
            access_log=None,
            keepalive_timeout=_IDLE_S,
            shutdown_timeout=0.5,
            handle_signals=False,
            logger=library_log,
        )

    async def start(self, address: str, port: int, tls_port: int, tls: ssl.SSLContext) -> None:
        """Listen.

        Raises:
            TestbedDown: a port is in use.
            NotPermitted: it may not be bound.
        """
        await self._runner.setup()
        for where, context in ((port, None), (tls_port, tls)):
            try:
                await web.TCPSite(self._runner, address, where, ssl_context=context).start()
            except OSError as error:
                await self._runner.cleanup()
                raise bind_failure(error, address, where, "tcp") from None

    async def stop(self) -> None:
        """Close everything."""
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        source = request.remote or ""
        what = f"{request.method[:10]} {_shown(request.raw_path)} of {source}"
        try:
            answer = await self._answer(request, source)
        except TimeoutError:
            answer = XcapResponse(408)
        except web.HTTPRequestEntityTooLarge:
            answer = XcapResponse(413)
        self._log.info("%s: %d", what, answer.status)
        # A GET of the same address by somebody else is another thing: nothing in between may keep it.
        headers = {"Cache-Control": "private, no-cache", "Server": "netlab-conformance", **answer.headers}
        return web.Response(status=answer.status, body=answer.body or None, headers=headers)

    async def _answer(self, request: web.Request, source: str) -> XcapResponse:
        target = _origin_form(request.raw_path)
        requester = self._requester(request, source, target)
        if isinstance(requester, str):
            return XcapResponse(401, b"", {"WWW-Authenticate": requester})
        async with asyncio.timeout(_BODY_S):
            body = await request.read()
        return self._service.answer(
            XcapRequest(
                request.method,
                target,
                requester,
                body,
                request.headers.get("Content-Type", ""),
                _listed(request, "If-Match"),
                _listed(request, "If-None-Match"),
            )
        )

    def _requester(self, request: web.Request, source: str, target: str) -> Requester | str:
        """Return who asks, or the challenge that finds out."""
        if source in self._trusted:
            identities = frozenset(_identities(request.headers.getall(ASSERTED_IDENTITY, [])))
            return Requester(identities, is_server=True)
        if NO_AUTHENTICATION in self._faults:
            owner = _OWNER.search(target)
            return Requester(frozenset({unquote(owner["xui"])} if owner else ()))
        if ASSERTED_IDENTITY in request.headers:
            self._log.warning("%s of %s is not taken: the address is not trusted", ASSERTED_IDENTITY, source)
        found = self._guard.check(request.method, target, request.headers.get("Authorization"))
        return found if isinstance(found, str) else Requester(found.identities)


def _on_one_line(record: logging.LogRecord) -> bool:
    """Tell of a request that is no HTTP in one line; what is our own fault keeps its traceback."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.exc_info = None
        record.msg, record.args = "no HTTP request: %s", (_shown(error.message.partition("\n")[0]),)
    return True


def _origin_form(target: str) -> str:
    """Return path and query of a request target, which may be a whole URI (RFC 9112 3.2.2)."""
    if target.startswith(("http://", "https://")):
        _, _, rest = target.partition("://")[2].partition("/")
        return f"/{rest}"
    return target


def _listed(request: web.Request, name: str) -> str | None:
    values = request.headers.getall(name, [])
    return ", ".join(values) if values else None


def _identities(values: Collection[str]) -> list[str]:
    """Read a list of identities, in quotation marks as 3GPP TS 24.109 has them."""
    return ["".join(found) for value in values for found in _IDENTITY.findall(value)]


def _shown(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text[:200])
