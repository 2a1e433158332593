"""A terminal whose P-CSCF says what the test wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sipmessage import Request, Response

from conformance.federation import default_federation_path, load_federation, rebase
from conformance.protocols.sip.message import make_response
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.hop import Hop
from conformance.stack.sip import ServerTransaction, SipStack
from conformance.terminals.event_log import EventLog
from conformance.terminals.loop import TerminalLoop
from conformance.terminals.terminal import Terminal
from conformance.vocabulary.federation import Federation, NodeKind, Subscriber
from tests.blocks import Block

WORKER = Block.NODES.number


class ScriptedPcscf:
    """Answers each REGISTER with the next of its answers, the last one again and again; keeps what came."""

    stack: SipStack

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answers: list[Callable[[Request], Response]] = []

    def will(self, *answers: Callable[[Request], Response]) -> None:
        self.answers = list(answers)

    async def __call__(self, transaction: ServerTransaction) -> None:
        self.requests.append(transaction.request)
        if self.answers:
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            await transaction.respond(answer(transaction.request))


@pytest.fixture
def federation() -> Federation:
    federation = rebase(load_federation(default_federation_path()), WORKER)
    return federation.model_copy(update={"timers": federation.timers.model_copy(update={"procedure_ms": 2000})})


@pytest.fixture
def alice(federation: Federation) -> Subscriber:
    return federation.testbeds["uc3m"].subscriber("alice")


@pytest.fixture
def dave(federation: Federation) -> Subscriber:
    return federation.testbeds["octopus"].subscriber("dave")


@pytest.fixture
def loop() -> Iterator[TerminalLoop]:
    loop = TerminalLoop()
    yield loop
    loop.close()


@pytest.fixture
def pcscf(federation: Federation, loop: TerminalLoop) -> Iterator[ScriptedPcscf]:
    node = federation.testbeds["uc3m"].node(NodeKind.PCSCF)
    script = ScriptedPcscf()

    async def start() -> SipStack:
        stack = SipStack(str(node.address), node.port, SipTimers.gm(federation.timers), on_request=script)
        await stack.start()
        return stack

    script.stack = loop.run(start, 5, "start of the P-CSCF")
    yield script
    loop.run(script.stack.stop, 5, "end of the P-CSCF")


@pytest.fixture
def make_terminal(federation: Federation, loop: TerminalLoop) -> Iterator[Callable[..., Terminal]]:
    made: list[Terminal] = []

    def make(subscriber: Subscriber, **other: object) -> Terminal:
        home = "octopus" if "octopus" in subscriber.impi else "uc3m"
        node = federation.testbeds["uc3m"].node(NodeKind.PCSCF)
        values = {
            "federation": federation,
            "testbed": federation.testbeds[home],
            "address": federation.testbeds["uc3m"].access_networks[0].pool[1 + len(made)],
            "pcscf": Hop(str(node.address), node.port),
            "events": EventLog(),
            "loop": loop,
        }
        made.append(Terminal(subscriber=subscriber, **{**values, **other}))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for terminal in made:
        terminal.close()


@pytest.fixture
def granted() -> Callable[[Request], Response]:
    """Answers 200 with a binding of 3600 s."""

    def answer(request: Request) -> Response:
        response = make_response(request, 200)
        response.headers.set("Contact", f"{request.headers['Contact']};expires=3600")
        response.headers.set("Service-Route", "<sip:orig@s.test;lr>, <sip:i.test;lr>")
        response.headers.set("P-Associated-URI", '"Alice" <sip:alice@uc3m.netlab.test>, <tel:+34600>')
        response.headers.set("Path", "<sip:p.test;lr>")
        return response

    return answer
