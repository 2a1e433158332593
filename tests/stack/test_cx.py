from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from conformance.protocols.cx import (
    Envelope,
    LocationInfoAnswer,
    LocationInfoRequest,
    RegistrationTerminationAnswer,
    RegistrationTerminationRequest,
    ServerAssignmentAnswer,
    ServerAssignmentRequest,
)
from conformance.protocols.diameter_codec import DiameterMessage
from conformance.stack.cx import CxClient, OnRtr, SessionIds
from conformance.stack.diameter import DiameterMalformed, DiameterServer
from conformance.vocabulary.numbers import Avp, DiameterResult, ServerAssignmentType

Handler = Callable[[DiameterMessage], Awaitable[DiameterMessage]]
RTR = RegistrationTerminationRequest("alice@a.test", ("sip:alice@a.test",))


def talk(
    address: str,
    answer: Handler,
    act: Callable[[CxClient, DiameterServer], Awaitable[None]],
    on_rtr: OnRtr | None = None,
) -> None:
    """Run `act` with an S-CSCF that is connected to an HSS which answers with `answer`."""

    async def scenario() -> None:
        server = DiameterServer(
            origin_host="hss.a.test",
            origin_realm="a.test",
            address=address,
            port=3868,
            answer_timeout_s=5.0,
            watchdog_s=30.0,
            on_request=answer,
        )
        cx = CxClient(
            origin_host="scscf.a.test",
            origin_realm="a.test",
            local_address="127.33.1.3",
            peer_address=address,
            peer_port=3868,
            answer_timeout_s=5.0,
            watchdog_s=30.0,
            on_rtr=on_rtr,
        )
        await server.start()
        await cx.start()
        try:
            await cx.wait_open(5.0)
            await act(cx, server)
        finally:
            await cx.stop()
            await server.stop()

    asyncio.run(scenario())


async def unexpected(message: DiameterMessage) -> DiameterMessage:
    raise AssertionError(message)


def test_each_request_has_a_session_of_its_own_and_only_sar_names_the_hss() -> None:
    seen: list[DiameterMessage] = []

    async def answer(message: DiameterMessage) -> DiameterMessage:
        seen.append(message)
        return ServerAssignmentAnswer(2001, False).encode(message, "hss.a.test", "a.test")

    async def act(cx: CxClient, _: DiameterServer) -> None:
        assert (await cx.lir(LocationInfoRequest("sip:alice@a.test"))).is_success
        await cx.sar(
            ServerAssignmentRequest(
                "alice@a.test", "sip:alice@a.test", "sip:scscf.a.test", ServerAssignmentType.REGISTRATION
            )
        )

    talk("127.33.3.1", answer, act)
    first, second = (message.list for message in seen)
    assert first.text(Avp.SESSION_ID) != second.text(Avp.SESSION_ID)
    assert first.text(Avp.DESTINATION_HOST) is None
    assert second.text(Avp.DESTINATION_HOST) == "hss.a.test"
    assert second.text(Avp.DESTINATION_REALM) == "a.test"


def test_an_answer_without_result_is_malformed() -> None:
    async def answer(message: DiameterMessage) -> DiameterMessage:
        return message.answer([])

    async def act(cx: CxClient, _: DiameterServer) -> None:
        with pytest.raises(DiameterMalformed, match=r"127\.33\.3\.2:3868: 302 answer: expected AVP RESULT_CODE"):
            await cx.lir(LocationInfoRequest("sip:alice@a.test"))

    talk("127.33.3.2", answer, act)


def test_rtr_comes_in_and_its_answer_goes_out() -> None:
    seen: list[RegistrationTerminationRequest] = []

    async def on_rtr(request: RegistrationTerminationRequest) -> RegistrationTerminationAnswer:
        seen.append(request)
        return RegistrationTerminationAnswer()

    async def act(_: CxClient, server: DiameterServer) -> None:
        envelope = Envelope("hss.a.test;1;1", "hss.a.test", "a.test", "a.test", "scscf.a.test")
        answer = await server.send("scscf.a.test", RTR.encode(envelope))
        assert RegistrationTerminationAnswer.decode(answer).result == DiameterResult.SUCCESS
        assert answer.list.text(Avp.SESSION_ID) == "hss.a.test;1;1"

    talk("127.33.3.3", unexpected, act, on_rtr)
    assert seen == [RTR]


def test_what_is_no_rtr_is_refused() -> None:
    async def on_rtr(request: RegistrationTerminationRequest) -> RegistrationTerminationAnswer:
        raise AssertionError(request)

    async def act(_: CxClient, server: DiameterServer) -> None:
        envelope = Envelope("hss.a.test;1;1", "hss.a.test", "a.test", "a.test")
        answer = await server.send("scscf.a.test", LocationInfoRequest("sip:a@a.test").encode(envelope))
        assert LocationInfoAnswer.decode(answer).result == DiameterResult.COMMAND_UNSUPPORTED

    talk("127.33.3.4", unexpected, act, on_rtr)


def test_session_ids_begin_with_the_host_and_differ() -> None:
    """RFC 6733 8.8."""
    new = SessionIds("scscf.a.test")
    first, second = new(), new()
    assert first != second
    assert first.startswith("scscf.a.test;")
