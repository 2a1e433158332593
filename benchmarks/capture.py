"""How much a capture loses: both backends beside dumpcap alone and scapy's AsyncSniffer with a callback.

    python -m benchmarks.capture [--rate 5000] [--seconds 6] [--octets 1000] [--no-write]

Run as root. A second process sends numbered datagrams from one address of 127.32.0.0/16 to another; what
each tool has of them afterwards is counted by number, so that a packet seen twice is not a packet more. The
exit code is 1 where one of our backends lost a packet.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import BinaryIO, cast

from benchmarks.results_file import machine, write_section
from conformance.capture import BACKENDS, ObservationPoint, Sniffers
from conformance.capture.growth import Growth
from conformance.capture.markers import Marker, MarkerSender
from conformance.capture.spool_reader import SpoolReader
from conformance.pcapng.contents import Packet, Statistics
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import Point

SOURCE, DESTINATION = "127.32.0.1", "127.32.0.2"
POINT = ObservationPoint(Point.GM, "lo", f"dst host {DESTINATION}", Endpoint("127.32.255.1", 9, "udp"))
PORT = 5060
UDP_PAYLOAD = 42
"""Where the payload begins: after Ethernet, IPv4 and UDP."""
DEADLINE_S = 10.0


@dataclass(frozen=True)
class Load:
    """What is sent."""

    rate: int
    seconds: float
    octets: int

    @property
    def packets(self) -> int:
        """Return how many packets that makes."""
        return int(self.rate * self.seconds)


@dataclass(frozen=True)
class Measured:
    """What one tool had of it. `reported` is the tool's own count of losses, None where it has none."""

    received: int
    reported: int | None


def send(load: Load, result: Connection) -> None:
    """Send numbered datagrams at an even rate, bounded by number and by address; tell how many seconds it took."""
    never = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.bind((SOURCE, 0))
        start = time.monotonic()
        for number in range(load.packets):
            ahead = start + number / load.rate - time.monotonic()
            if ahead > 0.0005:
                never.wait(ahead)
            out.sendto(number.to_bytes(4, "big").ljust(load.octets, b"x"), (DESTINATION, PORT))
        result.send(time.monotonic() - start)


def drive(load: Load) -> float:
    """Send from another process; return the rate that was reached, packets a second."""
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=send, args=(load, sending))
    process.start()
    sending.close()
    try:
        if not receiving.poll(load.seconds * 3 + DEADLINE_S):
            raise SystemExit(f"the sender did not end within {load.seconds * 3 + DEADLINE_S:g} s")
        took: float = receiving.recv()
    except EOFError:
        raise SystemExit("the sender failed; its complaint stands above") from None
    finally:
        process.kill()
        process.join()
        process.close()
        receiving.close()
    return load.packets / took


def count(numbers: Iterator[bytes]) -> int:
    """Return how many different numbers there are among payloads."""
    return len({payload[:4] for payload in numbers})


def backend(name: str, folder: Path, work: Callable[[], object]) -> Measured:
    """Run one of our backends, as the harness uses it."""
    with Sniffers([POINT], name, folder) as sniffers:
        sniffers.open_cell("benchmark")
        work()
        cell = sniffers.close_cell("benchmark", folder / f"{name}.pcapng")
    with cell.file.open("rb") as stream:
        return Measured(count(_payloads(SpoolReader(stream.fileno()))), cell.drops[Point.GM])


def dumpcap_alone(folder: Path, work: Callable[[], object]) -> Measured:
    """Run dumpcap with a file of its own, as somebody would use it by hand."""
    arguments = ["dumpcap", "-q", "-p", "-B", "128", "-i", "lo", "-f", POINT.filter_with_marker, "-w", "-"]
    with tempfile.TemporaryFile(dir=folder) as spool, tempfile.TemporaryFile(dir=folder) as said:
        with subprocess.Popen(arguments, stdout=spool, stderr=said) as process:
            with _marked(cast(BinaryIO, spool)):
                work()
            process.send_signal(signal.SIGINT)
        reader = SpoolReader(spool.fileno())
        dropped = 0
        while (blocks := reader.read()) is not None:
            dropped += sum(block.dropped or 0 for block in blocks if isinstance(block, Statistics))
        return Measured(count(_payloads(SpoolReader(spool.fileno()))), dropped)


def scapy_callback(work: Callable[[], object]) -> Measured:
    """Run scapy's AsyncSniffer, which dissects each packet and hands it to a callback."""
    from scapy.all import AsyncSniffer, Raw

    seen: set[bytes] = set()
    begun, ended = threading.Event(), threading.Event()
    marker = Marker.make("close", "scapy")

    def callback(packet: object) -> None:
        payload = bytes(packet[Raw])  # type: ignore[index]  # scapy has no types for it
        if payload == marker.payload:
            ended.set()
        else:
            seen.add(payload[:4])

    sniffer = AsyncSniffer(
        iface="lo", filter=POINT.filter_with_marker, prn=callback, store=False, started_callback=begun.set
    )
    sniffer.start()
    if not begun.wait(DEADLINE_S):
        raise SystemExit(f"AsyncSniffer did not start within {DEADLINE_S:g} s")
    work()
    deadline = time.monotonic() + 3 * DEADLINE_S
    with closing(MarkerSender(POINT)) as sender:
        while not ended.is_set():
            sender.send(marker)
            if not ended.wait(0.1) and time.monotonic() > deadline:
                raise SystemExit(f"AsyncSniffer did not see the closing marker within {3 * DEADLINE_S:g} s")
    sniffer.stop()
    return Measured(len(seen), None)


@contextmanager
def _marked(spool: BinaryIO) -> Iterator[None]:
    """Wait before and after until a marker is seen in the spool."""
    with Growth(spool.fileno()) as growth, closing(MarkerSender(POINT)) as sender:
        for purpose in ("open", "close"):
            marker, reader = Marker.make(purpose, "dumpcap"), SpoolReader(spool.fileno())
            deadline, seen = time.monotonic() + DEADLINE_S, False
            while not seen:
                if time.monotonic() > deadline:
                    raise SystemExit(f"dumpcap did not see the {purpose} marker within {DEADLINE_S:g} s")
                sender.send(marker)
                growth.wait(0.1)
                while (blocks := reader.read()) is not None:
                    seen |= any(isinstance(b, Packet) and b.data.endswith(marker.payload) for b in blocks)
            if purpose == "open":
                yield


def _drive_into(rates: list[float], load: Load) -> None:
    rates.append(drive(load))


def _payloads(reader: SpoolReader) -> Iterator[bytes]:
    destination = socket.inet_aton(DESTINATION)
    while (blocks := reader.read()) is not None:
        for block in blocks:
            if isinstance(block, Packet) and block.data[30:34] == destination:
                yield block.data[UDP_PAYLOAD:]


def main() -> int:
    """Measure, print the table, write the section; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capture", description=__doc__.partition("\n")[0])
    parser.add_argument("--rate", type=int, default=5000, help="packets a second (default: 5000)")
    parser.add_argument("--seconds", type=float, default=6.0, help="how long (default: 6)")
    parser.add_argument("--octets", type=int, default=1000, help="UDP payload (default: 1000)")
    parser.add_argument("--no-write", action="store_true", help="print only, leave RESULTS.md alone")
    options = parser.parse_args()
    load = Load(options.rate, min(options.seconds, 60.0), max(4, min(options.octets, 60_000)))

    lines = [
        "| tool | sent | packets/s reached | received | lost | loss it reports |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    print("\n".join(lines))
    lost_by_ours = 0
    folder = Path(tempfile.mkdtemp(prefix="netlab-benchmark-"))
    tools: dict[str, Callable[[Callable[[], object]], Measured]] = {
        **{f"backend {name}": partial(backend, name, folder) for name in BACKENDS},
        "dumpcap alone": partial(dumpcap_alone, folder),
        "scapy AsyncSniffer, callback": scapy_callback,
    }
    try:
        # Somebody listens and never reads: the packets are captured before that matters, and nothing is answered.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
            listener.bind((DESTINATION, PORT))
            for tool, run in tools.items():
                rates: list[float] = []
                found = run(partial(_drive_into, rates, load))
                lost = load.packets - found.received
                lost_by_ours += lost if tool.startswith("backend") else 0
                reported = "none" if found.reported is None else str(found.reported)
                lines.append(
                    f"| {tool} | {load.packets} | {rates[0]:.0f} | {found.received} "
                    f"| {lost} ({lost / load.packets:.1%}) | {reported} |"
                )
                print(lines[-1], flush=True)
    finally:
        shutil.rmtree(folder)
    if not options.no_write:
        dumpcap = subprocess.run(["dumpcap", "-v"], capture_output=True, text=True, check=True, timeout=20).stdout
        write_section(
            "Capture on `lo`",
            f"`python -m benchmarks.capture`: {load.rate} packets/s of {load.octets} octets for {load.seconds:g} s. "
            f"{machine()}, {dumpcap.partition(' (Git')[0]}.\n\n"
            + "\n".join(lines)
            + "\n\nRequired: our backends lose nothing.",
        )
    return 1 if lost_by_ours else 0


if __name__ == "__main__":
    sys.exit(main())
