"""INVITE over real sockets: giving it up, and telling which one is given up (RFC 3261 9)."""

import asyncio

import pytest
from sipmessage import Request, Response

from conformance.protocols.sip.message import make_response, top_via
from conformance.stack.errors import TransportFailed
from conformance.stack.hop import Hop
from conformance.stack.sip import ServerTransaction, SipStack
from tests.stack.sip_pair import FAST, QUICK, pair, request, run

BRANCH = "z9hG4bKinvite"


class Callee:
    """Rings, and answers a CANCEL as it is told."""

    def __init__(self, *, terminates: bool = True) -> None:
        self.stack: SipStack | None = None
        self.terminates = terminates
        self.requests: list[Request] = []
        self.invites: list[ServerTransaction | None] = []

    async def __call__(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        self.requests.append(request)
        if request.method == "INVITE":
            await transaction.respond(make_response(request, 180, to_tag="t"))
        elif request.method == "CANCEL":
            invite = transaction.stack.invite_of(request)
            self.invites.append(invite)
            await transaction.respond(make_response(request, 481 if invite is None else 200))
            if invite is not None and self.terminates:
                await invite.respond(make_response(invite.request, 487, to_tag="t"))


async def ringing(client: SipStack, hop: Hop) -> asyncio.Task[Response]:
    """Send an INVITE and return when it rings."""
    rings = asyncio.Event()
    task = asyncio.ensure_future(
        client.send_request(request("INVITE"), hop, branch=BRANCH, on_response=lambda _: rings.set())
    )
    await rings.wait()
    return task


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_cancelled_invite_ends_with_487(transport: str) -> None:
    callee = Callee()

    async def test() -> None:
        async with pair(callee) as (client, hop):
            invite = await ringing(client, hop._replace(transport=transport))
            await client.cancel(BRANCH)
            assert (await invite).code == 487

    run(test())
    invite, cancel = callee.requests
    assert str(top_via(cancel)) == str(top_via(invite))
    assert len(cancel.via) == 1
    for name in ("From", "To", "Call-ID", "Max-Forwards"):
        assert cancel.headers[name] == invite.headers[name]
    assert (cancel.uri, cancel.cseq.sequence, cancel.cseq.method) == (invite.uri, invite.cseq.sequence, "CANCEL")


def test_a_cancel_waits_for_the_first_provisional_response() -> None:
    callee = Callee()
    may_ring = asyncio.Event()

    async def slow(transaction: ServerTransaction) -> None:
        if transaction.request.method == "INVITE":
            await may_ring.wait()
        await callee(transaction)

    async def test() -> None:
        async with pair(slow) as (client, hop):
            invite = asyncio.ensure_future(client.send_request(request("INVITE"), hop, branch=BRANCH))
            await asyncio.sleep(0)
            cancelling = asyncio.ensure_future(client.cancel(BRANCH))
            while not client._clients:
                await asyncio.sleep(0)
            assert not callee.requests
            may_ring.set()
            await cancelling
            assert (await invite).code == 487

    run(test())
    assert [one.method for one in callee.requests] == ["INVITE", "CANCEL"]


def test_who_never_ends_a_cancelled_invite_is_given_up() -> None:
    async def test() -> None:
        async with pair(Callee(terminates=False), timers=FAST) as (client, hop):
            invite = await ringing(client, hop)
            await client.cancel(BRANCH)
            with pytest.raises(TransportFailed, match="cancelled"):
                await invite

    run(test())


def test_nothing_is_sent_for_an_invite_that_is_over_or_unknown() -> None:
    callee = Callee()

    async def test() -> None:
        async with pair(callee) as (client, hop):
            invite = await ringing(client, hop)
            await client.cancel(BRANCH)
            await invite
            await client.cancel(BRANCH)
            await client.cancel("z9hG4bKnever")

    run(test())
    assert [one.method for one in callee.requests] == ["INVITE", "CANCEL"]


def test_a_cancel_for_no_invite_finds_none() -> None:
    callee = Callee()

    async def test() -> None:
        async with pair(callee, timers=QUICK) as (client, hop):
            assert (await client.send_request(request("CANCEL"), hop)).code == 481

    run(test())
    assert callee.invites == [None]
