"""The P-CSCF as subscriber (3GPP TS 24.229 5.2.3) with a scripted home network."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from sipmessage import Request

from conformance.cores.emulated.reg_watch import RegWatch
from conformance.protocols.reginfo import ContactState, RegInfo, RegistrationState, write_reginfo
from conformance.protocols.sip.message import make_response, read_message
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.locate import Locator
from conformance.stack.sip import ServerTransaction, SipStack

WATCHER, HOME = "127.44.8.11", "127.44.8.12"
PCSCF = "sip:pcscf.stuba.netlab.test:4060"
PCSCF_ADDRESS = f"sip:{WATCHER}:4060"
ALICE = f"sip:alice@{HOME}:5070"
"""A public identity whose home network is found without DNS."""
CONTACT = "sip:alice@127.44.2.129:5060"


class Scene:
    def __init__(self, watcher: SipStack, home: SipStack) -> None:
        self.gone: list[str] = []
        log = logging.getLogger("test")
        self.watch = RegWatch(watcher, Locator("127.44.8.15"), PCSCF, PCSCF_ADDRESS, self.gone.append, log)
        self.subscribes: list[Request] = []
        self.code: int | None = 200
        home.on_request = self.answer

    async def answer(self, transaction: ServerTransaction) -> None:
        self.subscribes.append(transaction.request)
        if self.code is not None:
            await transaction.respond(make_response(transaction.request, self.code))

    def notify(self, state: str = "active;expires=600", body: bytes | None = None, to: str | None = None) -> Request:
        """The NOTIFY that belongs to the last SUBSCRIBE."""
        subscribe = self.subscribes[-1]
        contact = ContactState("c", CONTACT, state.partition(";")[0], "rejected")
        document = write_reginfo(RegInfo(0, "full", (RegistrationState("r", ALICE, contact.state, (contact,)),)))
        text = (
            f"NOTIFY {PCSCF_ADDRESS} SIP/2.0\r\nVia: SIP/2.0/UDP {HOME};branch=z9hG4bK1\r\n"
            f"From: <{ALICE}>;tag=theirs\r\n"
            f"To: {to or subscribe.headers['From']}\r\nCall-ID: {subscribe.headers['Call-ID']}\r\nCSeq: 1 NOTIFY\r\n"
            f"Subscription-State: {state}\r\n\r\n"
        )
        request = read_message(text.encode() + (document if body is None else body))
        assert isinstance(request, Request)
        return request


@pytest.fixture
def in_scene() -> Callable[[Callable[[Scene], Coroutine[Any, Any, None]]], None]:
    def run(story: Callable[[Scene], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            timers = SipTimers(t1_s=0.01, t2_s=0.02, t4_s=0.02)
            watcher, home = SipStack(WATCHER, 4060, timers), SipStack(HOME, 5070, timers)
            await watcher.start()
            await home.start()
            try:
                await story(Scene(watcher, home))
            finally:
                await watcher.stop()
                await home.stop()

        asyncio.run(whole())

    return run


def test_the_subscribe(in_scene: Callable[..., None]) -> None:
    async def story(scene: Scene) -> None:
        await scene.watch.begin(ALICE, "an-icid")
        (request,) = scene.subscribes
        assert str(request.uri) == ALICE
        headers = request.headers
        assert headers["To"] == f"<{ALICE}>"
        assert headers["From"].startswith(f"<{PCSCF}>;tag=")
        assert (headers["Contact"], headers["P-Asserted-Identity"]) == (f"<{PCSCF_ADDRESS}>", f"<{PCSCF}>")
        assert (headers["Event"], headers["Accept"], headers["Expires"]) == ("reg", "application/reginfo+xml", "600000")
        assert headers["P-Charging-Vector"] == 'icid-value="an-icid"'
        assert headers.getlist("Route") == []

    in_scene(story)


def test_notifications_are_answered_until_the_last(in_scene: Callable[..., None]) -> None:
    async def story(scene: Scene) -> None:
        await scene.watch.begin(ALICE, "i")
        for _ in range(2):
            response = scene.watch.notified(scene.notify())
            assert response is not None
            assert response.code == 200
        assert scene.gone == []
        assert scene.watch.notified(scene.notify("terminated;reason=noresource")) is not None
        assert scene.gone == [CONTACT]
        assert scene.watch.notified(scene.notify()) is None

    in_scene(story)


def test_a_notify_of_somebody_elses_dialog_is_left_alone(in_scene: Callable[..., None]) -> None:
    async def story(scene: Scene) -> None:
        await scene.watch.begin(ALICE, "i")
        assert scene.watch.notified(scene.notify(to=f"<{ALICE}>;tag=another")) is None
        assert scene.watch.notified(scene.notify(to=f"<{ALICE}>")) is None

    in_scene(story)


def test_a_document_that_cannot_be_read_is_no_end(in_scene: Callable[..., None]) -> None:
    async def story(scene: Scene) -> None:
        await scene.watch.begin(ALICE, "i")
        with pytest.raises(ValueError, match="well-formed"):
            scene.watch.notified(scene.notify(body=b"<reginfo"))
        assert scene.watch.notified(scene.notify(body=b"")) is not None

    in_scene(story)


@pytest.mark.parametrize("code", [403, 480, None])
def test_without_a_subscription_nothing_is_expected(in_scene: Callable[..., None], code: int | None) -> None:
    async def story(scene: Scene) -> None:
        scene.code = code
        await scene.watch.begin(ALICE, "i")
        assert scene.watch.notified(scene.notify()) is None

    in_scene(story)


def test_an_identity_without_a_way_is_told_in_the_log(
    in_scene: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    async def story(scene: Scene) -> None:
        await scene.watch.begin("tel:+34600", "i")
        assert scene.subscribes == []

    in_scene(story)
    assert "tel:+34600" in caplog.text
