"""A cell's capture carries the secrets of TLS connections that were noted during the cell, and no older ones."""

from __future__ import annotations

import io
import socket
import ssl
import struct
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from conformance.capture import Sniffers, loopback_points
from conformance.capture.key_logs import KeyLogs
from conformance.fabric.pki import Authority
from conformance.federation import default_federation_path, load_federation, rebase
from conformance.pcapng.blocks import DECRYPTION_SECRETS, BlockSplitter
from conformance.pcapng.writer import PcapngWriter
from conformance.vocabulary.federation import NodeKind
from conformance.vocabulary.points import Point
from tests.blocks import Block


def test_what_grows_during_a_cell_is_its_own(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    logs = KeyLogs(lambda: [old, new, tmp_path / "never"])
    old.write_bytes(b"CLIENT_RANDOM 00 00\n")
    logs.mark()
    assert logs.grown() == b""
    with old.open("ab") as stream:
        stream.write(b"CLIENT_RANDOM 01 01\n")
    new.write_bytes(b"CLIENT_RANDOM 02 02\n")
    assert logs.grown() == b"CLIENT_RANDOM 01 01\nCLIENT_RANDOM 02 02\n"
    logs.mark()
    assert logs.grown() == b""


def test_without_key_logs_there_are_none() -> None:
    logs = KeyLogs()
    logs.mark()
    assert logs.grown() == b""


def test_secrets_are_a_block_of_their_own() -> None:
    stream = io.BytesIO()
    writer = PcapngWriter(stream)
    writer.tls_keys(b"")
    writer.tls_keys(b"CLIENT_RANDOM 01 01\n.")
    blocks = list(BlockSplitter().feed(stream.getvalue()))
    assert [kind for kind, _ in blocks[1:]] == [DECRYPTION_SECRETS]
    assert blocks[1][1] == struct.pack("<II", 0x544C534B, 21) + b"CLIENT_RANDOM 01 01\n.\0\0\0"


@pytest.mark.usefixtures("may_capture")
def test_https_is_read_without_any_other_file(tmp_path: Path, rows: Callable[..., list[list[str]]]) -> None:
    federation = rebase(load_federation(default_federation_path()), Block.POINTS.own_number)
    node = federation.testbeds["uc3m"].node(NodeKind.XDMS)
    address, log = str(node.address), tmp_path / "keys.log"
    chain = tmp_path / "chain.pem"
    authority = Authority(tmp_path / "pki")
    chain.write_bytes(authority.server_chain(["xdms.test"], address))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(chain)
    serving.keylog_filename = str(log)
    asking = ssl.create_default_context(cafile=str(authority.certificate))

    def answer(listener: socket.socket) -> None:
        with serving.wrap_socket(listener.accept()[0], server_side=True) as stream:
            stream.recv(1000)
            stream.sendall(b"HTTP/1.1 204 No Content\r\nETag: x\r\n\r\n")

    with Sniffers(loopback_points(federation), "scapy", tmp_path, KeyLogs(lambda: [log])) as sniffers:
        sniffers.open_cell("tls")
        with socket.create_server((address, 8443)) as listener:
            thread = Thread(target=answer, args=(listener,))
            thread.start()
            with asking.wrap_socket(socket.create_connection((address, 8443)), server_hostname="xdms.test") as stream:
                stream.sendall(b"GET /secret HTTP/1.1\r\nHost: xdms.test\r\n\r\n")
                assert stream.recv(1000).startswith(b"HTTP/1.1 204")
            thread.join()
        cell = sniffers.close_cell("tls", tmp_path / "tls.pcapng")
    assert cell.frames[Point.UT] == sum(cell.frames.values())
    found = [row for row in rows(cell.file, "http.request.uri", "http.response.code") if any(row)]
    assert found == [["/secret", ""], ["", "204"]]
