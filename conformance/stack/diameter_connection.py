"""One open Diameter connection over TCP: framing, answers to their requests, watchdog, parting.

Client and server (`diameter`) open it; from then on both ends are equal. It ends once, and says why.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable

from conformance.protocols.diameter_base import (
    DisconnectCause,
    Identity,
    device_watchdog_request,
    disconnect_peer_request,
    plain_answer,
)
from conformance.protocols.diameter_codec import DiameterMessage, MalformedMessage, message_length
from conformance.stack.errors import StackError
from conformance.vocabulary.identifiers import uri_host
from conformance.vocabulary.numbers import Avp, DiameterCommand, DiameterResult

OnRequest = Callable[[DiameterMessage], Awaitable[DiameterMessage]]
"""Answers a request of an application; `request.answer(...)` or an `encode` of `protocols.cx` makes the answer."""
Alter = Callable[[bytes], bytes | None]
"""Fault hook: gets the octets of each message before they are sent, gives what is sent instead; None: nothing."""

_MOST_AT_ONCE = 1_000
_PARTING_S = 1.0  # how long an orderly end may take; afterwards the connection is just closed

log = logging.getLogger(__name__)


class DiameterTimeout(StackError):
    """The peer did not answer, or did not become open, within the time that was given."""


class DiameterClosed(StackError):
    """There is no open connection to the peer, or it ended before the answer came."""


class DiameterMalformed(StackError):
    """The peer answered with something that cannot be understood."""


async def read_message(reader: asyncio.StreamReader) -> DiameterMessage | None:
    """Read one message; None where the peer has closed between two messages.

    Raises:
        MalformedMessage: what came is no Diameter message, or its end is missing.
        OSError: the transport failed.
    """
    try:
        head = await reader.readexactly(4)
        return DiameterMessage.decode(head + await reader.readexactly(message_length(head) - 4))
    except asyncio.IncompleteReadError as error:
        if not error.partial and error.expected == 4:
            return None
        raise MalformedMessage(
            f"Diameter: expected {error.expected} more octets, found {len(error.partial)} and the end"
        ) from None


class Connection:
    """An open connection to one peer. `serve` must run for as long as it is used.

    Args:
        reader: where octets of the peer come from.
        writer: where octets to the peer go.
        identity: who we are.
        answer_timeout_s: how long an answer is awaited, seconds.
        watchdog_s: Tw of RFC 3539: after so many silent seconds DWR is sent; after as many again it is over.
        on_request: answers requests of the application; None: they are refused (3001).
        alter: fault hook on what is sent.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        identity: Identity,
        answer_timeout_s: float,
        watchdog_s: float,
        on_request: OnRequest | None = None,
        alter: Alter | None = None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._identity = identity
        self._answer_timeout_s = answer_timeout_s
        self._watchdog_s = watchdog_s
        self._on_request = on_request
        self._alter = alter
        self._waiting: dict[int, asyncio.Future[DiameterMessage]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._heard = asyncio.Event()
        self._hop_by_hop = secrets.randbits(32)
        # RFC 6733 3: the upper 12 bits from the clock, the lower 20 from chance, so that restarts do not repeat.
        self._end_to_end = (int(time.time()) & 0xFFF) << 20 | secrets.randbits(20)
        self.peer_host = ""
        """Origin-Host of the peer, known after CER and CEA."""
        address = writer.get_extra_info("peername") or ("?", 0)
        self.where = f"Diameter peer {uri_host(address[0])}:{address[1]}"
        """Which peer, for messages to a person."""
        self.why_closed: str | None = None
        """Why the connection ended; None while it is open."""

    @property
    def is_open(self) -> bool:
        """True until the connection ends."""
        return self.why_closed is None

    # --- requests of ours -----------------------------------------------------------------------------------

    async def send(self, request: DiameterMessage, timeout_s: float | None = None) -> DiameterMessage:
        """Send a request and return its answer.

        Args:
            request: its identifiers are given here.
            timeout_s: how long to wait, seconds; None: the connection's `answer_timeout_s`.

        Raises:
            DiameterTimeout: no answer in time.
            DiameterClosed: the connection is closed, or closed before the answer came.
        """
        if self.why_closed is not None:
            raise DiameterClosed(f"{self.where}: {self.why_closed}; {request.name} was not sent")
        timeout_s = self._answer_timeout_s if timeout_s is None else timeout_s
        self._hop_by_hop = (self._hop_by_hop + 1) & 0xFFFFFFFF
        self._end_to_end = (self._end_to_end + 1) & 0xFFFFFFFF
        future: asyncio.Future[DiameterMessage] = asyncio.get_running_loop().create_future()
        self._waiting[self._hop_by_hop] = future
        message = request.identified(self._hop_by_hop, self._end_to_end)
        try:
            self.write(message)
            return await asyncio.wait_for(future, timeout_s)
        except TimeoutError:
            raise DiameterTimeout(
                f"{self.where}: expected the answer to {request.name} within {timeout_s:g} s, found none"
            ) from None
        finally:
            self._waiting.pop(message.hop_by_hop, None)

    def write(self, message: DiameterMessage) -> None:
        """Put a message on its way; after the end of the connection it is lost."""
        octets: bytes | None = message.encode()
        if self._alter is not None and octets is not None:
            octets = self._alter(octets)
        if octets is not None and not self._writer.is_closing():
            self._writer.write(octets)

    async def part(self, cause: DisconnectCause) -> None:
        """End in order: DPR, DPA, close (RFC 6733 5.4). A peer that does not answer does not stop the end."""
        if self.is_open:
            try:
                await self.send(disconnect_peer_request(self._identity, cause), _PARTING_S)
            except StackError as error:
                log.info("%s", error)
        self.close("the connection was ended by us")

    def close(self, why: str) -> None:
        """End at once. The first reason counts; every request that still waits gets it."""
        if self.why_closed is not None:
            return
        self.why_closed = why
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(DiameterClosed(f"{self.where}: {why} while an answer was awaited"))
        self._writer.close()

    # --- what comes -----------------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Read until the connection ends; answer what the peer asks, watch that it lives.

        When it returns (or is cancelled) the connection is closed and all its tasks have ended.
        """
        watchdog = asyncio.ensure_future(self._watch())
        try:
            await self._read()
        except MalformedMessage as error:
            log.warning("%s: %s; the connection is closed", self.where, error)
            self.close(f"{error}")
        except OSError as error:
            self.close(f"the transport failed: {error}")
        finally:
            self.close("the connection was ended by us")
            tasks = [watchdog, *self._tasks]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self) -> None:
        while self.is_open:
            message = await read_message(self._reader)
            if message is None:
                self.close("the peer closed the connection")
                return
            self._heard.set()
            if message.is_request:
                self._take_request(message)
                continue
            future = self._waiting.get(message.hop_by_hop)
            if future is None or future.done():
                log.warning("%s: %s without a request of ours; dropped", self.where, message.name)
            else:
                future.set_result(message)

    def _take_request(self, request: DiameterMessage) -> None:
        match request.command:
            case DiameterCommand.DEVICE_WATCHDOG:
                self.write(plain_answer(request, self._identity, DiameterResult.SUCCESS))
            case DiameterCommand.DISCONNECT_PEER:
                self.write(plain_answer(request, self._identity, DiameterResult.SUCCESS))
                cause = request.list.number(Avp.DISCONNECT_CAUSE)
                self.close(f"the peer ended the connection (DPR, cause {cause})")
            case _ if self._on_request is None or len(self._tasks) >= _MOST_AT_ONCE:
                self.write(plain_answer(request, self._identity, DiameterResult.COMMAND_UNSUPPORTED, is_error=True))
            case _:
                task = asyncio.ensure_future(self._answer(request, self._on_request))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _answer(self, request: DiameterMessage, on_request: OnRequest) -> None:
        try:
            answer = await on_request(request)
        except MalformedMessage as error:
            log.warning("%s: %s", self.where, error)
            answer = plain_answer(request, self._identity, DiameterResult.MISSING_AVP)
        except Exception:
            log.exception("%s: %s could not be answered", self.where, request.name)
            answer = plain_answer(request, self._identity, DiameterResult.UNABLE_TO_COMPLY)
        self.write(answer)

    async def _watch(self) -> None:
        """Algorithm of RFC 3539 3.4.1 without its jitter, which serves networks of many peers."""
        asked: asyncio.Task[None] | None = None
        while self.is_open:
            self._heard.clear()
            try:
                await asyncio.wait_for(self._heard.wait(), self._watchdog_s)
            except TimeoutError:
                if asked is not None and not asked.done():
                    self.close(f"no sign of life within {2 * self._watchdog_s:g} s (no DWA)")
                    return
                asked = asyncio.ensure_future(self._ask_for_life())
                self._tasks.add(asked)
                asked.add_done_callback(self._tasks.discard)

    async def _ask_for_life(self) -> None:
        try:
            await self.send(device_watchdog_request(self._identity), 2 * self._watchdog_s)
        except StackError as error:
            log.info("%s", error)
