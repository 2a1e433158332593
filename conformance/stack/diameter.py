"""Diameter over TCP: a client that keeps one connection open, and a server that many clients connect to."""

from __future__ import annotations

import asyncio
import logging

from conformance.protocols.diameter_base import (
    DisconnectCause,
    Identity,
    capabilities_exchange_answer,
    capabilities_exchange_request,
    peer_host,
)
from conformance.protocols.diameter_codec import DiameterMessage, MalformedMessage
from conformance.stack.diameter_connection import (
    Alter,
    Connection,
    DiameterClosed,
    DiameterMalformed,
    DiameterTimeout,
    OnRequest,
    read_message,
)
from conformance.stack.errors import StackError
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.identifiers import uri_host
from conformance.vocabulary.numbers import Avp, DiameterCommand, DiameterResult

__all__ = [
    "Alter",
    "DiameterClient",
    "DiameterClosed",
    "DiameterMalformed",
    "DiameterServer",
    "DiameterTimeout",
    "OnRequest",
]

log = logging.getLogger(__name__)


class DiameterClient:
    """Keeps a connection to one server open: connects, exchanges capabilities, connects again when it breaks.

    Args:
        origin_host: our Diameter identity, a full host name.
        origin_realm: our realm.
        local_address: IP address to connect from.
        peer_address: IP address of the server.
        peer_port: TCP port of the server.
        answer_timeout_s: how long an answer is awaited, seconds.
        watchdog_s: Tw of RFC 3539, seconds.
        on_request: answers requests that the server sends; None: they are refused.
        alter: fault hook on what is sent.
        retry_s: how long to wait before connecting again, seconds (Tc of RFC 6733 2.1 in small).
    """

    def __init__(
        self,
        *,
        origin_host: str,
        origin_realm: str,
        local_address: str,
        peer_address: str,
        peer_port: int,
        answer_timeout_s: float,
        watchdog_s: float,
        on_request: OnRequest | None = None,
        alter: Alter | None = None,
        retry_s: float = 0.2,
    ) -> None:
        self._identity = Identity(origin_host, origin_realm, local_address)
        self._peer = (peer_address, peer_port)
        self._answer_timeout_s = answer_timeout_s
        self._watchdog_s = watchdog_s
        self._on_request = on_request
        self._alter = alter
        self._retry_s = retry_s
        self._opened = asyncio.Event()
        self._stopping = asyncio.Event()
        self._connection: Connection | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._why = "not started"

    @property
    def where(self) -> str:
        """Which server, for messages to a person."""
        return f"Diameter peer {self._peer[0]}:{self._peer[1]}"

    @property
    def is_open(self) -> bool:
        """True while requests can be sent."""
        return self._connection is not None and self._connection.is_open

    @property
    def peer_host(self) -> str | None:
        """Origin-Host of the server while the connection is open, else None."""
        return self._connection.peer_host if self._connection is not None and self.is_open else None

    async def start(self) -> None:
        """Begin to connect; `wait_open` tells when it has succeeded."""
        self._why = "not connected yet"
        self._keeper = asyncio.ensure_future(self._keep_open())

    async def stop(self) -> None:
        """Part from the server (DPR) and connect no more."""
        self._stopping.set()
        if self._connection is not None:
            await self._connection.part(DisconnectCause.REBOOTING)
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        self._why = "stopped"

    async def wait_open(self, deadline_s: float) -> None:
        """Return when requests can be sent.

        Raises:
            DiameterTimeout: not within `deadline_s` seconds; the text has the last reason.
        """
        try:
            await asyncio.wait_for(self._opened.wait(), deadline_s)
        except TimeoutError:
            raise DiameterTimeout(
                f"{self.where}: expected an open connection (CER, CEA) within {deadline_s:g} s, found: {self._why}"
            ) from None

    async def send(self, request: DiameterMessage) -> DiameterMessage:
        """Send a request and return its answer.

        Raises:
            DiameterTimeout: no answer within `answer_timeout_s`.
            DiameterClosed: there is no open connection, or it ended before the answer came.
        """
        if self._connection is None:
            raise DiameterClosed(f"{self.where}: {self._why}; {request.name} was not sent")
        return await self._connection.send(request)

    async def _keep_open(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._connect_and_serve()
            except (StackError, MalformedMessage, OSError) as error:
                self._say(str(error))
            try:
                await asyncio.wait_for(self._stopping.wait(), self._retry_s)
            except TimeoutError:
                continue

    def _say(self, why: str) -> None:
        if why != self._why and not self._stopping.is_set():
            log.info("%s: %s", self.where, why)
        self._why = why

    async def _connect_and_serve(self) -> None:
        try:
            reader, writer = await asyncio.wait_for(
                asyncio.open_connection(*self._peer, local_addr=(self._identity.address, 0)),
                self._answer_timeout_s,
            )
        except TimeoutError:
            self._say(f"no TCP connection within {self._answer_timeout_s:g} s")
            return
        connection = Connection(
            reader,
            writer,
            identity=self._identity,
            answer_timeout_s=self._answer_timeout_s,
            watchdog_s=self._watchdog_s,
            on_request=self._on_request,
            alter=self._alter,
        )
        self._connection = None
        serving = asyncio.ensure_future(connection.serve())
        try:
            answer = await connection.send(capabilities_exchange_request(self._identity))
            result = answer.list.number(Avp.RESULT_CODE)
            if answer.command != DiameterCommand.CAPABILITIES_EXCHANGE or result != DiameterResult.SUCCESS:
                self._say(f"expected a CEA with Result-Code 2001, found {result}")
                return
            connection.peer_host = peer_host(answer)
            self._connection = connection
            self._opened.set()
            log.info("%s: open with %s", self.where, connection.peer_host)
            await serving
            self._say(connection.why_closed or "closed")
        finally:
            self._opened.clear()
            connection.close("the connection was ended by us")
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


class DiameterServer:
    """Listens for Diameter peers and answers their requests.

    Args:
        origin_host: our Diameter identity, a full host name.
        origin_realm: our realm.
        address: IP address to listen on.
        port: TCP port to listen on.
        answer_timeout_s: how long an answer, and the CER of a new connection, is awaited, seconds.
        watchdog_s: Tw of RFC 3539, seconds.
        on_request: answers the requests.
        alter: fault hook on what is sent.
    """

    def __init__(
        self,
        *,
        origin_host: str,
        origin_realm: str,
        address: str,
        port: int,
        answer_timeout_s: float,
        watchdog_s: float,
        on_request: OnRequest,
        alter: Alter | None = None,
    ) -> None:
        self._identity = Identity(origin_host, origin_realm, address)
        self._port = port
        self._answer_timeout_s = answer_timeout_s
        self._watchdog_s = watchdog_s
        self._on_request = on_request
        self._alter = alter
        self._server: asyncio.Server | None = None
        self._peers: dict[str, Connection] = {}
        self._serving: set[asyncio.Task[None]] = set()
        self._opened = asyncio.Event()
        """Set when a connection has become open; whoever waits for one clears it."""

    @property
    def peers(self) -> frozenset[str]:
        """Origin-Host of every peer whose connection is open."""
        return frozenset(host for host, connection in self._peers.items() if connection.is_open)

    async def start(self) -> None:
        """Listen.

        Raises:
            TestbedDown: address and port cannot be used.
        """
        where = f"{uri_host(self._identity.address)}:{self._port}"
        try:
            self._server = await asyncio.start_server(self._accepted, self._identity.address, self._port)
        except OSError as error:
            raise TestbedDown(
                f"Diameter server {where}/tcp: expected a free port, found: {error.strerror or error}; "
                "end what uses it, or change the federation file"
            ) from None
        log.info("Diameter server listens on %s", where)

    async def wait_open(self, hosts: frozenset[str], deadline_s: float) -> frozenset[str]:
        """Wait until the peers of these Origin-Hosts are connected.

        Args:
            hosts: full host names.
            deadline_s: how long to wait, seconds.

        Returns:
            Those that are not, at the deadline.
        """
        try:
            async with asyncio.timeout(deadline_s):
                while not hosts <= self.peers:
                    self._opened.clear()
                    await self._opened.wait()
        except TimeoutError:
            pass
        return hosts - self.peers

    async def stop(self) -> None:
        """Part from every peer (DPR) and listen no more."""
        if self._server is not None:
            self._server.close()
        await asyncio.gather(*(peer.part(DisconnectCause.REBOOTING) for peer in self._peers.values()))
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def send(self, host: str, request: DiameterMessage) -> DiameterMessage:
        """Send a request to the peer of that Origin-Host and return its answer.

        Raises:
            DiameterTimeout: no answer within `answer_timeout_s`.
            DiameterClosed: the peer has no open connection, or it ended before the answer came.
        """
        connection = self._peers.get(host)
        if connection is None or not connection.is_open:
            raise DiameterClosed(f"Diameter peer {host}: not connected; {request.name} was not sent")
        return await connection.send(request)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        connection = Connection(
            reader,
            writer,
            identity=self._identity,
            answer_timeout_s=self._answer_timeout_s,
            watchdog_s=self._watchdog_s,
            on_request=self._on_request,
            alter=self._alter,
        )
        try:
            if await self._exchange_capabilities(reader, connection):
                await connection.serve()
                log.info("%s (%s): %s", connection.where, connection.peer_host, connection.why_closed)
        except asyncio.CancelledError:
            # asyncio would report the cancelled task of a stream callback as an error; it is our own stop.
            log.debug("%s: ended with the server", connection.where)
        finally:
            connection.close("the connection was ended by us")
            if self._peers.get(connection.peer_host) is connection:
                del self._peers[connection.peer_host]
            self._serving.discard(task)

    async def _exchange_capabilities(self, reader: asyncio.StreamReader, connection: Connection) -> bool:
        """Read CER, send CEA; False where the peer begins otherwise or has no Cx (RFC 6733 5.3)."""
        try:
            message = await asyncio.wait_for(read_message(reader), self._answer_timeout_s)
            if message is None:
                return False
            if not message.is_request or message.command != DiameterCommand.CAPABILITIES_EXCHANGE:
                raise MalformedMessage(f"expected CER first, found {message.name}")
            connection.peer_host = peer_host(message)
            answer = capabilities_exchange_answer(message, self._identity)
        except TimeoutError:
            log.warning("%s: expected CER within %g s, found none", connection.where, self._answer_timeout_s)
            return False
        except (MalformedMessage, OSError) as error:
            log.warning("%s: %s", connection.where, error)
            return False
        connection.write(answer)
        if answer.list.number(Avp.RESULT_CODE) != DiameterResult.SUCCESS:
            log.warning("%s (%s): offers no Cx", connection.where, connection.peer_host)
            return False
        older = self._peers.get(connection.peer_host)
        if older is not None:
            older.close("the peer opened another connection")
        self._peers[connection.peer_host] = connection
        self._opened.set()
        log.info("%s: open with %s", connection.where, connection.peer_host)
        return True
