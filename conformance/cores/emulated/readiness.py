"""Asks a node over its own socket whether it can serve: readiness is observed, never slept for.

Every question leaves from the node's own address, so that nothing foreign appears on its wire.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import dns.asyncquery
import dns.exception
import dns.message
import dns.rcode
from sipmessage import URI, Request

from conformance.fabric.netns import enter
from conformance.protocols.gtpu import GtpMessage, GtpType, MalformedGtp, echo_request
from conformance.protocols.sip.message import MAGIC_COOKIE
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.diameter import DiameterClient
from conformance.stack.diameter_connection import DiameterTimeout
from conformance.stack.errors import StackError
from conformance.stack.hop import Hop
from conformance.stack.ports import family_of
from conformance.stack.sip import SipStack
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.federation import NodeKind, Testbed
from conformance.vocabulary.identifiers import uri_host

_ASK_S = 0.5
_AGAIN_S = 0.02

_TIMERS = SipTimers(t1_s=0.05, t2_s=0.1, t4_s=0.1)


async def _dns(testbed: Testbed) -> str | None:
    node = testbed.node(NodeKind.DNS)
    try:
        answer = await dns.asyncquery.udp(
            dns.message.make_query(testbed.domain, "SOA"),
            str(node.address),
            timeout=_ASK_S,
            port=node.port,
            source=str(node.address),
            ignore_unexpected=True,
        )
    except (TimeoutError, dns.exception.Timeout):
        return f"no answer within {_ASK_S:g} s"
    except (dns.exception.DNSException, OSError) as error:
        return str(error)
    # A server that forgot its zone by a fault answers NXDOMAIN with the SOA of the root: it serves.
    served = any(records.rdtype.name == "SOA" for records in [*answer.answer, *answer.authority])
    return None if served else f"{dns.rcode.to_text(answer.rcode())} without SOA"


def _sip(kind: NodeKind) -> Callable[[Testbed], Awaitable[str | None]]:
    async def ask(testbed: Testbed) -> str | None:
        node = testbed.node(kind)
        stack = SipStack(str(node.address), 0, _TIMERS)
        try:
            await stack.start()
        except TestbedDown as error:
            return str(error)  # the port that the system chose for UDP is taken for TCP: another one next time
        request = Request("OPTIONS", URI(scheme="sip", host=uri_host(node.address), port=node.port))
        request.headers.set("Max-Forwards", "70")
        request.headers.set("From", f"<sip:{uri_host(node.address)}>;tag={secrets.token_hex(4)}")
        request.headers.set("To", f"<sip:{uri_host(node.address)}>")
        request.headers.set("Call-ID", secrets.token_hex(8))
        request.headers.set("CSeq", "1 OPTIONS")
        try:
            async with asyncio.timeout(_ASK_S):
                response = await stack.send_request(
                    request, Hop(str(node.address), node.port), branch=MAGIC_COOKIE + secrets.token_hex(8)
                )
        except TimeoutError:
            return f"no answer within {_ASK_S:g} s"
        except StackError as error:
            return str(error)
        finally:
            await stack.stop()
        return None if response.code == 200 else f"{response.code} {response.phrase:.60}"

    return ask


async def _diameter(testbed: Testbed) -> str | None:
    node = testbed.node(NodeKind.HSS)
    client = DiameterClient(
        origin_host=f"readiness.{testbed.domain}",
        origin_realm=testbed.domain,
        local_address=str(node.address),
        peer_address=str(node.address),
        peer_port=node.port,
        answer_timeout_s=_ASK_S,
        watchdog_s=60,
        retry_s=_AGAIN_S,
    )
    await client.start()
    try:
        await client.wait_open(_ASK_S)
    except DiameterTimeout as error:
        return str(error)
    finally:
        await client.stop()
    return None


async def _gtpu(testbed: Testbed) -> str | None:
    node = testbed.node(NodeKind.GATEWAY)
    loop = asyncio.get_running_loop()
    sequence = secrets.randbelow(1 << 16)
    with socket.socket(family_of(str(node.address)), socket.SOCK_DGRAM) as asking:
        asking.setblocking(False)
        try:
            asking.bind((str(node.address), 0))
            asking.connect((str(node.address), node.port))
            async with asyncio.timeout(_ASK_S):
                await loop.sock_sendall(asking, echo_request(sequence).encode())
                answer = GtpMessage.decode(await loop.sock_recv(asking, 1500))
        except TimeoutError:
            return f"no answer within {_ASK_S:g} s"
        except (OSError, MalformedGtp) as error:
            return str(error)
    answered = (answer.type, answer.sequence) == (GtpType.ECHO_RESPONSE, sequence)
    return None if answered else f"message type {answer.type} with sequence number {answer.sequence}"


async def _xcap(testbed: Testbed) -> str | None:
    node = testbed.node(NodeKind.XDMS)
    address = str(node.address)
    question = (
        f"GET /xcap-root/xcap-caps/global/index HTTP/1.1\r\nHost: {uri_host(node.address)}:{node.port}\r\n"
        "Connection: close\r\n\r\n"
    )
    try:
        async with asyncio.timeout(_ASK_S):
            reader, writer = await asyncio.open_connection(address, node.port, local_addr=(address, 0))
            with contextlib.closing(writer):
                writer.write(question.encode())
                status = (await reader.readline()).split()
    except TimeoutError:
        return f"no answer within {_ASK_S:g} s"
    except (OSError, ValueError) as error:
        return str(error)
    return None if status[1:2] == [b"200"] else f"{b' '.join(status)[:60]!r}"


_QUESTIONS: dict[NodeKind, tuple[str, Callable[[Testbed], Awaitable[str | None]]]] = {
    NodeKind.DNS: ("an SOA answer", _dns),
    NodeKind.HSS: ("CEA to a CER", _diameter),
    NodeKind.PCSCF: ("200 to OPTIONS", _sip(NodeKind.PCSCF)),
    NodeKind.ICSCF: ("200 to OPTIONS", _sip(NodeKind.ICSCF)),
    NodeKind.SCSCF: ("200 to OPTIONS", _sip(NodeKind.SCSCF)),
    NodeKind.IBCF: ("200 to OPTIONS", _sip(NodeKind.IBCF)),
    NodeKind.AS: ("200 to OPTIONS", _sip(NodeKind.AS)),
    NodeKind.PRESENCE: ("200 to OPTIONS", _sip(NodeKind.PRESENCE)),
    NodeKind.XDMS: ("200 to a GET of xcap-caps", _xcap),
    NodeKind.SIP_PROXY: ("200 to OPTIONS", _sip(NodeKind.SIP_PROXY)),
    NodeKind.ADAPTER: ("200 to OPTIONS", _sip(NodeKind.ADAPTER)),
    NodeKind.GATEWAY: ("an echo response of GTP-U", _gtpu),
}


def awaited(kind: NodeKind) -> str:
    """Say what shows that a node of that kind can serve."""
    return _QUESTIONS[kind][0]


async def until_serving(testbed: Testbed, kind: NodeKind, still_wanted: Callable[[], bool]) -> str | None:
    """Ask a node until it answers as one that serves.

    Args:
        testbed: where it belongs.
        kind: which node.
        still_wanted: asked after each failure; False ends the asking (the deadline is over, the node is dead).

    Returns:
        None when it serves, else what it answered last.
    """
    ask = _QUESTIONS[kind][1]
    while (found := await ask(testbed)) is not None:
        if not still_wanted():
            return found
        # Not an event that one could wait for: the state of another process is only seen by asking again.
        await asyncio.sleep(_AGAIN_S)
    return None


Asked = Mapping[str, tuple[Testbed, NodeKind]]
"""Nodes by name."""


def all_serving(places: Mapping[str, Asked], still_wanted: Callable[[], bool]) -> dict[str, str | None]:
    """Ask nodes, all at the same time and each from where it lives, until they answer as ones that serve.

    Args:
        places: nodes by network namespace, the empty name for that of the process.
        still_wanted: as in `until_serving`; called from this thread alone.

    Returns:
        By node: None when it serves, else what it answered last.

    Raises:
        TestbedDown: a namespace is gone.
    """
    given_up = threading.Event()
    found: dict[str, str | None] = {}
    with ThreadPoolExecutor(max(1, len(places)), thread_name_prefix="readiness") as threads:
        waiting = {threads.submit(_ask_in, place, asked, given_up) for place, asked in places.items()}
        while waiting:
            done, waiting = wait(waiting, timeout=_AGAIN_S, return_when=FIRST_COMPLETED)
            for future in done:
                found |= future.result()
            if not still_wanted():
                given_up.set()
    return found


def _ask_in(place: str, asked: Asked, given_up: threading.Event) -> dict[str, str | None]:
    """Ask the nodes of one namespace; the thread is in it from then on."""
    enter(place)

    async def ask() -> dict[str, str | None]:
        answers = await asyncio.gather(
            *(until_serving(*node, lambda: not given_up.is_set()) for node in asked.values())
        )
        return dict(zip(asked, answers, strict=True))

    return asyncio.run(ask())
