"""Capture with pyshark: its LiveCapture starts and owns a dumpcap, and dumpcap itself writes the spool.

pyshark's usual way, dumpcap into tshark into Python objects, falls behind at 1,000 packets a second. So the
tshark half is left out: what LiveCapture would pipe into tshark goes into the spool as it is.

dumpcap tells what it lost only when it ends (interface statistics blocks), so each cell has its own. A guard,
two commands of `sh`, kills it when the pipe from this process breaks, hence also when the run is killed. (The
kernel's own parent-death signal would not do: it is forgotten where dumpcap gets its rights from file capabilities.)
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
import warnings
from collections import deque
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import Any, BinaryIO, TypeVar

from pyshark.capture.live_capture import LiveCapture
from pyshark.tshark.tshark import TSharkNotFoundException, get_process_path

from conformance.capture.points import ObservationPoint
from conformance.capture.sniffer import Counts
from conformance.capture.spool_reader import SpoolReader
from conformance.pcapng.contents import Statistics
from conformance.vocabulary.errors import BadInput, NetlabError, NotPermitted, TestbedDown

T = TypeVar("T")

_BUFFER_MIB = 128
"""Kernel buffer, shared among the points. It is really taken at each start, 0.3 s for all of it."""
_QUEUE_OCTETS = 256 << 20
_QUEUE_PACKETS = 1_000_000
"""Between dumpcap's reading threads and its writer; its own limit of 1 MB would drop in the middle of a burst."""
_STOP_S = 10.0
_GUARD = 'read -r _; kill -KILL "$1"'
_FLUSHED = re.compile(r"^Packets received/dropped on interface .*/flushed:(\d+)/")
_INSTALL = "run `apt-get install tshark` as root"


class DumpcapCapture(LiveCapture):  # type: ignore[misc]  # pyshark has no types
    """A LiveCapture whose dumpcap has one interface a point, each with its filter, and writes a file.

    Args:
        points: Where to capture.
        loop: The event loop that the process belongs to.
    """

    def __init__(self, points: tuple[ObservationPoint, ...], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(interface=[point.interface for point in points], eventloop=loop)
        self._points = points
        self.process: asyncio.subprocess.Process | None = None
        self.complaints: deque[str] = deque(maxlen=100)

    def _get_dumpcap_parameters(self) -> list[str]:
        """Return dumpcap's arguments: options before the first `-i` hold for all interfaces."""
        megabytes = max(16, _BUFFER_MIB // len(self._points))
        parameters = ["-q", "-p", "-B", str(megabytes), "-C", str(_QUEUE_OCTETS), "-N", str(_QUEUE_PACKETS)]
        for point in self._points:
            parameters += ["-i", point.interface, "-f", point.filter_with_marker]
        return [*parameters, "-w", "-"]

    async def start(self, spool: BinaryIO) -> None:
        """Start dumpcap with the spool as its standard output, which it flushes after every batch."""
        _watch_children_from_any_loop()
        self.complaints.clear()
        dumpcap = get_process_path(tshark_path=self.tshark_path, process_name="dumpcap")
        self.process = await asyncio.create_subprocess_exec(
            *(dumpcap, *self._get_dumpcap_parameters()),
            stdin=subprocess.DEVNULL,
            stdout=spool,
            stderr=subprocess.PIPE,
        )
        # Not `_created_new_process`: where dumpcap ended at once, `check` has better words for it than a crash.
        self._running_processes.add(self.process)
        self._create_stderr_handling_task(self.process.stderr)
        guard = await asyncio.create_subprocess_exec(
            *("sh", "-c", _GUARD, "guard", str(self.process.pid)),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._running_processes.add(guard)

    async def stop(self) -> int | None:
        """Let dumpcap write its statistics and end; return its exit code, None where none was running."""
        process, self.process = self.process, None
        try:
            if process is None:
                return None
            if process.returncode is None:
                # Not `send_signal`: where dumpcap has just ended, that takes its exit status from asyncio.
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGINT)
            code = await asyncio.wait_for(process.wait(), _STOP_S)
            # Its exit code is for us to judge; pyshark would take every code above 1 for a crash of tshark.
            self._running_processes.discard(process)
            return code
        finally:
            await self.close_async()  # ends the guard and what did not end by itself, reads the last words
            self._stderr_handling_tasks.clear()

    async def _handle_process_stderr_forever(self, stderr: asyncio.StreamReader) -> None:
        """Keep what dumpcap complains about; pyshark would keep the last line only."""
        while line := await stderr.readline():
            if text := line.decode(errors="replace").strip():
                self.complaints.append(text)


class PysharkSniffer:
    """One dumpcap a cell, started and owned by pyshark.

    pyshark fails where an event loop runs already. So its loop runs in a thread of its own, and it does not
    matter who calls.

    Args:
        points: Where to capture.
    """

    def __init__(self, points: tuple[ObservationPoint, ...]) -> None:
        self._points = points
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._capture: DumpcapCapture | None = None
        self._spool: BinaryIO | None = None

    def open(self) -> None:
        """Find the programs and start the loop; see `Sniffer.open`."""
        try:
            for program in ("tshark", "dumpcap"):
                get_process_path(process_name=program)
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="pyshark", daemon=True)
            self._thread.start()
            self._capture = DumpcapCapture(self._points, self._loop)
        except TSharkNotFoundException as error:
            raise TestbedDown(f"capture with pyshark: tshark or dumpcap is missing; {_INSTALL}") from error
        except PermissionError as error:
            raise NotPermitted(f"capture with pyshark: may not run {error.filename}; run it as root") from error
        except subprocess.CalledProcessError as error:
            raise TestbedDown(f"capture with pyshark: `{' '.join(error.cmd)}` failed; {_INSTALL}") from error

    def begin(self, spool: BinaryIO) -> None:
        """Start dumpcap; see `Sniffer.begin`."""
        capture = self._opened()
        self._spool = spool
        self._call(capture.start(spool))

    def check(self) -> None:
        """Raise why dumpcap ended, if it did; see `Sniffer.check`."""
        process = self._opened().process
        if process is not None and process.returncode is not None:
            code = self._call(self._opened().stop())
            raise self._complaint(code)

    def end(self) -> tuple[Counts, ...]:
        """Stop dumpcap and return the losses that it wrote down; see `Sniffer.end`."""
        code = self._call(self._opened().stop())
        spool, self._spool = self._spool, None
        if code not in (0, None):
            raise self._complaint(code)
        if spool is None:
            return tuple(Counts(None) for _ in self._points)
        return _counts(spool, len(self._points), self._opened().complaints)

    def close(self) -> None:
        """Stop dumpcap and the loop; see `Sniffer.close`."""
        if self._loop is None or self._thread is None:
            return
        try:
            if self._capture is not None:
                self._call(self._capture.stop())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_STOP_S)
            self._loop.close()
            self._loop = self._thread = self._capture = None

    def _opened(self) -> DumpcapCapture:
        if self._capture is None:
            raise TestbedDown("capture with pyshark: not open; expected `open` to have succeeded")
        return self._capture

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the thread of the loop and return its result."""
        assert self._loop is not None
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result(3 * _STOP_S)
        except TimeoutError as error:
            raise TestbedDown(
                f"capture with pyshark: dumpcap did not end within {_STOP_S:g} s and was killed; what it had is lost"
            ) from error

    def _complaint(self, code: int | None) -> NetlabError:
        """Return the error that dumpcap's last words mean."""
        lines = [line for line in self._opened().complaints if not line.startswith(("Capturing on", "File:"))]
        said = " ".join(lines)
        where = f"capture with dumpcap at {', '.join(point.point for point in self._points)}"
        if "permission" in said.lower() or "not permitted" in said.lower():
            return NotPermitted(
                f"{where}: no permission to capture; run it as root, or once as root: "
                f"`setcap cap_net_raw,cap_net_admin+eip {get_process_path(process_name='dumpcap')}`"
            )
        if "capture filter" in said:
            filters = "; ".join(f"{point.point}: {point.filter!r}" for point in self._points)
            return BadInput(f"{where}: a filter does not compile ({filters}): {said[:300]}")
        if "No such device" in said or "no device" in said.lower():
            names = ", ".join(sorted({point.interface for point in self._points}))
            return TestbedDown(f"{where}: no such interface among {names}; see `ip link`")
        if code is not None and code < 0:
            return TestbedDown(f"{where}: dumpcap was ended by {signal.Signals(-code).name}; nothing can be judged")
        return TestbedDown(f"{where}: dumpcap ended with code {code}: {said[:300] or 'it said nothing'}")


def _counts(spool: BinaryIO, points: int, said: Iterable[str]) -> tuple[Counts, ...]:
    """Return what dumpcap wrote into its statistics blocks, less what it threw away because it was told to end.

    `isb_ifdrop` counts those as well. They came after the closing marker (each interface keeps its order), so the
    cell did not lose them. Only the last words say how many they were, one line an interface, in order.
    """
    dropped: dict[int, int | None] = {}
    reader = SpoolReader(spool.fileno())
    while (blocks := reader.read()) is not None:
        dropped.update((block.interface, block.dropped) for block in blocks if isinstance(block, Statistics))
    flushed = [int(found[1]) for line in said if (found := _FLUSHED.search(line))]
    if len(flushed) != points:
        flushed = [0] * points
    return tuple(
        Counts(None if (count := dropped.get(index)) is None else max(0, count - flushed[index]))
        for index in range(points)
    )


def _watch_children_from_any_loop() -> None:
    """Undo what pyshark does in the main thread: a child watcher that only its own loop can use.

    One watcher waits for the asyncio children of the whole process (until Python 3.14). pyshark's captures of the
    main thread set one that needs the loop of the main thread to run; ours would never be told that dumpcap ended.
    """
    if sys.version_info < (3, 14):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            if isinstance(asyncio.get_child_watcher(), asyncio.SafeChildWatcher):
                asyncio.set_child_watcher(asyncio.ThreadedChildWatcher())
