"""What the sniffers of a lab saw: the packets of a captured cell, by point."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from conformance.capture.spool_reader import SpoolReader
from conformance.pcapng.contents import Interface, Packet


def packets(file: Path) -> dict[str, list[bytes]]:
    """Return the octets of all packets by the name of their interface, which is the point."""
    names: dict[int, str] = {}
    found: dict[str, list[bytes]] = defaultdict(list)
    with file.open("rb") as stream:
        reader = SpoolReader(stream.fileno())
        while (blocks := reader.read()) is not None:
            for block in blocks:
                if isinstance(block, Interface):
                    names[block.index] = block.name
                elif isinstance(block, Packet):
                    found[names[block.interface]].append(block.data)
    return found
