"""A terminal that writes and is written, with a scripted P-CSCF (RFC 3428)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sipmessage import URI, Request, Response

from conformance.protocols.sip.message import make_response
from conformance.stack.hop import Hop
from conformance.terminals.message_failures import MessageRefused, MessageTimedOut
from conformance.terminals.messages import Received
from conformance.terminals.terminal import Terminal
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.events import EventKind
from conformance.vocabulary.federation import Subscriber

BOB = "sip:bob@stuba.netlab.test"


def incoming(body: bytes = b"hello", kind: str = "text/plain", asserted: str | None = f"<{BOB}>") -> Request:
    request = Request("MESSAGE", URI.parse("sip:alice@127.35.1.129"))
    headers = request.headers
    headers.setlist("Via", [])
    for name, value in (
        ("Max-Forwards", "70"), ("From", f"<{BOB}>;tag=b"), ("To", "<sip:alice@uc3m.netlab.test>"), ("Call-ID", "c"),
        ("CSeq", "1 MESSAGE"), ("Content-Type", kind),
    ):  # fmt: skip
        headers.set(name, value)
    if asserted is not None:
        headers.set("P-Asserted-Identity", asserted)
    request.body = body
    return request


@pytest.fixture
def alone(make_terminal: Callable[..., Terminal], alice: Subscriber) -> Iterator[Terminal]:
    """A terminal that has not registered."""
    return make_terminal(alice)


@pytest.fixture
def terminal(pcscf: Any, alone: Terminal, granted: Callable[[Request], Response]) -> Terminal:
    """A terminal that has registered."""
    pcscf.will(granted)
    alone.register()
    return alone


def test_what_it_sends(pcscf: Any, terminal: Terminal) -> None:
    pcscf.will(lambda request: make_response(request, 202))
    terminal.messages.send(BOB, "grüße")
    sent = pcscf.requests[-1]
    assert (sent.method, str(sent.uri), sent.body.decode()) == ("MESSAGE", BOB, "grüße")
    assert sent.headers["Content-Type"] == "text/plain;charset=UTF-8"
    assert sent.headers.get("Contact") is None  # it begins no dialog
    assert sent.headers["Route"].startswith("<sip:127.35.1.11:4060;lr>")
    event = terminal.events.events[-1]
    assert (event.kind, event.status, event.detail) == (EventKind.MESSAGE_SENT, 202, BOB)


def test_a_refusal(pcscf: Any, terminal: Terminal) -> None:
    pcscf.will(lambda request: make_response(request, 404))
    with pytest.raises(MessageRefused, match="MESSAGE: 404 Not Found"):
        terminal.messages.send(BOB, "hello")
    assert terminal.events.events[-1].kind is EventKind.MESSAGE_REFUSED


def test_no_answer(pcscf: Any, terminal: Terminal) -> None:
    pcscf.will()
    with pytest.raises(MessageTimedOut, match="awaited the answer to MESSAGE"):
        terminal.messages.send(BOB, "hello")
    assert terminal.events.events[-1].kind is EventKind.TIMED_OUT


def test_who_has_not_registered_writes_nothing(alone: Terminal) -> None:
    with pytest.raises(HarnessFault, match="registered before it publishes, watches or writes"):
        alone.messages.send(BOB, "hello")


@pytest.mark.parametrize(
    ("request_", "status", "kept"),
    [
        (incoming(), 200, Received(BOB, "hello")),
        (incoming(asserted=None, kind="Text/Plain; charset=utf-8"), 200, Received("", "hello")),
        (incoming(kind="message/cpim"), 415, None),
        (incoming(body=b"\xff"), 400, None),
        (incoming(asserted="<"), 400, None),
    ],
    ids=["text", "anonymous", "no text", "no UTF-8", "unreadable identity"],
)
def test_what_comes(pcscf: Any, terminal: Terminal, loop: Any, request_: Request, status: int, kept: Any) -> None:
    contact = terminal.contact.partition("@")[2].partition(":")
    hop = Hop(contact[0], int(contact[2]))
    response = loop.run(lambda: pcscf.stack.send_request(request_, hop), 5, "MESSAGE")
    assert response.code == status
    assert not response.body
    assert response.headers.get("Contact") is None
    if kept is None:
        with pytest.raises(MessageTimedOut):
            terminal.messages.wait(0.05)
    else:
        assert terminal.messages.wait() == kept
