"""The CSCF's end of Cx: requests of `protocols.cx` out, answers back, RTR in."""

from __future__ import annotations

import itertools
import time
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from conformance.protocols.cx import (
    Envelope,
    LocationInfoAnswer,
    LocationInfoRequest,
    MultimediaAuthAnswer,
    MultimediaAuthRequest,
    RegistrationTerminationAnswer,
    RegistrationTerminationRequest,
    ServerAssignmentAnswer,
    ServerAssignmentRequest,
    UserAuthorizationAnswer,
    UserAuthorizationRequest,
)
from conformance.protocols.diameter_base import Identity, plain_answer
from conformance.protocols.diameter_codec import DiameterMessage, MalformedMessage
from conformance.stack.diameter import Alter, DiameterClient, DiameterMalformed
from conformance.vocabulary.numbers import DiameterCommand, DiameterResult

OnRtr = Callable[[RegistrationTerminationRequest], Awaitable[RegistrationTerminationAnswer]]
"""Ends registrations as the HSS asks and says how it went."""

_AnswerType = TypeVar("_AnswerType")


class _Request(Protocol):
    def encode(self, envelope: Envelope) -> DiameterMessage: ...


class SessionIds:
    """Session-Ids that never repeat: host, time of the start, a counter (RFC 6733 8.8)."""

    def __init__(self, host: str) -> None:
        self._prefix = f"{host};{int(time.time()) & 0xFFFFFFFF}"
        self._counter = itertools.count(1)

    def __call__(self) -> str:
        """Return a new one."""
        return f"{self._prefix};{next(self._counter)}"


class CxClient:
    """Cx of one CSCF with the HSS of its network.

    Every request raises a StackError where no answer can be had: DiameterTimeout, DiameterClosed or
    DiameterMalformed.

    Args:
        origin_host: the CSCF's Diameter identity, its full host name.
        origin_realm: its realm, the network's domain; the HSS is in the same one.
        local_address: IP address of the CSCF.
        peer_address: IP address of the HSS.
        peer_port: TCP port of the HSS.
        answer_timeout_s: how long an answer is awaited, seconds.
        watchdog_s: Tw of RFC 3539, seconds.
        on_rtr: what to do when the HSS ends registrations; None: the command is refused (3001).
        alter: fault hook on what is sent.
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
        on_rtr: OnRtr | None = None,
        alter: Alter | None = None,
    ) -> None:
        self._identity = Identity(origin_host, origin_realm, local_address)
        self._sessions = SessionIds(origin_host)
        self._on_rtr = on_rtr
        self._client = DiameterClient(
            origin_host=origin_host,
            origin_realm=origin_realm,
            local_address=local_address,
            peer_address=peer_address,
            peer_port=peer_port,
            answer_timeout_s=answer_timeout_s,
            watchdog_s=watchdog_s,
            on_request=None if on_rtr is None else self._requested,
            alter=alter,
        )

    @property
    def is_open(self) -> bool:
        """True while the HSS can be asked."""
        return self._client.is_open

    async def start(self) -> None:
        """Begin to connect to the HSS; connect again whenever the connection breaks."""
        await self._client.start()

    async def stop(self) -> None:
        """Part from the HSS."""
        await self._client.stop()

    async def wait_open(self, deadline_s: float) -> None:
        """Return when the HSS can be asked; DiameterTimeout after `deadline_s` seconds."""
        await self._client.wait_open(deadline_s)

    async def uar(self, request: UserAuthorizationRequest) -> UserAuthorizationAnswer:
        """Ask whether an identity may register, and where (3GPP TS 29.228 6.1.1)."""
        return await self._ask(request, UserAuthorizationAnswer.decode)

    async def mar(self, request: MultimediaAuthRequest) -> MultimediaAuthAnswer:
        """Ask for an authentication item (3GPP TS 29.228 6.3)."""
        return await self._ask(request, MultimediaAuthAnswer.decode)

    async def sar(self, request: ServerAssignmentRequest) -> ServerAssignmentAnswer:
        """Take a user or let it go (3GPP TS 29.228 6.1.2).

        It goes to the HSS that answered before: with Destination-Host, as TS 29.228 has the S-CSCF do.
        """
        return await self._ask(request, ServerAssignmentAnswer.decode, self._client.peer_host)

    async def lir(self, request: LocationInfoRequest) -> LocationInfoAnswer:
        """Ask which S-CSCF serves an identity (3GPP TS 29.228 6.1.4)."""
        return await self._ask(request, LocationInfoAnswer.decode)

    async def _ask(
        self,
        request: _Request,
        decode: Callable[[DiameterMessage], _AnswerType],
        destination_host: str | None = None,
    ) -> _AnswerType:
        envelope = Envelope(
            session_id=self._sessions(),
            origin_host=self._identity.host,
            origin_realm=self._identity.realm,
            destination_realm=self._identity.realm,
            destination_host=destination_host,
        )
        answer = await self._client.send(request.encode(envelope))
        try:
            return decode(answer)
        except MalformedMessage as error:
            raise DiameterMalformed(f"{self._client.where}: {error}") from None

    async def _requested(self, message: DiameterMessage) -> DiameterMessage:
        if self._on_rtr is None or message.command != DiameterCommand.REGISTRATION_TERMINATION:
            return plain_answer(message, self._identity, DiameterResult.COMMAND_UNSUPPORTED, is_error=True)
        answer = await self._on_rtr(RegistrationTerminationRequest.decode(message))
        return answer.encode(message, self._identity.host, self._identity.realm)
