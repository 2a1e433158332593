"""The sniffers of one worker: they open a cell, close it, and leave its packets in one pcapng."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from conformance.capture.cell_cut import CellCut
from conformance.capture.cell_watch import CellWatch
from conformance.capture.growth import Growth
from conformance.capture.key_logs import KeyLogs
from conformance.capture.markers import Marker, MarkerSender
from conformance.capture.points import ObservationPoint
from conformance.capture.sniffer import BACKENDS, Counts, Sniffer
from conformance.vocabulary.errors import BadInput, EvidenceMissing, HarnessFault, NetlabError, TestbedDown
from conformance.vocabulary.points import Point

_REPEAT_S = 0.05
"""A marker that was not seen is sent again after this time: dumpcap may not have listened yet."""


@dataclass(frozen=True, slots=True)
class CellCapture:
    """The capture of one cell.

    Attributes:
        file: The pcapng.
        frames: How many packets each point has in it.
        drops: How many packets each point lost while the cell was open; None where that is unknown.
    """

    file: Path
    frames: dict[Point, int]
    drops: dict[Point, int | None]


@dataclass(slots=True)
class _OpenCell:
    id: str
    spool: BinaryIO
    cut: CellCut
    growth: Growth

    def close(self) -> None:
        self.growth.close()
        with suppress(OSError):  # a full disk was reported where it mattered; what is left is thrown away anyway
            self.cut.close()
        with suppress(OSError):
            self.spool.close()


class Sniffers:
    """Captures at all points of one worker, cell after cell. A context manager: `start` and `stop`.

    The spool belongs to the cell: it begins with it and its disk space is free again when the cell is closed,
    so nothing grows between cells. To be used from one thread; a running event loop does not matter.

    Args:
        points: Where to capture, each point once a place; the fabric makes them.
        backend: `scapy`: packet sockets, read raw by a thread of this process. `pyshark`: LiveCapture over dumpcap.
        folder: A folder for the spools; they have no names there and vanish with the process.
        key_logs: Secrets of TLS connections that a cell's file carries.
        deadline_s: How long a marker may take until it is seen in the capture, in seconds.

    Raises:
        BadInput: no point, a point given twice, or an unknown backend.
    """

    def __init__(
        self,
        points: Sequence[ObservationPoint],
        backend: str,
        folder: Path,
        key_logs: KeyLogs | None = None,
        *,
        deadline_s: float = 10.0,
    ) -> None:
        names = [str(point) for point in points]
        if not names or len(set(names)) != len(names):
            raise BadInput(f"capture: expected each observation point once, found {', '.join(names) or 'none'}")
        self._points = tuple(points)
        self._sniffer = _make(backend, self._points)
        self._senders = {point: MarkerSender(point) for point in self._points}
        self._backend = backend
        self._folder = folder
        self._key_logs = key_logs or KeyLogs()
        self._deadline_s = deadline_s
        self._started = False
        self._cell: _OpenCell | None = None

    def start(self) -> None:
        """Begin to listen; return when every point has seen its marker in the capture.

        Raises:
            NotPermitted: the machine does not let us capture.
            BadInput: a filter that does not compile.
            TestbedDown: no such interface, a missing program, or a point that does not see its marker in time.
        """
        if self._started:
            raise HarnessFault("capture: start called twice")
        self._started = True
        try:
            with _disk_errors("start"):
                self._folder.mkdir(parents=True, exist_ok=True)
                self._sniffer.open()
                self._open("start", "")
                self._sniffer.end()
        except BaseException:
            self.stop()
            raise
        self._forget_cell()

    def open_cell(self, cell_id: str) -> None:
        """Begin a cell; return when every point has seen the opening marker. All packets from now on belong to it.

        Raises:
            TestbedDown: the capture ended, or a point does not see its marker in time.
            HarnessFault: not started, or another cell is open.
        """
        if not self._started or self._cell is not None:
            state = f"cell {self._cell.id} is open" if self._cell else "not started"
            raise HarnessFault(f"capture: cannot open cell {cell_id}: {state}")
        try:
            with _disk_errors(f"cell {cell_id}"):
                self._key_logs.mark()
                self._open("open", cell_id)
        except BaseException:
            self._abandon()
            raise

    def close_cell(self, cell_id: str, file: Path) -> CellCapture:
        """End the cell and write its packets; return when every point has seen the closing marker.

        The file has one interface a point (`if_name`: its name, `if_filter`: its filter), times in nanoseconds, the
        packets of all points in order of time, and one statistics block a point with `isb_ifrecv` (packets in
        the file) and `isb_ifdrop` (packets lost since the cell was opened); and the secrets of TLS connections that
        nodes noted meanwhile (a decryption secrets block). Whatever goes wrong, the cell is closed afterwards, and
        there is either the whole file or none.

        Args:
            cell_id: The cell that `open_cell` began.
            file: The pcapng to write; its folder is made.

        Raises:
            EvidenceMissing: a point does not see its marker in time.
            TestbedDown: the capture ended while the cell was open, or the file cannot be written.
            HarnessFault: that cell is not open.
        """
        cell = self._cell
        if cell is None or cell.id != cell_id:
            raise HarnessFault(f"capture: cannot close cell {cell_id}: {cell.id if cell else 'none'} is open")
        try:
            with _disk_errors(f"cell {cell_id}"):
                marker = Marker.make("close", cell_id)
                cell.cut.expect_closing(marker)
                self._await_marker(cell, marker, EvidenceMissing)
                counts = self._sniffer.end()
                cell.cut.write(file, f"cell {cell_id}; backend {self._backend}", counts, self._key_logs.grown())
            return CellCapture(file, cell.cut.frames(), _drops(self._points, counts))
        except BaseException:
            self._abandon()
            raise
        finally:
            self._forget_cell()

    def watch(self) -> CellWatch:
        """Return the packets of the open cell, as they come; it is of no use once the cell is closed.

        Raises:
            HarnessFault: no cell is open.
        """
        if self._cell is None:
            raise HarnessFault("capture: expected an open cell to look at, found none")
        points = [point.point for point in self._points]
        return CellWatch(points, self._cell.spool.fileno(), self._cell.growth, self._sniffer.check)

    def stop(self) -> None:
        """Stop listening; an open cell is thrown away. May be called at any time and more than once."""
        self._started = False
        try:
            self._sniffer.close()
        finally:
            for sender in self._senders.values():
                sender.close()
            self._forget_cell()

    def __enter__(self) -> Sniffers:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _open(self, purpose: str, cell_id: str) -> None:
        marker = Marker.make(purpose, cell_id)
        spool = cast(BinaryIO, tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115  closed with the cell
        try:
            growth = Growth(spool.fileno())
        except BaseException:
            spool.close()
            raise
        cut = CellCut(self._points, spool, marker, self._folder)
        self._cell = _OpenCell(cell_id, spool, cut, growth)
        self._sniffer.begin(spool)
        self._await_marker(self._cell, marker, TestbedDown)

    def _await_marker(self, cell: _OpenCell, marker: Marker, complaint: type[NetlabError]) -> None:
        """Send the marker to every point that has not seen it, until all have."""
        deadline = time.monotonic() + self._deadline_s
        last_ns = time.time_ns() + int(self._deadline_s * 1e9)
        while waiting := cell.cut.waiting():
            self._sniffer.check()
            for point in waiting:
                self._senders[point].send(marker)
            repeat = time.monotonic() + _REPEAT_S
            while cell.cut.waiting() and (left := repeat - time.monotonic()) > 0:
                cell.growth.wait(left)
                while cell.cut.advance():
                    # A long cell takes a while to read: that is progress, not a marker that is late.
                    deadline = max(deadline, time.monotonic() + 2 * _REPEAT_S)
            if cell.cut.waiting() and (time.monotonic() > deadline or cell.cut.passed(last_ns)):
                late = cell.cut.waiting()[0]
                raise complaint(
                    f"capture at {late} on {late.interface}: the marker to {late.marker} was not seen within "
                    f"{self._deadline_s:g} s; look whether a firewall drops it and whether the disk is full"
                )

    def _abandon(self) -> None:
        """Throw the open cell away, so that the next one can be opened."""
        try:
            self._sniffer.end()
        except NetlabError:
            pass  # what ended the capture is already being raised
        finally:
            self._forget_cell()

    def _forget_cell(self) -> None:
        if self._cell is not None:
            self._cell.close()
            self._cell = None


def _make(backend: str, points: tuple[ObservationPoint, ...]) -> Sniffer:
    # Imported where used: each backend costs a quarter of a second.
    if backend == "scapy":
        from conformance.capture.scapy_backend import ScapySniffer

        return ScapySniffer(points)
    if backend == "pyshark":
        if any(point.namespace for point in points):
            raise BadInput(
                "capture backend pyshark: one dumpcap sees one network namespace, and the fabric has many; "
                "expected the backend scapy: leave --capture-backend out, or choose --fabric loopback"
            )
        from conformance.capture.pyshark_backend import PysharkSniffer

        return PysharkSniffer(points)
    raise BadInput(f"capture backend {backend!r}: expected {' or '.join(BACKENDS)}")


@contextmanager
def _disk_errors(doing: str) -> Iterator[None]:
    """Turn what the file system refuses into one line."""
    try:
        yield
    except OSError as error:
        file = f" {error.filename}" if error.filename else ""
        raise TestbedDown(
            f"capture, {doing}: cannot write{file}: {error.strerror or error}; "
            "expected a writable folder with free space"
        ) from error


def _drops(points: Sequence[ObservationPoint], counts: Sequence[Counts]) -> dict[Point, int | None]:
    found: dict[Point, int | None] = {}
    for point, count in zip(points, counts, strict=True):
        before = found.get(point.point, 0)
        found[point.point] = None if before is None or count.dropped is None else before + count.dropped
    return found
