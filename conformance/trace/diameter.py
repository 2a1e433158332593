"""Takes Diameter messages apart (RFC 6733 3 and 4), with byte offsets; which AVPs are grouped Wireshark says."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from conformance.trace.model import DiameterAvp, DiameterMessage

HEADER = 20
MAX_DEPTH = 20
_NAMES = {
    257: "CE",
    258: "RA",
    265: "AA",
    271: "AC",
    272: "CC",
    274: "AS",
    275: "ST",
    280: "DW",
    282: "DP",
    300: "UA",
    301: "SA",
    302: "LI",
    303: "MA",
    304: "RT",
    305: "PP",
    306: "UD",
    307: "PU",
    308: "SN",
    309: "PN",
    316: "UL",
    317: "CL",
    318: "AI",
    319: "ID",
    320: "DS",
    321: "PU",
    322: "RE",
    323: "NO",
    324: "EC",
}


@dataclass(frozen=True, slots=True)
class DiameterHeader:
    """The fixed part of a message (RFC 6733 3)."""

    length: int
    flags: int
    command: int
    application: int
    hop_by_hop: int
    end_to_end: int


def read_header(raw: bytes) -> DiameterHeader | None:
    """Read the header; None where the bytes are too few."""
    if len(raw) < HEADER:
        return None
    first, second, application, hop_by_hop, end_to_end = struct.unpack_from("!5I", raw)
    return DiameterHeader(first & 0xFFFFFF, second >> 24, second & 0xFFFFFF, application, hop_by_hop, end_to_end)


def split_avps(raw: bytes, known: Mapping[int, str]) -> tuple[DiameterAvp, ...]:
    """Take the AVPs of a message apart.

    Args:
        raw: The message from its first byte.
        known: What Wireshark found: the name of each AVP by its offset, children included. An AVP in whose
            data Wireshark found another is grouped.

    Returns:
        The AVPs in order; where one is cut or has an impossible length the list ends before it.
    """
    return _split(raw, HEADER, len(raw), known, 0)


def _split(raw: bytes, start: int, stop: int, known: Mapping[int, str], depth: int) -> tuple[DiameterAvp, ...]:
    avps: list[DiameterAvp] = []
    position = start
    while position + 8 <= stop:
        code, flags_length = struct.unpack_from("!II", raw, position)
        flags, length = flags_length >> 24, flags_length & 0xFFFFFF
        head = 12 if flags & 0x80 else 8
        if length < head or position + length > stop:
            break
        vendor = struct.unpack_from("!I", raw, position + 8)[0] if head == 12 else 0
        begin, end = position + head, position + length
        grouped = begin in known and depth < MAX_DEPTH
        children = _split(raw, begin, end, known, depth + 1) if grouped else ()
        name = known.get(position, "Unknown")
        avps.append(DiameterAvp(code, vendor, flags, raw[begin:end], position, length, name, children))
        position = end + (-length % 4)
    return tuple(avps)


def offsets(avps: tuple[DiameterAvp, ...]) -> list[tuple[int, int]]:
    """Return offset and code of all AVPs, children behind their parent, to compare with Wireshark's."""
    found: list[tuple[int, int]] = []
    for avp in avps:
        found.append((avp.offset, avp.code))
        found.extend(offsets(avp.children))
    return found


def short_name(message: DiameterMessage) -> str:
    """Return the abbreviation of the command: `UAR`, `UAA`, ...; the number with R or A where none is known.

    User-Data and Push-Profile commands of Cx and Sh are 3GPP TS 29.229 and 29.329, S6a is 3GPP TS 29.272.
    """
    return _NAMES.get(message.command, str(message.command)) + ("R" if message.is_request else "A")
