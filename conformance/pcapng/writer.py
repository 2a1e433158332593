"""Writing pcapng, block by block (draft-ietf-opsawg-pcapng).

scapy's PcapNgWriter knows no interface filter, no interface statistics block and no section comment, and
makes an interface a link type instead of one a point; these are what a cell's file is about. The five blocks
that are needed are shorter than the work around it would be.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

from conformance.pcapng.blocks import (
    BYTE_ORDER_MAGIC,
    DECRYPTION_SECRETS,
    ENHANCED_PACKET,
    IF_DESCRIPTION,
    IF_FILTER,
    IF_NAME,
    IF_TSRESOL,
    INTERFACE_DESCRIPTION,
    INTERFACE_STATISTICS,
    ISB_ENDTIME,
    ISB_IFDROP,
    ISB_IFRECV,
    ISB_STARTTIME,
    OPT_COMMENT,
    SECTION_HEADER,
    SHB_USERAPPL,
    TLS_KEY_LOG,
    option,
)

SNAP_LENGTH: Final = 262_144
"""Bytes kept of a packet: more than any packet on `lo` has."""
_NANOSECONDS = 9
_PACKET_HEAD = struct.Struct("<IIIIIII")
_TAIL = struct.Struct("<I")
_PADS = (b"", b"\0\0\0", b"\0\0", b"\0")


class PcapngWriter:
    """Writes one section of a pcapng file, little-endian, times in nanoseconds.

    Args:
        stream: Where the blocks go; it is neither flushed nor closed here.
        comment: Comment of the section, shown by `capinfos`; none where it is empty.
    """

    def __init__(self, stream: BinaryIO, comment: str = "") -> None:
        self._stream = stream
        self._interfaces = 0
        options = option(OPT_COMMENT, comment.encode()) if comment else b""
        options += option(SHB_USERAPPL, b"netlab-conformance")
        self._block(SECTION_HEADER, struct.pack("<IHHq", BYTE_ORDER_MAGIC, 1, 0, -1), options)

    def interface(self, name: str, link_type: int, packet_filter: str, description: str = "") -> int:
        """Describe the next interface and return its number, counted from 0.

        Args:
            name: `if_name`.
            link_type: LINKTYPE value of its packets (1: Ethernet, which `lo` uses too).
            packet_filter: `if_filter`, as a string of pcap-filter(7).
            description: `if_description`, for a reader; empty: none.
        """
        options = option(IF_NAME, name.encode())
        if description:
            options += option(IF_DESCRIPTION, description.encode())
        options += option(IF_TSRESOL, bytes([_NANOSECONDS]))
        # The first octet of if_filter tells its kind; 0 is a libpcap string.
        options += option(IF_FILTER, b"\0" + packet_filter.encode())
        self._block(INTERFACE_DESCRIPTION, struct.pack("<HHI", link_type, 0, SNAP_LENGTH), options)
        self._interfaces += 1
        return self._interfaces - 1

    def tls_keys(self, lines: bytes) -> None:
        """Write the secrets of TLS connections, in front of their packets; where there are none, nothing.

        Args:
            lines: an NSS key log.
        """
        if lines:
            body = struct.pack("<II", TLS_KEY_LOG, len(lines)) + lines + _PADS[len(lines) & 3]
            total = len(body) + 12
            self._stream.write(struct.pack("<II", DECRYPTION_SECRETS, total) + body + _TAIL.pack(total))

    def packet(self, interface: int, time_ns: int, data: bytes | memoryview, original_length: int) -> None:
        """Write one packet.

        Args:
            interface: Number that `interface` returned.
            time_ns: Nanoseconds since 1970.
            data: The captured octets, from the link header on.
            original_length: Octets that the packet had on the wire.
        """
        captured = len(data)
        pad = _PADS[captured & 3]
        total = _PACKET_HEAD.size + captured + len(pad) + _TAIL.size
        head = _PACKET_HEAD.pack(
            ENHANCED_PACKET, total, interface, time_ns >> 32, time_ns & 0xFFFFFFFF, captured, original_length
        )
        self._stream.write(b"".join((head, data, pad, _TAIL.pack(total))))

    def statistics(self, interface: int, start_ns: int, end_ns: int, received: int, dropped: int) -> None:
        """Write what an interface received and lost between two times (nanoseconds since 1970)."""
        options = option(ISB_STARTTIME, _time(start_ns)) + option(ISB_ENDTIME, _time(end_ns))
        options += option(ISB_IFRECV, struct.pack("<Q", received)) + option(ISB_IFDROP, struct.pack("<Q", dropped))
        self._block(INTERFACE_STATISTICS, struct.pack("<I", interface) + _time(end_ns), options)

    def _block(self, kind: int, fixed: bytes, options: bytes) -> None:
        body = fixed + options + struct.pack("<HH", 0, 0)
        total = len(body) + 12
        self._stream.write(struct.pack("<II", kind, total) + body + _TAIL.pack(total))


def _time(time_ns: int) -> bytes:
    """Return a time of a statistics block: upper half first, each half in the byte order of the section."""
    return struct.pack("<II", time_ns >> 32, time_ns & 0xFFFFFFFF)
