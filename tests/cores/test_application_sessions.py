"""An application server that calls pass: it stays on the way, and sends back what it gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sipmessage import Request, Response

from conformance.protocols.sip.message import make_response
from conformance.stack.sip import SipStack
from conformance.vocabulary.federation import NodeKind

SERVER = "<sip:as.uc3m.netlab.test:5060;lr>"
MARK = "<sip:odi.1@127.35.1.13:6060;lr>"
ASSERTED = "P-Asserted-Identity: <sip:alice@uc3m.netlab.test>"


@pytest.fixture
def passing(in_scene: Callable[..., None]) -> Callable[..., tuple[int, list[Request]]]:
    """Sends a request to an application server from an S-CSCF; returns the status, and what came back."""

    def run(method: str, *lines: str, peer: str = "127.35.1.13") -> tuple[int, list[Request]]:
        back: list[Request] = []
        status: list[int] = []

        def answer(request: Request) -> Response:
            back.append(request)
            return make_response(request, 200)

        async def whole(scene: Any) -> None:
            await scene.node(NodeKind.DNS)
            await scene.node(NodeKind.AS)
            await scene.ready(NodeKind.AS)
            scscf: SipStack = await scene.peer(peer, 6060, answer)
            request = scene.request(method, "sip:bob@b.test", *lines)
            status.append((await scscf.send_request(request, scene.hop(NodeKind.AS))).code)

        in_scene(whole)
        return status[0], back

    return run


def test_an_invite_comes_back_with_who_calls(passing: Callable[..., Any]) -> None:
    status, (back,) = passing("INVITE", f"Route: {SERVER}, {MARK}", ASSERTED)
    assert status == 200
    assert str(back.uri) == "sip:bob@b.test"
    assert back.headers.getlist("Route") == [MARK]
    assert back.headers.getlist("Record-Route") == [SERVER]
    assert back.headers.getlist("P-Asserted-Identity") == ["<sip:alice@uc3m.netlab.test>"]


def test_requests_of_the_dialog_pass_too(passing: Callable[..., Any]) -> None:
    status, (back,) = passing("BYE", f"Route: {SERVER}, {MARK}", "To: <sip:b@b>;tag=t")
    assert (status, back.headers.getlist("Record-Route")) == (200, [])


@pytest.mark.parametrize(
    ("lines", "peer"),
    [
        ((f"Route: {SERVER}",), "127.35.1.13"),
        ((f"Route: {MARK}, {SERVER}",), "127.35.1.13"),
        ((), "127.35.1.13"),
        ((f"Route: {SERVER}, {MARK}",), "127.35.1.12"),
    ],
)
def test_what_leads_nowhere_or_comes_from_elsewhere_is_refused(
    passing: Callable[..., Any], lines: tuple[str, ...], peer: str
) -> None:
    assert passing("INVITE", *lines, peer=peer) == (403, [])
