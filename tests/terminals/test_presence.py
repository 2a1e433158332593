"""A terminal that publishes and watches, with a scripted P-CSCF (RFC 3903, RFC 3856, 3GPP TS 24.141 5.3)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sipmessage import Request, Response

from conformance.protocols.sip.dialog import Dialog, dialog_key
from conformance.protocols.sip.message import make_response
from conformance.stack.sip import ServerTransaction, SipStack
from conformance.terminals.presence_documents import PresenceState, write_pidf
from conformance.terminals.presence_failures import PresenceRefused, PresenceTimedOut
from conformance.terminals.terminal import Terminal
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.events import EventKind
from conformance.vocabulary.federation import Subscriber
from tests.terminals.notifier_lab import ScriptedNotifier

ALICE, BOB = "sip:alice@uc3m.netlab.test", "sip:bob@stuba.netlab.test"


class Network(ScriptedNotifier):
    """Takes publications and subscriptions."""

    def __init__(self, stack: SipStack, granted: Callable[[Request], Response]) -> None:
        super().__init__(stack, granted)
        self.requests: list[Request] = []
        self.codes: list[int] = []
        self.at_once: tuple[str, bytes] | None = ("active;expires=3600", b"")
        self.kind = "application/pidf+xml"
        self.least = "2"

    async def asked(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        self.requests.append(request)
        response = make_response(request, self.codes.pop(0) if self.codes else 200)
        response.headers.set("SIP-ETag", f"tag{len(self.requests)}")
        response.headers.set("Contact", "<sip:127.35.1.11:4060>")
        response.headers.set("Expires", request.headers["Expires"])
        if response.code == 423:
            response.headers.set("Min-Expires", self.least)
        if request.method == "SUBSCRIBE" and response.code < 300 and dialog_key(request) is None:
            self.dialog = Dialog.answered(request, response)
        await transaction.respond(response)
        if request.method == "SUBSCRIBE" and response.code < 300 and self.at_once is not None:
            ends = request.headers["Expires"] == "0"
            await self.notify(*(("terminated;reason=timeout", b"") if ends else self.at_once))

    async def notify(self, state: str, body: bytes = b"") -> int:
        return await self.send_notify("presence", state, self.kind, body)


@pytest.fixture
def network(pcscf: Any, granted: Callable[[Request], Response]) -> Network:
    return Network(pcscf.stack, granted)


@pytest.fixture
def terminal(make_terminal: Callable[..., Terminal], alice: Subscriber, network: Network) -> Terminal:
    terminal = make_terminal(alice)
    terminal.register()
    return terminal


@pytest.fixture
def notify(network: Network, loop: Any) -> Callable[..., int]:
    def send(state: str, body: bytes = b"") -> int:
        return int(loop.run(lambda: network.notify(state, body), 5, "the answer to NOTIFY"))

    return send


def told(terminal: Terminal) -> list[tuple[EventKind, int | None]]:
    kinds = (EventKind.PUBLISHED, EventKind.WATCHING, EventKind.PRESENCE, EventKind.PRESENCE_REFUSED)
    return [(event.kind, event.status) for event in terminal.events.events if event.kind in kinds]


def test_a_publication_and_its_life(terminal: Terminal, network: Network) -> None:
    presence = terminal.presence
    presence.publish(PresenceState("open", "meeting"))
    presence.refresh_publication()
    presence.publish(PresenceState("closed"))
    presence.unpublish()
    first, *later = network.requests
    assert (str(first.uri), first.headers["From"].partition(";")[0]) == (ALICE, f"<{ALICE}>")
    assert first.headers.getlist("Route") == ["<sip:127.35.1.11:4060;lr>", "<sip:orig@s.test;lr>", "<sip:i.test;lr>"]
    assert first.headers["P-Access-Network-Info"].startswith("IEEE-802.11b")
    assert [one.headers["SIP-If-Match"] for one in later] == ["tag1", "tag2", "tag3"]
    assert [bool(one.body) for one in network.requests] == [True, False, True, False]
    assert presence.entity_tag is None
    assert told(terminal) == [(EventKind.PUBLISHED, 200)] * 4


def test_an_unknown_tag_is_forgotten(terminal: Terminal, network: Network) -> None:
    presence = terminal.presence
    presence.recall("old")
    network.codes = [412]
    with pytest.raises(PresenceRefused) as refusal:
        presence.refresh_publication()
    assert refusal.value.status == 412
    presence.publish()
    assert [one.headers.get("SIP-If-Match") for one in network.requests] == ["old", None]


def test_a_watcher_is_told(terminal: Terminal, network: Network, notify: Callable[..., int]) -> None:
    network.at_once = ("pending;expires=3600", b"")
    watch = terminal.presence.watch(BOB)
    assert (watch.state, watch.documents) == ("pending", [])
    assert notify("active;expires=3000", write_pidf(BOB, "b", PresenceState("open", "away", "soon"))) == 200
    watch.wait_state("active")
    watch.wait_presence("open", activity="away", note="soon")
    assert notify("active;expires=3000", write_pidf(BOB, "b", PresenceState("closed"))) == 200
    watch.wait_presence("closed")
    watch.end()
    assert (watch.state, watch.reason) == ("terminated", "timeout")
    first, last = network.requests
    assert (first.headers["Event"], first.headers["Accept"]) == ("presence", "application/pidf+xml")
    assert (str(first.uri), last.headers["Expires"]) == (BOB, "0")
    assert network.answers == [200] * 4


def test_what_does_not_come_is_said(terminal: Terminal, network: Network) -> None:
    watch = terminal.presence.watch(BOB)
    with pytest.raises(PresenceTimedOut, match="awaited presence open, meeting of the subscription to sip:bob"):
        watch.wait_presence(activity="meeting")
    network.at_once = None
    with pytest.raises(PresenceTimedOut, match="awaited SUBSCRIBE"):
        terminal.presence.watch(BOB)


def test_a_refusal(terminal: Terminal, network: Network) -> None:
    network.codes = [403]
    with pytest.raises(PresenceRefused, match=r"403 SUBSCRIBE sip:bob@stuba\.netlab\.test: Forbidden"):
        terminal.presence.watch(BOB)
    assert told(terminal) == [(EventKind.PRESENCE_REFUSED, 403)]


def test_what_cannot_be_read_is_400(terminal: Terminal, network: Network, notify: Callable[..., int]) -> None:
    watch = terminal.presence.watch(BOB)
    assert notify("active", b"<x/>") == 400
    assert notify("asleep") == 400
    network.kind = "text/plain"
    assert notify("active", b"open") == 400
    assert watch.state == "active"


def test_who_forgets_answers_481(terminal: Terminal, network: Network, notify: Callable[..., int]) -> None:
    terminal.presence.watch(BOB)
    terminal.presence.forget()
    assert notify("active") == 481


def test_watchers(terminal: Terminal, network: Network, notify: Callable[..., int]) -> None:
    network.kind = "application/watcherinfo+xml"
    watch = terminal.presence.watch_watchers()
    text = (
        '<watcherinfo xmlns="urn:ietf:params:xml:ns:watcherinfo" version="{}" state="{}"><watcher-list resource="r" '
        'package="presence"><watcher id="{}" event="e" status="{}">{}</watcher></watcher-list></watcherinfo>'
    )
    notify("active", text.format(0, "full", "1", "pending", BOB).encode())
    watch.wait_watcher(BOB, "pending")
    notify("active", text.format(1, "partial", "2", "active", "sip:c@x").encode())
    watch.wait_watcher("sip:c@x", "active")
    assert watch.watchers[BOB] == "pending"
    notify("active", text.format(2, "full", "1", "active", BOB).encode())
    watch.wait_watcher(BOB, "active")
    assert watch.watchers == {BOB: "active"}
    assert network.requests[0].headers["Event"] == "presence.winfo"


def test_the_end_of_all(terminal: Terminal, network: Network) -> None:
    terminal.presence.publish()
    terminal.presence.watch(BOB)
    terminal.presence.withdraw()
    assert [(one.method, one.headers["Expires"]) for one in network.requests[2:]] == [
        ("SUBSCRIBE", "0"),
        ("PUBLISH", "0"),
    ]
    terminal.presence.withdraw()
    assert len(network.requests) == 4


def test_what_is_too_brief_is_asked_for_once_more(terminal: Terminal, network: Network) -> None:
    network.codes = [423, 200, 423, 200]
    terminal.presence.publish(expires_s=1)
    terminal.presence.watch(BOB, expires_s=1)
    asked = [(one.method, one.headers["Expires"], one.cseq.sequence) for one in network.requests]
    assert asked == [("PUBLISH", "1", 1), ("PUBLISH", "2", 2), ("SUBSCRIBE", "1", 1), ("SUBSCRIBE", "2", 2)]
    assert len({one.headers["Call-ID"] for one in network.requests[2:]}) == 1
    assert [bool(one.body) for one in network.requests] == [True, True, False, False]


@pytest.mark.parametrize(("codes", "least", "sent"), [([423, 423, 200], "2", 2), ([423], "no", 1), ([423], "1", 1)])
def test_it_is_not_asked_for_again_and_again(
    terminal: Terminal, network: Network, codes: list[int], least: str, sent: int
) -> None:
    network.codes, network.least = codes, least
    with pytest.raises(PresenceRefused, match="423 PUBLISH"):
        terminal.presence.publish(expires_s=1)
    assert len(network.requests) == sent


def test_what_was_granted_is_refreshed_before_it_ends(terminal: Terminal, network: Network) -> None:
    terminal.presence.publish(expires_s=1)
    terminal.presence.wait_refreshed()
    watch = terminal.presence.watch(BOB, expires_s=1)
    watch.wait_refreshed()
    terminal.presence.withdraw()
    publishes = [one for one in network.requests if one.method == "PUBLISH"]
    assert [one.headers.get("SIP-If-Match") for one in publishes[:2]] == [None, "tag1"]
    assert (publishes[1].headers["Expires"], publishes[1].body) == ("1", b"")
    subscribes = [one for one in network.requests if one.method == "SUBSCRIBE"]
    assert [one.headers["Expires"] for one in subscribes] == ["1", "1", "0"]
    assert dialog_key(subscribes[1]) is not None
    assert [one.headers["Expires"] for one in network.requests[-2:]] == ["0", "0"]  # and no refresh comes behind


def test_what_is_removed_meanwhile_is_not_refreshed(terminal: Terminal, network: Network) -> None:
    presence = terminal.presence

    async def remove_while_a_refresh_waits() -> None:
        publication = presence._publication
        assert publication is not None
        async with publication.turn:
            refresh = asyncio.create_task(presence._publish_again(publication))
            await presence._publish_in_turn(publication, 0, b"", "removed")
        await refresh

    presence.publish()
    presence.run(remove_while_a_refresh_waits, "the end")
    assert [one.headers["Expires"] for one in network.requests] == ["3600", "0"]


def test_a_refresh_that_is_refused_is_the_last(terminal: Terminal, network: Network) -> None:
    watch = terminal.presence.watch(BOB, expires_s=1)
    network.codes = [481]
    with pytest.raises(PresenceTimedOut, match="a refresh of the subscription"):
        watch.wait_refreshed()
    assert told(terminal)[-1] == (EventKind.PRESENCE_REFUSED, 481)
    assert len(network.requests) == 2


def test_a_terminal_that_has_never_registered(make_terminal: Callable[..., Terminal], alice: Subscriber) -> None:
    with pytest.raises(HarnessFault, match="has registered before"):
        make_terminal(alice).presence.publish()
