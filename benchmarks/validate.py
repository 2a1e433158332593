"""What it costs to read and to judge a large capture, beside what tshark needs to dissect it.

`python -m benchmarks.validate` makes two captures, the same octets each time: 100,000 SIP messages over UDP, and
500,000 packets of which one in a hundred is SIP and the others are RTP. Ratios count, not seconds: everything is
measured in one run, and each figure is the best of several, taken in turns.
"""

from __future__ import annotations

import argparse
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process_tree import memory
from benchmarks.results_file import machine, write_section
from benchmarks.traffic import ETHERNET, START_NS, Sent, registrations
from conformance.faults.frames import make_frame
from conformance.pcapng.writer import PcapngWriter

USERS = 25_000
"""Four SIP messages each."""
FEW_USERS = 1_250
PACKETS = 500_000
SLICE_USERS = 250
"""pyshark reads so few: with all it would take minutes."""
SIP_OCTETS = 1000
"""Of a message at least; what terminals of today send is about as long."""
_FILL = (
    b"User-Agent: Benchmark/1.0 (terminal; release 12)\r\n"
    b"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, NOTIFY, PRACK, UPDATE, REFER, SUBSCRIBE, PUBLISH, INFO\r\n"
    b"Allow-Events: reg, presence, presence.winfo, conference, message-summary, refer, dialog, ua-profile\r\n"
    b"Accept: application/sdp, application/reginfo+xml, application/3gpp-ims+xml, message/sipfrag, text/plain\r\n"
)
STREAMS = 50
RTP_OCTETS = 80
DEADLINE_S = 600
READ = "import sys; from pathlib import Path; from conformance.trace.decode import read_trace; "
PROGRAMS = {
    "read": READ + "print(len(read_trace([Path(sys.argv[1])]).messages))",
    "judge": "import sys; from conformance import validate; "
    "found = validate(sys.argv[1], workers=int(sys.argv[2])); print(found.verdict)",
    "pyshark": "import sys; import pyshark; capture = pyshark.FileCapture(sys.argv[1], keep_packets=False); "
    "print(sum(1 for packet in capture if 'SIP' in packet)); capture.close()",
}
LABELS = {
    "tshark": "tshark, dissection alone",
    "read": "our reading: messages, copies merged",
    "judge": "our whole validation, one worker",
    "judge by two": "our whole validation, two workers",
    "pyshark": "pyshark, default, counting SIP",
}


@dataclass(frozen=True)
class Measured:
    """The best run of one program."""

    seconds: float
    processor_s: float
    """Time that processors worked for it and for what it started."""
    memory_mb: float
    """Proportional size of the process and all that it started, at the worst moment."""
    answer: str
    """What it printed."""


def write_signalling(file: Path, users: int) -> None:
    """Write a capture of registrations, seen at Gm."""
    _write(file, ((one.time_ns, _sip_frame(one)) for one in registrations(users)))


def write_media(file: Path, users: int, packets: int) -> None:
    """Write a capture of that many packets: registrations, and RTP around them."""
    signalling = [(one.time_ns, _sip_frame(one)) for one in registrations(users)]
    last = signalling[-1][0]
    count = packets - len(signalling)
    step = max((last - START_NS) // count, 1)
    media = ((START_NS + number * step, _rtp_frame(number)) for number in range(count))
    _write(file, iter(sorted([*signalling, *media], key=lambda one: one[0])))


def _write(file: Path, frames: Iterator[tuple[int, bytes]]) -> None:
    with file.open("wb") as stream:
        writer = PcapngWriter(stream)
        interface = writer.interface("Gm", ETHERNET, "")
        count = end = 0
        for time_ns, frame in frames:
            writer.packet(interface, time_ns, frame, len(frame))
            count, end = count + 1, time_ns
        writer.statistics(interface, START_NS, end, count, 0)


def _sip_frame(sent: Sent) -> bytes:
    start, _, rest = sent.payload.partition(b"\r\n")
    head, _, body = rest.partition(b"\r\n\r\n")
    missing = SIP_OCTETS - len(sent.payload) - len(_FILL)
    more = b"X-Fill: %s\r\n" % (b"." * missing) if missing > 0 else b""
    filled = start + b"\r\n" + head + b"\r\n" + _FILL + more + b"\r\n" + body
    source, destination = ((end.address, end.port) for end in (sent.source, sent.destination))
    return make_frame("udp", source, destination, filled)


def _rtp_frame(number: int) -> bytes:
    stream, sequence = number % STREAMS, number // STREAMS
    head = struct.pack("!BBHII", 0x80, 8, sequence & 0xFFFF, sequence * 160 & 0xFFFFFFFF, 0xABCD0000 + stream)
    source, destination = (f"10.9.{stream}.1", 40_000 + 2 * stream), (f"10.9.{stream}.2", 50_000 + 2 * stream)
    return make_frame("udp", source, destination, head + bytes([0xD5]) * RTP_OCTETS)


def commands(file: Path, small: Path) -> dict[str, list[str]]:
    """Return what is measured on a capture; `small` is a part of it for what is slow."""
    python = [sys.executable, "-c"]
    return {
        "tshark": ["tshark", "-r", str(file), "-q", "-z", "io,stat,0"],
        "read": [*python, PROGRAMS["read"], str(file)],
        "judge": [*python, PROGRAMS["judge"], str(file), "1"],
        "judge by two": [*python, PROGRAMS["judge"], str(file), "2"],
        "pyshark": [*python, PROGRAMS["pyshark"], str(small)],
    }


def measure(all_commands: dict[str, list[str]], times: int) -> dict[str, Measured]:
    """Run the programs in turns and return the best of each."""
    best: dict[str, Measured] = {}
    for _ in range(times):
        for name, command in all_commands.items():
            found = run(command)
            if name not in best or found.seconds < best[name].seconds:
                best[name] = found
    return best


def run(command: Sequence[str]) -> Measured:
    """Run a program to its end.

    Raises:
        RuntimeError: it failed.
    """
    begin, before = time.monotonic(), _processor_s()
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.DEVNULL) as process,
    ):
        peak = memory(process, begin + DEADLINE_S)
        seconds = time.monotonic() - begin
        said.seek(0)
        answer = said.read().decode().strip().splitlines()
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    return Measured(seconds, _processor_s() - before, peak.pss_mb, answer[-1] if answer else "")


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def table(found: dict[str, Measured], small_share: float) -> list[str]:
    """Return the rows of one capture; what read a part of it only is counted up to the whole."""
    base = found["tshark"]
    rows = []
    for name, label in LABELS.items():
        if name in found:
            one = found[name]
            share = small_share if name == "pyshark" else 1
            seconds, processor_s = one.seconds / share, one.processor_s / share
            answer = one.answer if name != "tshark" else ""
            rows.append(
                f"| {label} | {seconds:.2f} | {seconds / base.seconds:.2f} | {processor_s:.2f} "
                f"| {processor_s / base.processor_s:.2f} | {one.memory_mb:.0f} | {answer} |"
            )
    return rows


def main() -> int:
    """Make the captures, measure, print, and keep the figures in RESULTS.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.validate", description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=3, help="runs of each, of which the best counts (default 3)")
    parser.add_argument("--only", nargs="*", choices=list(LABELS), help="measure these beside tshark; keep nothing")
    options = parser.parse_args()
    lines = [
        f"`python -m benchmarks.validate`: best of {options.times}, each in a process of its own. {machine()}.",
        "",
        "Ratio 1.00 is `tshark -r FILE -q -z io,stat,0` on the same file. "
        "On a busy machine read the ratio of processor time. "
        "Memory is that of all processes, shared parts once.",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = folder / "small.pcapng"
        write_signalling(small, SLICE_USERS)
        sip, media = folder / "sip.pcapng", folder / "media.pcapng"
        write_signalling(sip, USERS)
        write_media(media, FEW_USERS, PACKETS)
        for file, title in (
            (sip, f"{4 * USERS:,} SIP messages over UDP"),
            (media, f"{PACKETS:,} packets, {4 * FEW_USERS:,} of them SIP, the others RTP"),
        ):
            wanted = commands(file, small)
            if file is media:
                del wanted["pyshark"]
            if options.only is not None:
                wanted = {key: wanted[key] for key in wanted if key == "tshark" or key in options.only}
            found = measure(wanted, options.times)
            lines += ["", f"**{title}** ({file.stat().st_size / 1e6:.0f} MB)", ""]
            lines += ["| what | s | ratio | processor, s | ratio | MB | found |", "|---|---:|---:|---:|---:|---:|---:|"]
            lines += table(found, SLICE_USERS / USERS)
    lines += [
        "",
        f"pyshark's default read {4 * SLICE_USERS:,} messages; its time is that, start included, times "
        f"{USERS // SLICE_USERS}. Found: messages read, procedures judged. "
        "Load average of the machine at the end, this benchmark included: "
        f"{os.getloadavg()[0]:.1f}.",
    ]
    body = "\n".join(lines)
    print(body)
    if options.only is None:
        write_section("Reading and judging large captures", body)
    return 0


if __name__ == "__main__":
    sys.exit(main())
