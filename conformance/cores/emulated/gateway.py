"""The gateway of a testbed: GTP-U over UDP, without control plane (3GPP TS 29.281)."""

from __future__ import annotations

import asyncio
import socket

from conformance.cores.emulated.node import NodeContext
from conformance.protocols.gtpu import GtpMessage, GtpType, MalformedGtp, echo_response, error_indication
from conformance.stack.ports import bind_failure

_LONGEST = 65_535


async def run(context: NodeContext) -> None:
    """Serve until cancelled (see `NodeContext`)."""
    node = context.node
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.setblocking(False)
        try:
            bound.bind((str(node.address), node.port))
        except OSError as error:
            raise bind_failure(error, str(node.address), node.port, "udp") from None
        context.ready()
        loop = asyncio.get_running_loop()
        while True:
            data, source = await loop.sock_recvfrom(bound, _LONGEST)
            try:
                message = GtpMessage.decode(data)
            except MalformedGtp as error:
                context.log.warning("%s:%d: %s", *source, error)
                continue
            if message.type == GtpType.ECHO_REQUEST:
                await loop.sock_sendto(bound, echo_response(message).encode(), source)
            elif message.type == GtpType.G_PDU:
                await loop.sock_sendto(bound, error_indication(message.teid, node.address).encode(), source)
