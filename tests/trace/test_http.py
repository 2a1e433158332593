"""HTTP in a trace: the reader, segments, chunks, several messages of one connection, TLS with keys in the capture."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import ssl
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from conformance.pcapng.blocks import DECRYPTION_SECRETS
from conformance.trace.correlate import Transaction, correlate
from conformance.trace.decode import read_trace
from conformance.trace.http import read_http
from conformance.trace.model import HttpMessage, Trace

if TYPE_CHECKING:
    from conftest import Packets

CLIENT, SERVER, SECURE = "127.31.0.1:40000", "127.31.0.9:8080", "127.31.0.9:8443"
DOCUMENT = b'<ruleset xmlns="urn:ietf:params:xml:ns:common-policy"/>'
PUT = (
    b"PUT /xcap-root/pres-rules/users/sip:alice@uc3m.test/index HTTP/1.1\r\nHost: xdms.uc3m.test\r\n"
    b"Content-Type: application/auth-policy+xml\r\nContent-Length: " + str(len(DOCUMENT)).encode() + b"\r\n\r\n"
) + DOCUMENT
GET = b"GET /xcap-root/xcap-caps/global/index HTTP/1.1\r\nHost: xdms.uc3m.test\r\n\r\n"
CREATED = b'HTTP/1.1 201 Created\r\nETag: "1"\r\nContent-Length: 0\r\n\r\n'
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<a>\r\n4\r\n</a>\r\n0\r\n\r\n"


def test_a_request_is_read_with_the_places_of_its_fields() -> None:
    http = read_http(PUT)
    assert http is not None
    assert (http.method, http.status, http.body, http.is_whole) == ("PUT", None, DOCUMENT, True)
    host = http.first("host")
    assert host is not None
    assert PUT[host.offset : host.offset + host.length] == b"Host: xdms.uc3m.test"
    assert PUT[http.body_offset :] == DOCUMENT


def test_chunks_are_put_together() -> None:
    http = read_http(CHUNKED + b"HTTP/1.1 200 OK\r\n")
    assert http is not None
    assert (http.status, http.body, http.end, http.is_whole) == (200, b"<a></a>", len(CHUNKED), True)


@pytest.mark.parametrize("raw", [b"", b"SIP/2.0 200 OK\r\n\r\n", b"PUT /a\r\n", b"\xff\xfe", b"get / HTTP/1.1\r\n\r\n"])
def test_what_is_no_http_is_none(raw: bytes) -> None:
    assert read_http(raw) is None


@pytest.mark.parametrize("kept", range(70, len(PUT), 7))
def test_a_message_that_was_cut_is_not_whole(kept: int) -> None:
    http = read_http(PUT[:kept])
    assert http is not None
    assert not http.is_whole


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\nx",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 5000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\n: no name\r\n\0\0\0\r\n\r\n",
    ],
)
def test_hostile_messages_are_bounded(raw: bytes) -> None:
    http = read_http(raw)
    assert http is not None
    assert len(http.headers) <= 200


def exchange(packets: Packets, *sent: tuple[str, bytes], server: str = SERVER) -> None:
    """Add what both ends send, one segment each."""
    numbers = {CLIENT: 100, server: 900}
    for index, (end, content) in enumerate(sent):
        other = server if end == CLIENT else CLIENT
        packets.add(packets.tcp(end, other, numbers[end], content), at_ms=index, on="Ut")
        numbers[end] += len(content)


def http_of(trace: Trace) -> list[Transaction]:
    return [one for one in correlate(trace) if one.protocol == "HTTP"]


def statuses(trace: Trace) -> list[tuple[str, int | None]]:
    finals = [(one.method, one.final) for one in http_of(trace)]
    return [(method, final.http.status if isinstance(final, HttpMessage) else None) for method, final in finals]


def test_segments_make_messages_and_these_transactions(packets: Packets) -> None:
    exchange(packets, (CLIENT, PUT[:90]), (CLIENT, PUT[90:]), (SERVER, CREATED), (CLIENT, GET), (SERVER, CHUNKED))
    trace = packets.trace()
    assert statuses(trace) == [("PUT", 201), ("GET", 200)]
    assert [(one.raw, one.frame) for one in trace.http][:2] == [(PUT, 2), (CREATED, 3)]
    assert trace.captures[0].problems == ()


def test_answers_that_may_be_to_several_requests_are_given_to_none(packets: Packets) -> None:
    exchange(packets, (CLIENT, GET), (CLIENT, PUT), (SERVER, CREATED), (CLIENT, GET), (SERVER, CHUNKED))
    assert statuses(packets.trace()) == [("GET", None), ("PUT", None), ("", 201), ("GET", 200)]


def test_two_equal_requests_are_two(packets: Packets) -> None:
    exchange(packets, (CLIENT, GET), (SERVER, CREATED), (CLIENT, GET), (SERVER, CREATED))
    assert statuses(packets.trace()) == [("GET", 201), ("GET", 201)]


def test_what_tls_protects_is_read_with_the_keys_in_the_capture(packets: Packets, tmp_path: Path) -> None:
    log = tmp_path / "keys.txt"
    exchange(packets, *_over_tls(tmp_path, log, PUT, CREATED), server=SECURE)
    file = packets.write()
    without = read_trace([file])
    assert statuses(without) == []
    data = file.read_bytes()
    end = int.from_bytes(data[4:8], "little")
    file.write_bytes(data[:end] + _secrets(log.read_bytes()) + data[end:])
    trace = read_trace([file])
    assert statuses(trace) == [("PUT", 201)]
    assert next(trace.http).http.body == DOCUMENT


def _secrets(keys: bytes) -> bytes:
    """Return a decryption secrets block with a TLS key log."""
    body = struct.pack("<II", 0x544C534B, len(keys)) + keys + bytes(-len(keys) % 4)
    total = len(body) + 12
    return struct.pack("<II", DECRYPTION_SECRETS, total) + body + struct.pack("<I", total)


def _over_tls(folder: Path, log: Path, request: bytes, answer: bytes) -> list[tuple[str, bytes]]:
    """Return what client and server send of one request and its answer over TLS, without any network."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(_certificate(folder))
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.keylog_filename = str(log)
    pipes = {CLIENT: (ssl.MemoryBIO(), ssl.MemoryBIO()), SECURE: (ssl.MemoryBIO(), ssl.MemoryBIO())}
    ends = {
        CLIENT: client.wrap_bio(*pipes[CLIENT]),
        SECURE: server.wrap_bio(*pipes[SECURE], server_side=True),
    }
    sent: list[tuple[str, bytes]] = []

    def carry(end: str) -> None:
        other = SECURE if end == CLIENT else CLIENT
        content = pipes[end][1].read()
        if content:
            sent.append((end, content))
            pipes[other][0].write(content)

    for _ in range(3):
        for end, stream in ends.items():
            with contextlib.suppress(ssl.SSLWantReadError):
                stream.do_handshake()
            carry(end)
    ends[CLIENT].write(request)
    carry(CLIENT)
    assert ends[SECURE].read(4096) == request
    ends[SECURE].write(answer)
    carry(SECURE)
    return sent


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "xdms.uc3m.test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.31.0.9"))]), False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "server.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file
