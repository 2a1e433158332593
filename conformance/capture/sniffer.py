"""What a capture backend promises: to put every packet of its points into a spool, and to count what it lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

BACKENDS: Final = ("scapy", "pyshark")
"""Names of the backends, as options and files spell them."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What one point lost between `begin` and `end`.

    Attributes:
        dropped: Packets that passed the filter and were not written; None where nobody counted.
    """

    dropped: int | None


class Sniffer(Protocol):
    """One backend, listening at all points of a worker.

    The spool is a growing pcapng with one interface a point, in the order of the points, with nanosecond
    timestamps of the kernel. It has no name, so nothing is left behind whatever ends the run.
    """

    def open(self) -> None:
        """Take what the backend needs to capture.

        Raises:
            NotPermitted: the machine does not let us capture; the text says which command would change that.
            BadInput: a filter that does not compile.
            TestbedDown: no such interface, or a program that is missing.
        """

    def begin(self, spool: BinaryIO) -> None:
        """Write every packet from now on into the spool, an empty file.

        Capturing may begin a moment after the return; the markers tell when.
        """

    def check(self) -> None:
        """Raise what ended the capture, if something did (TestbedDown and the errors of `open`)."""

    def end(self) -> tuple[Counts, ...]:
        """Stop writing into the spool and return what each point lost since `begin`."""

    def close(self) -> None:
        """Give everything back. May be called at any time and more than once."""
