"""How a terminal is told of its registration (3GPP TS 24.229 5.1.1.3, RFC 3680), with a scripted P-CSCF."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sipmessage import Request, Response

from conformance.protocols.reginfo import CONTENT_TYPE, ContactState, RegInfo, RegistrationState, write_reginfo
from conformance.protocols.sip.dialog import Dialog
from conformance.protocols.sip.message import make_response
from conformance.stack.sip import ServerTransaction, SipStack
from conformance.terminals.terminal import RegistrationRejected, RegistrationTimedOut, Terminal
from conformance.vocabulary.events import EventKind
from conformance.vocabulary.federation import Subscriber
from tests.terminals.notifier_lab import ScriptedNotifier

ALICE = "sip:alice@uc3m.netlab.test"
ACTIVE = "active;expires=600000"
ENDED = "terminated;reason=noresource"


class Notifier(ScriptedNotifier):
    """Accepts subscriptions to registrations."""

    def __init__(self, stack: SipStack, granted: Callable[[Request], Response]) -> None:
        super().__init__(stack, granted)
        self.subscribes: list[Request] = []
        self.code = 200
        self.at_once: str | None = ACTIVE
        self.early = False
        self.version = 0

    async def asked(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        self.subscribes.append(request)
        response = make_response(request, self.code)
        if self.code == 200:
            response.headers.set("Contact", "<sip:127.35.1.11:4060>")
            response.headers.set("Expires", "600000")
            self.dialog = self.dialog or Dialog.answered(request, response)
        if not self.early:
            await transaction.respond(response)
        if self.code == 200 and self.at_once is not None:
            await self.notify(self.at_once)
        if self.early:
            await transaction.respond(response)

    async def notify(self, state: str, contact: tuple[str, str] = ("active", "registered"), body: bytes = b"") -> int:
        version, self.version = self.version, self.version + 1

        def document(uri: str) -> bytes:
            known = RegistrationState("r", ALICE, contact[0], (ContactState("c", uri, *contact),))
            return write_reginfo(RegInfo(version, "full", (known,)))

        return await self.send_notify("reg", state, CONTENT_TYPE, body or document)


@pytest.fixture
def notifier(pcscf: Any, granted: Callable[[Request], Response]) -> Notifier:
    return Notifier(pcscf.stack, granted)


@pytest.fixture
def registered(make_terminal: Callable[..., Terminal], alice: Subscriber, notifier: Notifier) -> Terminal:
    terminal = make_terminal(alice)
    terminal.register()
    return terminal


@pytest.fixture
def notify(notifier: Notifier, loop: Any) -> Callable[..., int]:
    def send(*words: Any, **more: Any) -> int:
        return int(loop.run(lambda: notifier.notify(*words, **more), 5, "the answer to NOTIFY"))

    return send


def told(terminal: Terminal) -> list[tuple[EventKind, str]]:
    kinds = (EventKind.SUBSCRIBED, EventKind.NOTIFIED, EventKind.NETWORK_DEREGISTERED)
    return [(event.kind, event.detail) for event in terminal.events.events if event.kind in kinds]


def test_the_subscribe(registered: Terminal, notifier: Notifier) -> None:
    registered.subscribe()
    (subscribe,) = notifier.subscribes
    headers = subscribe.headers
    assert str(subscribe.uri) == ALICE
    assert headers["To"] == f"<{ALICE}>"
    assert headers["From"].startswith(f"<{ALICE}>;tag=")
    assert headers.getlist("Route") == ["<sip:127.35.1.11:4060;lr>", "<sip:orig@s.test;lr>", "<sip:i.test;lr>"]
    assert headers["Contact"] == f"<{registered.contact}>"
    assert (headers["Event"], headers["Accept"], headers["Expires"]) == ("reg", "application/reginfo+xml", "600000")
    assert notifier.answers == [200]
    assert told(registered) == [
        (EventKind.SUBSCRIBED, "for 600000 s"),
        (EventKind.NOTIFIED, "active version 0 contact active registered"),
    ]


def test_a_notify_may_overtake_the_answer(registered: Terminal, notifier: Notifier) -> None:
    notifier.early = True
    registered.subscribe()
    assert notifier.answers == [200]
    assert registered.wait_notified().info.version == 0


def test_the_second_subscribe_stays_in_the_dialog(registered: Terminal, notifier: Notifier) -> None:
    registered.subscribe()
    registered.subscribe(expires_s=0)
    first, second = notifier.subscribes
    assert second.headers["Call-ID"] == first.headers["Call-ID"]
    assert (first.headers["CSeq"], second.headers["CSeq"]) == ("1 SUBSCRIBE", "2 SUBSCRIBE")
    assert "tag=" in second.headers["To"]
    assert second.headers["Expires"] == "0"
    assert str(second.uri) == "sip:127.35.1.11:4060"


def test_waiting_for_a_version_and_for_the_end(
    registered: Terminal, notifier: Notifier, notify: Callable[..., int]
) -> None:
    registered.subscribe()
    assert notify(ACTIVE, ("active", "refreshed")) == 200
    second = registered.wait_notified("active", version=1)
    assert second.event_of(registered.contact) == ("active", "refreshed")
    assert second.of(ALICE) is not None
    registered.deregister()
    assert notify(ENDED, ("terminated", "unregistered")) == 200
    last = registered.wait_notified("terminated")
    assert (last.reason, last.info.version) == ("noresource", 2)
    assert EventKind.NETWORK_DEREGISTERED not in [kind for kind, _ in told(registered)]


@pytest.mark.parametrize("event", ["rejected", "deactivated"])
def test_the_network_ends_the_registration(registered: Terminal, notify: Callable[..., int], event: str) -> None:
    registered.subscribe()
    assert notify(ENDED, ("terminated", event)) == 200
    registered.wait_notified("terminated")
    assert told(registered)[-1] == (EventKind.NETWORK_DEREGISTERED, event)
    assert not registered.registered
    assert registered.service_route == ()


def test_after_the_end_a_new_subscription_begins(
    registered: Terminal, notifier: Notifier, notify: Callable[..., int]
) -> None:
    registered.subscribe()
    notify("terminated;reason=timeout")
    notifier.dialog = None
    registered.subscribe()
    first, second = notifier.subscribes
    assert second.headers["Call-ID"] != first.headers["Call-ID"]


@pytest.mark.parametrize("code", [403, 480, 489])
def test_a_refused_subscription(registered: Terminal, notifier: Notifier, code: int) -> None:
    notifier.code = code
    with pytest.raises(RegistrationRejected, match=str(code)):
        registered.subscribe()
    assert registered.events.events[-1].kind is EventKind.REJECTED


def test_who_is_not_registered_does_not_subscribe(make_terminal: Callable[..., Terminal], alice: Subscriber) -> None:
    with pytest.raises(RegistrationRejected, match="not registered"):
        make_terminal(alice).subscribe()


def test_a_notify_that_does_not_come(registered: Terminal, notifier: Notifier) -> None:
    notifier.at_once = None
    with pytest.raises(RegistrationTimedOut, match="SUBSCRIBE"):
        registered.subscribe()
    with pytest.raises(RegistrationTimedOut, match=r"awaited NOTIFY 0 with the state active for 0.05 s, found none"):
        registered.wait_notified("active", 0.05)


def test_waiting_without_a_subscription(registered: Terminal) -> None:
    with pytest.raises(RegistrationTimedOut, match="has not subscribed"):
        registered.wait_notified(deadline_s=0.05)


def test_a_foreign_notify_gets_481(registered: Terminal, notifier: Notifier, notify: Callable[..., int]) -> None:
    registered.subscribe()
    assert notifier.dialog is not None
    notifier.dialog.remote = f"<{ALICE}>;tag=somebody-elses"
    assert notify(ACTIVE) == 481


@pytest.mark.parametrize(("state", "body"), [(ACTIVE, b"<reginfo"), ("", b""), ("waiting", b"")])
def test_an_unreadable_notify_gets_400(
    registered: Terminal, notify: Callable[..., int], state: str, body: bytes
) -> None:
    registered.subscribe()
    assert notify(state, body=body) == 400
    kind, detail = told(registered)[-1]
    assert kind is EventKind.NOTIFIED
    assert detail.startswith("unreadable: ")
