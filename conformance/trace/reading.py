"""What was read of one capture file: sightings, and what is to be said of the file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from conformance.trace.interfaces import Interfaces
from conformance.trace.media_streams import StreamReader
from conformance.trace.merge import Seen
from conformance.trace.model import CaptureFile, VpnStream
from conformance.vocabulary.points import POINTS

MAX_PROBLEMS = 50
"""Problem lines of one capture; what is beyond is counted."""


@dataclass(slots=True)
class Reading:
    """What was read of one file."""

    file: Path
    seen: list[Seen] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unlisted: int = 0
    frames: int = 0
    interfaces: Interfaces = field(default_factory=Interfaces)
    not_read: Counter[str] = field(default_factory=Counter)
    """Frames without signalling by their innermost protocol, as Wireshark calls it."""
    cut_segments: int = 0
    clock_offset_ns: int | None = None
    vpn: tuple[VpnStream, ...] = ()
    media: StreamReader | None = None
    """None where tshark alone could read the file."""

    def problem(self, line: str) -> None:
        """Note what is wrong, each line once, and no more than a bounded number of them."""
        if line in self.problems:
            return
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(line)
        else:
            self.unlisted += 1

    def streams(self) -> tuple[VpnStream, ...]:
        """Return the tunnels that were seen from outside, with the clock offset that is known by now."""
        if self.clock_offset_ns:
            for packet in (packet for stream in self.vpn for packet in stream.first.values()):
                packet.sightings = tuple(replace(one, clock_offset_ns=self.clock_offset_ns) for one in packet.sightings)
        return self.vpn

    def summary(self) -> CaptureFile:
        """Return what the trace says of the file."""
        problems = list(self.problems)
        if self.unlisted:
            problems.append(f"{self.unlisted} further problems are not listed")
        points = [POINTS[one.name] for one in self.interfaces.all if one.name in POINTS]
        return CaptureFile(
            file=str(self.file),
            frames=self.frames,
            signalling=len({seen.sighting.frame for seen in self.seen}),
            drops=self.interfaces.drops,
            points=tuple(dict.fromkeys(points)),
            problems=tuple(problems),
            not_read=dict(self.not_read.most_common()),
            cut_segments=self.cut_segments,
            clock_offset_ns=self.clock_offset_ns,
        )
