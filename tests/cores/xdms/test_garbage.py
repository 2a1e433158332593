"""What is no HTTP ends its own connection and nothing else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest

from tests.cores.xdms.conftest import BOOK, Xdms

GARBAGE = [
    b"\x00" * 1000,
    b"\r\n\r\n\r\n1",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /xcap-root/" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 50_000 + b"\r\n",
    b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET /%00%ff HTTP/1.1\r\nHost: \xff\xfe\r\nAuthorization: Digest \xff\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01",
]


@pytest.mark.parametrize("port", [8080, 8443])
def test_garbage_hurts_nobody(xdms: Callable[..., None], port: int, caplog: pytest.LogCaptureFixture) -> None:
    async def story(at: Xdms) -> None:
        address = at.root.split("/")[2].split(":")[0]
        for garbage in GARBAGE:
            reader, writer = await asyncio.open_connection(address, port)
            try:
                writer.write(garbage)
                writer.write_eof()
                answer = await asyncio.wait_for(reader.read(), 5)
                assert not answer.startswith(b"HTTP") or answer.split()[1] in (b"400", b"401", b"404", b"505"), answer
            except ConnectionError:
                pass  # it did not want to hear the rest
            finally:
                writer.close()
        assert (await at.alice.ask("GET", BOOK)).status == 404

    with caplog.at_level(logging.WARNING):
        xdms(story)
    assert not [record.message for record in caplog.records if record.exc_info or "Traceback" in record.message]
    if port == 8080:
        assert "no HTTP request: " in caplog.text
