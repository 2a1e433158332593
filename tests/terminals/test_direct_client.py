"""Requests that go past the network (D2.2 3.3.3.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sipmessage import Request, Response

from conformance.protocols.sip.message import make_response
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.hop import Hop
from conformance.terminals.direct_client import DirectClient
from conformance.terminals.event_log import EventLog
from conformance.terminals.loop import TerminalLoop
from conformance.terminals.presence_failures import PresenceRefused, PresenceTimedOut
from conformance.vocabulary.events import EventKind
from conformance.vocabulary.federation import Federation

ALICE, BOB = "sip:alice@uc3m.netlab.test", "sip:bob@stuba.netlab.test"


@pytest.fixture
def released() -> list[str]:
    return []


@pytest.fixture
def client(federation: Federation, pcscf: Any, loop: TerminalLoop, released: list[str]) -> Iterator[DirectClient]:
    stack = pcscf.stack
    made = DirectClient(
        ALICE,
        stack.address.replace(".11", ".13"),
        Hop(stack.address, stack.port),
        SipTimers(0.01, 0.02, 0.02),
        EventLog(),
        loop,
        lambda: released.append("place"),
    )
    yield made
    made.close()


def answering(code: int) -> Callable[[Request], Response]:
    return lambda request: make_response(request, code)


def test_what_is_asserted_is_what_was_asked_for(client: DirectClient, pcscf: Any) -> None:
    pcscf.will(answering(200))
    client.publish(None)
    client.publish(BOB)
    client.subscribe(BOB, ALICE)
    asserted = [one.headers.getlist("P-Asserted-Identity") for one in pcscf.requests]
    assert asserted == [[], [f"<{BOB}>"], [f"<{ALICE}>"]]
    assert [one.method for one in pcscf.requests] == ["PUBLISH", "PUBLISH", "SUBSCRIBE"]
    assert all(one.headers.getlist("Route") == [] for one in pcscf.requests)
    assert all(one.headers["From"].startswith(f"<{ALICE}>") for one in pcscf.requests)


def test_a_refusal_is_told(client: DirectClient, pcscf: Any) -> None:
    pcscf.will(answering(403))
    with pytest.raises(PresenceRefused) as refusal:
        client.publish(None)
    assert refusal.value.status == 403
    events = client._events.events
    assert [(one.kind, one.status, one.detail) for one in events] == [
        (EventKind.PRESENCE_REFUSED, 403, "PUBLISH: Forbidden")
    ]


def test_silence_is_told(client: DirectClient, pcscf: Any) -> None:
    with pytest.raises(PresenceTimedOut, match="awaited an answer of"):
        client.publish(None)


def test_the_place_is_given_back(client: DirectClient, released: list[str]) -> None:
    client.close()
    assert released == ["place"]
