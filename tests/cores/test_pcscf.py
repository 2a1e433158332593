"""The P-CSCF with a scripted home network (3GPP TS 24.229 5.2.2)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sipmessage import Request, Response

from conformance.cores.emulated import pcscf
from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.quiet import all_quiet, control_path
from conformance.protocols.sip.digest_header import DigestHeader
from conformance.protocols.sip.message import make_response, top_via
from conformance.protocols.sip.timers import SipTimers
from conformance.vocabulary.federation import AccessSecurity, NodeKind, Strictness
from conformance.vocabulary.identifiers import Endpoint
from tests.cores.conftest import Registered

CHALLENGE = (
    'Digest realm="uc3m.netlab.test", nonce="bm9uY2U=", algorithm=AKAv1-MD5, qop="auth,auth-int", '
    'ik="00112233445566778899aabbccddeeff", ck="ffeeddccbbaa99887766554433221100", opaque="a,b"'
)
CREDENTIALS = (
    'Authorization: Digest username="alice@uc3m.netlab.test",realm="uc3m.netlab.test",nonce="",'
    'uri="sip:uc3m.netlab.test",response="",integrity-protected="yes"'
)


@pytest.fixture
def exchange(in_scene: Callable[..., None]) -> Callable[..., tuple[list[Request], Response]]:
    """Sends one REGISTER through the P-CSCF: returns what the home network got and what the terminal got."""

    def run(
        *lines: str,
        answer: Callable[[Request], Response | None],
        faults: tuple[str, ...] | list[str] = (),
        transport: str = "udp",
        uri: str | None = None,
        strictness: Strictness = Strictness.LENIENT,
    ) -> tuple[list[Request], Response]:
        got: list[Request] = []
        answers: list[Response] = []

        async def story(scene: Any) -> None:
            def home(request: Request) -> Response:
                if request.method != "REGISTER":
                    return make_response(request, 489)
                got.append(request)
                return answer(request)

            await scene.node(NodeKind.DNS)
            await scene.instead_of(NodeKind.ICSCF, home)
            await scene.node(NodeKind.PCSCF, *faults)
            terminal = await scene.terminal()
            request = scene.request("REGISTER", uri, *lines)
            answers.append(await terminal.send_request(request, scene.hop(NodeKind.PCSCF, transport)))

        in_scene(story, strictness)
        return got, answers[0]

    return run


def test_the_register_is_made_ready_for_the_home_network(
    exchange: Callable[..., Any], ok: Callable[[Request], Response]
) -> None:
    (got,), response = exchange(CREDENTIALS, answer=ok)
    assert response.code == 200
    assert str(got.uri) == "sip:uc3m.netlab.test"
    assert got.headers.getlist("Path") == ["<sip:pcscf.uc3m.netlab.test:4060;lr>"]
    assert got.require == ["path"]
    assert got.headers.getlist("P-Visited-Network-ID") == ["uc3m.netlab.test"]
    assert got.headers["P-Charging-Vector"].startswith('icid-value="')
    assert got.headers["Max-Forwards"] == "69"
    assert top_via(got).host == "127.35.1.11"
    assert len(got.via) == 2
    terminal_via = got.via[1]
    assert (terminal_via.parameters["received"], terminal_via.parameters["rport"]) == ("127.35.1.129", "5060")


def test_the_terminals_word_on_protection_is_replaced(
    exchange: Callable[..., Any], ok: Callable[[Request], Response]
) -> None:
    (got,), _ = exchange(CREDENTIALS, answer=ok)
    credentials = DigestHeader.parse(got.headers["Authorization"])
    values = [p.value for p in credentials.parameters if p.name == "integrity-protected"]
    assert values == ["no"]
    assert credentials.get("uri") == "sip:uc3m.netlab.test"


@pytest.mark.parametrize(
    ("credentials", "mark"),
    [(CREDENTIALS, None), (CREDENTIALS.replace('response=""', 'response="0"'), "ip-assoc-pending")],
)
def test_with_sip_digest_only_an_answer_is_marked(
    in_scene: Callable[..., None], ok: Callable[[Request], Response], credentials: str, mark: str | None
) -> None:
    got: list[Request] = []

    async def story(scene: Any) -> None:
        features = scene.testbed.features.model_copy(update={"access_security": AccessSecurity.DIGEST})
        scene.testbed = scene.testbed.model_copy(update={"features": features})
        await scene.node(NodeKind.DNS)
        await scene.instead_of(NodeKind.ICSCF, lambda request: got.append(request) or ok(request))
        await scene.node(NodeKind.PCSCF)
        await (await scene.terminal()).send_request(
            scene.request("REGISTER", None, credentials), scene.hop(NodeKind.PCSCF)
        )

    in_scene(story)
    assert (DigestHeader.parse(got[0].headers["Authorization"]).get("integrity-protected") or None) == mark


def test_security_agreement_and_foreign_headers_are_taken_out(
    exchange: Callable[..., Any], ok: Callable[[Request], Response]
) -> None:
    (got,), _ = exchange(
        "Security-Client: ipsec-3gpp; alg=hmac-md5-96; spi-c=1; spi-s=2; port-c=3; port-s=4",
        "Security-Verify: ipsec-3gpp; q=0.1",
        "Require: Sec-Agree",
        "Proxy-Require: sec-agree",
        "P-Asserted-Identity: <sip:president@uc3m.netlab.test>",
        "P-Charging-Vector: icid-value=mine",
        "P-Visited-Network-ID: elsewhere",
        "Route: <sip:elsewhere.example;lr>",
        answer=ok,
    )
    names = {name.lower() for name in got.headers.keys()}  # noqa: SIM118
    assert not names & {"security-client", "security-verify", "p-asserted-identity", "route", "proxy-require"}
    assert got.require == ["path"]
    assert got.headers["P-Visited-Network-ID"] == "uc3m.netlab.test"
    assert "mine" not in got.headers["P-Charging-Vector"]


def test_own_path_is_first(exchange: Callable[..., Any], ok: Callable[[Request], Response]) -> None:
    (got,), _ = exchange("Path: <sip:edge.uc3m.netlab.test;lr>", answer=ok)
    assert got.headers.getlist("Path") == ["<sip:pcscf.uc3m.netlab.test:4060;lr>", "<sip:edge.uc3m.netlab.test;lr>"]


def challenge(request: Request) -> Response:
    response = make_response(request, 401)
    response.headers.set("WWW-Authenticate", CHALLENGE)
    return response


def test_the_keys_stay_in_the_network(exchange: Callable[..., Any]) -> None:
    _, response = exchange(answer=challenge)
    assert response.code == 401
    kept = DigestHeader.parse(response.headers["WWW-Authenticate"])
    assert "ck" not in kept
    assert "ik" not in kept
    # nothing else changes: neither quoting nor order
    assert CHALLENGE.startswith(str(kept.without("opaque")))
    assert kept.get("opaque") == "a,b"


def test_fault_keeps_ck_ik(exchange: Callable[..., Any]) -> None:
    _, response = exchange(answer=challenge, faults=["keeps-ck-ik"])
    assert response.headers["WWW-Authenticate"] == CHALLENGE


@pytest.mark.parametrize(
    ("fault", "missing"),
    [("no-path", "Path"), ("no-require-path", "Require"), ("no-charging-vector", "P-Charging-Vector")],
)
def test_faults_leave_a_header_out(
    exchange: Callable[..., Any], ok: Callable[[Request], Response], fault: str, missing: str
) -> None:
    (got,), response = exchange(answer=ok, faults=[fault])
    assert response.code == 200
    assert got.headers.get(missing) is None


def test_each_request_has_its_own_icid(in_scene: Callable[..., None], ok: Callable[[Request], Response]) -> None:
    vectors: list[str] = []

    async def story(scene: Any) -> None:
        def home(request: Request) -> Response:
            vectors.append(request.headers["P-Charging-Vector"])
            return ok(request)

        await scene.node(NodeKind.DNS)
        await scene.instead_of(NodeKind.ICSCF, home)
        await scene.node(NodeKind.PCSCF)
        terminal = await scene.terminal()
        for cseq in (1, 2):
            await terminal.send_request(scene.request(cseq=cseq), scene.hop(NodeKind.PCSCF))

    in_scene(story)
    assert len(set(vectors)) == 2


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_both_transports_of_the_terminal(
    exchange: Callable[..., Any], ok: Callable[[Request], Response], transport: str
) -> None:
    _, response = exchange(answer=ok, transport=transport)
    assert response.code == 200
    assert len(response.via) == 1


def test_an_unknown_home_network_is_504(exchange: Callable[..., Any], ok: Callable[[Request], Response]) -> None:
    got, response = exchange(answer=ok, uri="sip:nowhere.netlab.test")
    assert (got, response.code) == ([], 504)


def test_a_silent_home_network_is_504(exchange: Callable[..., Any]) -> None:
    got, response = exchange(answer=lambda request: None)
    assert got
    assert response.code == 504


def test_a_request_that_comes_back_to_its_sender_is_482(
    exchange: Callable[..., Any], ok: Callable[[Request], Response]
) -> None:
    # A Request-URI with the port of the P-CSCF itself, as some S60 terminals send it; port rules out SRV.
    _, response = exchange(answer=ok, uri="sip:pcscf.uc3m.netlab.test:4060", strictness=Strictness.STRICT)
    assert response.code == 482


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["Max-Forwards: 0"], 483),
        (["Proxy-Require: privacy"], 420),
        (["To: nobody"], 400),
        (['Authorization: Digest username="alice'], 400),
        (["Max-Forwards: many"], 400),
    ],
)
def test_what_is_refused_here(
    exchange: Callable[..., Any], ok: Callable[[Request], Response], lines: list[str], code: int
) -> None:
    got, response = exchange(*lines, answer=ok)
    assert (got, response.code) == ([], code)


def test_methods_of_other_procedures(in_scene: Callable[..., None]) -> None:
    codes: dict[str, int] = {}

    async def story(scene: Any) -> None:
        await scene.node(NodeKind.PCSCF)
        terminal = await scene.terminal()
        for method in ("OPTIONS", "MESSAGE", "REFER", "FROBNICATE"):
            request = scene.request(method)
            codes[method] = (await terminal.send_request(request, scene.hop(NodeKind.PCSCF))).code

    in_scene(story)
    assert codes == {"OPTIONS": 200, "MESSAGE": 403, "REFER": 405, "FROBNICATE": 501}  # nobody is registered


def test_what_is_kept_of_a_registered_terminal(
    in_scene: Callable[..., None], ok: Callable[[Request], Response]
) -> None:
    async def story(scene: Any) -> None:
        node = pcscf.PCscf(
            NodeContext(
                federation=scene.federation,
                testbed=scene.testbed,
                kind=NodeKind.PCSCF,
                folder=Path(),
                log=logging.getLogger("test"),
                faults=frozenset(),
                ready=lambda: None,
            )
        )
        request = scene.request("REGISTER", None, "Contact: <sip:alice@127.35.1.129:5060>;expires=100")
        request.headers.set("Via", "SIP/2.0/UDP 127.35.1.129")
        node._remember(request, ok(request), ("127.35.1.129", 5060, "udp"))
        (kept,) = node.registrations.values()
        assert kept.contact == "sip:alice@127.35.1.129:5060"
        assert kept.service_route == ("<sip:orig@scscf.uc3m.netlab.test:6060;lr>",)
        assert kept.identities == ("sip:alice@uc3m.netlab.test",)
        assert 99 < kept.expires_at - asyncio.get_running_loop().time() <= 100
        node._remember(request, make_response(request, 200), ("127.35.1.129", 5060, "udp"))
        assert node.registrations == {}

    in_scene(story)


def test_terminals_get_the_timers_of_gm_and_servers_those_of_the_core(
    in_scene: Callable[..., None], tmp_path: Path
) -> None:
    async def story(scene: Any) -> None:
        log = logging.getLogger("test")
        node = pcscf.PCscf(
            NodeContext(scene.federation, scene.testbed, NodeKind.PCSCF, tmp_path, log, frozenset(), lambda: None)
        )
        timers, testbeds = scene.federation.timers, scene.federation.testbeds
        for testbed in testbeds.values():
            terminal = Endpoint(str(testbed.access_networks[0].pool[1]), 5060, "udp")
            assert node.stack.timers_for(terminal) == SipTimers.gm(timers)
        server = Endpoint(str(testbeds["stuba"].node(NodeKind.ICSCF).address), 5060, "udp")
        assert node.stack.timers_for(server) == SipTimers.core(timers)
        assert SipTimers.core(timers) != SipTimers.gm(timers)

    in_scene(story)


# --- subscriptions to the registration state -------------------------------------------------------------

ALICE = "sip:alice@uc3m.netlab.test"
ROUTES = "Route: <sip:127.35.1.11:4060;lr>, <sip:orig@scscf.uc3m.netlab.test:6060;lr>"


def test_the_subscribe_of_a_terminal_takes_the_service_route(registered: Callable[..., None]) -> None:
    async def story(r: Registered) -> None:
        response = await r.send(r.terminal, "SUBSCRIBE", ALICE, "Event: reg", ROUTES, "P-Asserted-Identity: <sip:m@h>")
        assert response.code == 200
        assert response.headers.get("P-Charging-Vector") is None
        (got,) = r.at_scscf
        assert str(got.uri) == ALICE
        assert got.headers.getlist("Route") == ["<sip:orig@scscf.uc3m.netlab.test:6060;lr>"]
        pcscf = r.scene.hop(NodeKind.PCSCF)
        assert got.headers.getlist("Record-Route") == [f"<sip:{pcscf.address}:{pcscf.port};lr>"]
        assert got.headers["P-Asserted-Identity"] == f"<{ALICE}>"
        assert got.headers["P-Charging-Vector"].startswith('icid-value="')
        assert got.headers["Max-Forwards"] == "69"

    registered(story)


@pytest.mark.parametrize("routes", ["Route:", "Route: <sip:elsewhere.test;lr>"])
def test_a_terminal_does_not_choose_the_way(registered: Callable[..., None], routes: str) -> None:
    async def story(r: Registered) -> None:
        assert (await r.send(r.terminal, "SUBSCRIBE", ALICE, "Event: reg", routes)).code == 200
        assert len(r.at_scscf) == 1

    registered(story)


@pytest.mark.parametrize(
    ("preferred", "asserted"), [(ALICE, ALICE), ("sip:mallory@uc3m.netlab.test", ALICE)], ids=["own", "foreign"]
)
def test_a_preferred_identity_must_be_an_own_one(
    registered: Callable[..., None], preferred: str, asserted: str
) -> None:
    async def story(r: Registered) -> None:
        await r.send(r.terminal, "SUBSCRIBE", ALICE, "Event: reg", ROUTES, f"P-Preferred-Identity: <{preferred}>")
        (got,) = r.at_scscf
        assert got.headers["P-Asserted-Identity"] == f"<{asserted}>"
        assert got.headers.get("P-Preferred-Identity") is None

    registered(story)


def test_who_is_not_registered_may_not_subscribe(registered: Callable[..., None]) -> None:
    async def story(r: Registered) -> None:
        assert (await r.send(r.stranger, "SUBSCRIBE", ALICE, "Event: reg", ROUTES)).code == 403
        assert r.at_scscf == []

    registered(story)


NOTIFY = ("To: <sip:alice@uc3m.netlab.test>;tag=t", "Route: <sip:pcscf.uc3m.netlab.test:4060;lr>")
CONTACT = "sip:alice@127.35.1.129:5060"


def test_a_notify_goes_to_its_terminal(registered: Callable[..., None]) -> None:
    async def story(r: Registered) -> None:
        response = await r.send(r.scscf, "NOTIFY", CONTACT, *NOTIFY, "P-Charging-Vector: icid-value=secret")
        assert response.code == 200
        (got,) = r.at_terminal
        assert str(got.uri) == CONTACT
        assert got.headers.getlist("Route") == []
        assert got.headers.get("P-Charging-Vector") is None

    registered(story)


@pytest.mark.parametrize(
    ("uri", "lines", "code"),
    [
        (CONTACT, NOTIFY[1:], 481),
        (CONTACT, (*NOTIFY[:1], f"{NOTIFY[1]}, <sip:elsewhere.test;lr>"), 481),
        ("sip:127.35.1.12:5060", NOTIFY, 481),
        ("sip:pcscf.uc3m.netlab.test:4060", NOTIFY[:1], 481),
    ],
    ids=["no-dialog", "further-route", "no-terminal", "no-own-subscription"],
)
def test_a_notify_that_belongs_nowhere(
    registered: Callable[..., None], uri: str, lines: tuple[str, ...], code: int
) -> None:
    async def story(r: Registered) -> None:
        assert (await r.send(r.scscf, "NOTIFY", uri, *lines)).code == code
        assert r.at_terminal == []

    registered(story)


def test_a_terminal_notifies_nobody(registered: Callable[..., None]) -> None:
    async def story(r: Registered) -> None:
        assert (await r.send(r.terminal, "NOTIFY", CONTACT, *NOTIFY)).code == 403

    registered(story)


def test_the_pcscf_subscribes_once_for_a_user(registered: Callable[..., None]) -> None:
    async def story(r: Registered) -> None:
        await r.send(r.terminal, "REGISTER", None, f"Contact: <{CONTACT}>;expires=100", "CSeq: 2 REGISTER")
        folder = r.scene.folder
        assert await all_quiet([control_path(folder)])
        methods = [request.method for request in r.at_icscf]
        assert sorted(methods) == ["REGISTER", "REGISTER", "SUBSCRIBE"]
        subscribe = r.at_icscf[methods.index("SUBSCRIBE")]
        assert subscribe.headers["P-Asserted-Identity"] == "<sip:pcscf.uc3m.netlab.test:4060>"

    registered(story)


def test_the_publish_of_a_terminal_takes_the_service_route_and_records_none(registered: Callable[..., None]) -> None:
    """PUBLISH begins no dialog: the P-CSCF does not stay on the way."""

    async def story(r: Registered) -> None:
        lines = ("Event: presence", ROUTES, "P-Asserted-Identity: <sip:m@h>")
        assert (await r.send(r.terminal, "PUBLISH", ALICE, *lines)).code == 200
        (got,) = r.at_scscf
        assert got.headers.getlist("Route") == ["<sip:orig@scscf.uc3m.netlab.test:6060;lr>"]
        assert got.headers.getlist("Record-Route") == []
        assert got.headers["P-Asserted-Identity"] == f"<{ALICE}>"
        assert got.headers["P-Charging-Vector"].startswith('icid-value="')

    registered(story)


def test_who_is_not_registered_may_not_publish(registered: Callable[..., None]) -> None:
    async def story(r: Registered) -> None:
        assert (await r.send(r.stranger, "PUBLISH", ALICE, "Event: presence", ROUTES)).code == 403
        assert r.at_scscf == []

    registered(story)
