"""The S-CSCF as notifier (3GPP TS 24.229 5.4.2.1): who may subscribe, and what a subscriber is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from sipmessage import Request, Response

from conformance.cores.emulated.reg_events import GoneContact, RegEvents
from conformance.cores.emulated.registrar import Registrar, Registration
from conformance.cores.emulated.sip_server import Refused
from conformance.protocols.reginfo import RegInfo, read_reginfo
from conformance.protocols.sip.dialog import Dialog
from conformance.protocols.sip.message import make_response, read_message
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.locate import Locator
from conformance.stack.sip import ServerTransaction, SipStack

NOTIFIER, SUBSCRIBER = "127.44.9.13", "127.44.9.11"
ALICE, WORK = "sip:alice@uc3m.netlab.test", "sip:alice.work@uc3m.netlab.test"
PCSCF = "sip:pcscf.stuba.netlab.test:4060"
CONTACT = "sip:alice@127.44.2.129:5060"
TIMERS = SipTimers(t1_s=0.02, t2_s=0.05, t4_s=0.05)


class Scene:
    """A notifier with one registered user, and a subscriber that answers as told and keeps what it gets."""

    def __init__(self, notifier: SipStack, subscriber: SipStack) -> None:
        self.now = 0.0
        self.registrar = Registrar(600, 60, lambda: self.now)
        locator = Locator("127.44.9.15")
        self.events = RegEvents(notifier, locator, f"sip:{NOTIFIER}:6060", self.registrar, logging.getLogger("test"))
        self.notified: asyncio.Queue[Request] = asyncio.Queue()
        self.code = 200
        subscriber.on_request = self.take
        self.registration = self.register()

    async def take(self, transaction: ServerTransaction) -> None:
        self.notified.put_nowait(transaction.request)
        await transaction.respond(make_response(transaction.request, self.code))

    def register(self, cseq: int = 1) -> Registration:
        wish = self.registrar.read_wish([f"<{CONTACT}>"], None)
        return self.registrar.bind(
            "alice@h", (ALICE, WORK), wish, path=(f"<{PCSCF};lr>",), call_id="c", cseq=cseq, explicit=WORK
        )

    async def notify(self) -> tuple[Request, RegInfo]:
        async with asyncio.timeout(5):
            request = await self.notified.get()
        return request, read_reginfo(request.body)

    async def quiet(self) -> None:
        if self.events.work.tasks:
            await asyncio.wait(self.events.work.tasks, timeout=5)


def subscribe(*lines: str, uri: str = ALICE, to_tag: str = "", call_id: str = "call") -> Request:
    fields = {
        "Via": f"SIP/2.0/UDP {SUBSCRIBER}:4060;branch=z9hG4bK1",
        "From": f"<{ALICE}>;tag=ours",
        "To": f"<{ALICE}>{to_tag}",
        "Call-ID": call_id,
        "CSeq": "1 SUBSCRIBE",
        "Contact": f"<sip:alice@{SUBSCRIBER}:4060>",
        "Event": "reg",
        "Accept": "application/reginfo+xml",
        "Expires": "600000",
        "P-Asserted-Identity": f"<{ALICE}>",
    }
    for line in lines:
        name, _, value = line.partition(":")
        fields.pop(name, None)
        if value.strip():
            fields[name] = value.strip()
    text = f"SUBSCRIBE {uri} SIP/2.0\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields.items())
    request = read_message(text.encode() + b"\r\n")
    assert isinstance(request, Request)
    return request


@pytest.fixture
def in_scene() -> Callable[[Callable[[Scene], Coroutine[Any, Any, None]]], None]:
    def run(story: Callable[[Scene], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            notifier, subscriber = SipStack(NOTIFIER, 6060, TIMERS), SipStack(SUBSCRIBER, 4060, TIMERS)
            await notifier.start()
            await subscriber.start()
            scene = Scene(notifier, subscriber)
            try:
                await story(scene)
            finally:
                await scene.events.stop()
                await notifier.stop()
                await subscriber.stop()

        asyncio.run(whole())

    return run


def test_the_first_notify_follows_the_answer(in_scene: Callable[..., None]) -> None:
    async def story(scene: Scene) -> None:
        response = scene.events.subscribe(subscribe())
        assert response.code == 200
        assert (response.headers["Expires"], response.headers["Contact"]) == ("600000", f"<sip:{NOTIFIER}:6060>")
        request, info = await scene.notify()
        assert str(request.uri) == f"sip:alice@{SUBSCRIBER}:4060"
        assert request.headers["From"] == response.headers["To"]
        assert request.headers["To"] == f"<{ALICE}>;tag=ours"
        assert (request.headers["Event"], request.headers["Content-Type"]) == ("reg", "application/reginfo+xml")
        state, _, left = (request.headers["Subscription-State"] or "").partition(";expires=")
        assert state == "active"
        assert 599_990 < int(left) <= 600_000
        assert (info.version, info.state) == (0, "full")
        told = [(r.aor, r.state, r.contacts[0].uri, r.contacts[0].event) for r in info.registrations]
        assert told == [(ALICE, "active", CONTACT, "created"), (WORK, "active", CONTACT, "registered")]
        assert {contact.expires_s for r in info.registrations for contact in r.contacts} == {600}

    in_scene(story)


def test_each_change_is_told_once_and_counted(in_scene: Callable[..., None]) -> None:
    async def story(scene: Scene) -> None:
        scene.events.subscribe(subscribe())
        _, first = await scene.notify()
        scene.events.told(scene.register(cseq=2))
        second_request, second = await scene.notify()
        assert second.version == 1
        assert {contact.event for r in second.registrations for contact in r.contacts} == {"refreshed"}
        assert [r.id for r in second.registrations] == [r.id for r in first.registrations]
        scene.registration.bindings = {}
        scene.events.told(scene.registration, [GoneContact(CONTACT, "rejected")])
        last_request, last = await scene.notify()
        assert last_request.headers["Subscription-State"] == "terminated;reason=noresource"
        assert last.version == 2
        assert {(r.state, r.contacts[0].state, r.contacts[0].event) for r in last.registrations} == {
            ("terminated", "terminated", "rejected")
        }
        assert [r.headers["CSeq"] for r in (second_request, last_request)] == ["2 NOTIFY", "3 NOTIFY"]
        scene.events.told(scene.registration)
        await scene.quiet()
        assert scene.notified.empty()

    in_scene(story)


@pytest.mark.parametrize(
    "asserted",
    [f"<{WORK}>", f"<{PCSCF}>", f"<{PCSCF};lr>", f'"Alice" <{ALICE}>'],
)
def test_who_may_subscribe(in_scene: Callable[..., None], asserted: str) -> None:
    async def story(scene: Scene) -> None:
        assert scene.events.subscribe(subscribe(f"P-Asserted-Identity: {asserted}")).code == 200
        await scene.notify()

    in_scene(story)


@pytest.mark.parametrize(
    ("lines", "uri", "code"),
    [
        (["P-Asserted-Identity: <sip:mallory@uc3m.netlab.test>"], ALICE, 403),
        (["P-Asserted-Identity: <sip:pcscf.octopus.netlab.test:4060>"], ALICE, 403),
        (["P-Asserted-Identity:"], ALICE, 403),
        ([], "sip:bob@uc3m.netlab.test", 480),
        (["Event: presence"], ALICE, 489),
        (["Event:"], ALICE, 489),
        (["Accept: application/pidf+xml"], ALICE, 406),
    ],
)
def test_who_may_not(in_scene: Callable[..., None], lines: list[str], uri: str, code: int) -> None:
    async def story(scene: Scene) -> None:
        with pytest.raises(Refused) as refusal:
            scene.events.subscribe(subscribe(*lines, uri=uri))
        assert refusal.value.status == code
        says = {489: {"Allow-Events": "reg"}, 406: {"Accept": "application/reginfo+xml"}}
        assert refusal.value.headers == says.get(code, {})
        await scene.quiet()
        assert scene.notified.empty()

    in_scene(story)


def test_a_refresh_needs_its_dialog(in_scene: Callable[..., None]) -> None:
    async def story(scene: Scene) -> None:
        with pytest.raises(Refused) as refusal:
            scene.events.subscribe(subscribe(to_tag=";tag=unknown"))
        assert refusal.value.status == 481
        first: Response = scene.events.subscribe(subscribe())
        await scene.notify()
        tag = ";tag=" + first.headers["To"].partition(";tag=")[2]
        again = scene.events.subscribe(subscribe("Expires: 300", "CSeq: 2 SUBSCRIBE", to_tag=tag))
        assert again.headers["Expires"] == "300"
        request, info = await scene.notify()
        assert (request.headers["Subscription-State"], info.version) == ("active;expires=300", 1)
        assert (
            scene.events.subscribe(subscribe("Expires: 0", "CSeq: 3 SUBSCRIBE", to_tag=tag)).headers["Expires"] == "0"
        )
        request, _ = await scene.notify()
        assert request.headers["Subscription-State"] == "terminated;reason=timeout"
        with pytest.raises(Refused):
            scene.events.subscribe(subscribe(to_tag=tag))

    in_scene(story)


def test_a_subscription_ends_with_its_time(in_scene: Callable[..., None]) -> None:
    async def story(scene: Scene) -> None:
        scene.events.subscribe(subscribe("Expires: 1"))
        await scene.notify()
        request, _ = await scene.notify()
        assert request.headers["Subscription-State"] == "terminated;reason=timeout"

    in_scene(story)


def test_a_look_without_a_subscription(in_scene: Callable[..., None]) -> None:
    async def story(scene: Scene) -> None:
        assert scene.events.subscribe(subscribe("Expires: 0")).headers["Expires"] == "0"
        request, info = await scene.notify()
        assert request.headers["Subscription-State"] == "terminated;reason=timeout"
        assert {r.state for r in info.registrations} == {"active"}

    in_scene(story)


@pytest.mark.parametrize(("lines", "expires"), [(["Expires:"], "3761"), (["Expires: 999999999"], "600000")])
def test_durations(in_scene: Callable[..., None], lines: list[str], expires: str) -> None:
    async def story(scene: Scene) -> None:
        assert scene.events.subscribe(subscribe(*lines)).headers["Expires"] == expires
        await scene.notify()

    in_scene(story)


@pytest.mark.parametrize("lines", [["Expires: soon"], ["Expires: -1"], ["Contact:"], ["P-Asserted-Identity: <>"]])
def test_what_cannot_be_read_is_no_subscription(in_scene: Callable[..., None], lines: list[str]) -> None:
    async def story(scene: Scene) -> None:
        with pytest.raises(ValueError, match="expected"):
            scene.events.subscribe(subscribe(*lines))
        await scene.quiet()
        assert scene.notified.empty()

    in_scene(story)


@pytest.mark.parametrize("code", [481, 500])
def test_a_subscriber_that_refuses_is_forgotten(in_scene: Callable[..., None], code: int) -> None:
    async def story(scene: Scene) -> None:
        scene.code = code
        scene.events.subscribe(subscribe())
        await scene.notify()
        await scene.quiet()
        scene.events.told(scene.registration)
        await scene.quiet()
        assert scene.notified.empty()

    in_scene(story)


def test_two_subscribers_are_told_both(in_scene: Callable[..., None]) -> None:
    async def story(scene: Scene) -> None:
        for call_id in ("one", "two"):
            scene.events.subscribe(subscribe(call_id=call_id))
            await scene.notify()
        scene.events.told(scene.register(cseq=2))
        both = [(await scene.notify())[0].headers["Call-ID"] for _ in range(2)]
        assert sorted(both) == ["one", "two"]

    in_scene(story)


def test_the_route_set_is_obeyed(in_scene: Callable[..., None]) -> None:
    async def story(scene: Scene) -> None:
        request = subscribe(f"Contact: <{CONTACT}>", f"Record-Route: <sip:{SUBSCRIBER}:4060;lr>")
        response = scene.events.subscribe(request)
        assert response.headers.getlist("Record-Route") == request.headers.getlist("Record-Route")
        assert Dialog.answered(request, response).routes == (f"<sip:{SUBSCRIBER}:4060;lr>",)
        notify, _ = await scene.notify()
        assert str(notify.uri) == CONTACT
        assert notify.headers.getlist("Route") == [f"<sip:{SUBSCRIBER}:4060;lr>"]

    in_scene(story)
