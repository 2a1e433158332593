"""What a terminal sends, keeps and reports (3GPP TS 24.229 5.1.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sipmessage import Request, Response

from conformance.protocols.aka import SequenceNumbers, encode_nonce, generate_vector
from conformance.protocols.milenage import Milenage
from conformance.protocols.sip.digest_header import DigestHeader
from conformance.protocols.sip.message import make_response
from conformance.protocols.sip.name_addr import split_entries
from conformance.stack.tunnel import Tunnel
from conformance.terminals.call_failures import CallRefused, CallTimedOut
from conformance.terminals.terminal import RegistrationRejected, RegistrationTimedOut, Terminal
from conformance.vocabulary.errors import HarnessFault, TestbedDown
from conformance.vocabulary.events import EventKind
from conformance.vocabulary.federation import Federation, NodeKind, Subscriber
from tests.terminals.conftest import ScriptedPcscf

Answer = Callable[[Request], Response]


def refused(code: int, **headers: str) -> Answer:
    def answer(request: Request) -> Response:
        response = make_response(request, code)
        for name, value in headers.items():
            response.headers.set(name.replace("_", "-"), value)
        return response

    return answer


@pytest.fixture
def challenged(alice: Subscriber) -> Callable[..., Answer]:
    """Challenges alice as her home network would, with a sequence number."""

    def make(sqn: int = 32, damaged: bool = False) -> Answer:
        vector = generate_vector(Milenage(alice.k.reveal(), alice.opc.reveal()), bytes(range(16)), sqn, b"\x80\x00")
        autn = vector.autn[:-1] + bytes([vector.autn[-1] ^ damaged])
        challenge = DigestHeader.challenge(
            realm="uc3m.netlab.test",
            nonce=encode_nonce(vector.rand, autn),
            algorithm="AKAv1-MD5",
            qop="auth",
        )
        return refused(401, WWW_Authenticate=str(challenge))

    return make


def kinds(terminal: Terminal) -> list[EventKind]:
    return [event.kind for event in terminal.events.events]


def test_the_first_register(
    pcscf: Any, make_terminal: Callable[..., Terminal], alice: Subscriber, granted: Answer
) -> None:
    pcscf.will(granted)
    terminal = make_terminal(alice)
    terminal.register()
    (request,) = pcscf.requests
    headers = request.headers
    assert str(request.uri) == "sip:uc3m.netlab.test"
    assert headers["To"] == "<sip:alice@uc3m.netlab.test>"
    assert headers["From"].startswith("<sip:alice@uc3m.netlab.test>;tag=")
    assert headers["Contact"] == "<sip:alice@127.35.1.129:5060>"
    assert headers["Authorization"] == (
        'Digest username="alice@uc3m.netlab.test", realm="uc3m.netlab.test", nonce="", '
        'uri="sip:uc3m.netlab.test", response="", algorithm=AKAv1-MD5'
    )
    assert (headers["Expires"], headers["Supported"], headers["Max-Forwards"]) == ("600000", "path", "70")
    names = [name.lower() for name in headers.keys()]  # noqa: SIM118
    assert names[0] == "via"
    assert not {"security-client", "p-access-network-info", "route"} & set(names)
    assert "rport" in request.via[0].parameters


def test_what_the_200_gives_is_kept(
    pcscf: Any, make_terminal: Callable[..., Terminal], alice: Subscriber, granted: Answer
) -> None:
    pcscf.will(granted)
    terminal = make_terminal(alice)
    terminal.register()
    assert terminal.registered
    assert terminal.granted_s == 3600
    assert terminal.service_route == ("<sip:orig@s.test;lr>", "<sip:i.test;lr>")
    assert terminal.associated_uris == ("sip:alice@uc3m.netlab.test", "tel:+34600")
    assert terminal.path == ("<sip:p.test;lr>",)


def test_call_id_stays_and_cseq_grows(
    pcscf: Any,
    make_terminal: Callable[..., Terminal],
    alice: Subscriber,
    granted: Answer,
    challenged: Callable[..., Answer],
) -> None:
    pcscf.will(challenged(32), granted, challenged(65), granted, challenged(98), granted)
    terminal = make_terminal(alice)
    terminal.register()
    terminal.reregister()
    terminal.deregister()
    assert len({request.call_id for request in pcscf.requests}) == 1
    assert len({request.headers["From"] for request in pcscf.requests}) == 1
    assert [request.cseq.sequence for request in pcscf.requests] == [1, 2, 3, 4, 5, 6]
    branches = {request.via[0].parameters["branch"] for request in pcscf.requests}
    assert len(branches) == 6
    assert [request.headers["Expires"] for request in pcscf.requests] == ["600000"] * 4 + ["0"] * 2
    assert not terminal.registered
    terminal.register()
    assert pcscf.requests[-1].call_id != pcscf.requests[0].call_id


def test_the_answer_to_a_challenge(
    pcscf: Any,
    make_terminal: Callable[..., Terminal],
    alice: Subscriber,
    granted: Answer,
    challenged: Callable[..., Answer],
) -> None:
    pcscf.will(challenged(), granted)
    terminal = make_terminal(alice)
    terminal.register()
    value = pcscf.requests[1].headers["Authorization"]
    assert "qop=auth, " in value
    assert "nc=00000001" in value
    answer = DigestHeader.parse(value)
    assert len(answer.get("response")) == 32
    assert answer.get("uri") == "sip:uc3m.netlab.test"
    assert "integrity-protected" not in answer
    assert kinds(terminal) == [
        EventKind.REGISTER_SENT,
        EventKind.CHALLENGED,
        EventKind.NETWORK_AUTHENTICATED,
        EventKind.REGISTER_SENT,
        EventKind.REGISTERED,
    ]


def test_a_mac_that_is_wrong_gets_an_empty_response(
    pcscf: Any, make_terminal: Callable[..., Terminal], alice: Subscriber, challenged: Callable[..., Answer]
) -> None:
    pcscf.will(challenged(damaged=True), refused(403))
    terminal = make_terminal(alice)
    with pytest.raises(RegistrationRejected):
        terminal.register()
    answer = DigestHeader.parse(pcscf.requests[1].headers["Authorization"])
    assert answer.get("response", "absent") == ""
    assert "auts" not in answer
    assert answer.get("nonce")
    assert EventKind.NETWORK_REFUSED in kinds(terminal)


def test_a_stale_number_gets_auts(
    pcscf: Any,
    make_terminal: Callable[..., Terminal],
    alice: Subscriber,
    granted: Answer,
    challenged: Callable[..., Answer],
) -> None:
    numbers = SequenceNumbers()
    numbers.accept(64)
    pcscf.will(challenged(32), challenged(96), granted)
    terminal = make_terminal(alice, numbers=numbers)
    terminal.register()
    answer = DigestHeader.parse(pcscf.requests[1].headers["Authorization"])
    assert len(answer.get("auts")) == 20
    assert EventKind.RESYNCHRONISED in kinds(terminal)
    assert terminal.registered
    assert terminal.numbers is numbers


def test_a_network_that_never_proves_itself_is_given_up(
    pcscf: Any, make_terminal: Callable[..., Terminal], alice: Subscriber, challenged: Callable[..., Answer]
) -> None:
    pcscf.will(challenged(damaged=True))
    terminal = make_terminal(alice)
    with pytest.raises(RegistrationRejected, match="3 challenges in a row"):
        terminal.register()
    assert len(pcscf.requests) == 3


def test_endless_challenges_are_a_loop(pcscf: Any, make_terminal: Callable[..., Terminal], dave: Subscriber) -> None:
    pcscf.will(refused(401, WWW_Authenticate='Digest realm="octopus.netlab.test", nonce="n"'))
    terminal = make_terminal(dave)
    with pytest.raises(RegistrationRejected, match="after 6 REGISTERs"):
        terminal.register()
    assert len(pcscf.requests) == 6


@pytest.mark.parametrize(
    "challenge",
    [
        'Digest realm="r", nonce="n", algorithm=MD5',
        'Digest realm="r", nonce="!!", algorithm=AKAv1-MD5',
        'Digest realm="r", nonce="c2hvcnQ=", algorithm=AKAv1-MD5',
        'Digest realm="r", nonce="n", algorithm=SHA-256',
        "Basic x",
        "",
    ],
)
def test_challenges_that_cannot_be_answered(
    pcscf: Any, make_terminal: Callable[..., Terminal], alice: Subscriber, challenge: str
) -> None:
    pcscf.will(refused(401, **({"WWW_Authenticate": challenge} if challenge else {})))
    terminal = make_terminal(alice)
    with pytest.raises(RegistrationRejected) as rejected:
        terminal.register()
    assert rejected.value.status == 401
    assert kinds(terminal)[-1] is EventKind.REJECTED
    assert len(pcscf.requests) == 1


def test_423_is_obeyed_once(
    pcscf: Any, make_terminal: Callable[..., Terminal], alice: Subscriber, granted: Answer
) -> None:
    pcscf.will(refused(423, Min_Expires="1800"), granted)
    terminal = make_terminal(alice)
    terminal.register(expires_s=60)
    assert [request.headers["Expires"] for request in pcscf.requests] == ["60", "1800"]


@pytest.mark.parametrize("contact", [None, "<sip:alice@127.35.1.129:5060>;expires=0", "<sip:other@h>;expires=60", "x"])
def test_a_200_without_the_own_contact_is_no_registration(
    pcscf: Any, make_terminal: Callable[..., Terminal], alice: Subscriber, contact: str | None
) -> None:
    pcscf.will(refused(200, **({"Contact": contact} if contact else {})))
    terminal = make_terminal(alice)
    with pytest.raises(RegistrationRejected, match="200"):
        terminal.register()
    assert not terminal.registered


def test_a_rejection_tells_status_and_reason(
    pcscf: Any, make_terminal: Callable[..., Terminal], alice: Subscriber
) -> None:
    pcscf.will(refused(480))
    terminal = make_terminal(alice)
    with pytest.raises(RegistrationRejected) as rejected:
        terminal.register()
    assert (rejected.value.status, rejected.value.reason) == (480, "Temporarily Unavailable")
    last = terminal.events.events[-1]
    assert (last.kind, last.status, last.detail) == (EventKind.REJECTED, 480, "Temporarily Unavailable")


def test_silence_ends_at_the_deadline(
    pcscf: Any, make_terminal: Callable[..., Terminal], alice: Subscriber, federation: Federation
) -> None:
    timers = federation.timers.model_copy(update={"procedure_ms": 200})
    terminal = make_terminal(alice, federation=federation.model_copy(update={"timers": timers}))
    with pytest.raises(RegistrationTimedOut, match=r"awaited the answer to REGISTER 1 from .* for 0.2 s"):
        terminal.register()
    assert kinds(terminal) == [EventKind.REGISTER_SENT, EventKind.TIMED_OUT]


def test_a_pcscf_that_refuses_connections(make_terminal: Callable[..., Terminal], alice: Subscriber) -> None:
    terminal = make_terminal(alice, transport="tcp")
    with pytest.raises(RegistrationTimedOut, match="cannot be reached"):
        terminal.register()


def test_tcp_is_told_in_the_contact(
    pcscf: Any, make_terminal: Callable[..., Terminal], alice: Subscriber, granted: Answer
) -> None:
    pcscf.will(granted)
    terminal = make_terminal(alice, transport="tcp")
    terminal.register()
    (request,) = pcscf.requests
    assert request.headers["Contact"] == "<sip:alice@127.35.1.129:5060;transport=tcp>"
    assert request.via[0].transport == "TCP"


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("wrong-digest-uri", 'uri="sip:uc3m.netlab.test:5060"'),
        ("quoted-qop", 'qop="auth"'),
        ("new-call-id", "Call-ID: again-"),
    ],
)
def test_faults_of_terminals(
    pcscf: Any,
    make_terminal: Callable[..., Terminal],
    alice: Subscriber,
    granted: Answer,
    challenged: Callable[..., Answer],
    fault: str,
    found: str,
) -> None:
    pcscf.will(challenged(), granted)
    terminal = make_terminal(alice, faults=frozenset({fault}))
    terminal.register()
    first, second = (bytes(request).decode() for request in pcscf.requests)
    assert found not in first
    assert found in second


def test_an_address_in_use_is_one_line(
    make_terminal: Callable[..., Terminal], alice: Subscriber, pcscf: Any, granted: Answer
) -> None:
    pcscf.will(granted)
    one = make_terminal(alice, address="127.35.1.200")
    one.register()
    with pytest.raises(TestbedDown, match=r"127\.35\.1\.200:5060"):
        make_terminal(alice, address="127.35.1.200").register()


def test_closing_twice_and_closing_what_never_began(
    make_terminal: Callable[..., Terminal], alice: Subscriber, pcscf: Any, granted: Answer
) -> None:
    pcscf.will(granted)
    terminal = make_terminal(alice)
    terminal.close()
    terminal.register()
    terminal.close()
    terminal.close()


@pytest.mark.parametrize("other", [{"transport": "tcp"}, {"port": 0}])
def test_a_tunnel_carries_udp_from_a_known_port_only(
    make_terminal: Callable[..., Terminal], federation: Federation, alice: Subscriber, other: dict[str, object]
) -> None:
    gateway = federation.testbeds["utu"].node(NodeKind.GATEWAY)
    home = federation.testbeds["uc3m"].access_networks[0].pool[1]
    tunnel = Tunnel("127.35.4.129", (str(gateway.address), gateway.port), federation.tunnel_ids(home))
    with pytest.raises(HarnessFault, match="terminal alice: expected udp and a port of its own inside the tunnel"):
        make_terminal(alice, tunnel=tunnel, **other)


def test_who_is_not_registered_cannot_call(make_terminal: Callable[..., Terminal], alice: Subscriber) -> None:
    with pytest.raises(CallRefused, match="not registered"):
        make_terminal(alice).call("sip:bob@stuba.netlab.test")


def test_a_call_takes_the_service_route(
    make_terminal: Callable[..., Terminal],
    alice: Subscriber,
    pcscf: ScriptedPcscf,
    granted: Callable[[Request], Response],
) -> None:
    pcscf.will(granted, lambda request: make_response(request, 486))
    terminal = make_terminal(alice)
    terminal.register()
    terminal.call("sip:bob@stuba.netlab.test").wait_refused(486)
    invite = next(request for request in pcscf.requests if request.method == "INVITE")
    assert str(invite.uri) == "sip:bob@stuba.netlab.test"
    entry = f"<sip:{pcscf.stack.address}:{pcscf.stack.port};lr>"
    assert split_entries(invite.headers.getlist("Route")) == [entry, "<sip:orig@s.test;lr>", "<sip:i.test;lr>"]
    assert invite.headers["P-Preferred-Identity"] == "<sip:alice@uc3m.netlab.test>"
    assert invite.headers["P-Access-Network-Info"].startswith("IEEE-802.11b;")


def test_nobody_calls(
    make_terminal: Callable[..., Terminal],
    alice: Subscriber,
    pcscf: ScriptedPcscf,
    granted: Callable[[Request], Response],
) -> None:
    pcscf.will(granted)
    terminal = make_terminal(alice)
    terminal.register()
    with pytest.raises(CallTimedOut, match=r"awaited a call for 0\.1 s"):
        terminal.await_call(0.1)
    assert terminal.events.events[-1].kind is EventKind.TIMED_OUT
