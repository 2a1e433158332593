from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

from conformance.cores.emulated.xdms.tls import CA_FILE, KEY_LOG, server_context
from conformance.cores.kamailio.dns_relay import Place, free_port
from conformance.cores.kamailio.tls_relay import tls_relay


def test_what_is_inside_tls_goes_on_and_the_secrets_are_kept(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readline()).upper())
        writer.close()

    async def story() -> bytes:
        inside, outside = Place("127.0.0.1", free_port()), Place("127.0.0.1", free_port())
        server = await asyncio.start_server(answer, *inside)
        async with server, tls_relay(outside, server_context(tmp_path, ["xdms.test"], "127.0.0.1"), inside):
            trusting = ssl.create_default_context(cafile=str(tmp_path / CA_FILE))
            reader, writer = await asyncio.open_connection(*outside, ssl=trusting, server_hostname="xdms.test")
            writer.write(b"hello\n")
            said = await reader.read()
            writer.close()
            return said

    assert asyncio.run(story()) == b"HELLO\n"
    assert "CLIENT_TRAFFIC_SECRET" in (tmp_path / KEY_LOG).read_text()
