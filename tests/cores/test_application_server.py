"""An application server takes REGISTERs of the S-CSCF of its network, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sipmessage import Response

from conformance.stack.sip import SipStack
from conformance.vocabulary.federation import NodeKind

SERVER = "sip:as.uc3m.netlab.test:5060"
SCSCF = "127.35.1.13"
FROM = "From: <sip:scscf.uc3m.netlab.test:6060>;tag=1"
CONTACT = "Contact: <sip:scscf.uc3m.netlab.test:6060>"


@pytest.fixture
def server(in_scene: Callable[..., None]) -> Callable[..., None]:
    """Runs a story with an application server, and a peer at an address."""

    def run(story: Callable[..., Any], peer: str = SCSCF) -> None:
        async def whole(scene: Any) -> None:
            await scene.node(NodeKind.AS)
            await scene.ready(NodeKind.AS)
            await story(scene, await scene.peer(peer, 6060))

        in_scene(whole)

    return run


async def register(scene: Any, peer: SipStack, *lines: str, cseq: int = 1) -> Response:
    request = scene.request("REGISTER", SERVER, FROM, CONTACT, "Supported:", *lines, cseq=cseq)
    response: Response = await peer.send_request(request, scene.hop(NodeKind.AS))
    return response


def test_a_register_of_the_scscf_is_taken_and_its_end_too(server: Callable[..., None]) -> None:
    async def story(scene: Any, scscf: SipStack) -> None:
        response = await register(scene, scscf, "Expires: 600")
        assert (response.code, response.headers["Contact"]) == (200, "<sip:scscf.uc3m.netlab.test:6060>;expires=600")
        response = await register(scene, scscf, "Expires: 0", cseq=2)
        assert (response.code, response.headers.get("Contact")) == (200, None)

    server(story)


def test_a_register_that_was_overtaken_is_refused(server: Callable[..., None]) -> None:
    async def story(scene: Any, scscf: SipStack) -> None:
        await register(scene, scscf, "Expires: 600", cseq=2)
        assert (await register(scene, scscf, "Expires: 0", cseq=1)).code == 500

    server(story)


def test_whoever_is_not_the_scscf_is_refused(server: Callable[..., None]) -> None:
    async def story(scene: Any, stranger: SipStack) -> None:
        assert (await register(scene, stranger, "Expires: 600")).code == 403

    server(story, peer="127.35.1.12")


ALLOWED = "BYE, CANCEL, INFO, INVITE, OPTIONS, PRACK, REGISTER, UPDATE"


@pytest.mark.parametrize("method", ["SUBSCRIBE", "MESSAGE"])
def test_other_methods_are_refused(server: Callable[..., None], method: str) -> None:
    async def story(scene: Any, scscf: SipStack) -> None:
        response = await scscf.send_request(scene.request(method, SERVER), scene.hop(NodeKind.AS))
        assert (response.code, response.headers["Allow"]) == (405, ALLOWED)

    server(story)
