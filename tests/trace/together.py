"""All captures that are there, in a few files: a tshark starts once for many of them.

`NETLAB_EXTRA_CAPTURES` names a folder of further captures, for those that may not be part of the project; each of them
stays a file of its own, and so do some of the others: what is told of a file as a whole is seen in these.
"""

from __future__ import annotations

import os
from pathlib import Path

from conformance.detection.batch import joined
from conformance.faults.pcapfile import encode_pcapng, read_packets

ROOT = Path(__file__).parents[2] / "captures"
TOGETHER = 24
EACH_ALONE = 40
"""One capture of so many is read alone as well."""

Group = tuple[Path, ...]
"""Captures that are read together."""


def captures_in(folder: Path) -> list[Path]:
    """Return the captures below a folder, sorted."""
    return sorted(file for file in folder.rglob("*") if file.suffix in (".pcap", ".pcapng") and file.is_file())


ALL = captures_in(ROOT)
EXTRA = [file for name in [os.environ.get("NETLAB_EXTRA_CAPTURES")] if name for file in captures_in(Path(name))]
GROUPS: tuple[Group, ...] = (
    *(tuple(ALL[start : start + TOGETHER]) for start in range(0, len(ALL), TOGETHER)),
    *((file,) for file in [*ALL[::EACH_ALONE], *EXTRA]),
)


def named(group: Group) -> str:
    """Return what a test of a group is called: its first capture, and how many follow."""
    first = f"{group[0].parent.name}/{group[0].name}"
    return first if len(group) == 1 else f"{first}+{len(group) - 1}"


def as_one_file(group: Group, folder: Path) -> Path:
    """Return a file with all packets of a group, each capture with addresses of its own."""
    if len(group) == 1:
        return group[0]
    file = folder / "together.pcapng"
    file.write_bytes(encode_pcapng(joined([(str(one), read_packets(one)) for one in group])))
    return file
