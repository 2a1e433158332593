"""What all notifiers share (RFC 6665): dialogs, durations, the order of NOTIFYs, what a refusal ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from sipmessage import Request

from conformance.cores.emulated.notifier import Content, Notifier, Subscription, check_accept, package_of
from conformance.cores.emulated.sip_server import Refused
from conformance.protocols.sip.message import make_response, read_message
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.locate import Locator
from conformance.stack.sip import ServerTransaction, SipStack

NOTIFIER, SUBSCRIBER = "127.44.9.18", "127.44.9.19"
TIMERS = SipTimers(t1_s=0.02, t2_s=0.05, t4_s=0.05)


def subscribe(*lines: str, to_tag: str = "", cseq: int = 1) -> Request:
    fields = {
        "Via": f"SIP/2.0/UDP {SUBSCRIBER}:5060;branch=z9hG4bK1",
        "From": "<sip:bob@h.test>;tag=ours",
        "To": f"<sip:alice@h.test>{to_tag}",
        "Call-ID": "call",
        "CSeq": f"{cseq} SUBSCRIBE",
        "Contact": f"<sip:bob@{SUBSCRIBER}:5060>",
        "Event": "presence;id=7",
    } | dict(line.split(": ", 1) for line in lines)
    text = "SUBSCRIBE sip:alice@h.test SIP/2.0\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields.items())
    request = read_message(text.encode() + b"\r\n")
    assert isinstance(request, Request)
    return request


class Scene:
    """A notifier, and a subscriber that answers as told and keeps what it gets."""

    def __init__(self, stack: SipStack, subscriber: SipStack) -> None:
        self.over: asyncio.Queue[Subscription] = asyncio.Queue()
        self.gone: list[Subscription] = []
        self.kept: list[int] = []
        self.notified: asyncio.Queue[Request] = asyncio.Queue()
        self.code = 200
        subscriber.on_request = self._take
        self.notifier = Notifier(
            stack,
            Locator("127.44.9.15"),
            f"sip:{NOTIFIER}:5060",
            logging.getLogger("test"),
            longest_s=1000,
            default_s=500,
            on_time_out=self.over.put_nowait,
            on_gone=self.gone.append,
            keep=lambda one: self.kept.append(one.dialog.cseq),
        )

    async def _take(self, transaction: ServerTransaction) -> None:
        self.notified.put_nowait(transaction.request)
        await transaction.respond(make_response(transaction.request, self.code))

    async def next(self) -> Request:
        async with asyncio.timeout(5):
            return await self.notified.get()


@pytest.fixture
def in_scene() -> Callable[[Callable[[Scene], Coroutine[Any, Any, None]]], None]:
    def run(story: Callable[[Scene], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            stack, subscriber = SipStack(NOTIFIER, 5060, TIMERS), SipStack(SUBSCRIBER, 5060, TIMERS)
            await stack.start()
            await subscriber.start()
            scene = Scene(stack, subscriber)
            try:
                await story(scene)
            finally:
                await scene.notifier.stop()
                await stack.stop()
                await subscriber.stop()

        asyncio.run(whole())

    return run


def test_notifies_follow_each_other_and_repeat_the_event(in_scene: Callable[..., None]) -> None:
    async def story(scene: Scene) -> None:
        subscription, response = scene.notifier.begin(subscribe())
        assert (response.code, response.headers["Expires"]) == (200, "500")
        for number in range(3):
            scene.notifier.notify(subscription, "active", Content("text/plain", b"%d" % number, {"Require": "x"}))
        got = [await scene.next() for _ in range(3)]
        assert [one.body for one in got] == [b"0", b"1", b"2"]
        assert [one.cseq.sequence for one in got] == [1, 2, 3]
        assert scene.kept == [1, 2, 3]  # each number is kept before it is used
        assert {one.headers["Event"] for one in got} == {"presence;id=7"}
        assert {one.headers["Require"] for one in got} == {"x"}

    in_scene(story)


@pytest.mark.parametrize(("asked", "granted"), [("Expires: 20", "20"), ("Expires: 5000", "1000")])
def test_durations(in_scene: Callable[..., None], asked: str, granted: str) -> None:
    async def story(scene: Scene) -> None:
        assert scene.notifier.begin(subscribe(asked))[1].headers["Expires"] == granted

    in_scene(story)


def test_a_refresh_is_in_order_and_takes_over_the_contact(in_scene: Callable[..., None]) -> None:
    async def story(scene: Scene) -> None:
        subscription, response = scene.notifier.begin(subscribe())
        tag = ";tag=" + response.headers["To"].partition(";tag=")[2]
        with pytest.raises(Refused) as refusal:
            scene.notifier.known(subscribe(to_tag=tag))
        assert refusal.value.status == 500
        moved = subscribe(f"Contact: <sip:bob@{SUBSCRIBER}:5060;moved>", to_tag=tag, cseq=2)
        assert scene.notifier.known(moved) is subscription
        assert subscription.dialog.target.endswith(";moved")
        with pytest.raises(Refused) as refusal:
            scene.notifier.known(subscribe(to_tag=";tag=other", cseq=3))
        assert refusal.value.status == 481

    in_scene(story)


def test_its_time_ends_it(in_scene: Callable[..., None]) -> None:
    async def story(scene: Scene) -> None:
        subscription, _ = scene.notifier.begin(subscribe("Expires: 1"))
        async with asyncio.timeout(5):
            assert await scene.over.get() is subscription
        scene.notifier.end(subscription, "timeout", None)
        last = await scene.next()
        assert (last.headers["Subscription-State"], last.headers.get("Content-Type")) == (
            "terminated;reason=timeout",
            None,
        )
        assert scene.gone == [subscription]

    in_scene(story)


def test_a_subscriber_that_refuses_is_gone(in_scene: Callable[..., None]) -> None:
    async def story(scene: Scene) -> None:
        scene.code = 481
        subscription, _ = scene.notifier.begin(subscribe())
        scene.notifier.notify(subscription, "pending", None)
        await scene.next()
        await asyncio.wait(scene.notifier.work.tasks, timeout=5)
        assert scene.gone == [subscription]

    in_scene(story)


def test_what_a_request_names() -> None:
    assert package_of(subscribe()) == "presence"
    check_accept(subscribe(), "a/b")
    check_accept(subscribe("Accept: x/y, A/B;q=1"), "a/b")
    check_accept(subscribe("Accept: */*"), "a/b", "c/d")
    with pytest.raises(Refused) as refusal:
        check_accept(subscribe("Accept: a/b"), "a/b", "c/d")
    assert (refusal.value.status, refusal.value.headers) == (406, {"Accept": "a/b, c/d"})
