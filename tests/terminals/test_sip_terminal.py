"""A terminal without IMS: digest at the proxy, which is asked for everything (RFC 3261 22, RFC 3903)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sipmessage import Request, Response

from conformance.protocols.sip.digest_header import DigestHeader
from conformance.protocols.sip.message import make_response
from conformance.stack.hop import Hop
from conformance.terminals.event_log import EventLog
from conformance.terminals.loop import TerminalLoop
from conformance.terminals.presence_failures import PresenceRefused
from conformance.terminals.sip_terminal import SipTerminal
from conformance.terminals.terminal import RegistrationRejected
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.federation import Federation, NodeKind, Subscriber
from conformance.vocabulary.secrets import Secret

ALICE, GRACE = "sip:alice@uc3m.netlab.test", "sip:grace@uc3m.netlab.test"
REALM = "uc3m.netlab.test"


def challenged(code: int, **more: str) -> Callable[[Request], Response]:
    values = {"realm": REALM, "nonce": "once", "algorithm": "MD5", "qop": "auth"} | more

    def answer(request: Request) -> Response:
        response = make_response(request, code)
        name = "WWW-Authenticate" if code == 401 else "Proxy-Authenticate"
        response.headers.set(name, str(DigestHeader.challenge(**values)))
        return response

    return answer


def published(request: Request) -> Response:
    response = make_response(request, 200)
    response.headers.set("SIP-ETag", "tag")
    return response


@pytest.fixture
def make(federation: Federation, alice: Subscriber, loop: TerminalLoop, pcscf: Any) -> Iterator[Callable[..., Any]]:
    made: list[SipTerminal] = []
    testbed = federation.testbeds["uc3m"]
    node = testbed.node(NodeKind.PCSCF)

    def terminal(**more: str) -> SipTerminal:
        made.append(
            SipTerminal(
                proxy=Hop(str(node.address), node.port),
                subscriber=alice.model_copy(update={"k": None, "opc": None, "op": None, "password": Secret(b"secret")}),
                testbed=testbed,
                federation=federation,
                address=testbed.access_networks[0].pool[1],
                events=EventLog(),
                loop=loop,
                **more,
            )
        )
        return made[-1]

    yield terminal
    for one in made:
        one.close()


@pytest.fixture
def registered(make: Callable[..., SipTerminal], pcscf: Any, granted: Callable[[Request], Response]) -> Any:
    def begin(**more: str) -> SipTerminal:
        terminal = make(**more)
        pcscf.will(challenged(401), granted)
        terminal.register()
        pcscf.requests.clear()
        return terminal

    return begin


def test_it_registers_without_ims(make: Callable[..., SipTerminal], pcscf: Any, granted: Any) -> None:
    pcscf.will(challenged(401), granted)
    make().register()
    first, second = pcscf.requests
    assert [first.headers.get(name) for name in ("Authorization", "Supported")] == [None, None]
    assert DigestHeader.parse(second.headers["Authorization"]).get("username") == "alice@uc3m.netlab.test"


def test_it_does_not_guess_a_password_twice(make: Callable[..., SipTerminal], pcscf: Any) -> None:
    pcscf.will(challenged(401))
    with pytest.raises(RegistrationRejected, match="401"):
        make().register()
    assert len(pcscf.requests) == 2


def test_each_request_answers_the_challenge_that_it_gets(registered: Any, pcscf: Any) -> None:
    presence = registered().presence
    pcscf.will(challenged(407), published)
    presence.publish()
    first, second = pcscf.requests
    assert [first.headers.get(name) for name in ("Route", "P-Access-Network-Info", "Proxy-Authorization")] == [None] * 3
    proof = DigestHeader.parse(second.headers["Proxy-Authorization"])
    assert (proof.get("uri"), proof.get("nonce")) == (ALICE, "once")
    assert [one.cseq.sequence for one in pcscf.requests] == [1, 2]
    assert first.headers["Call-ID"] == second.headers["Call-ID"]


@pytest.mark.parametrize("answer", [challenged(407), challenged(407, realm="elsewhere"), challenged(407, qop="x")])
def test_a_second_challenge_and_one_without_an_answer_are_refusals(registered: Any, pcscf: Any, answer: Any) -> None:
    presence = registered().presence
    pcscf.will(answer)
    with pytest.raises(PresenceRefused) as refusal:
        presence.publish()
    assert refusal.value.status == 407


def test_it_may_say_that_it_is_somebody_else(registered: Any, pcscf: Any) -> None:
    presence = registered(identity=GRACE, claims=GRACE).presence
    pcscf.will(published)
    presence.publish()
    request = pcscf.requests[0]
    assert request.headers["From"].startswith(f"<{GRACE}>")
    assert request.headers["P-Asserted-Identity"] == f"<{GRACE}>"


def test_who_has_not_begun_does_not_publish(make: Callable[..., SipTerminal]) -> None:
    with pytest.raises(HarnessFault, match="tried to register"):
        make().presence.publish()
