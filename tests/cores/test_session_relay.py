"""How an INVITE is forwarded (RFC 3261 16.6 to 16.10): between a caller and callees that the test plays.

Addresses: 127.35.9.0/24.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from sipmessage import URI, Request, Response

from conformance.cores.emulated.quiet import Work
from conformance.cores.emulated.session_relay import ForwardedInvite, SessionRelay
from conformance.cores.emulated.sip_server import SipServer
from conformance.protocols.sip.message import forwarded_request, make_response
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.hop import Hop
from conformance.stack.locate import Locator
from conformance.stack.sip import ServerTransaction, SipStack
from tests.stack.sip_pair import request

TIMERS = SipTimers(t1_s=0.05, t2_s=0.2, t4_s=0.1)
PROXY, CALLER = "127.35.9.1", "127.35.9.2"
BRANCH = "z9hG4bKcaller"

Answering = Callable[[ServerTransaction], Awaitable[None]]


class Phone:
    """A callee: sends these codes; a CANCEL is answered, and its INVITE with 487."""

    def __init__(self, *codes: int, after: asyncio.Event | None = None) -> None:
        self.codes = codes
        self.after = after
        self.cancelled = 0
        self.invite: ServerTransaction | None = None

    async def __call__(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        if request.method == "INVITE":
            self.invite = transaction
            for code in self.codes:
                if self.after is not None and code >= 200:
                    await self.after.wait()
                await transaction.respond(make_response(request, code, to_tag=f"t{code}"))
        elif request.method == "CANCEL":
            self.cancelled += 1
            await transaction.respond(make_response(request, 200))
            invite = transaction.stack.invite_of(request)
            assert invite is not None
            await invite.respond(make_response(invite.request, 487, to_tag="t"))


class Scene:
    """A proxy that sends each INVITE to all phones at once."""

    def __init__(self, end: AsyncExitStack, proceeding_s: float) -> None:
        self.end = end
        self.targets: list[str] = []
        self.provisional: list[int] = []
        self.more: list[int] = []
        log = logging.getLogger("test.relay")
        server = SipServer(log, {})
        self.proxy = SipStack(PROXY, 5060, TIMERS, on_request=server)
        self.work = Work()
        self.relay = SessionRelay(self.proxy, Locator("127.35.9.53"), self.work, proceeding_s, log)
        server.add({"INVITE": self.relay.inviting(self._forward), "CANCEL": self.relay.cancel})
        self.caller = SipStack(CALLER, 5060, TIMERS)

    async def _forward(self, invite: ForwardedInvite) -> Response:
        outgoing = []
        for target in self.targets:
            one = forwarded_request(invite.request)
            one.uri = URI.parse(target)
            outgoing.append(one)
        return await invite.forward(outgoing)

    async def phone(self, phone: Phone) -> Phone:
        address = f"127.35.9.{10 + len(self.targets)}"
        stack = SipStack(address, 5060, TIMERS, on_request=phone)
        await stack.start()
        self.end.push_async_callback(stack.stop)
        self.targets.append(f"sip:a@{address}:5060")
        return phone

    async def call(self) -> Response:
        def heard(response: Response) -> None:
            (self.provisional if response.code < 200 else self.more).append(response.code)

        return await self.caller.send_request(
            request("INVITE"), Hop(PROXY, 5060, "udp"), branch=BRANCH, on_response=heard
        )

    async def ringing(self) -> asyncio.Task[Response]:
        task = asyncio.ensure_future(self.call())
        while 180 not in self.provisional:
            await asyncio.sleep(0.001)
        return task


def played(story: Callable[[Scene], Awaitable[None]], proceeding_s: float = 60.0) -> Scene:
    scenes = []

    async def whole() -> None:
        async with asyncio.timeout(20), AsyncExitStack() as end:
            scene = Scene(end, proceeding_s)
            scenes.append(scene)
            for stack in (scene.proxy, scene.caller):
                await stack.start()
                end.push_async_callback(stack.stop)
            end.push_async_callback(scene.work.stop)
            await story(scene)

    asyncio.run(whole())
    return scenes[0]


def test_provisional_answers_come_back_and_100_is_the_proxys_own() -> None:
    async def story(scene: Scene) -> None:
        await scene.phone(Phone(100, 180, 183, 200))
        response = await scene.call()
        assert response.code == 200
        assert len(response.via) == 1

    assert played(story).provisional == [100, 180, 183]


def test_the_first_2xx_ends_the_ringing_elsewhere() -> None:
    async def story(scene: Scene) -> None:
        slow = await scene.phone(Phone(180))
        rings = asyncio.Event()
        await scene.phone(Phone(180, 200, after=rings))
        call = await scene.ringing()
        rings.set()
        assert (await call).code == 200
        await asyncio.gather(*scene.work.tasks)
        assert slow.cancelled == 1

    played(story)


def test_a_second_2xx_reaches_the_caller_as_well() -> None:
    async def story(scene: Scene) -> None:
        first = await scene.phone(Phone(180, 200, after=asyncio.Event()))
        second = await scene.phone(Phone(180, 200, after=asyncio.Event()))
        call = await scene.ringing()
        assert first.after is not None
        assert second.after is not None
        first.after.set()
        second.after.set()
        assert (await call).code == 200
        while not scene.more:
            await asyncio.sleep(0.001)

    assert played(story).more[0] == 200


def test_of_several_refusals_the_best_one_comes_back() -> None:
    for codes, best in (((408, 486), 486), ((486, 603), 603), ((503,), 500), ((302, 486), 302)):

        async def story(scene: Scene, codes: tuple[int, ...] = codes, best: int = best) -> None:
            for code in codes:
                await scene.phone(Phone(code))
            assert (await scene.call()).code == best

        played(story)


def test_a_cancel_follows_to_every_place_and_487_comes_back() -> None:
    async def story(scene: Scene) -> None:
        phones = [await scene.phone(Phone(180)), await scene.phone(Phone(180))]
        call = await scene.ringing()
        while scene.provisional.count(180) < 2:
            await asyncio.sleep(0.001)
        await scene.caller.cancel(BRANCH)
        assert (await call).code == 487
        assert [phone.cancelled for phone in phones] == [1, 1]

    played(story)


def test_a_cancel_for_nothing_is_481() -> None:
    async def story(scene: Scene) -> None:
        cancel: Request = request("CANCEL")
        assert (await scene.caller.send_request(cancel, Hop(PROXY, 5060, "udp"))).code == 481

    played(story)


def test_who_rings_for_ever_is_given_up() -> None:
    """Timer C (RFC 3261 16.8)."""

    async def story(scene: Scene) -> None:
        phone = await scene.phone(Phone(180))
        assert (await scene.call()).code == 487
        assert phone.cancelled == 1

    played(story, proceeding_s=0.2)


def test_a_place_that_does_not_answer_is_408_and_the_proxy_itself_482() -> None:
    async def silent(scene: Scene) -> None:
        scene.targets.append("sip:a@127.35.9.99:5060")
        assert (await scene.call()).code in (408, 504)  # nobody there, or a host that says so

    async def itself(scene: Scene) -> None:
        scene.targets.append(f"sip:a@{PROXY}:5060")
        assert (await scene.call()).code == 482

    played(silent)
    played(itself)
