from __future__ import annotations

import os
import socket
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.capture import ObservationPoint
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import Point
from tests.blocks import WORKER, Block

CAP_NET_RAW = 13


@dataclass(frozen=True)
class OwnBlock:
    """Addresses for one test process: parallel ones do not see each other's packets."""

    worker: int

    def net(self, number: int) -> str:
        """The network of one point, number 0 to 7."""
        return f"{Block.CAPTURE.prefix}{self.worker * 8 + number}.0/24"

    def host(self, number: int, host: int) -> str:
        return f"{Block.CAPTURE.prefix}{self.worker * 8 + number}.{host}"

    def marker(self, number: int) -> Endpoint:
        return Endpoint(f"{Block.CAPTURE.prefix}255.{self.worker * 8 + number + 1}", 9, "udp")


@pytest.fixture
def block() -> OwnBlock:
    return OwnBlock(WORKER % 31)


@pytest.fixture
def points(block: OwnBlock) -> tuple[ObservationPoint, ...]:
    return tuple(
        ObservationPoint(point, "lo", f"dst net {block.net(number)}", block.marker(number))
        for number, point in enumerate((Point.GM, Point.MW, Point.CX, Point.DNS))
    )


@pytest.fixture
def may_capture() -> None:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff"))
    if not int(effective, 16) >> CAP_NET_RAW & 1:
        pytest.skip("needs the right to capture: run as root")


@pytest.fixture
def sender(block: OwnBlock) -> Iterator[Callable[[int, bytes], None]]:
    """Sends one datagram from host 1 to host 2 of a point's network; host 2 listens, so that nothing is answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        listening: dict[int, socket.socket] = {}

        def send(number: int, payload: bytes) -> None:
            if number not in listening:
                listening[number] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                listening[number].bind((block.host(number, 2), 5060))
            out.sendto(payload, (block.host(number, 2), 5060))

        out.bind((block.host(0, 1), 0))
        yield send
        for listener in listening.values():
            listener.close()


@pytest.fixture
def rows() -> Callable[..., list[list[str]]]:
    """What tshark, which knows nothing of us, reads in a file: one row a frame, one column a field."""

    def read(file: Path, *fields: str) -> list[list[str]]:
        command = ["tshark", "-r", str(file), "-T", "fields", "-E", "separator=/t"]
        for field in fields:
            command += ["-e", field]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        return [line.split("\t") for line in done.stdout.splitlines()]

    return read


@pytest.fixture
def payloads(rows: Callable[..., list[list[str]]]) -> Callable[[Path], dict[str, Counter[bytes]]]:
    """UDP payloads by interface name, counted, as tshark reads them."""

    def read(file: Path) -> dict[str, Counter[bytes]]:
        found: dict[str, Counter[bytes]] = {}
        for name, payload in rows(file, "frame.interface_name", "udp.payload"):
            found.setdefault(name, Counter())[bytes.fromhex(payload)] += 1
        return found

    return read


@pytest.fixture
def dumpcaps() -> Callable[[], set[int]]:
    """The process numbers of the dumpcaps that this process started."""

    def children() -> set[int]:
        found = set()
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended while we looked
            if fields["Name"] == "dumpcap" and int(fields["PPid"]) == os.getpid():
                found.add(int(status.parent.name))
        return found

    return children
