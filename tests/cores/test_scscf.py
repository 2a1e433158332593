"""The S-CSCF as registrar with a scripted HSS (3GPP TS 24.229 5.4.1)."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sipmessage import Request, Response

from conformance.cores.emulated import quiet
from conformance.cores.emulated.control import ask
from conformance.cores.emulated.quiet import control_path
from conformance.protocols.cx import (
    MultimediaAuthAnswer,
    MultimediaAuthRequest,
    RegistrationTerminationAnswer,
    ServerAssignmentAnswer,
    ServerAssignmentRequest,
)
from conformance.protocols.sip.digest_header import DigestHeader
from conformance.protocols.sip.message import make_response
from conformance.protocols.user_data import build_user_data
from conformance.vocabulary.federation import NodeKind
from conformance.vocabulary.numbers import ServerAssignmentType
from tests.cores.scscf_lab import (
    ASSIGNED,
    DIGEST,
    IMPI,
    IMPUS,
    NONCE,
    REALM,
    SCSCF,
    TABLET,
    XRES,
    Registrar,
    answer,
    begun,
    empty,
    end_by_network,
    register_tablet,
)


@pytest.fixture
def registrar(in_scene: Callable[..., None]) -> Callable[..., None]:
    """Runs a story with an S-CSCF that is ready."""

    def run(story: Callable[..., Any], *faults: str) -> None:
        async def whole(scene: Any) -> None:
            registrar, _ = await begun(scene, *faults)
            await story(registrar)

        in_scene(whole)

    return run


def test_the_challenge_is_made_of_the_vector(registrar: Callable[..., None]) -> None:
    async def story(r: Registrar) -> None:
        response = await r.send(empty("AKAv1-MD5"))
        assert response.code == 401
        assert response.headers["WWW-Authenticate"] == (
            f'Digest realm="{REALM}", nonce="{NONCE}", algorithm=AKAv1-MD5, qop="auth", '
            f'ik="{(b"i" * 16).hex()}", ck="{(b"c" * 16).hex()}"'
        )
        assert "tag" in response.to_address.parameters
        assert r.mar == [MultimediaAuthRequest(IMPI, IMPUS[0], SCSCF, "Digest-AKAv1-MD5")]
        assert r.sar == []

    registrar(story)


def test_a_right_answer_registers(registrar: Callable[..., None]) -> None:
    async def story(r: Registrar) -> None:
        response = await r.register("Expires: 600000")
        assert response.code == 200
        assert response.headers.getlist("Service-Route") == [f"<sip:orig@scscf.{REALM}:6060;lr>"]
        assert response.headers.getlist("P-Associated-URI") == [f"<{IMPUS[0]}>, <{IMPUS[1]}>"]
        assert response.headers.getlist("Path") == ["<sip:pcscf.uc3m.netlab.test:4060;lr>"]
        assert response.headers.getlist("Contact") == ["<sip:alice@127.35.1.129:5060>;expires=600"]
        (assignment,) = r.sar
        assert assignment == ServerAssignmentRequest(IMPI, IMPUS[0], SCSCF, ServerAssignmentType.REGISTRATION)

    registrar(story)


def test_reregistration_and_deregistration(registrar: Callable[..., None]) -> None:
    async def story(r: Registrar) -> None:
        await r.register()
        assert (await r.register("Expires: 100")).headers["Contact"].endswith(";expires=100")
        gone = await r.register("Expires: 0")
        assert gone.code == 200
        assert gone.headers.get("Contact") is None
        assert gone.headers.get("Service-Route") is None
        await r.register()
        everything = await r.register("Contact: *", "Expires: 0")
        assert everything.headers.get("Contact") is None
        kinds = ["REGISTRATION", "RE_REGISTRATION", "USER_DEREGISTRATION", "REGISTRATION", "USER_DEREGISTRATION"]
        assert [assignment.assignment_type.name for assignment in r.sar] == kinds
        assert [assignment.user_data_available for assignment in r.sar] == [False, True, True, False, True]

    registrar(story)


class Told:
    """An application server in the place of the testbed's, and what it was told."""

    def __init__(self, registrar: Registrar, answers: bool = True) -> None:
        self.requests: list[Request] = []
        self.answers = answers
        registrar.saa = replace(ASSIGNED, user_data=build_user_data(IMPI, IMPUS, [f"sip:as.{REALM}:5060"]))

    def answer(self, request: Request) -> Response | None:
        self.requests.append(request)
        return make_response(request, 200) if self.answers else None

    def seen(self) -> list[tuple[str, str, str, int]]:
        return [(str(r.uri), r.headers["To"], r.headers["Expires"], r.cseq.sequence) for r in self.requests]


async def settled(r: Registrar) -> bool:
    answer = await ask(control_path(r.scene.folder), {"settle": True})
    return bool(answer["quiet"])


def test_application_servers_are_told_of_beginning_refreshment_and_end(registrar: Callable[..., None]) -> None:
    async def story(r: Registrar) -> None:
        told = Told(r)
        await r.scene.node(NodeKind.DNS)
        await r.scene.instead_of(NodeKind.AS, told.answer)
        await r.register()
        await r.register("Expires: 100")
        await r.register("Expires: 0")
        assert await settled(r)
        uri, user = f"sip:as.{REALM}:5060", f"<{IMPUS[0]}>"
        assert told.seen() == [(uri, user, "600", 1), (uri, user, "100", 2), (uri, user, "0", 3)]
        assert {request.headers["From"].partition(";")[0] for request in told.requests} == {f"<{SCSCF}>"}

    registrar(story)


def test_an_end_by_the_network_is_told_to_application_servers(in_scene: Callable[..., None]) -> None:
    async def story(scene: Any) -> None:
        r, server = await begun(scene)
        told = Told(r)
        await scene.node(NodeKind.DNS)
        await scene.instead_of(NodeKind.AS, told.answer)
        await r.register()
        await end_by_network(scene, server, ())
        assert await settled(r)
        assert [expires for _, _, expires, _ in told.seen()] == ["600", "0"]

    in_scene(story)


def test_an_application_server_that_is_silent_is_work_under_way_and_costs_the_user_nothing(
    registrar: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quiet, "SETTLE_S", 0.3)

    async def story(r: Registrar) -> None:
        told = Told(r, answers=False)
        await r.scene.node(NodeKind.DNS)
        await r.scene.instead_of(NodeKind.AS, told.answer)
        assert (await r.register()).code == 200
        assert not await settled(r)

    registrar(story)


def test_a_nonce_serves_once(registrar: Callable[..., None]) -> None:
    async def story(r: Registrar) -> None:
        challenge = await r.send(empty())
        assert (await r.send(answer(challenge, XRES))).code == 200
        assert (await r.send(answer(challenge, XRES))).code == 401
        assert len(r.mar) == 2

    registrar(story)


def test_an_answer_to_nothing_is_challenged(registrar: Callable[..., None]) -> None:
    async def story(r: Registrar) -> None:
        forged = await r.send(empty())
        assert (await r.send(answer(forged, XRES, nonce="somebody-elses"))).code == 401

    registrar(story)


@pytest.mark.parametrize(
    ("password", "other"),
    [
        (b"wrong", {}),
        (XRES, {"nc": "1"}),
        (XRES, {"nc": "00000000"}),
        (XRES, {"qop": "auth-conf"}),
        (XRES, {"realm": "elsewhere"}),
        (XRES, {"response": ""}),
        (XRES, {"response": "0" * 31 + "\u00e9"}),
    ],
    ids=["res", "short-nc", "zero-nc", "qop", "realm", "mac-failure", "latin"],
)
def test_a_wrong_answer_is_403(registrar: Callable[..., None], password: bytes, other: dict[str, str]) -> None:
    async def story(r: Registrar) -> None:
        assert (await r.send(answer(await r.send(empty()), password, **other))).code == 403
        assert r.sar == []

    registrar(story)


def test_mac_failure_with_a_nonce_that_was_damaged_is_403(registrar: Callable[..., None]) -> None:
    async def story(r: Registrar) -> None:
        challenge = await r.send(empty())
        refused = await r.send(answer(challenge, XRES, nonce="damaged", response=""))
        assert refused.code == 403
        assert len(r.mar) == 1

    registrar(story)


def test_fault_wrong_nonce_changes_one_bit_of_the_mac(registrar: Callable[..., None]) -> None:
    async def story(r: Registrar) -> None:
        challenge = DigestHeader.parse((await r.send(empty())).headers["WWW-Authenticate"])
        octets = base64.b64decode(challenge.get("nonce"))
        assert octets[:31] == bytes(range(31))
        assert octets[31] ^ 31 == 1

    registrar(story, "wrong-nonce")


def test_resynchronisation(registrar: Callable[..., None]) -> None:
    async def story(r: Registrar) -> None:
        challenge = await r.send(empty())
        auts = bytes(range(100, 114))
        again = await r.send(answer(challenge, b"", auts=base64.b64encode(auts).decode()))
        assert again.code == 401
        assert r.mar[1].authorization == bytes(range(16)) + auts
        assert (await r.send(answer(again, XRES))).code == 200

    registrar(story)


def test_malformed_auts_is_400(registrar: Callable[..., None]) -> None:
    async def story(r: Registrar) -> None:
        assert (await r.send(answer(await r.send(empty()), b"", auts="short"))).code == 400

    registrar(story)


def test_digest_with_a_password(registrar: Callable[..., None]) -> None:
    async def story(r: Registrar) -> None:
        r.maa = DIGEST
        challenge = await r.send(empty("MD5"))
        parameters = DigestHeader.parse(challenge.headers["WWW-Authenticate"])
        assert (parameters.get("algorithm"), parameters.get("qop"), "ck" in parameters) == ("MD5", "auth", False)
        assert r.mar[0].scheme == "SIP Digest"
        # A digest uri that is not the Request-URI: proxies change that one (RFC 2617 3.2.2.5).
        assert (await r.send(answer(challenge, b"secret", uri=f"sip:{REALM}:5060"))).code == 200

    registrar(story)


def test_without_authorization_the_hss_decides_the_scheme(registrar: Callable[..., None]) -> None:
    async def story(r: Registrar) -> None:
        r.maa = DIGEST
        assert (await r.send()).code == 401
        assert [question.scheme for question in r.mar] == ["Unknown"]

    registrar(story)


def test_a_scheme_that_does_not_fit_is_left_to_the_hss(registrar: Callable[..., None]) -> None:
    async def story(r: Registrar) -> None:
        r.maa = MultimediaAuthAnswer(5006, True)
        assert (await r.send(empty())).code == 403
        assert [question.scheme for question in r.mar] == ["Digest-AKAv1-MD5", "Unknown"]

    registrar(story)


@pytest.mark.parametrize(
    ("maa", "code"),
    [
        (MultimediaAuthAnswer(5001, True), 403),
        (MultimediaAuthAnswer(5012, False), 480),
        (MultimediaAuthAnswer(2001, False), 480),
        (MultimediaAuthAnswer(2001, False, scheme="Digest-AKAv1-MD5", authenticate=b"short"), 480),
    ],
    ids=["unknown", "unable", "no-item", "short-item"],
)
def test_what_the_hss_may_say_to_mar(registrar: Callable[..., None], maa: MultimediaAuthAnswer, code: int) -> None:
    async def story(r: Registrar) -> None:
        r.maa = maa
        assert (await r.send(empty())).code == code

    registrar(story)


@pytest.mark.parametrize(
    ("saa", "code"),
    [
        (ServerAssignmentAnswer(5002, True), 403),
        (ServerAssignmentAnswer(5012, False), 480),
        (ServerAssignmentAnswer(2001, False, user_data=b"<no xml"), 480),
        (ServerAssignmentAnswer(2001, False), 200),
        (None, 480),
    ],
    ids=["mismatch", "unable", "no-xml", "no-profile", "silent"],
)
def test_what_the_hss_may_say_to_sar(
    registrar: Callable[..., None], saa: ServerAssignmentAnswer | None, code: int
) -> None:
    async def story(r: Registrar) -> None:
        r.saa = saa
        assert (await r.register()).code == code

    registrar(story)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["Expires: 30"], 423),
        (["Contact: *", "Expires: 60"], 400),
        (["Expires: soon"], 400),
        (["Contact: nobody"], 400),
    ],
)
def test_what_the_registrar_refuses(registrar: Callable[..., None], lines: list[str], code: int) -> None:
    async def story(r: Registrar) -> None:
        response = await r.register(*lines)
        assert response.code == code
        assert response.headers.get("Min-Expires") == ("60" if code == 423 else None)
        assert r.sar == []

    registrar(story)


def test_an_extension_that_is_unknown_is_420(registrar: Callable[..., None]) -> None:
    async def story(r: Registrar) -> None:
        response = await r.send(empty(), "Require: path, gruu")
        assert (response.code, response.unsupported) == (420, ["gruu"])

    registrar(story)


def test_a_register_that_comes_late_is_not_obeyed(registrar: Callable[..., None]) -> None:
    async def story(r: Registrar) -> None:
        await r.register()
        challenge = await r.send(empty())
        assert (await r.send(answer(challenge, XRES), cseq=1)).code == 500

    registrar(story)


def test_a_query_changes_nothing(registrar: Callable[..., None]) -> None:
    async def story(r: Registrar) -> None:
        await r.register()
        found = await r.register("Contact:")
        assert found.headers["Contact"].startswith("<sip:alice@127.35.1.129:5060>;expires=")
        assert len(r.sar) == 1

    registrar(story)


def test_a_registration_ends_with_its_time(in_scene: Callable[..., None]) -> None:
    async def story(scene: Any) -> None:
        scene.federation = scene.federation.model_copy(
            update={"timers": scene.federation.timers.model_copy(update={"registration_s": 1})}
        )
        client = await scene.peer("127.35.1.12", 5060)
        r = Registrar(scene, client)
        ended = asyncio.Event()

        def hss(message: Any) -> Any:
            reply = r.hss(message)
            if r.sar and r.sar[-1].assignment_type == ServerAssignmentType.TIMEOUT_DEREGISTRATION:
                ended.set()
            return reply

        await scene.hss(hss)
        await scene.node(NodeKind.SCSCF)
        await scene.ready(NodeKind.SCSCF)
        assert (await r.register()).headers["Contact"].endswith(";expires=1")
        async with asyncio.timeout(5):
            await ended.wait()
        assert (await r.register("Contact:")).headers.get("Contact") is None

    in_scene(story)


@pytest.mark.parametrize("identities", [(), IMPUS[1:]], ids=["all", "one-of-the-set"])
def test_the_hss_may_end_a_registration(in_scene: Callable[..., None], identities: tuple[str, ...]) -> None:
    async def story(scene: Any) -> None:
        r, server = await begun(scene)
        await r.register()
        ended = await end_by_network(scene, server, identities)
        assert RegistrationTerminationAnswer.decode(ended).is_success
        assert (await r.register("Contact:")).headers.get("Contact") is None

    in_scene(story)


def test_a_second_device_has_a_registration_of_its_own_beside_the_first(registrar: Callable[..., None]) -> None:
    async def story(r: Registrar) -> None:
        await r.register()
        both = await register_tablet(r)
        assert both.code == 200
        contacts = both.headers.getlist("Contact")
        assert [one.partition(";")[0] for one in contacts] == [
            "<sip:alice@127.35.1.129:5060>",
            "<sip:alice@127.35.1.130:5060>",
        ]
        assert [(one.user_name, one.assignment_type.name, one.user_data_available) for one in r.sar] == [
            (IMPI, "REGISTRATION", False),
            (TABLET, "REGISTRATION", False),
        ]
        left = await r.register("Expires: 0")
        assert [one.partition(";")[0] for one in left.headers.getlist("Contact")] == ["<sip:alice@127.35.1.130:5060>"]
        assert (r.sar[-1].user_name, r.sar[-1].assignment_type.name) == (IMPI, "USER_DEREGISTRATION")

    registrar(story)


def test_an_end_by_the_hss_is_that_of_one_device(in_scene: Callable[..., None]) -> None:
    async def story(scene: Any) -> None:
        r, server = await begun(scene)
        await r.register()
        await register_tablet(r)
        await end_by_network(scene, server, IMPUS)
        left = (await r.register("Contact:")).headers.getlist("Contact")
        assert [one.partition(";")[0] for one in left] == ["<sip:alice@127.35.1.130:5060>"]

    in_scene(story)
