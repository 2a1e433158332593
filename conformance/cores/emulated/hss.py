"""The HSS of a testbed: Cx over Diameter, subscribers in a database, a control channel for what an operator does.

Files in its folder: `TESTBED-hss.sqlite` (or a MariaDB's), and the socket `TESTBED-hss.sock`, which understands
`{"rtr": {"impi": "...", "reason": 0, "info": "..."}}`, `{"state": true}`, `{"await": ["scscf.uc3m.netlab.test"]}`,
`{"forget": ["alice@uc3m.netlab.test"]}` and
`{"force": {"command": 300, "result": 5012, "experimental": false, "times": 1}}`. Faults are in `hss_procedures`; here
only `silent` (connections are held, no request is answered) and `silent:303` (one command is not answered).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.cores.emulated.control import control_channel, short_name
from conformance.cores.emulated.database import MariaDatabase, SqliteDatabase
from conformance.cores.emulated.faults import altered_cx
from conformance.cores.emulated.hss_procedures import HssProcedures
from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.presence_criteria import presence_criteria
from conformance.cores.emulated.subscribers import State, SubscriberStore
from conformance.cores.kamailio.mariadb import mariadb
from conformance.protocols.cx import (
    Envelope,
    RegistrationTerminationAnswer,
    RegistrationTerminationRequest,
)
from conformance.protocols.cx_avps import cx_answer
from conformance.protocols.diameter_codec import DiameterMessage
from conformance.stack.cx import SessionIds
from conformance.stack.diameter import DiameterServer
from conformance.stack.errors import StackError
from conformance.vocabulary.federation import DatabaseKind, NodeKind
from conformance.vocabulary.numbers import DeregistrationReasonCode

_MOST_FORCED = 1000
_AWAIT_S = 3.0
"""How long the HSS waits for peers before it says who is missing."""


def database_path(folder: Path, testbed: str) -> Path:
    """Return where the HSS of a testbed keeps its subscribers."""
    return folder / f"{testbed}-hss.sqlite"


def control_path(folder: Path, testbed: str) -> Path:
    """Return the socket of the HSS's control channel."""
    return folder / f"{testbed}-hss.sock"


async def run(context: NodeContext) -> None:
    """Serve until cancelled.

    Raises:
        TestbedDown: the port is in use, or the database cannot be opened.
        BadInput: a public identity belongs to two subscribers.
    """
    async with AsyncExitStack() as end:
        if context.testbed.kept_in is DatabaseKind.SQLITE:
            store = SubscriberStore(SqliteDatabase(database_path(context.folder, context.testbed.name)))
            server = None
        else:
            socket, server = await end.enter_async_context(mariadb(context))
            with short_name(socket) as name:
                store = SubscriberStore(MariaDatabase(Path(name)))
        end.callback(store.close)
        store.provision(context.testbed.subscribers)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_Hss(context, store).serve())
            if server is not None:
                tasks.create_task(server.until_end())


@dataclass(slots=True)
class _Forced:
    """A result that the next requests of a command get."""

    result: int
    experimental: bool
    times: int


class _Hss:
    def __init__(self, context: NodeContext, store: SubscriberStore) -> None:
        self._context = context
        self._store = store
        self._sessions = SessionIds(context.fqdn)
        self._forced: dict[int, _Forced] = {}
        """By command code."""
        self._procedures = HssProcedures(
            store=store,
            host=context.fqdn,
            realm=context.testbed.domain,
            scscf_uri=context.testbed.uri(NodeKind.SCSCF),
            network_id=context.testbed.visited_network_id,
            application_servers=[context.testbed.uri(NodeKind.AS)] if NodeKind.AS in context.testbed.nodes else [],
            services=(
                presence_criteria(context.testbed.uri(NodeKind.PRESENCE))
                if NodeKind.PRESENCE in context.testbed.nodes
                else ()
            ),
            log=context.log,
            faults=context.faults,
        )
        timers = context.federation.timers
        self._server = DiameterServer(
            origin_host=context.fqdn,
            origin_realm=context.testbed.domain,
            address=str(context.node.address),
            port=context.node.port,
            answer_timeout_s=timers.cx_answer_ms / 1000,
            watchdog_s=timers.watchdog_ms / 1000,
            on_request=self._answer,
            alter=altered_cx(context),
        )

    async def serve(self) -> None:
        await self._server.start()
        try:
            path = control_path(self._context.folder, self._context.testbed.name)
            async with control_channel(path, self._control):
                self._context.ready()
                await asyncio.Event().wait()  # until cancelled
        finally:
            await self._server.stop()

    async def _answer(self, message: DiameterMessage) -> DiameterMessage:
        if {"silent", f"silent:{message.command}"} & self._context.faults:
            await asyncio.Event().wait()  # until the connection ends
        if (forced := self._forced.get(message.command)) is not None and forced.times > 0:
            forced.times -= 1
            self._context.log.info("%d is answered with %d, as was asked for", message.command, forced.result)
            host, realm = self._context.fqdn, self._context.testbed.domain
            return cx_answer(message, host, realm, (forced.result, forced.experimental), [])
        return self._procedures.answer(message)

    async def _control(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        if command.get("state") is True:
            return {"subscribers": self._state()}
        if "force" in command:
            return self._force(command["force"])
        if isinstance(users := command.get("forget"), list):
            return {"forgotten": self._forget(map(str, users))}
        if isinstance(hosts := command.get("await"), list):
            missing = await self._server.wait_open(frozenset(map(str, hosts)), _AWAIT_S)
            return {"missing": sorted(missing)}
        return await self._end(command)

    def _state(self) -> list[dict[str, Any]]:
        found = (self._store.by_impi(subscriber.impi) for subscriber in self._context.testbed.subscribers)
        fields = ("impi", "impus", "state", "pending", "server_name")  # and none of its secrets
        return [{name: getattr(user, name) for name in fields} for user in found if user is not None]

    def _forget(self, impis: Iterable[str]) -> list[str]:
        """Forget which S-CSCF has tried to authenticate users who are not registered."""
        found = (self._store.by_impi(impi) for impi in impis)
        left = [one for one in found if one and one.state is State.NOT_REGISTERED and (one.pending or one.server_name)]
        for one in left:
            self._store.release(one.impi)
        return [one.impi for one in left]

    def _force(self, wish: object) -> Mapping[str, Any]:
        if not isinstance(wish, dict) or not all(isinstance(wish.get(name), int) for name in ("command", "result")):
            raise ValueError('expected {"force": {"command": 300, "result": 5012}}')
        times = wish.get("times", 1)
        if not isinstance(times, int) or not 0 <= times <= _MOST_FORCED:
            raise ValueError(f"expected times from 0 to {_MOST_FORCED}")
        self._forced[wish["command"]] = _Forced(wish["result"], bool(wish.get("experimental")), times)
        return {"forced": times}

    async def _end(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        wish = command.get("rtr")
        if not isinstance(wish, dict) or not isinstance(wish.get("impi"), str):
            raise ValueError('expected {"rtr": {"impi": "..."}}, {"state": true}, {"await": [...]} or {"force": {...}}')
        reason = DeregistrationReasonCode(wish.get("reason", 0))
        info = wish.get("info")
        try:
            answer = await self.terminate(wish["impi"], reason, None if info is None else str(info))
        except StackError as error:
            return {"error": str(error)}
        return {"result": answer.result, "experimental": answer.experimental}

    async def terminate(
        self, impi: str, reason: DeregistrationReasonCode, info: str | None = None
    ) -> RegistrationTerminationAnswer:
        """End the registration of a subscriber: RTR to its S-CSCF (3GPP TS 29.228 6.1.3).

        Raises:
            ValueError: the subscriber is unknown or not registered.
            StackError: the S-CSCF cannot be asked.
        """
        user = self._store.by_impi(impi)
        if user is None or user.state == State.NOT_REGISTERED or user.server_host is None:
            raise ValueError(f"expected a registered subscriber, found {impi[:100]!r}")
        envelope = Envelope(
            session_id=self._sessions(),
            origin_host=self._context.fqdn,
            origin_realm=self._context.testbed.domain,
            destination_realm=self._context.testbed.domain,
            destination_host=user.server_host,
        )
        request = RegistrationTerminationRequest(impi, user.impus, reason, info)
        message = await self._server.send(user.server_host, request.encode(envelope))
        answer = RegistrationTerminationAnswer.decode(message)
        if answer.is_success:
            self._store.release(impi)
        return answer
