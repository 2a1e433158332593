"""The file of keys that somebody sends with a capture: looked at before tshark is given it.

tshark repeats a wrong line in its complaint, key and all, and complaints are shown. So a line that it would not
understand is refused here, by its number alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from conformance.vocabulary.errors import BadInput

BYTES_AT_MOST: Final = 16 << 20
"""A key log of some 80,000 TLS connections."""
EXPECTED: Final = 'TLS key log lines (CLIENT_RANDOM ...) or ESP lines ("IPv4","source","destination","SPI",...)'

_KEY = r'"(?:0x[0-9A-Fa-f]+)?"'
_ADDRESS = r'"[0-9A-Fa-f.:*?/]+"'
_ASSOCIATION: Final = re.compile(
    rf'"IPv[46]",{_ADDRESS},{_ADDRESS},"(?:\*|0x[0-9A-Fa-f*?]+)",'
    rf'"(?:NULL|(?:TripleDES|AES|DES|CAST5|BLOWFISH|TWOFISH|ChaCha20)[^"]*)",{_KEY},'
    rf'"(?:NULL|(?:HMAC|MAC|AES|ANY)[^"]*)",{_KEY}(?:,"(?:32|64)-bit")?'
)
"""A line of Wireshark's `esp_sa` table: protocol, addresses, SPI, encryption, key, authentication, key."""
_TLS: Final = re.compile(
    r"(?:[A-Z][A-Z0-9_]* [0-9A-Fa-f]+ [0-9A-Fa-f]+)|(?:RSA Session-ID:[0-9A-Fa-f]* Master-Key:[0-9A-Fa-f]+)"
)
"""A line of the key log that TLS libraries write (SSLKEYLOGFILE)."""


def check_keys(file: Path) -> None:
    """Make sure that tshark understands every line of a file of keys.

    Args:
        file: TLS key log lines and lines of Wireshark's `esp_sa` table, mixed as they come; empty lines and lines
            that begin with `#` say nothing.

    Raises:
        BadInput: The file cannot be read, is too long, has no key, or has a line of neither form. The text names
            the line by its number and repeats nothing of it.
    """
    found = False
    try:
        with file.open("rb") as stream:
            content = stream.read(BYTES_AT_MOST + 1)
    except OSError as error:
        raise BadInput(f"{file}: cannot be read ({error.strerror}), expected a file of keys") from error
    if len(content) > BYTES_AT_MOST:
        raise BadInput(f"{file}: more than {BYTES_AT_MOST >> 20} MB, expected a file of keys: {EXPECTED}")
    for number, line in enumerate(content.decode("utf-8", "replace").split("\n"), 1):
        line = line.rstrip()
        if not line or line.startswith("#"):
            continue
        if not _ASSOCIATION.fullmatch(line) and not _TLS.fullmatch(line):
            raise BadInput(f"{file}: line {number} is no key, expected {EXPECTED}, keys in hexadecimal with 0x")
        found = True
    if not found:
        raise BadInput(f"{file}: no key in it, expected {EXPECTED}")
