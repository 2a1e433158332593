"""The I-CSCF with a scripted HSS and a scripted S-CSCF (3GPP TS 24.229 5.3.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sipmessage import Request, Response

from conformance.protocols.cx import (
    LocationInfoAnswer,
    LocationInfoRequest,
    ServerCapabilities,
    UserAuthorizationAnswer,
    UserAuthorizationRequest,
)
from conformance.protocols.sip.message import make_response
from conformance.vocabulary.federation import NodeKind
from conformance.vocabulary.numbers import UserAuthorizationType

SCSCF = "sip:scscf.uc3m.netlab.test:6060"
FIRST = UserAuthorizationAnswer(2001, True, capabilities=ServerCapabilities())
KNOWN = UserAuthorizationAnswer(2002, True, server_name=SCSCF)
VISITED = "P-Visited-Network-ID: stuba.netlab.test"
EMPTY_AUTHORIZATION = (
    'Authorization: Digest username="alice.private@uc3m.netlab.test", realm="uc3m.netlab.test", nonce="", '
    'uri="sip:uc3m.netlab.test", response=""'
)
ANSWER = EMPTY_AUTHORIZATION.replace('nonce=""', 'nonce="n"')


class Outcome:
    def __init__(self) -> None:
        self.questions: list[UserAuthorizationRequest] = []
        self.forwarded: list[Request] = []
        self.responses: list[Response] = []

    @property
    def codes(self) -> list[int]:
        return [response.code for response in self.responses]


@pytest.fixture
def exchange(in_scene: Callable[..., None], ok: Callable[[Request], Response]) -> Callable[..., Outcome]:
    """Sends REGISTERs, one for each list of header lines, from the address of a P-CSCF to the I-CSCF."""

    def run(
        *requests: list[str],
        uaa: UserAuthorizationAnswer | None,
        faults: tuple[str, ...] | list[str] = (),
        scscf: Callable[[Request], Response | None] = ok,
        sender: str = "127.35.1.11",
        wait: bool = True,
    ) -> Outcome:
        outcome = Outcome()

        def hss(message: Any) -> Any:
            outcome.questions.append(UserAuthorizationRequest.decode(message))
            return uaa.encode(message, "hss.uc3m.netlab.test", "uc3m.netlab.test") if uaa is not None else None

        def registrar(request: Request) -> Response | None:
            outcome.forwarded.append(request)
            return scscf(request)

        async def story(scene: Any) -> None:
            await scene.node(NodeKind.DNS)
            if wait:
                await scene.hss(hss)
            await scene.instead_of(NodeKind.SCSCF, registrar)
            await scene.node(NodeKind.ICSCF, *faults)
            sending = await scene.peer(sender, 4060)
            sending.timers = type(sending.timers)(1.0, 4.0, 5.0)
            if wait:
                await scene.ready(NodeKind.ICSCF)
            for cseq, lines in enumerate(requests, 1):
                request = scene.request("REGISTER", None, *lines, cseq=cseq)
                outcome.responses.append(await sending.send_request(request, scene.hop(NodeKind.ICSCF)))

        in_scene(story)
        return outcome

    return run


def test_the_hss_is_asked_and_the_request_uri_replaced(exchange: Callable[..., Any]) -> None:
    outcome = exchange([VISITED, EMPTY_AUTHORIZATION], uaa=KNOWN)
    assert outcome.codes == [200]
    (question,) = outcome.questions
    assert question == UserAuthorizationRequest(
        user_name="alice.private@uc3m.netlab.test",
        public_identity="sip:alice@uc3m.netlab.test",
        visited_network_id="stuba.netlab.test",
        authorization_type=UserAuthorizationType.REGISTRATION,
    )
    (forwarded,) = outcome.forwarded
    assert str(forwarded.uri) == SCSCF
    assert forwarded.max_forwards == 69
    assert len(forwarded.via) == 2
    # it does not stay on the path
    assert forwarded.headers.get("Path") is None
    assert forwarded.headers.get("Record-Route") is None
    assert len(outcome.responses[0].via) == 1


@pytest.mark.parametrize(
    ("value", "network"),
    [('"Visited, Network; 1";x=y, other', "Visited, Network; 1"), ("one;x=y", "one"), ('"', "uc3m.netlab.test")],
)
def test_forms_of_the_visited_network(exchange: Callable[..., Any], value: str, network: str) -> None:
    outcome = exchange([f"P-Visited-Network-ID: {value}"], uaa=KNOWN)
    assert outcome.questions[0].visited_network_id == network


def test_the_first_time_an_scscf_is_chosen(exchange: Callable[..., Any]) -> None:
    outcome = exchange([VISITED], uaa=FIRST)
    assert outcome.codes == [200]
    assert str(outcome.forwarded[0].uri) == SCSCF


def test_every_register_is_a_question(exchange: Callable[..., Any]) -> None:
    outcome = exchange([EMPTY_AUTHORIZATION], [ANSWER], uaa=KNOWN)
    assert (outcome.codes, len(outcome.questions)) == ([200, 200], 2)


def test_fault_no_second_uar(exchange: Callable[..., Any]) -> None:
    outcome = exchange([EMPTY_AUTHORIZATION], [ANSWER], [EMPTY_AUTHORIZATION], uaa=KNOWN, faults=["no-second-uar"])
    assert (outcome.codes, len(outcome.questions)) == ([200, 200, 200], 2)
    assert [str(request.uri) for request in outcome.forwarded] == [SCSCF] * 3


def test_without_authorization_the_private_identity_is_derived(exchange: Callable[..., Any]) -> None:
    outcome = exchange(["To: <sip:alice@uc3m.netlab.test:5060;user=phone>"], uaa=KNOWN)
    assert outcome.questions[0].user_name == "alice@uc3m.netlab.test"


@pytest.mark.parametrize(
    "lines",
    [["Expires: 0"], ["Contact: *", "Expires: 0"], ["Contact: <sip:alice@127.35.1.129:5060>;expires=0"]],
)
def test_deregistration_is_asked_as_such(exchange: Callable[..., Any], lines: list[str]) -> None:
    outcome = exchange(lines, uaa=KNOWN)
    assert outcome.questions[0].authorization_type == UserAuthorizationType.DE_REGISTRATION


@pytest.mark.parametrize(
    ("uaa", "code"),
    [
        (UserAuthorizationAnswer(5001, True), 403),
        (UserAuthorizationAnswer(5002, True), 403),
        (UserAuthorizationAnswer(5004, True), 403),
        (UserAuthorizationAnswer(5003, False), 403),
        (UserAuthorizationAnswer(5012, False), 480),
        (UserAuthorizationAnswer(2001, True, capabilities=ServerCapabilities(mandatory=(7,))), 600),
        (UserAuthorizationAnswer(2002, True, server_name="tel:+1"), 504),
        (UserAuthorizationAnswer(2002, True, server_name="no uri"), 480),
        (None, 480),
    ],
    ids=["unknown", "mismatch", "roaming", "rejected", "unable", "capability", "tel", "no-uri", "silent"],
)
def test_what_the_hss_may_say(exchange: Callable[..., Any], uaa: UserAuthorizationAnswer | None, code: int) -> None:
    outcome = exchange([VISITED], uaa=uaa)
    assert (outcome.codes, outcome.forwarded) == ([code], [])


def test_a_silent_scscf_is_504(exchange: Callable[..., Any]) -> None:
    assert exchange([VISITED], uaa=KNOWN, scscf=lambda request: None).codes == [504]


def test_answers_of_the_scscf_are_passed_on(exchange: Callable[..., Any]) -> None:
    assert exchange([VISITED], uaa=KNOWN, scscf=lambda request: make_response(request, 423)).codes == [423]


def test_a_terminal_is_no_trusted_sender(exchange: Callable[..., Any]) -> None:
    outcome = exchange([VISITED], uaa=KNOWN, sender="127.35.1.140")
    assert (outcome.codes, outcome.questions) == ([403], [])


def test_without_an_hss_it_is_not_ready(exchange: Callable[..., Any]) -> None:
    outcome = exchange(["CSeq: 1 REGISTER"], uaa=None, wait=False)
    assert outcome.codes == [480]


def test_options_says_503_while_cx_is_closed(in_scene: Callable[..., None]) -> None:
    codes = []

    async def story(scene: Any) -> None:
        await scene.node(NodeKind.ICSCF)
        sending = await scene.peer("127.35.1.11", 4060)
        codes.append((await sending.send_request(scene.request("OPTIONS"), scene.hop(NodeKind.ICSCF))).code)

    in_scene(story)
    assert codes == [503]


# --- SUBSCRIBE and INVITE for a user of this network (3GPP TS 24.229) ----------------------------------------


@pytest.fixture(params=["SUBSCRIBE", "PUBLISH", "INVITE"])
def subscribe(
    request: pytest.FixtureRequest, in_scene: Callable[..., None]
) -> Callable[..., tuple[Response, list[Request]]]:
    """Sends such a request from the address of another server; returns the answer and what the S-CSCF got."""
    method: str = request.param

    def run(lia: LocationInfoAnswer | None, sender: str = "127.35.2.11") -> tuple[Response, list[Request]]:
        got: list[Request] = []
        responses: list[Response] = []

        def hss(message: Any) -> Any:
            assert LocationInfoRequest.decode(message).public_identity == "sip:alice@uc3m.netlab.test"
            return lia.encode(message, "hss.uc3m.netlab.test", "uc3m.netlab.test") if lia is not None else None

        def serving(request: Request) -> Response:
            got.append(request)
            return make_response(request, 200)

        async def story(scene: Any) -> None:
            await scene.node(NodeKind.DNS)
            await scene.hss(hss)
            await scene.instead_of(NodeKind.SCSCF, serving)
            await scene.node(NodeKind.ICSCF)
            await scene.ready(NodeKind.ICSCF)
            sending = await scene.peer(sender, 4060)
            sending.timers = type(sending.timers)(1.0, 4.0, 5.0)
            request = scene.request(method, "sip:alice@uc3m.netlab.test;user=x", "Event: reg")
            responses.append(await sending.send_request(request, scene.hop(NodeKind.ICSCF)))

        in_scene(story)
        return responses[0], got

    return run


def test_a_subscribe_goes_where_the_hss_says(subscribe: Callable[..., Any]) -> None:
    response, (got,) = subscribe(LocationInfoAnswer(2001, False, SCSCF))
    assert response.code == 200
    assert str(got.uri) == "sip:alice@uc3m.netlab.test;user=x"
    assert got.headers.getlist("Route") == [f"<{SCSCF};lr>"]
    assert got.headers.getlist("Record-Route") == []
    assert got.headers["Max-Forwards"] == "69"


@pytest.mark.parametrize(
    ("lia", "code"),
    [
        (LocationInfoAnswer(5001, True), 404),
        (LocationInfoAnswer(5003, True), 480),
        (LocationInfoAnswer(5012, False), 480),
        (LocationInfoAnswer(2001, False), 480),
        (LocationInfoAnswer(2001, False, "mailto:a@b"), 480),
        (None, 480),
    ],
    ids=["unknown", "not-registered", "unable", "no-name", "no-sip-uri", "silent"],
)
def test_what_the_hss_may_say_of_a_user(
    subscribe: Callable[..., Any], lia: LocationInfoAnswer | None, code: int
) -> None:
    response, got = subscribe(lia)
    assert (response.code, got) == (code, [])


def test_a_terminal_may_not_subscribe_here(subscribe: Callable[..., Any]) -> None:
    response, got = subscribe(LocationInfoAnswer(2001, False, SCSCF), "127.35.1.130")
    assert (response.code, got) == (403, [])


def test_a_number_in_a_sip_uri_is_asked_for_as_tel_uri(in_scene: Callable[..., None]) -> None:
    asked: list[str] = []
    got: list[Request] = []

    def hss(message: Any) -> Any:
        asked.append(LocationInfoRequest.decode(message).public_identity)
        return LocationInfoAnswer(2001, False, SCSCF).encode(message, "hss.uc3m.netlab.test", "uc3m.netlab.test")

    def serving(request: Request) -> Response:
        got.append(request)
        return make_response(request, 200)

    async def story(scene: Any) -> None:
        await scene.node(NodeKind.DNS)
        await scene.hss(hss)
        await scene.instead_of(NodeKind.SCSCF, serving)
        await scene.node(NodeKind.ICSCF)
        await scene.ready(NodeKind.ICSCF)
        sending = await scene.peer("127.35.2.11", 4060)
        request = scene.request("INVITE", "sip:+34-000-000-001@uc3m.netlab.test;user=phone")
        assert (await sending.send_request(request, scene.hop(NodeKind.ICSCF))).code == 200

    in_scene(story)
    assert asked == ["tel:+34000000001"]
    assert [str(request.uri) for request in got] == ["tel:+34000000001"]


def test_who_is_not_registered_but_has_services_is_served(subscribe: Callable[..., Any]) -> None:
    """3GPP TS 24.229 5.3.2.1: the capabilities name the S-CSCF; without a name the own one is chosen."""
    for capabilities in (ServerCapabilities(server_names=(SCSCF,)), None):
        response, got = subscribe(LocationInfoAnswer(2003, True, capabilities=capabilities))
        assert response.code == 200
        assert [request.headers.getlist("Route") for request in got] == [[f"<{SCSCF};lr>"]]
