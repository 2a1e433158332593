"""The S-CSCF in sessions: of the user who calls, and of the one who is called (3GPP TS 24.229 5.4.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sipmessage import URI, Request, Response

from conformance.cores.emulated.presence_criteria import presence_criteria
from conformance.cores.emulated.scscf_sessions import assert_both
from conformance.protocols.cx import ServerAssignmentAnswer
from conformance.protocols.sip.message import make_response
from conformance.protocols.user_data import build_user_data
from conformance.stack.sip import SipStack
from conformance.vocabulary.federation import NodeKind
from tests.cores.scscf_lab import IMPUS, REALM, Registrar

BOB = "sip:bob@127.35.2.12:5060"  # of another network, at its entry
ORIG = "Route: <sip:orig@scscf.uc3m.netlab.test:6060;lr>"
CHARGING = 'P-Charging-Vector: icid-value="1"'
PANI = "P-Access-Network-Info: IEEE-802.11b"


class Serving:
    """An S-CSCF where alice is registered by two contacts, and the nodes around it."""

    def __init__(self, scene: Any, client: SipStack) -> None:
        self.scene = scene
        self.client = client
        self.at_pcscf: list[Request] = []
        self.at_entry: list[Request] = []
        self.answer: Callable[[Request], Response | None] = lambda request: make_response(request, 200)

    def pcscf(self, request: Request) -> Response | None:
        self.at_pcscf.append(request)
        return self.answer(request)

    def entry(self, request: Request) -> Response:
        self.at_entry.append(request)
        response = make_response(request, 200)
        response.headers.set("P-Access-Network-Info", "IEEE-802.11b")
        return response

    async def send(self, method: str, uri: str, *lines: str) -> Response:
        request = self.scene.request(method, uri, *lines)
        response: Response = await self.client.send_request(request, self.scene.hop(NodeKind.SCSCF))
        return response


@pytest.fixture
def serving(in_scene: Callable[..., None]) -> Callable[[Callable[[Serving], Any]], None]:
    def run(story: Callable[[Serving], Any]) -> None:
        async def whole(scene: Any) -> None:
            client = await scene.peer("127.35.1.12", 5061)
            registrar, one = Registrar(scene, client), Serving(scene, client)
            await scene.node(NodeKind.DNS)
            await scene.hss(registrar.hss)
            await scene.instead_of(NodeKind.PCSCF, one.pcscf)
            stuba = scene.federation.testbeds["stuba"].node(NodeKind.ICSCF)
            await scene.peer(str(stuba.address), stuba.port, one.entry)
            await scene.node(NodeKind.SCSCF)
            await scene.ready(NodeKind.SCSCF)
            contacts = "Contact: <sip:alice@127.35.1.129:5060>, <sip:alice@127.35.1.130:5060>"
            assert (await registrar.register(contacts)).code == 200
            await story(one)

        in_scene(whole)

    return run


def test_a_call_of_an_own_user_goes_to_the_network_of_who_is_called(serving: Callable[..., None]) -> None:
    async def story(s: Serving) -> None:
        response = await s.send("INVITE", BOB, ORIG, f"P-Asserted-Identity: <{IMPUS[1]}>", CHARGING, PANI)
        assert response.code == 200
        assert response.headers.get("P-Access-Network-Info") is None
        (got,) = s.at_entry
        assert str(got.uri) == BOB
        assert got.headers.getlist("Route") == []
        assert got.headers.getlist("Record-Route") == ["<sip:orig@scscf.uc3m.netlab.test:6060;lr>"]
        assert got.headers["P-Charging-Vector"] == f'icid-value="1";orig-ioi={REALM}'
        assert got.headers.get("P-Access-Network-Info") is None

    serving(story)


@pytest.mark.parametrize(
    ("uri", "asserted", "code"),
    [
        (BOB, "sip:mallory@uc3m.netlab.test", 403),
        ("tel:+421905", IMPUS[0], 404),
        ("sip:bob@nowhere.netlab.test", IMPUS[0], 504),
    ],
)
def test_a_call_that_does_not_leave(serving: Callable[..., None], uri: str, asserted: str, code: int) -> None:
    async def story(s: Serving) -> None:
        assert (await s.send("INVITE", uri, ORIG, f"P-Asserted-Identity: <{asserted}>")).code == code
        assert s.at_entry == []

    serving(story)


@pytest.mark.parametrize(
    "dialled", ["tel:+34-000-000-002", f"sip:+34000000002@{REALM};user=phone", "tel:+34000000002;ext=7"]
)
def test_a_number_becomes_the_sip_uri_that_enum_knows(serving: Callable[..., None], dialled: str) -> None:
    async def story(s: Serving) -> None:
        await s.scene.instead_of(NodeKind.ICSCF, s.entry)
        assert (await s.send("INVITE", dialled, ORIG, f"P-Asserted-Identity: <{IMPUS[0]}>")).code == 200
        (got,) = s.at_entry
        assert str(got.uri) == f"sip:erin@{REALM}"

    serving(story)


@pytest.mark.parametrize(
    ("asserted", "both"),
    [
        (IMPUS[0], [f"<{IMPUS[0]}>", "<tel:+34000000001>"]),
        ("tel:+34000000001", ["<tel:+34000000001>", f"<{IMPUS[0]}>"]),
    ],
)
def test_a_user_with_a_number_is_asserted_by_both(asserted: str, both: list[str]) -> None:
    request = Request("INVITE", URI.parse(BOB))
    request.headers.set("P-Asserted-Identity", f"<{asserted}>")
    assert_both(request, [asserted], (IMPUS[0], IMPUS[1], "tel:+34000000001"))
    assert request.headers.getlist("P-Asserted-Identity") == both
    assert_both(request, [IMPUS[0], "tel:+34000000001"], (IMPUS[0], "tel:+34000000001"))
    assert request.headers.getlist("P-Asserted-Identity") == both


def test_a_user_without_a_number_stays_as_asserted() -> None:
    request = Request("INVITE", URI.parse(BOB))
    request.headers.set("P-Asserted-Identity", f"<{IMPUS[0]}>")
    assert_both(request, [IMPUS[0]], IMPUS)
    assert request.headers.getlist("P-Asserted-Identity") == [f"<{IMPUS[0]}>"]


def test_who_is_called_is_called_at_every_contact(serving: Callable[..., None]) -> None:
    async def story(s: Serving) -> None:
        s.answer = lambda request: make_response(request, 200 if request.uri.host.endswith("130") else 486)
        charging = f"{CHARGING};orig-ioi=stuba.netlab.test"
        response = await s.send("INVITE", IMPUS[1], "Route: <sip:scscf.uc3m.netlab.test:6060;lr>", charging)
        assert response.code == 200
        assert response.headers["P-Charging-Vector"] == f'icid-value="1";orig-ioi=stuba.netlab.test;term-ioi={REALM}'
        assert sorted(str(got.uri) for got in s.at_pcscf) == [
            "sip:alice@127.35.1.129:5060",
            "sip:alice@127.35.1.130:5060",
        ]
        for got in s.at_pcscf:
            assert got.headers["P-Called-Party-ID"] == f"<{IMPUS[1]}>"
            assert got.headers.getlist("Route") == ["<sip:pcscf.uc3m.netlab.test:4060;lr>"]
            assert got.headers.getlist("Record-Route") == ["<sip:term@scscf.uc3m.netlab.test:6060;lr>"]

    serving(story)


def test_who_is_not_registered_is_480(serving: Callable[..., None]) -> None:
    async def story(s: Serving) -> None:
        assert (await s.send("INVITE", "sip:dora@uc3m.netlab.test")).code == 480

    serving(story)


def test_an_scscf_on_both_sides_passes_a_request_to_itself(serving: Callable[..., None]) -> None:
    both = "<sip:orig@scscf.uc3m.netlab.test:6060;lr>, <sip:term@scscf.uc3m.netlab.test:6060;lr>"

    async def story(s: Serving) -> None:
        route = f"Route: {both}, <sip:pcscf.uc3m.netlab.test:4060;lr>"
        assert (await s.send("UPDATE", "sip:alice@127.35.1.129:5060", "To: <sip:a@b>;tag=t", route)).code == 200
        (got,) = s.at_pcscf
        assert got.headers.getlist("Route") == ["<sip:pcscf.uc3m.netlab.test:4060;lr>"]
        assert got.headers["Max-Forwards"] == "68"
        assert got.headers.getlist("Record-Route") == [
            "<sip:term@scscf.uc3m.netlab.test:6060;lr>",
            "<sip:orig@scscf.uc3m.netlab.test:6060;lr>",
        ]

    serving(story)


@pytest.mark.parametrize(
    ("lines", "code"),
    [(("To: <sip:a@b>;tag=t",), 403), (("To: <sip:a@b>;tag=t", "Route: <sip:elsewhere.test;lr>"), 403), ((), 481)],
)
def test_a_request_that_is_not_routed_here(serving: Callable[..., None], lines: tuple[str, ...], code: int) -> None:
    async def story(s: Serving) -> None:
        assert (await s.send("BYE", "sip:alice@127.35.1.129:5060", *lines)).code == code

    serving(story)


PRESENCE = "Event: presence"


def test_a_publication_of_an_own_user_goes_on_without_a_route_of_its_own(serving: Callable[..., None]) -> None:
    """PUBLISH begins no dialog: nobody stays on the way."""

    async def story(s: Serving) -> None:
        response = await s.send("PUBLISH", BOB, ORIG, f"P-Asserted-Identity: <{IMPUS[1]}>", CHARGING, PRESENCE)
        assert response.code == 200
        (got,) = s.at_entry
        assert got.headers.getlist("Record-Route") == []
        assert got.headers["P-Charging-Vector"] == f'icid-value="1";orig-ioi={REALM}'

    serving(story)


def test_a_subscription_of_an_own_user_to_somebody_elses_presence(serving: Callable[..., None]) -> None:
    async def story(s: Serving) -> None:
        response = await s.send("SUBSCRIBE", BOB, ORIG, f"P-Asserted-Identity: <{IMPUS[1]}>", CHARGING, PRESENCE)
        assert response.code == 200
        (got,) = s.at_entry
        assert str(got.uri) == BOB
        assert got.headers.getlist("Record-Route") == ["<sip:orig@scscf.uc3m.netlab.test:6060;lr>"]

    serving(story)


def test_the_package_reg_is_the_own_one(serving: Callable[..., None]) -> None:
    async def story(s: Serving) -> None:
        lines = (f"P-Asserted-Identity: <{IMPUS[0]}>", "Event: reg", "Contact: <sip:127.35.1.12:5061>")
        assert (await s.send("SUBSCRIBE", IMPUS[0], ORIG, *lines)).code == 200
        assert s.at_entry == []

    serving(story)


def test_a_notify_of_presence_goes_along_its_route(serving: Callable[..., None]) -> None:
    async def story(s: Serving) -> None:
        route = "Route: <sip:orig@scscf.uc3m.netlab.test:6060;lr>, <sip:pcscf.uc3m.netlab.test:4060;lr>"
        lines = ("To: <sip:a@b>;tag=t", route, PRESENCE, "Subscription-State: active")
        assert (await s.send("NOTIFY", "sip:alice@127.35.1.129:5060", *lines)).code == 200
        (got,) = s.at_pcscf
        assert (got.method, got.headers.getlist("Route")) == ("NOTIFY", ["<sip:pcscf.uc3m.netlab.test:4060;lr>"])

    serving(story)


def test_services_of_who_is_not_registered(in_scene: Callable[..., None]) -> None:
    """3GPP TS 24.229 5.4.3.3: SAR brings the profile once, and the request goes to the server that it names."""
    server = "127.35.1.18:5060"
    profile = build_user_data("alice@x", [IMPUS[0]], criteria=presence_criteria(f"sip:{server}"))

    async def story(scene: Any) -> None:
        client = await scene.peer("127.35.1.12", 5061)
        r, got = Registrar(scene, client), []
        r.saa = ServerAssignmentAnswer(2001, False, user_data=profile)

        def served(request: Request) -> Response:
            got.append(request)
            return make_response(request, 200)

        await scene.node(NodeKind.DNS)
        await scene.hss(r.hss)
        await scene.peer("127.35.1.18", 5060, served)
        await scene.node(NodeKind.SCSCF)
        await scene.ready(NodeKind.SCSCF)
        codes = []
        for method in ("SUBSCRIBE", "SUBSCRIBE", "INVITE"):
            request = scene.request(method, IMPUS[0], PRESENCE, CHARGING)
            codes.append((await client.send_request(request, scene.hop(NodeKind.SCSCF))).code)
        assert codes == [200, 200, 480]
        assert [(one.user_name, one.assignment_type.name) for one in r.sar] == [(None, "UNREGISTERED_USER")]
        assert [one.headers.getlist("Route")[0] for one in got] == [f"<sip:{server};lr>"] * 2

    in_scene(story)


@pytest.mark.parametrize(("result", "experimental", "code"), [(5001, True, 404), (5012, False, 480)])
def test_a_user_of_whom_the_hss_says_nothing(
    in_scene: Callable[..., None], result: int, experimental: bool, code: int
) -> None:
    async def story(scene: Any) -> None:
        client = await scene.peer("127.35.1.12", 5061)
        r = Registrar(scene, client)
        r.saa = ServerAssignmentAnswer(result, experimental)
        await scene.hss(r.hss)
        await scene.node(NodeKind.SCSCF)
        await scene.ready(NodeKind.SCSCF)
        request = scene.request("SUBSCRIBE", IMPUS[0], PRESENCE)
        assert (await client.send_request(request, scene.hop(NodeKind.SCSCF))).code == code

    in_scene(story)
