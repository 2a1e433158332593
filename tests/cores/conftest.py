"""What nodes are tested with: a scene for one of them, and the whole core with terminals before it.

In a scene some nodes are real, scripted peers stand in the places of the others, and all live in one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sipmessage import Request, Response

from conformance.cores.emulated.core import EmulatedCore
from conformance.cores.emulated.node import NodeContext, module_of, node_main
from conformance.cores.emulated.readiness import until_serving
from conformance.federation import default_federation_path, load_federation, rebase
from conformance.protocols.diameter_codec import DiameterMessage
from conformance.protocols.sip.message import make_response, read_message
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.diameter import DiameterServer
from conformance.stack.hop import Hop
from conformance.stack.sip import ServerTransaction, SipStack
from conformance.terminals.event_log import EventLog
from conformance.terminals.terminal import RegistrationRejected, Terminal
from conformance.vocabulary.federation import CoreKind, Federation, NodeKind, Strictness, Testbed
from tests.blocks import Block
from tests.cores.raw_phone import RawPhone, Way

WORKER = Block.NODES.number
TIMERS = {"t1_ms": 50, "t2_ms": 200, "t4_ms": 250, "cx_answer_ms": 300}
DEADLINE_S = 10.0


class Scene:
    """Nodes and scripted peers of the testbed `uc3m`; everything ends with the scene."""

    def __init__(self, federation: Federation, folder: Path, end: contextlib.AsyncExitStack) -> None:
        self.federation = federation
        self.testbed: Testbed = federation.testbeds["uc3m"]
        self.folder = folder
        self._end = end
        self._finish: dict[NodeKind, Callable[[], Awaitable[None]]] = {}

    def hop(self, kind: NodeKind, transport: str = "udp") -> Hop:
        node = self.testbed.node(kind)
        return Hop(str(node.address), node.port, transport)

    def folder_of(self, kind: NodeKind) -> Path:
        """Return where a node keeps its files: an emulated one in the scene's folder, a real server in its own."""
        if self.testbed.core is CoreKind.EMULATED:
            return self.folder
        folder = self.folder / f"{self.testbed.name}-{kind}"
        folder.mkdir(exist_ok=True)
        return folder

    async def node(self, kind: NodeKind, *faults: str) -> None:
        """Run a real node until the end of the scene."""
        ready = asyncio.Event()
        context = NodeContext(
            federation=self.federation,
            testbed=self.testbed,
            kind=kind,
            folder=self.folder_of(kind),
            log=logging.getLogger(f"test.{kind}"),
            faults=frozenset(faults),
            ready=ready.set,
        )
        running = asyncio.ensure_future(node_main(module_of(self.testbed, kind))(context))
        waiting = asyncio.ensure_future(ready.wait())

        async def finish() -> None:
            running.cancel()
            waiting.cancel()
            await asyncio.gather(running, waiting, return_exceptions=True)

        self._finish[kind] = finish
        self._end.push_async_callback(finish)
        await asyncio.wait({running, waiting}, timeout=DEADLINE_S, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        assert ready.is_set(), f"awaited {kind} to become ready for {DEADLINE_S:g} s"

    async def stop(self, kind: NodeKind) -> None:
        """End a node before the scene ends."""
        await self._finish.pop(kind)()

    async def ready(self, kind: NodeKind) -> None:
        """Wait until a CSCF answers OPTIONS with 200."""
        clock = asyncio.get_running_loop()
        end = clock.time() + DEADLINE_S
        found = await until_serving(self.testbed, kind, lambda: clock.time() < end)
        assert found is None, f"awaited {kind} to serve for {DEADLINE_S:g} s: {found}"

    async def peer(
        self,
        address: str,
        port: int = 5060,
        answer: Callable[[Request], Response | None] | None = None,
        timers: SipTimers | None = None,
    ) -> SipStack:
        """Start a SIP element that answers as told; None leaves a request without an answer."""

        async def on_request(transaction: ServerTransaction) -> None:
            response = answer(transaction.request) if answer is not None else None
            if response is not None:
                await transaction.respond(response)

        timers = timers or SipTimers.core(self.federation.timers)
        stack = SipStack(address, port, timers, on_request=on_request)
        await stack.start()
        self._end.push_async_callback(stack.stop)
        return stack

    async def instead_of(self, kind: NodeKind, answer: Callable[[Request], Response | None]) -> SipStack:
        """Start a scripted peer in the place of a node."""
        node = self.testbed.node(kind)
        return await self.peer(str(node.address), node.port, answer)

    async def terminal(self, host: int = 1) -> SipStack:
        """Start a SIP element with an address of the access network."""
        address = str(self.testbed.access_networks[0].pool[host])
        return await self.peer(address, timers=SipTimers.gm(self.federation.timers))

    async def hss(self, answer: Callable[[DiameterMessage], DiameterMessage | None]) -> DiameterServer:
        """Start a scripted HSS; where `answer` returns None the request is never answered."""

        async def on_request(message: DiameterMessage) -> DiameterMessage:
            reply = answer(message)
            if reply is None:
                await asyncio.Event().wait()
            assert reply is not None
            return reply

        node = self.testbed.node(NodeKind.HSS)
        server = DiameterServer(
            origin_host=self.testbed.fqdn(NodeKind.HSS),
            origin_realm=self.testbed.domain,
            address=str(node.address),
            port=node.port,
            answer_timeout_s=1.0,
            watchdog_s=30.0,
            on_request=on_request,
        )
        await server.start()
        self._end.push_async_callback(server.stop)
        return server

    def request(self, method: str = "REGISTER", uri: str | None = None, *lines: str, cseq: int = 1) -> Request:
        """Make a request of alice, as text, so that it holds exactly what the test says.

        `lines` replace the header fields of the same name and add others; `Name:` alone removes one.
        """
        user, domain = "alice", self.testbed.domain
        fields = {
            "From": f"<sip:{user}@{domain}>;tag=1",
            "To": f"<sip:{user}@{domain}>",
            "Call-ID": "call-1",
            "CSeq": f"{cseq} {method}",
            "Max-Forwards": "70",
            "Contact": f"<sip:{user}@{self.testbed.access_networks[0].pool[1]}:5060>",
            "Supported": "path",
        }
        extra: list[tuple[str, str]] = []
        for line in lines:
            name, _, value = line.partition(":")
            fields.pop(name, None)
            if value.strip():
                extra.append((name, value.strip()))
        text = f"{method} {uri or f'sip:{domain}'} SIP/2.0\r\nVia: SIP/2.0/UDP placeholder.invalid\r\n"
        text += "".join(f"{n}: {v}\r\n" for n, v in [*fields.items(), *extra])
        request = read_message(text.encode() + b"\r\n")
        assert isinstance(request, Request)
        request.headers.remove("Via")
        return request


@pytest.fixture
def in_scene(tmp_path: Path) -> Callable[[Callable[[Scene], Awaitable[None]]], None]:
    """Runs a coroutine function with a scene and ends the scene."""
    federation = rebase(load_federation(default_federation_path()), WORKER)
    federation = federation.model_copy(update={"timers": federation.timers.model_copy(update=TIMERS)})

    def run(story: Callable[[Scene], Coroutine[Any, Any, None]], strictness: Strictness = Strictness.LENIENT) -> None:
        taken = federation.taken({"uc3m": strictness})

        async def whole() -> None:
            async with contextlib.AsyncExitStack() as end:
                await story(Scene(taken, tmp_path, end))

        asyncio.run(whole())

    return run


@pytest.fixture
def ok() -> Callable[[Request], Response]:
    """Answers 200 as a registrar does."""

    def answer(request: Request) -> Response:
        response = make_response(request, 200)
        headers = response.headers
        for name in ("Path", "Contact"):
            headers.setlist(name, list(request.headers.getlist(name)))
        headers.set("Service-Route", "<sip:orig@scscf.uc3m.netlab.test:6060;lr>")
        headers.set("P-Associated-URI", "<sip:alice@uc3m.netlab.test>")
        return response

    return answer


class Registered:
    """A terminal that is registered; home network and S-CSCF keep what they get."""

    def __init__(self, scene: Any) -> None:
        self.scene = scene
        self.at_icscf: list[Request] = []
        self.at_scscf: list[Request] = []
        self.at_terminal: list[Request] = []

    async def begin(self, ok: Callable[[Request], Response]) -> None:
        def entry(request: Request) -> Response:
            self.at_icscf.append(request)
            return ok(request) if request.method == "REGISTER" else make_response(request, 200)

        def serving(request: Request) -> Response:
            self.at_scscf.append(request)
            response = make_response(request, 200)
            response.headers.setlist("Record-Route", list(request.headers.getlist("Record-Route")))
            response.headers.set("P-Charging-Vector", "icid-value=secret")
            return response

        def phone(request: Request) -> Response:
            self.at_terminal.append(request)
            return make_response(request, 200)

        await self.scene.node(NodeKind.DNS)
        await self.scene.instead_of(NodeKind.ICSCF, entry)
        self.scscf = await self.scene.instead_of(NodeKind.SCSCF, serving)
        await self.scene.node(NodeKind.PCSCF)
        pool = self.scene.testbed.access_networks[0].pool
        self.terminal = await self.scene.peer(str(pool[1]), answer=phone)
        self.stranger = await self.scene.peer(str(pool[2]))
        contact = f"Contact: <sip:alice@{pool[1]}:5060>;expires=100"
        await self.send(self.terminal, "REGISTER", None, contact)

    async def send(self, sender: Any, method: str, uri: str | None, *lines: str) -> Response:
        request = self.scene.request(method, uri, *lines)
        response: Response = await sender.send_request(request, self.scene.hop(NodeKind.PCSCF))
        return response


@pytest.fixture
def registered(
    in_scene: Callable[..., None], ok: Callable[[Request], Response]
) -> Callable[[Callable[[Registered], Any]], None]:
    def run(story: Callable[[Registered], Any]) -> None:
        async def whole(scene: Any) -> None:
            one = Registered(scene)
            await one.begin(ok)
            await story(one)

        in_scene(whole)

    return run


MakeTerminal = Callable[..., Terminal]
RegisterRaw = Callable[..., list[int]]


@pytest.fixture(scope="module")
def block() -> Block:
    """Where the core of these tests lies; a module with a core of its own block overrides it."""
    return Block.NODES


@pytest.fixture(scope="module")
def core(block: Block, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedCore]:
    """The whole emulated federation: every node a process of its own."""
    core = EmulatedCore(default_federation_path(), block.number, tmp_path_factory.mktemp("core"))
    core.up()
    yield core
    core.down()


@pytest.fixture(scope="module")
def hosts() -> Iterator[int]:
    """Numbers of hosts in the access networks, each one once."""
    return count(1)


@pytest.fixture
def terminal(core: EmulatedCore, hosts: Iterator[int]) -> Iterator[MakeTerminal]:
    """Makes terminals that know only their first hop; what is still registered at the end deregisters.

    `visited` is where it stands, `by` its first hop there, `credentials` and `elsewhere` are changes of its subscriber
    and of what it takes for its home network; all else is as `Terminal` has it.
    """
    made: list[Terminal] = []

    def make(
        home: str = "uc3m",
        subscriber: str = "alice",
        visited: str = "",
        *,
        by: NodeKind = NodeKind.PCSCF,
        credentials: Mapping[str, object] | None = None,
        elsewhere: Mapping[str, object] | None = None,
        **other: Any,
    ) -> Terminal:
        testbed, network = core.federation.testbeds[home], core.federation.testbeds[visited or home]
        entry = network.node(by)
        defaults: dict[str, Any] = {
            "federation": core.federation,
            "testbed": testbed.model_copy(update=elsewhere),
            "subscriber": testbed.subscriber(subscriber).model_copy(update=credentials),
            "pcscf": Hop(str(entry.address), entry.port),
            "events": EventLog(),
        }
        if "address" not in other:
            defaults["address"] = network.access_networks[0].pool[next(hosts)]
        made.append(Terminal(**{**defaults, **other}))
        return made[-1]

    yield make
    for one in made:
        with contextlib.suppress(RegistrationRejected):  # the network may have ended it already
            if one.registered:
                one.deregister()
        one.close()
    core.settle(core.federation.testbeds)


@pytest.fixture
def registered_terminal(terminal: MakeTerminal) -> MakeTerminal:
    """Makes terminals, as `terminal` does, and registers them."""

    def make(*who: str, **other: Any) -> Terminal:
        made = terminal(*who, **other)
        made.register()
        return made

    return make


@pytest.fixture
def register_raw(core: EmulatedCore, hosts: Iterator[int]) -> RegisterRaw:
    """Registers a terminal whose every byte the test writes, and deregisters it; returns the status codes that came.

    `how` is a `Way`, or makes one of a testbed and a private identity; `impu` is the number of the identity of `user`
    that registers, `visited` and `by` say through which node.
    """

    def register(
        strictness: Strictness,
        how: Way | Callable[..., Way],
        user: tuple[str, str] = ("uc3m", "alice"),
        *,
        visited: str = "",
        by: NodeKind = NodeKind.PCSCF,
        impu: int = 0,
    ) -> list[int]:
        home, name = user
        core.set_strictness(home, strictness)
        testbed, entry = core.federation.testbeds[home], core.federation.testbeds[visited or home]
        known, node = testbed.subscriber(name), entry.node(by)
        known = known.model_copy(update={"impus": known.impus[impu:]})
        way = how if isinstance(how, Way) else how(testbed, known.impi)
        address = str(entry.access_networks[0].pool[next(hosts)])
        with RawPhone(testbed, known, address, Hop(str(node.address), node.port)) as phone:
            statuses = phone.register(way)
            if statuses[-1] == 200:
                assert phone.register(way, expires=0)[-1] == 200
            return statuses

    return register


def call_and_hang_up(caller: Terminal, callee: Terminal, *, media: bool) -> None:
    """Let one registered terminal call another one, which answers, and hang up; with media they hear each other."""
    call = caller.call(callee.impu)
    incoming = callee.await_call()
    incoming.ring()
    call.wait_ringing()
    incoming.answer()
    call.wait_answered()
    if media:
        call.wait_heard(incoming)
        incoming.wait_heard(call)
    call.hang_up()
    incoming.wait_ended()
