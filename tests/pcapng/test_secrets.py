"""Keys of TLS connections in a capture."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest

from conformance.pcapng.secrets import TLS_KEY_LOG, add_tls_keys, secrets_block
from conformance.pcapng.writer import PcapngWriter

KEYS = b"CLIENT_RANDOM 00 11\n"


def test_the_keys_come_before_the_packets(tmp_path: Path) -> None:
    stream = io.BytesIO()
    writer = PcapngWriter(stream, "cell")
    writer.packet(writer.interface("Ut", 1, "tcp"), 1, b"packet", 6)
    whole = stream.getvalue()
    file = tmp_path / "c.pcapng"
    file.write_bytes(whole)
    add_tls_keys(file, KEYS)
    header = struct.unpack_from("<I", whole, 4)[0]
    assert file.read_bytes() == whole[:header] + secrets_block(KEYS) + whole[header:]
    assert list(tmp_path.iterdir()) == [file]


def test_the_block_is_padded() -> None:
    block = secrets_block(KEYS[:-1])
    kind, total, what, length = struct.unpack_from("<IIII", block)
    assert (kind, total, what, length) == (10, len(block), TLS_KEY_LOG, len(KEYS) - 1)
    assert len(block) % 4 == 0
    assert block[-4:] == struct.pack("<I", total)


@pytest.mark.parametrize("content", [b"", b"\x0a\x0d\x0d\x0a\x08\0\0\0", b"x" * 40])
def test_what_is_no_capture(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "c.pcapng"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="expected a section header"):
        add_tls_keys(file, KEYS)
    assert file.read_bytes() == content
