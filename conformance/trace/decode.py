"""Reads captures: the one room of the judging side that opens files and runs tshark.

Each file is gone through once (`picker`). SIP in plain datagrams is read on the way; frames that may hold other
signalling go to one tshark, which reassembles, decapsulates, decrypts, and hands every SIP, Diameter and DNS message
over as raw bytes (`tap.lua`). What is no ordinary pcap or pcapng, or damaged, tshark reads alone. One tshark a file,
not one for all: TCP connections and fragments of one file must not mix with those of another that saw the same
packets. The files of one call are read at the same time.
"""

from __future__ import annotations

import gc
import os
import re
import subprocess
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conformance.pcapng.blocks import BadBlock
from conformance.pcapng.walk import Walk
from conformance.trace.clocks import align
from conformance.trace.interfaces import Interface, Interfaces, read_interfaces
from conformance.trace.media import MEDIA
from conformance.trace.media_merge import join_streams
from conformance.trace.media_streams import MOST_STREAMS
from conformance.trace.merge import group_sightings
from conformance.trace.messages import make_messages
from conformance.trace.model import Trace
from conformance.trace.picker import Picker
from conformance.trace.reading import Reading
from conformance.trace.records import Frames, PickedFrames, Taken, WholeFile, read_records
from conformance.trace.reduced import Reduced
from conformance.trace.tshark import INSTALL, MISSING, Tshark
from conformance.trace.unpack import check_unpacked_size, open_capture
from conformance.vocabulary.collector import without_collector
from conformance.vocabulary.errors import BadInput, NotPermitted

MINIMUM_TSHARK = (3, 6)
"""The first with the fields and the Lua functions that `tap.lua` uses."""
SECONDS_AT_LEAST = 60
BYTES_PER_SECOND = 200_000
"""tshark reads some 3 MB/s on a slow machine; slower than this means that it hangs on a hostile capture."""
_UNREADABLE = ("isn't a capture file", "couldn't be opened", "damaged or corrupt", "cut short")
"""What tshark says of a file; where it read no frame of it, there is nothing to keep."""
_MOST_PORTS = 100
_MANY = 20_000
"""Messages of a trace that the garbage collector is kept away from for good."""


@dataclass(frozen=True, slots=True)
class _Task:
    """One file, and how it is to be read."""

    index: int
    file: Path
    keys: Path | None
    waiting: Tshark | None
    """To be used for this file only."""


def read_trace(
    files: Sequence[Path],
    *,
    keys: Path | None = None,
    waiting: Tshark | None = None,
    everything_by_tshark: bool = False,
) -> Trace:
    """Read captures and merge their messages into one trace.

    Args:
        files: Captures in any format that tshark reads.
        keys: A text file of keys: TLS key log lines, and ESP security associations as quoted, comma separated
            lines of Wireshark's `esp_sa` table.
        waiting: A tshark that was started ahead of time. It reads the first file if it can, and makes no other
            difference than that of time. The caller ends it.
        everything_by_tshark: Read nothing here that tshark can read. Slow; what the fast way is checked against.

    Returns:
        The messages in time order, copies merged. What could not be decoded is among the problems of its
        capture. Where several files saw the same messages, times are by the clock of the first file.

    Raises:
        BadInput: A file is missing, empty, unreadable, or no capture.
        NotPermitted: tshark is needed, and missing or too old.
    """
    for file in [*files, *([keys] if keys else [])]:
        _check_readable(file)
    if not files:
        return Trace((), ())
    tasks = [_Task(index, file, keys, None if index or keys else waiting) for index, file in enumerate(files)]
    read = _by_tshark if everything_by_tshark else _read
    with without_collector():  # it would look at a hundred thousand messages again and again; none is garbage
        with ThreadPoolExecutor(max_workers=min(len(files), os.cpu_count() or 1)) as pool:
            readings = list(pool.map(read, tasks))
        order = align(readings)
        messages = tuple(make_messages(group_sightings(order), readings))
        del order
        if len(messages) > _MANY:
            gc.freeze()  # and nor does it later: messages are in no cycles, and go when nobody has them any more
    vpn = tuple(stream for reading in readings for stream in reading.streams())
    media = join_streams(readings)
    return Trace(tuple(reading.summary() for reading in readings), messages, vpn, media)


@cache
def require_tshark() -> str:
    """Make sure that captures can be read.

    Returns:
        The version of tshark.

    Raises:
        NotPermitted: tshark is missing or too old.
    """
    try:
        done = subprocess.run(
            ["tshark", "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS_AT_LEAST
        )
    except FileNotFoundError as error:
        raise NotPermitted(MISSING) from error
    numbers = re.search(rb"[0-9]+(?:\.[0-9]+)+", done.stdout)
    version = numbers.group().decode() if numbers else "of an unknown version"
    _check_version(version)
    return version


def _check_version(version: str) -> None:
    numbers = re.match(r"([0-9]+)\.([0-9]+)", version)
    if numbers is None or (int(numbers.group(1)), int(numbers.group(2))) < MINIMUM_TSHARK:
        minimum = ".".join(map(str, MINIMUM_TSHARK))
        raise NotPermitted(f"tshark {version} is too old, expected {minimum} or later; {INSTALL}")


def _check_readable(file: Path) -> None:
    name = str(file).encode("utf-8", "backslashreplace").decode()
    if name != str(file):
        raise BadInput(f"{name}: a name that is no UTF-8 cannot stand in a report, expected another: rename the file")
    try:
        if file.exists() and not (file.is_file() or file.is_dir()):
            # It is read more than once, and whoever writes into a pipe does so once.
            raise BadInput(f"{file}: found a pipe or a device, expected a capture file: write it into a file first")
        with file.open("rb") as stream:
            if not stream.read(1):
                raise BadInput(f"{file}: empty, expected a capture file (pcap or pcapng)")
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = error.strerror if isinstance(error, OSError) else error
        raise BadInput(f"{file}: cannot be read ({reason}), expected a capture file") from error


def _read(task: _Task) -> Reading:
    """Read a file by going through its packets; where that cannot be done, by tshark alone."""
    started: list[Tshark] = []

    def begin() -> None:
        if task.waiting is None:
            # Now, so that it makes ready while the rest of the file is gone through.
            started.append(Tshark(None, keys=task.keys))

    try:
        with open_capture(task.file) as stream:
            walk = Walk(stream, None if task.keys else MEDIA)
            with closing(Reduced(begin, walk.secrets)) as reduced:
                picker = Picker(task.index, walk.interfaces, reduced, all_else=task.keys is not None)
                try:
                    picker.pick(walk.steps(picker.media.notes))
                except BadBlock:
                    return _by_tshark(task)
                reading = _picked(task.file, walk, picker)
                if len(reduced):
                    _dissect(task, reading, reduced, started)
                return reading
    finally:
        for tshark in started:
            tshark.close()


def _picked(file: Path, walk: Walk, picker: Picker) -> Reading:
    reading = Reading(file, seen=picker.seen, frames=walk.frames, not_read=picker.left_out, vpn=picker.vpn.streams)
    reading.media = picker.media
    reading.cut_segments = picker.cut_segments
    if walk.passed_over:
        reading.not_read["rtp"] += walk.passed_over
    reading.interfaces.all = [Interface(one.name, one.packets, one.drops) for one in walk.interfaces]
    if picker.media.not_followed:
        reading.problem(
            f"{picker.media.not_followed} packets like RTP are single ones, or beyond the {MOST_STREAMS} streams that "
            "are told apart"
        )
    if walk.is_cut:
        if not walk.frames:
            raise BadInput(f"{file}: cut short before its first packet, expected pcap or pcapng")
        reading.problem(f"the file is cut short in the middle of the packet behind frame {walk.frames}")
    if walk.without_time:
        reading.problem(f"{walk.without_time} packets have no time; they were given that of the packet before")
    return reading


def _dissect(task: _Task, reading: Reading, reduced: Reduced, started: list[Tshark]) -> None:
    """Have tshark read the frames that were picked for it."""
    if task.waiting is not None:
        attempt, taken = _attempt(task, reading, reduced, task.waiting)
        lines = task.waiting.complaints()
    if task.waiting is None or lines or not taken.complete or taken.frames != len(reduced):
        if not started:
            started.append(Tshark(None, keys=task.keys))
        attempt, taken = _attempt(task, reading, reduced, started[0])
        lines = started[0].complaints()
    if taken.missed_ports or taken.unnamed:
        # Once more, now told that SIP is spoken on ports that belong to another protocol, and with the names of all
        # AVPs that there are.
        ports = sorted(taken.missed_ports)[:_MOST_PORTS]
        started.append(Tshark(None, keys=task.keys, sip_ports=ports, all_names=True))
        attempt, taken = _attempt(task, reading, reduced, started[-1])
        lines = started[-1].complaints()
    _complaints(lines, taken, attempt)
    for port in sorted(taken.missed_ports):
        attempt.problem(f"TCP port {port}: segments begin like SIP and tshark decodes no SIP there")
    if taken.frames != len(reduced):
        attempt.problem(f"tshark read {taken.frames} of the {len(reduced)} frames that it was given")
    _keep(reading, attempt)


def _attempt(task: _Task, reading: Reading, reduced: Reduced, tshark: Tshark) -> tuple[Reading, Taken]:
    attempt = Reading(task.file, interfaces=reading.interfaces)
    tshark.feed(reduced.open())
    taken = _take(tshark, task.index, attempt, PickedFrames(reduced))
    tshark.wait_for_feeder()  # the stream that it reads may be read again
    return attempt, taken


def _keep(reading: Reading, attempt: Reading) -> None:
    """Add what tshark read to what was read here."""
    reading.seen += attempt.seen
    reading.not_read += attempt.not_read
    for line in attempt.problems:
        reading.problem(line)
    reading.unlisted += attempt.unlisted


def _by_tshark(task: _Task) -> Reading:
    """Read a file by tshark alone."""
    check_unpacked_size(task.file)  # tshark itself unpacks without a bound
    reading, taken = _whole_file(task, (), all_names=False)
    if taken.missed_ports or taken.unnamed:
        reading, taken = _whole_file(task, sorted(taken.missed_ports)[:_MOST_PORTS], all_names=True)
    for port in sorted(taken.missed_ports):
        reading.problem(f"TCP port {port}: segments begin like SIP and tshark decodes no SIP there")
    counted = _count_frames(task.file)
    if counted is not None and counted != reading.frames:
        reading.problem(f"tshark read {reading.frames} frames, the file has {counted}")
    return reading


def _whole_file(task: _Task, sip_ports: Sequence[int], *, all_names: bool) -> tuple[Reading, Taken]:
    reading = Reading(task.file, interfaces=_interfaces(task.file))
    with Tshark(task.file, keys=task.keys, sip_ports=sip_ports, all_names=all_names) as tshark:
        taken = _take(tshark, task.index, reading, WholeFile(reading))
        reading.frames = taken.frames
        _complaints(tshark.complaints(), taken, reading)
    return reading, taken


def _take(tshark: Tshark, index: int, reading: Reading, frames: Frames) -> Taken:
    """Read what tshark hands over, within a deadline. What it says after that is of no use."""
    deadline = SECONDS_AT_LEAST + reading.file.stat().st_size / BYTES_PER_SECOND
    watch = threading.Timer(deadline, tshark.kill)
    watch.start()
    try:
        return read_records(tshark.output, index, reading, frames)
    finally:
        if watch.finished.is_set():
            reading.problem(f"tshark did not finish within {deadline:.0f} s and was ended")
        watch.cancel()
        tshark.kill()


def _interfaces(file: Path) -> Interfaces:
    try:
        with open_capture(file) as stream:
            return read_interfaces(stream)
    except BadBlock:
        return Interfaces()  # tshark says what is wrong with the file


def _count_frames(file: Path) -> int | None:
    """Count the frames of a file without dissecting them; None where capinfos cannot tell."""
    try:
        done = subprocess.run(
            ["capinfos", "-c", "-M", str(file)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS_AT_LEAST,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    counted = re.search(rb"Number of packets:\s*([0-9]+)", done.stdout)
    return int(counted.group(1)) if counted else None


def _complaints(lines: list[str], taken: Taken, reading: Reading) -> None:
    """Turn what tshark wrote to standard error into problems, or raise where nothing was read."""
    if not taken.version:
        text = "\n".join(lines)
        if "lua" in text.lower() and "option" in text.lower():
            raise NotPermitted(f"this tshark is built without Lua, captures cannot be read; {INSTALL}")
        raise NotPermitted(f"tshark does not start: {lines[0] if lines else 'it wrote nothing'}; {INSTALL}")
    _check_version(taken.version)
    for line in lines:
        line = line.removeprefix("tshark: ")
        if not taken.frames and any(complaint in line for complaint in _UNREADABLE):
            raise BadInput(f"{reading.file}: not a capture file that tshark reads, expected pcap or pcapng")
        reading.problem(line)
    if not taken.complete and not lines:
        reading.problem(f"tshark ended early, behind frame {taken.frames}")
