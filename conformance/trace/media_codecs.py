"""What payload types mean: by RFC 3551 where they are static, by session descriptions where they are not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from conformance.trace.media_model import MediaStream
from conformance.trace.model import SipMessage

STATIC: Final = {
    0: "PCMU", 3: "GSM", 4: "G723", 5: "DVI4", 6: "DVI4", 7: "LPC", 8: "PCMA", 9: "G722", 10: "L16", 11: "L16",
    12: "QCELP", 13: "CN", 14: "MPA", 15: "G728", 16: "DVI4", 17: "DVI4", 18: "G729", 25: "CelB", 26: "JPEG", 28: "nv",
    31: "H261", 32: "MPV", 33: "MP2T", 34: "H263",
}  # fmt: skip
"""RFC 3551 6, tables 4 and 5."""
UNKNOWN: Final = "unknown"
_MOST_NAMES: Final = 5_000
_LINE: Final = re.compile(
    rb"^(?:c=IN IP[46] ([0-9A-Fa-f.:]{2,45})|m=[a-z]{1,20} ([0-9]{1,5}) "
    rb"|a=rtpmap:([0-9]{1,3}) ([A-Za-z0-9.+-]{1,40})/)",
    re.MULTILINE,
)

Names = dict[tuple[str, int, int], str]
"""Name of the codec by address, port and payload type; address empty and port 0: what any description says."""


def described(messages: Iterable[SipMessage]) -> Names:
    """Return what session descriptions say of dynamic payload types (RFC 4566 5.7, 5.14, 6); the first one counts."""
    names: Names = {}
    for message in messages:
        if b"a=rtpmap:" not in message.raw:
            continue
        body = message.sip.body
        address, port = "", 0
        for found in _LINE.finditer(body):
            where, media, kind, name = found.groups()
            if where is not None:
                address = where.decode()
            elif media is not None:
                port = int(media)
            elif len(names) < _MOST_NAMES:
                text = name.decode()
                names.setdefault((address, port, int(kind)), text)
                names.setdefault(("", 0, int(kind)), text)
    return names


def codec_of(stream: MediaStream, names: Names) -> str:
    """Return the name of the stream's most frequent payload type.

    Args:
        stream: any.
        names: from `described`. That of the receiver's own description counts more than that of any other.
    """
    kind = next(iter(stream.payload_types), -1)
    if kind in STATIC:
        return STATIC[kind]
    end = stream.destination
    return names.get((end.address, end.port, kind)) or names.get(("", 0, kind)) or UNKNOWN
