"""What RTP looks like, so that most packets of a large capture need no more than one look.

RTP has no mark of its own. What is taken for it is whole, is on ports that neither a service below 1024 nor a tunnel
has, and begins with version 2 (RFC 3550 5.1), which neither SIP nor Diameter does, and without the counts of a DNS
header.
"""

from __future__ import annotations

import re
from typing import Final

from conformance.trace.links import ETHERNET, LINUX_COOKED, LINUX_COOKED_2, RAW

GTP_USER: Final = 2152
"""3GPP TS 29.281 4.4.2."""
NEVER_MEDIA: Final = frozenset(
    (GTP_USER, 1701, 2123, 3544, 4341, 4342, 4500, 4754, 4789, 4790, 5246, 5247, 6081, 6635, 8472, 9899, 10500, 37008)
)
"""UDP ports above 1023 whose datagrams carry packets: what looks like RTP there may be the head of a tunnel."""

_V4: Final = rb"\x45.{5}[\x00\x40]\x00.\x11.{10}"
"""IPv4 without options, not a fragment, UDP; up to its ports."""
_V6: Final = rb"[\x60-\x6f].{5}\x11.{33}"
_HIGH: Final = b"".join(re.escape(bytes([high])) for high in sorted({*range(4), *(port >> 8 for port in NEVER_MEDIA)}))
_PORT: Final = rb"[^" + _HIGH + rb"]."
"""By its higher octet only: a port near that of a tunnel is looked at again, more closely."""
_RTP: Final = _PORT + _PORT + rb".{4}[\x80-\xbf][^\xc8-\xcf]..(?!\x00\x01\x00.\x00.\x00.).{8}"
_GTP: Final = rb"..\x08\x68.{4}\x30\xff.{6}(?:" + _V4 + b"|" + _V6 + b")" + _RTP
_DATAGRAM: Final = rb"(?:" + _RTP + b"|" + _GTP + b")"
_TYPED: Final = rb"(?:\x08\x00" + _V4 + rb"|\x86\xdd" + _V6 + b")" + _DATAGRAM

MEDIA: Final = {
    ETHERNET: re.compile(rb".{12}(?:\x81\x00..)?" + _TYPED, re.DOTALL),
    LINUX_COOKED: re.compile(rb".{14}" + _TYPED, re.DOTALL),
    LINUX_COOKED_2: re.compile(rb"(?:\x08\x00.{18}" + _V4 + rb"|\x86\xdd.{18}" + _V6 + b")" + _DATAGRAM, re.DOTALL),
    **{number: re.compile(rb"(?:" + _V4 + b"|" + _V6 + b")" + _DATAGRAM, re.DOTALL) for number in RAW},
}
"""Frames with RTP, as it is or in GTP-U, by link type. RTCP is not among them: it is rare, and counted by itself."""


def like_dns(data: bytes, offset: int) -> bool:
    """Tell whether the counts of a DNS header could stand there: one question, and few records (RFC 1035 4.1.1)."""
    counts = data[offset + 4 : offset + 12]
    return counts[:2] == b"\0\1" and not (counts[2] or counts[4] or counts[6])
