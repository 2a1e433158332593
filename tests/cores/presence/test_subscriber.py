"""The presence server as subscriber: it stays subscribed, whatever ends its subscription."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from sipmessage import Request

from conformance.cores.emulated.presence.subscriber import Subscriber, Wish
from conformance.cores.emulated.sip_server import Refused
from conformance.protocols.sip.dialog import Dialog
from conformance.protocols.sip.message import make_response
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.locate import Locator
from conformance.stack.sip import ServerTransaction, SipStack

OWN, PEER = "127.44.9.22", "127.44.9.23"
TIMERS = SipTimers(t1_s=0.02, t2_s=0.05, t4_s=0.05)
WISH = Wish(f"sip:x@{PEER}:5060", "presence", "application/pidf+xml", "sip:alice@h.test", headers={"X-Y": "z"})


class Scene:
    """A subscriber, and a notifier that answers as told and keeps what it gets."""

    def __init__(self, stack: SipStack, peer: SipStack) -> None:
        self.got: asyncio.Queue[Request] = asyncio.Queue()
        self.told: list[str] = []
        self.code = 200
        self.expires = "600"
        self.dialog: Dialog
        peer.on_request = self._take
        self.subscriber = Subscriber(stack, Locator("127.44.9.15"), f"sip:{OWN}:5060", logging.getLogger("test"))

    async def _take(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        response = make_response(request, self.code)
        response.headers.set("Contact", f"<sip:{PEER}:5060>")
        response.headers.set("Expires", "0" if request.headers["Expires"] == "0" else self.expires)
        if self.code == 200:
            self.dialog = Dialog.answered(request, response)
        await transaction.respond(response)
        self.got.put_nowait(request)

    async def next(self) -> Request:
        async with asyncio.timeout(5):
            return await self.got.get()

    def notify(self, state: str) -> Request:
        request = self.dialog.next_request("NOTIFY")
        request.headers.set("Subscription-State", state)
        return request

    def hear(self, request: Request) -> None:
        self.told.append(request.headers["Subscription-State"] or "")


@pytest.fixture
def in_scene() -> Callable[[Callable[[Scene], Coroutine[Any, Any, None]]], None]:
    def run(story: Callable[[Scene], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            stack, peer = SipStack(OWN, 5060, TIMERS), SipStack(PEER, 5060, TIMERS)
            await stack.start()
            await peer.start()
            scene = Scene(stack, peer)
            try:
                await story(scene)
            finally:
                await scene.subscriber.stop()
                await stack.stop()
                await peer.stop()

        asyncio.run(whole())

    return run


def test_it_subscribes_is_told_and_leaves(in_scene: Callable[..., None]) -> None:
    async def story(scene: Scene) -> None:
        own = await scene.subscriber.begin(WISH, scene.hear)
        first = await scene.next()
        fields = ("Event", "Accept", "Expires", "P-Asserted-Identity", "X-Y")
        assert [first.headers[name] for name in fields] == [
            "presence",
            "application/pidf+xml",
            "3600",
            "<sip:alice@h.test>",
            "z",
        ]
        assert own.active
        assert scene.subscriber.notified(scene.notify("active;expires=600")).code == 200
        assert scene.told == ["active;expires=600"]
        scene.subscriber.end(own)
        last = await scene.next()
        assert (last.headers["Expires"], last.headers["Call-ID"]) == ("0", first.headers["Call-ID"])

    in_scene(story)


def test_it_refreshes_before_the_time_is_over(in_scene: Callable[..., None]) -> None:
    async def story(scene: Scene) -> None:
        scene.expires = "1"
        await scene.subscriber.begin(WISH, scene.hear)
        first, second = await scene.next(), await scene.next()
        assert second.headers["Call-ID"] == first.headers["Call-ID"]
        assert second.cseq.sequence == first.cseq.sequence + 1

    in_scene(story)


@pytest.mark.parametrize("reason", ["deactivated", "timeout"])
def test_it_asks_anew_where_that_is_wanted(in_scene: Callable[..., None], reason: str) -> None:
    async def story(scene: Scene) -> None:
        await scene.subscriber.begin(WISH, scene.hear)
        first = await scene.next()
        last = scene.notify(f"terminated;reason={reason}")
        scene.subscriber.notified(last)
        assert (await scene.next()).headers["Call-ID"] != first.headers["Call-ID"]
        with pytest.raises(Refused) as refusal:
            scene.subscriber.notified(last)
        assert refusal.value.status == 481

    in_scene(story)


def test_it_does_not_insist_where_it_is_rejected(in_scene: Callable[..., None]) -> None:
    async def story(scene: Scene) -> None:
        own = await scene.subscriber.begin(WISH, scene.hear)
        await scene.next()
        scene.subscriber.notified(scene.notify("terminated;reason=rejected"))
        assert (own.active, own.clock is None or own.clock.cancelled()) == (False, True)
        assert scene.subscriber.work.tasks == set()

    in_scene(story)


def test_a_refusal_is_tried_again_later(in_scene: Callable[..., None]) -> None:
    async def story(scene: Scene) -> None:
        scene.code = 480
        own = await scene.subscriber.begin(WISH, scene.hear)
        assert not own.active
        assert own.clock is not None
        assert not own.clock.cancelled()

    in_scene(story)
