"""Which SIP URI a number has, asked on the wire (RFC 6116)."""

from __future__ import annotations

import asyncio

import dns.rcode
import pytest
from sipmessage import URI

from conformance.stack.errors import LocationFailed
from conformance.stack.locate import Locator
from conformance.stack.numbers import uri_of_number
from tests.stack.test_locate import _Server

HERE = "127.34.12.54"
NAME = "2.1.0.1.9.4.3.e164.arpa"


def look_up(*records: str, rcode: dns.rcode.Rcode | None = None) -> tuple[URI | None, list[str]]:
    server = _Server(list(records), rcode, 0)

    async def ask() -> URI | None:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: server, local_addr=(HERE, 0))
        try:
            port = transport.get_extra_info("sockname")[1]
            return await uri_of_number(Locator(HERE, port, timeout_s=0.2), "+3491012")
        finally:
            transport.close()

    return asyncio.run(ask()), server.questions


def test_the_record_of_the_number_is_asked_for() -> None:
    found, questions = look_up(f'{NAME}. NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:a@home.test!" .')
    assert (str(found), questions) == ("sip:a@home.test", [f"{NAME} NAPTR"])


def test_nobodys_number_is_none() -> None:
    assert look_up()[0] is None
    assert look_up(f'{NAME}. NAPTR 100 10 "u" "E2U+email:mailto" "!^.*$!mailto:a@home.test!" .')[0] is None


def test_a_server_that_cannot_answer_is_told() -> None:
    with pytest.raises(LocationFailed, match="SERVFAIL"):
        look_up(rcode=dns.rcode.SERVFAIL)
