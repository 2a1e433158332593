from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.cores.emulated import hss
from conformance.cores.emulated.control import ask
from conformance.cores.emulated.node import NodeContext
from conformance.protocols.aka import (
    Authenticated,
    MacFailure,
    Milenage,
    SequenceNumbers,
    SyncFailure,
    authenticate,
    digest_ha1,
    next_sqn,
)
from conformance.protocols.cx import (
    SCHEME_AKA,
    SCHEME_DIGEST,
    SCHEME_UNKNOWN,
    LocationInfoRequest,
    MultimediaAuthAnswer,
    MultimediaAuthRequest,
    RegistrationTerminationAnswer,
    RegistrationTerminationRequest,
    ServerAssignmentRequest,
    UserAuthorizationRequest,
)
from conformance.protocols.user_data import build_user_data
from conformance.stack.cx import CxClient, OnRtr
from conformance.stack.diameter import DiameterClosed, DiameterTimeout
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.federation import Federation, NodeKind
from conformance.vocabulary.numbers import (
    DeregistrationReasonCode,
    DiameterResult,
    ServerAssignmentType,
    UserAuthorizationType,
)

K, OPC = "465b5ce8b199b49faa5f0a2ee238a6bc", "cd63cb71954a9f4e48a5994e37a02baf"
USIM = Milenage(bytes.fromhex(K), bytes.fromhex(OPC))
SCSCF = "sip:scscf.a.test:6060"
IDENTITIES = ("sip:alice@a.test", "tel:+34910000001")
UAR = UserAuthorizationRequest("alice@a.test", IDENTITIES[0], "b.test")
MAR = MultimediaAuthRequest("alice@a.test", IDENTITIES[0], SCSCF)
SAR = ServerAssignmentRequest("alice@a.test", IDENTITIES[0], SCSCF, ServerAssignmentType.REGISTRATION)
LIR = LocationInfoRequest(IDENTITIES[0])
DEADLINE_S = 5.0


def federation_of(address: str) -> Federation:
    node = {"address": address, "port": 3868}
    testbed = {
        "name": "a",
        "operator": "A",
        "domain": "a.test",
        "release": 8,
        "visited_network_id": "a.test",
        "nodes": {"hss": node | {"host": "hss"}, "s-cscf": node | {"host": "scscf", "port": 6060}},
        "access_networks": [{"name": "wlan", "type": "IEEE-802.11b", "pool": "127.33.9.0/24"}],
        "subscribers": [
            {"name": "alice", "impi": "alice@a.test", "impus": IDENTITIES, "k": K, "opc": OPC},
            {"name": "alice-tablet", "impi": "alice-tablet@a.test", "impus": IDENTITIES, "k": K, "opc": OPC},
            {"name": "bob", "impi": "bob@a.test", "impus": ["sip:bob@a.test"], "password": "swordfish"},
        ],
    }
    return Federation.model_validate({"name": "f", "block": "127.33.0.0/16", "testbeds": {"a": testbed}})


@pytest.fixture
def context(tmp_path: Path, request: pytest.FixtureRequest) -> NodeContext:
    """An HSS on an address of its own for each test."""
    number = sum(request.node.name.encode()) % 250 + 1
    federation = federation_of(f"127.33.{len(request.node.name)}.{number}")
    return NodeContext(
        federation=federation,
        testbed=federation.testbeds["a"],
        kind=NodeKind.HSS,
        folder=tmp_path,
        log=logging.getLogger("a/hss"),
        faults=frozenset(),
        ready=lambda: None,
    )


@asynccontextmanager
async def serving(context: NodeContext) -> AsyncIterator[None]:
    ready = asyncio.Event()
    task = asyncio.ensure_future(hss.run(replace(context, ready=ready.set)))
    waiting = asyncio.ensure_future(ready.wait())
    try:
        await asyncio.wait({task, waiting}, timeout=DEADLINE_S, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        assert ready.is_set(), f"expected that the HSS is ready within {DEADLINE_S} s"
        yield
    finally:
        waiting.cancel()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def scscf_of(
    context: NodeContext, on_rtr: OnRtr | None = None, timeout_s: float = 5.0
) -> AsyncIterator[CxClient]:
    cx = CxClient(
        origin_host="scscf.a.test",
        origin_realm="a.test",
        local_address="127.33.0.3",
        peer_address=str(context.node.address),
        peer_port=context.node.port,
        answer_timeout_s=timeout_s,
        watchdog_s=30.0,
        on_rtr=on_rtr,
    )
    await cx.start()
    try:
        await cx.wait_open(DEADLINE_S)
        yield cx
    finally:
        await cx.stop()


def talk(
    context: NodeContext, act: Callable[[CxClient], Awaitable[None]], *faults: str, timeout_s: float = 5.0
) -> None:
    async def scenario() -> None:
        afflicted = replace(context, faults=frozenset(faults))
        async with serving(afflicted), scscf_of(afflicted, timeout_s=timeout_s) as cx:
            await act(cx)

    asyncio.run(scenario())


def outcome(answer: MultimediaAuthAnswer, numbers: SequenceNumbers) -> Authenticated | MacFailure | SyncFailure:
    return authenticate(USIM, answer.authenticate[:16], answer.authenticate[16:], numbers)


def test_a_registration_from_first_to_last(context: NodeContext) -> None:
    async def act(cx: CxClient) -> None:
        first = await cx.uar(UAR)
        assert (first.result, first.experimental) == (DiameterResult.FIRST_REGISTRATION, True)
        assert first.server_name is None
        assert first.capabilities is not None
        assert first.offered_server == SCSCF

        item = await cx.mar(MAR)
        assert (item.result, item.experimental, item.scheme) == (2001, False, SCHEME_AKA)
        assert (item.user_name, item.public_identity) == ("alice@a.test", IDENTITIES[0])
        assert [len(part) for part in (item.authenticate, item.authorization, item.ck, item.ik)] == [32, 8, 16, 16]
        known = outcome(item, SequenceNumbers())
        assert isinstance(known, Authenticated)
        assert (known.res, known.ck, known.ik) == (item.authorization, item.ck, item.ik)
        assert (await cx.lir(LIR)).result == DiameterResult.ERROR_IDENTITY_NOT_REGISTERED

        second = await cx.uar(UAR)
        assert (second.result, second.experimental) == (DiameterResult.SUBSEQUENT_REGISTRATION, True)
        assert (second.server_name, second.capabilities) == (SCSCF, None)

        profile = await cx.sar(SAR)
        assert (profile.result, profile.experimental) == (2001, False)
        assert profile.user_data == build_user_data("alice@a.test", IDENTITIES)
        for identity in IDENTITIES:  # the implicit registration set
            found = await cx.lir(LocationInfoRequest(identity))
            assert (found.result, found.experimental, found.server_name) == (2001, False, SCSCF)

        again = replace(SAR, assignment_type=ServerAssignmentType.RE_REGISTRATION, user_data_available=True)
        assert (await cx.sar(again)).user_data is None

        leaving = replace(UAR, authorization_type=UserAuthorizationType.DE_REGISTRATION)
        allowed = await cx.uar(leaving)
        assert (allowed.result, allowed.experimental, allowed.server_name) == (2001, False, SCSCF)
        gone = await cx.sar(replace(SAR, assignment_type=ServerAssignmentType.USER_DEREGISTRATION))
        assert (gone.result, gone.user_data) == (2001, None)
        lost = await cx.lir(LIR)
        assert (lost.result, lost.experimental) == (DiameterResult.ERROR_IDENTITY_NOT_REGISTERED, True)
        refused = await cx.uar(leaving)
        assert refused.result == DiameterResult.ERROR_IDENTITY_NOT_REGISTERED
        assert (await cx.uar(UAR)).result == DiameterResult.FIRST_REGISTRATION

    talk(context, act)


def test_an_identity_is_registered_as_long_as_one_of_its_devices_is(context: NodeContext) -> None:
    async def act(cx: CxClient) -> None:
        tablet = "alice-tablet@a.test"
        await cx.mar(MAR)
        await cx.sar(SAR)
        second = await cx.uar(replace(UAR, user_name=tablet))
        assert (second.result, second.server_name) == (DiameterResult.SUBSEQUENT_REGISTRATION, SCSCF)
        await cx.mar(replace(MAR, user_name=tablet))
        profile = await cx.sar(replace(SAR, user_name=tablet))
        assert profile.user_data == build_user_data(tablet, IDENTITIES)
        leaving = ServerAssignmentType.USER_DEREGISTRATION
        await cx.sar(replace(SAR, assignment_type=leaving))
        assert (await cx.lir(LIR)).server_name == SCSCF
        await cx.sar(replace(SAR, user_name=tablet, assignment_type=leaving))
        assert (await cx.lir(LIR)).result == DiameterResult.ERROR_IDENTITY_NOT_REGISTERED

    talk(context, act)


@pytest.mark.parametrize(
    ("impi", "impu", "result"),
    [
        ("eve@a.test", "sip:alice@a.test", DiameterResult.ERROR_USER_UNKNOWN),
        ("alice@a.test", "sip:eve@a.test", DiameterResult.ERROR_USER_UNKNOWN),
        ("alice@a.test", "sip:bob@a.test", DiameterResult.ERROR_IDENTITIES_DONT_MATCH),
    ],
)
def test_both_identities_must_be_known_and_belong_together(
    context: NodeContext, impi: str, impu: str, result: DiameterResult
) -> None:
    async def act(cx: CxClient) -> None:
        answers = [
            await cx.uar(replace(UAR, user_name=impi, public_identity=impu)),
            await cx.mar(replace(MAR, user_name=impi, public_identity=impu)),
            await cx.sar(replace(SAR, user_name=impi, public_identity=impu)),
        ]
        assert {(answer.result, answer.experimental) for answer in answers} == {(result, True)}

    talk(context, act)


def test_an_unknown_callee(context: NodeContext) -> None:
    async def act(cx: CxClient) -> None:
        answer = await cx.lir(LocationInfoRequest("sip:eve@a.test"))
        assert (answer.result, answer.experimental) == (DiameterResult.ERROR_USER_UNKNOWN, True)

    talk(context, act)


def test_roaming_from_a_barred_network(context: NodeContext) -> None:
    async def act(cx: CxClient) -> None:
        barred = await cx.uar(replace(UAR, visited_network_id="b.test"))
        assert (barred.result, barred.experimental) == (DiameterResult.ERROR_ROAMING_NOT_ALLOWED, True)
        assert (await cx.uar(replace(UAR, visited_network_id="c.test"))).result == 2001

    talk(context, act, "bars-roaming:b.test")


def test_each_challenge_has_its_own_rand_and_number(context: NodeContext) -> None:
    async def act(cx: CxClient) -> None:
        numbers = SequenceNumbers()
        seen = []
        for _ in range(3):
            item = await cx.mar(MAR)
            known = outcome(item, numbers)
            assert isinstance(known, Authenticated)
            seen.append((item.authenticate[:16], known.sqn))
        assert len({rand for rand, _ in seen}) == 3
        assert [sqn for _, sqn in seen] == [33, 66, 99]

    talk(context, act)


def test_a_terminal_that_is_ahead_is_followed(context: NodeContext) -> None:
    """33.102 6.3.5: the terminal's number is taken over, the next challenge is fresh."""

    async def act(cx: CxClient) -> None:
        numbers = SequenceNumbers()
        for slot in range(32):
            numbers.accept(1_000_000 << 5 | slot)
        stale = await cx.mar(MAR)
        failure = outcome(stale, numbers)
        assert isinstance(failure, SyncFailure)
        wish = replace(MAR, authorization=stale.authenticate[:16] + failure.auts)
        known = outcome(await cx.mar(wish), numbers)
        assert isinstance(known, Authenticated)
        assert known.sqn == next_sqn(1_000_000 << 5 | 31)

    talk(context, act)


def test_auts_that_does_not_verify_changes_nothing(context: NodeContext) -> None:
    async def act(cx: CxClient) -> None:
        answer = await cx.mar(replace(MAR, authorization=bytes(30)))
        assert (answer.result, answer.experimental, answer.scheme) == (DiameterResult.UNABLE_TO_COMPLY, False, "")
        known = outcome(await cx.mar(MAR), SequenceNumbers())
        assert isinstance(known, Authenticated)
        assert known.sqn == 33
        short = await cx.mar(replace(MAR, authorization=bytes(29)))
        assert (short.result, short.experimental) == (DiameterResult.MISSING_AVP, False)

    talk(context, act)


def test_numbers_survive_a_restart(context: NodeContext) -> None:
    numbers = SequenceNumbers()

    async def act(cx: CxClient) -> None:
        assert isinstance(outcome(await cx.mar(MAR), numbers), Authenticated)

    talk(context, act)
    talk(context, act)
    assert numbers.highest == 66


def test_a_password_gives_sip_digest(context: NodeContext) -> None:
    async def act(cx: CxClient) -> None:
        wish = replace(MAR, user_name="bob@a.test", public_identity="sip:bob@a.test")
        for scheme in (SCHEME_DIGEST, SCHEME_UNKNOWN, "unknown"):
            item = await cx.mar(replace(wish, scheme=scheme))
            assert (item.result, item.scheme, item.authenticate) == (2001, SCHEME_DIGEST, b"")
            assert item.digest is not None
            assert (item.digest.realm, item.digest.qop, item.digest.algorithm) == ("a.test", "auth", "MD5")
            assert item.digest.ha1 == digest_ha1("bob@a.test", "a.test", b"swordfish")
        refused = await cx.mar(replace(wish, scheme=SCHEME_AKA))
        expected = (DiameterResult.ERROR_AUTH_SCHEME_NOT_SUPPORTED, True)
        assert (refused.result, refused.experimental) == expected

    talk(context, act)


def test_a_second_s_cscf_cannot_take_the_user(context: NodeContext) -> None:
    async def act(cx: CxClient) -> None:
        assert (await cx.sar(SAR)).is_success
        other = await cx.sar(replace(SAR, server_name="sip:other.a.test"))
        assert (other.result, other.experimental) == (DiameterResult.ERROR_IDENTITY_ALREADY_REGISTERED, True)

    talk(context, act)


def test_an_authentication_that_failed_leaves_no_s_cscf(context: NodeContext) -> None:
    async def act(cx: CxClient) -> None:
        await cx.mar(MAR)
        failed = replace(SAR, assignment_type=ServerAssignmentType.AUTHENTICATION_FAILURE)
        assert (await cx.sar(failed)).is_success
        assert (await cx.uar(UAR)).result == DiameterResult.FIRST_REGISTRATION
        await cx.sar(SAR)
        await cx.mar(MAR)
        assert (await cx.sar(failed)).is_success  # a registration that stands is not ended by it
        assert (await cx.lir(LIR)).server_name == SCSCF

    talk(context, act)


def test_the_operator_ends_a_registration(context: NodeContext) -> None:
    """29.228 6.1.3: RTR to the S-CSCF that registered the user."""

    async def scenario() -> None:
        seen: list[RegistrationTerminationRequest] = []

        async def on_rtr(request: RegistrationTerminationRequest) -> RegistrationTerminationAnswer:
            seen.append(request)
            return RegistrationTerminationAnswer()

        channel = hss.control_path(context.folder, "a")
        command = {"rtr": {"impi": "alice@a.test", "reason": 3, "info": "maintenance"}}
        async with serving(context), scscf_of(context, on_rtr) as cx:
            early = await ask(channel, command)
            assert "expected a registered subscriber, found 'alice@a.test'" in early["error"]
            await cx.sar(SAR)
            assert await ask(channel, command) == {"result": 2001, "experimental": False}
            assert seen == [
                RegistrationTerminationRequest(
                    "alice@a.test", IDENTITIES, DeregistrationReasonCode.REMOVE_S_CSCF, "maintenance"
                )
            ]
            assert (await cx.lir(LIR)).result == DiameterResult.ERROR_IDENTITY_NOT_REGISTERED
            assert "expected" in (await ask(channel, {"dance": True}))["error"]
            assert await ask(channel, {"await": ["scscf.a.test"]}) == {"missing": []}
        with pytest.raises(TestbedDown, match=r"control channel .*: expected an answer within 5 s"):
            await ask(channel, command)

    asyncio.run(scenario())


def test_an_operator_forces_results_and_sees_the_state_without_a_secret(context: NodeContext) -> None:
    async def scenario() -> None:
        channel = hss.control_path(context.folder, "a")
        async with serving(context), scscf_of(context) as cx:
            forced = {"force": {"command": 300, "result": 5012, "times": 1}}
            assert await ask(channel, forced) == {"forced": 1}
            answers = [await cx.uar(UAR) for _ in range(2)]
            assert [answer.result for answer in answers] == [5012, 2001]
            await cx.sar(SAR)
            (alice, *_) = (await ask(channel, {"state": True}))["subscribers"]
            assert (alice["impi"], alice["state"]) == ("alice@a.test", "registered")
            assert set(alice) == {"impi", "impus", "state", "pending", "server_name"}
            assert (
                "expected times" in (await ask(channel, {"force": {"command": 1, "result": 2, "times": -1}}))["error"]
            )

    asyncio.run(scenario())


def test_a_silent_hss_gives_its_one_line(context: NodeContext) -> None:
    async def act(cx: CxClient) -> None:
        assert (await cx.uar(UAR)).result == 2001
        with pytest.raises(DiameterTimeout, match=r":3868: expected the answer to 303 request within 0\.2 s"):
            await cx.mar(MAR)
        assert cx.is_open

    talk(context, act, "silent:303", timeout_s=0.2)


def test_an_hss_that_stops_is_noticed(context: NodeContext) -> None:
    async def scenario() -> None:
        async with serving(context):
            open_cx = scscf_of(context)
            cx = await open_cx.__aenter__()
        with pytest.raises(DiameterClosed, match="302 request was not sent"):
            await cx.lir(LIR)
        async with serving(context):
            await cx.wait_open(DEADLINE_S)
            assert (await cx.lir(LIR)).result == DiameterResult.ERROR_IDENTITY_NOT_REGISTERED
            await open_cx.__aexit__(None, None, None)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("fault", "expected"), [("wrong-mac", MacFailure), ("stale-sqn", SyncFailure), ("wrong-xres", Authenticated)]
)
def test_faults_of_the_challenge(context: NodeContext, fault: str, expected: type) -> None:
    async def act(cx: CxClient) -> None:
        numbers = SequenceNumbers()
        for slot in range(32):
            numbers.accept(slot)
        item = await cx.mar(MAR)
        known = outcome(item, numbers)
        assert isinstance(known, expected)
        if isinstance(known, Authenticated):
            assert known.res != item.authorization

    talk(context, act, fault)


def test_fault_of_the_profile(context: NodeContext) -> None:
    async def act(cx: CxClient) -> None:
        assert (await cx.sar(SAR)).user_data is None

    talk(context, act, "no-user-data")


def test_no_secret_is_logged(context: NodeContext, caplog: pytest.LogCaptureFixture) -> None:
    async def act(cx: CxClient) -> None:
        item = await cx.mar(MAR)
        await cx.mar(replace(MAR, user_name="bob@a.test", public_identity="sip:bob@a.test", scheme=SCHEME_DIGEST))
        await cx.mar(replace(MAR, authorization=bytes(30)))
        await cx.sar(SAR)
        for secret in (K, OPC, item.ck.hex(), item.ik.hex(), item.authorization.hex(), "swordfish"):
            assert secret not in caplog.text

    caplog.set_level(logging.DEBUG)
    talk(context, act)
    assert "alice@a.test: REGISTRATION by sip:scscf.a.test:6060" in caplog.text


def test_a_network_with_a_presence_server_serves_who_is_not_registered(context: NodeContext) -> None:
    """3GPP TS 29.228 6.1.4: there are services for that case, so an S-CSCF is named that could give them."""
    node = {"host": "presence", "address": "127.33.0.9", "port": 5060}
    federation = context.federation.model_dump()
    federation["testbeds"]["a"]["nodes"]["presence"] = node
    served = Federation.model_validate(federation)

    async def act(cx: CxClient) -> None:
        found = await cx.lir(LIR)
        assert (found.result, found.experimental) == (DiameterResult.UNREGISTERED_SERVICE, True)
        assert (found.server_name, found.offered_server) == (None, SCSCF)
        taken = replace(SAR, user_name=None, assignment_type=ServerAssignmentType.UNREGISTERED_USER)
        profile = await cx.sar(taken)
        assert b"<ServerName>sip:presence.a.test:5060</ServerName>" in (profile.user_data or b"")
        found = await cx.lir(LIR)
        assert (found.result, found.server_name) == (DiameterResult.SUCCESS, SCSCF)

    talk(replace(context, federation=served, testbed=served.testbeds["a"]), act)
