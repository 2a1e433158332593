"""Gets and puts documents of the testbed's XDMS (RFC 4825 7), which trusts it by its source address (TS 24.109)."""

from __future__ import annotations

import socket

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from conformance.protocols.presence.xml_document import MAX_BYTES
from conformance.stack.errors import StackError
from conformance.stack.locate import Locator

_TIMEOUT_S = 2.0
ASSERTED_IDENTITY = "X-3GPP-Asserted-Identity"


class XcapFailed(Exception):
    """The XDMS did not answer, or otherwise than with success or, to GET, 404."""


class _DnsOfTheTestbed(AbstractResolver):
    def __init__(self, locator: Locator) -> None:
        self._locator = locator

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        try:
            found = [record.to_text() for record in await self._locator.ask(host, self._locator.address_type)]
        except StackError as error:
            raise OSError(str(error)) from None
        if not found:
            raise OSError(f"{host}: no address")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
        ]

    async def close(self) -> None:
        """Nothing is open."""


class XcapClient:
    """One HTTP client.

    Args:
        root: XCAP root: `http://xdms.uc3m.netlab.test:8080/xcap-root`.
        address: numeric address that requests leave from.
        locator: asks the testbed's DNS server.
    """

    def __init__(self, root: str, address: str, locator: Locator) -> None:
        self.root = root
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(local_addr=(address, 0), resolver=_DnsOfTheTestbed(locator)),
            timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
            trust_env=False,
        )

    async def get(self, path: str, user: str, *, root: str = "") -> bytes | None:
        """Get a document or a part of one.

        Args:
            path: behind the root: `pres-rules/users/sip:alice@uc3m.netlab.test/index`, written as a URI wants it.
            user: public user identity on whose behalf.
            root: XCAP root of another network, where this server is nobody; empty: the own one.

        Returns:
            The document; None where there is none.

        Raises:
            XcapFailed: no answer, another one, or more than is read.
        """
        url = f"{root or self.root}/{path}"
        try:
            async with self._session.get(
                URL(url, encoded=True), headers={ASSERTED_IDENTITY: f'"{user}"'}, allow_redirects=False
            ) as response:
                if response.status == 404:
                    return None
                if response.status != 200:
                    raise XcapFailed(f"GET {url}: {response.status}")
                # As much as is asked for comes in pieces.
                found = bytearray()
                async for piece in response.content.iter_chunked(8192):
                    found += piece
                    if len(found) > MAX_BYTES:
                        raise XcapFailed(f"GET {url}: more than {MAX_BYTES} octets")
                return bytes(found)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise XcapFailed(f"GET {url}: {str(error)[:200] or type(error).__name__}") from None

    async def put(self, path: str, user: str, document: bytes, content_type: str) -> None:
        """Store a document, in the place of an older one. Arguments and errors as `get`."""
        url = f"{self.root}/{path}"
        headers = {ASSERTED_IDENTITY: f'"{user}"', "Content-Type": content_type}
        try:
            async with self._session.put(
                URL(url, encoded=True), data=document, headers=headers, allow_redirects=False
            ) as response:
                if response.status not in (200, 201):
                    raise XcapFailed(f"PUT {url}: {response.status}")
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise XcapFailed(f"PUT {url}: {str(error)[:200] or type(error).__name__}") from None

    async def stop(self) -> None:
        """Close all connections."""
        await self._session.close()
