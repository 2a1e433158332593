"""What all CSCFs do with any request."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

import pytest
from sipmessage import Request, Response

from conformance.cores.emulated.sip_server import Refused, SipServer
from conformance.protocols.sip.message import make_response, read_message
from conformance.stack.sip import ServerTransaction
from conformance.vocabulary.identifiers import Endpoint


class Received:
    """A server transaction that keeps its answer."""

    source = Endpoint("127.35.1.129", 5060, "udp")

    def __init__(self, *lines: str, method: str = "REGISTER") -> None:
        text = [f"{method} sip:h SIP/2.0", "Via: SIP/2.0/UDP a", "From: <sip:a@h>", "To: <sip:a@h>", "Call-ID: 1"]
        request = read_message("\r\n".join([*text, f"CSeq: 1 {method}", *lines, "", ""]).encode())
        assert isinstance(request, Request)
        self.request = request
        self.answers: list[Response] = []

    async def respond(self, response: Response) -> None:
        self.answers.append(response)


async def _accept(transaction: ServerTransaction) -> Response:
    return make_response(transaction.request, 200)


async def _refuse(transaction: ServerTransaction) -> Response:
    raise Refused(423, "Too Short", {"Min-Expires": "60"})


async def _stumble(transaction: ServerTransaction) -> Response:
    raise ValueError("header\r\nof the peer\x00")


def serve(received: Received, handler: Any = _accept, ready: bool = True) -> Response | None:
    server = SipServer(logging.getLogger("test"), {"REGISTER": handler}, lambda: ready)
    asyncio.run(server(cast("ServerTransaction", received)))
    return received.answers[0] if received.answers else None


@pytest.mark.parametrize(
    ("lines", "method", "code"),
    [
        ([], "REGISTER", 200),
        (["Max-Forwards: 1"], "REGISTER", 200),
        (["Max-Forwards: 0"], "REGISTER", 483),
        (["Max-Forwards: -1"], "REGISTER", 483),
        (["Max-Forwards: x"], "REGISTER", 400),
        (["Max-Forwards: 0"], "OPTIONS", 200),
        ([], "INVITE", 405),
        ([], "SING", 501),
    ],
)
def test_codes(lines: list[str], method: str, code: int) -> None:
    response = serve(Received(*lines, method=method))
    assert response is not None
    assert response.code == code
    assert response.headers.get("Allow") == ("OPTIONS, REGISTER" if code == 405 or method == "OPTIONS" else None)


def test_an_ack_has_no_answer() -> None:
    assert serve(Received(method="ACK")) is None


def test_a_refusal_carries_its_headers() -> None:
    response = serve(Received(), _refuse)
    assert response is not None
    assert (response.code, response.phrase, response.headers["Min-Expires"]) == (423, "Too Short", "60")


def test_not_ready() -> None:
    response = serve(Received(method="OPTIONS"), ready=False)
    assert response is not None
    assert response.code == 503


def test_what_a_peer_wrote_stays_on_its_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    response = serve(Received(), _stumble)
    assert response is not None
    assert response.code == 400
    assert "header??of the peer?" in caplog.text
