"""A second reading: what Wireshark sees in single frames, through pyshark.

The judge reads SIP with its own reader. Before it calls a frame wrong, the frame is read once more by a
program that shares nothing with that reader. pyshark gives its tshark processes back only when it is closed;
so it reads only the frames asked for, in the main thread, and is closed at once.

pyshark makes an object of each field of each packet, some 100 a frame, of which the judge needs name and value:
those are taken out of the packet's XML at once, a third of the work. A large capture may have a FAIL in each of
thousands of procedures.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import warnings
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import lxml.etree
import pyshark
from packaging.version import Version, parse
from pyshark.tshark.output_parser.tshark_xml import DEL_BAD_XML_CHARS, TsharkXmlParser
from pyshark.tshark.tshark import TSharkNotFoundException

from conformance.trace.decode import BYTES_PER_SECOND, SECONDS_AT_LEAST, require_tshark
from conformance.trace.tshark import DECODER_OPTIONS
from conformance.vocabulary.errors import BadInput, HarnessFault, NotPermitted

FRAMES_AT_ONCE = 2000
"""Frame numbers in one display filter; each start of tshark goes through the file from its beginning."""
_PIECE: Final = 1 << 16
_END_S: Final = 10.0
"""How long tshark may take to end after its last word, or after it was killed."""


@dataclass(frozen=True, slots=True)
class FrameReading:
    """One frame as Wireshark reads it."""

    frame: int
    protocols: tuple[str, ...]
    """Layers from the outside to the inside: `ip`, `udp`, `sip`."""
    fields: dict[str, list[str]] = field(default_factory=dict)
    """Wireshark's field name (`sip.Call-ID`) to the values that it shows, in order, of all layers and all
    messages of the frame."""


def second_reading(file: Path, frames: Iterable[int]) -> dict[int, FrameReading]:
    """Read frames of a capture with pyshark. To be called in the main thread, outside of an event loop.

    Args:
        file: The capture.
        frames: Frame numbers, as tshark counts them.

    Returns:
        What was read, by frame number. A frame that the capture does not have is missing.

    Raises:
        BadInput: The capture cannot be read.
        NotPermitted: tshark is missing.
        HarnessFault: Called inside a running event loop, where pyshark cannot work.
    """
    wanted = sorted({frame for frame in frames if frame > 0})
    if not file.is_file():
        raise BadInput(f"{file}: no such capture, expected the file that was judged")
    with suppress(RuntimeError):
        asyncio.get_running_loop()
        raise HarnessFault("pyshark cannot work inside a running event loop; read frames outside of it")
    found: dict[int, FrameReading] = {}
    for start in range(0, len(wanted), FRAMES_AT_ONCE):
        _read(file, wanted[start : start + FRAMES_AT_ONCE], found)
    return found


def _read(file: Path, frames: list[int], found: dict[int, FrameReading]) -> None:
    # An own loop: after asyncio.run() there is no current one, and pyshark would ask for it.
    loop = asyncio.new_event_loop()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pyshark uses child watchers
        try:
            capture = _FrameCapture(
                str(file),
                display_filter=f"frame.number in {{{_ranges(frames)}}}",
                custom_parameters=["-n", *DECODER_OPTIONS],
                keep_packets=False,
                eventloop=loop,
            )
            deadline = SECONDS_AT_LEAST + file.stat().st_size / BYTES_PER_SECOND
            watch = threading.Timer(deadline, capture.end)
            watch.start()
            try:
                for reading in capture:
                    found[reading.frame] = reading
                    if reading.frame == frames[-1]:
                        break  # what follows was not asked for, and may be long
            finally:
                watch.cancel()
                watch.join()  # who forks this process later wants no threads in it
                capture.close()
        except TSharkNotFoundException as error:
            raise NotPermitted("tshark is not installed; install it: apt-get install tshark") from error
        finally:
            loop.close()
    # tshark also ends with an error behind the last whole packet of a file that was cut short.
    if capture.exit_code != 0 and not all(frame in found for frame in frames):
        raise BadInput(f"{file}: tshark did not read it to the frames asked for")


class _FrameCapture(pyshark.FileCapture):  # type: ignore[misc]  # pyshark has no types
    """A FileCapture that lets tshark end by itself and keeps its exit status.

    pyshark kills tshark as soon as it has read the last packet, which is about when tshark ends. `kill` of Python
    3.11 first looks whether the process has ended, and if so takes the exit status away from asyncio's child
    watcher: that complains of an unknown child and reports 255, which pyshark takes for a crash.
    """

    exit_code: int | None = None

    def end(self) -> None:
        """End tshark, from any thread."""
        for process in tuple(self._running_processes):
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)

    def _setup_tshark_output_parser(self) -> TsharkXmlParser:
        return _FrameParser()

    def _get_tshark_version(self) -> Version:
        # pyshark starts a tshark for each capture to ask that, which takes as long as to read the frames.
        return parse(require_tshark())

    async def _cleanup_subprocess(self, process: asyncio.subprocess.Process) -> None:
        if self._eof_reached:
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _END_S)
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            with suppress(TimeoutError):
                await asyncio.wait_for(_drain(process), _END_S)
        self.exit_code = process.returncode


async def _drain(process: asyncio.subprocess.Process) -> None:
    """Wait for the end of a process; asyncio tells of it when all that was written has been read."""
    assert process.stdout is not None
    while await process.stdout.read(_PIECE):
        pass
    await process.wait()


class _FrameParser(TsharkXmlParser):  # type: ignore[misc]  # pyshark has no types
    """pyshark's parser of what tshark writes (PDML); of each packet it makes a reading and nothing more."""

    def _parse_single_packet(self, packet: bytes) -> FrameReading:
        xml = packet.decode(errors="ignore").translate(DEL_BAD_XML_CHARS)
        parser = lxml.etree.XMLParser(huge_tree=True, recover=True, resolve_entities=False, encoding="utf-8")
        general, _, *layers = lxml.etree.fromstring(xml.encode(), parser).iterchildren("proto")
        number = next(one.attrib["show"] for one in general.iter("field") if one.attrib["name"] == "num")
        fields: dict[str, list[str]] = {}
        for layer in layers:
            for one in layer.iter("field"):
                name = one.get("name")
                if name:
                    fields.setdefault(name, []).append(one.get("show", ""))
        return FrameReading(int(number), tuple(str(layer.attrib["name"]) for layer in layers), fields)


def _ranges(frames: list[int]) -> str:
    """Return frame numbers in ascending order as Wireshark's display filter has them: `1, 4..6`."""
    ranges: list[list[int]] = []
    for frame in frames:
        if ranges and ranges[-1][1] == frame - 1:
            ranges[-1][1] = frame
        else:
            ranges.append([frame, frame])
    return ", ".join(str(first) if first == last else f"{first}..{last}" for first, last in ranges)
