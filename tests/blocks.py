"""Which part of 127/8 belongs to which tests: two that meet at one address break each other.

A block is 127.N.0.0/16. The federation of a run lies in 127.1.0.0/16, and each further worker of the run takes the next
block (`federation.rebase`); so what tests bind begins far behind that. Tests of one room that run in one process share
a block and part it among themselves by the third octet. `tests/test_blocks.py` sees to it that nobody uses another's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import IntEnum, unique
from pathlib import Path

from conformance.federation import default_federation_path

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
"""Number of the xdist worker that runs these tests; 0 without xdist."""
_WORKERS = 30
"""Blocks of those whose tests may run in several workers at a time."""


@unique
class Block(IntEnum):
    """Second octet of each."""

    CAPTURE = 32
    """Sniffers on `lo`; each worker has eight third octets."""
    DIAMETER = 33
    SIP = 34
    """Two SIP elements over sockets, name servers, and the core as a whole."""
    NODES = 35
    """Nodes and terminals, each opposite to the test."""
    KAMAILIO = 37
    POINTS = 38
    """A federation whose packets are sent by the test."""
    RUNS = 41
    """Whole runs without xdist, each a process of its own."""
    TUNNELS = 43
    PROCEDURES = 44
    """A federation that lives as long as its tests."""
    CALLS = 45
    CELLS = 47
    MISHAPS = 48
    QUIRKS = 53
    """A federation whose terminals deviate, one after the other."""
    LIVE_FAULTS = 51
    """A run of `netlab faults`, beside other whole runs."""
    STANDING = 61
    """What `netlab testbed` holds."""
    RUNS_WITH_WORKERS = 71
    """Whole runs with xdist: these tests' own workers are 71, 72, ..."""
    RUNS_ON_STANDING = 75

    @property
    def prefix(self) -> str:
        """How its addresses begin: `127.41.`."""
        return f"127.{self.value}."

    @property
    def number(self) -> int:
        """Number of the parallel worker of a run whose federation lies in this block."""
        return self - 1

    @property
    def own_number(self) -> int:
        """The same for tests that several xdist workers may run at a time: each worker has a block of its own."""
        if WORKER == 0:
            return self.number
        return OF_WORKERS[self] - 1 + WORKER % _WORKERS

    def federation(self, file: Path) -> Path:
        """Write the emulated federation, moved into this block, and return the file."""
        text = default_federation_path().read_text(encoding="utf-8")
        file.write_text(text.replace("127.1.", self.prefix), encoding="utf-8")
        return file


OF_WORKERS: Mapping[Block, int] = {
    Block.TUNNELS: 81,
    Block.CALLS: 111,
    Block.CELLS: 141,
    Block.MISHAPS: 171,
    Block.POINTS: 201,
}
"""Where the blocks of the further workers begin."""

OWNERS: Mapping[Block, tuple[str, ...]] = {
    Block.CAPTURE: ("capture",),
    Block.DIAMETER: ("stack/test_diameter.py", "stack/test_cx.py", "cores/test_hss.py"),
    Block.SIP: ("stack", "cores/test_dns.py", "cores/test_core.py"),
    Block.NODES: ("cores", "terminals"),
    Block.KAMAILIO: ("cores/kamailio",),
    Block.POINTS: ("capture/test_points.py",),
    Block.RUNS: ("end_to_end",),
    Block.TUNNELS: ("cores/test_gateway.py", "stack/test_tunnel.py", "stack/test_udp_port.py"),
    Block.PROCEDURES: ("cores",),
    Block.CALLS: ("runs/test_calls.py",),
    Block.CELLS: ("runs/test_cell.py",),
    Block.MISHAPS: ("runs/test_mishaps.py",),
    Block.QUIRKS: ("end_to_end/test_quirks.py",),
    Block.LIVE_FAULTS: ("end_to_end/test_live_faults.py",),
    Block.STANDING: ("commands/test_testbed.py",),
    Block.RUNS_WITH_WORKERS: ("end_to_end",),
    Block.RUNS_ON_STANDING: ("end_to_end/test_standing.py",),
}
"""Rooms and files of tests/ that may name a block."""
