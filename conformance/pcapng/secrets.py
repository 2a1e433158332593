"""Puts keys of TLS connections into a capture: whoever has the file can read them (draft-ietf-opsawg-pcapng).

A reader that goes through the file once wants them before the packets: they come right behind the section header.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

from conformance.pcapng.blocks import DECRYPTION_SECRETS

TLS_KEY_LOG: Final = 0x544C534B
"""Secrets type: lines of the key log that TLS libraries write."""
_HEAD = struct.Struct("<II")


def add_tls_keys(file: Path, key_log: bytes) -> None:
    """Add keys to a capture of one section, little-endian, as `PcapngWriter` writes it.

    Args:
        file: the capture; there is either the old one or the whole new one.
        key_log: lines of the key log.

    Raises:
        OSError: it cannot be read or written.
        ValueError: it does not begin with a section header.
    """
    content = file.read_bytes()
    length = _HEAD.unpack_from(content)[1] if content[:4] == b"\x0a\x0d\x0d\x0a" else 0
    if not 28 <= length <= len(content):
        raise ValueError(f"{file}: expected a section header, found {content[:8].hex()}")
    made = file.with_name(f"{file.name}.part")
    with made.open("wb") as stream:
        stream.write(content[:length])
        stream.write(secrets_block(key_log))
        stream.write(content[length:])
    made.replace(file)


def secrets_block(key_log: bytes) -> bytes:
    """Return a decryption secrets block, little-endian."""
    body = _HEAD.pack(TLS_KEY_LOG, len(key_log)) + key_log + b"\0" * (-len(key_log) % 4)
    total = len(body) + 12
    return _HEAD.pack(DECRYPTION_SECRETS, total) + body + struct.pack("<I", total)
