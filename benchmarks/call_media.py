"""What ten seconds of voice cost a verdict: `python -m benchmarks.call_media [--times N]`.

The hand-built call to a third network is judged as it is, and with 50 RTP packets a second both ways for ten seconds,
as two points see them: 2,000 packets. Both are read and judged in turns in one process. Required: no more than 0.1 s.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.results_file import machine, write_section
from conformance.faults.edits import EDITS
from conformance.faults.mutate import mutate
from conformance.faults.pcapfile import encode_pcapng
from conformance.faults.reference import CAPTURES, build
from conformance.federation.loader import load_federation
from conformance.judgement.judge import judge
from conformance.trace.decode import read_trace

BASE = "handbuilt-call-roaming-third"
SECONDS, A_SECOND = 10, 50
CALLER, CALLEE = ("192.0.2.229", 49170), ("192.0.2.195", 49180)
MOST_S = 0.1
ANSWERED = 41
"""Frame of the base: the 200 reaches the caller."""


def with_media() -> bytes:
    """Return the capture of the call with voice on Gm and on Ic."""
    edits: list[dict[str, object]] = [
        {"kind": "replace", "frames": frames, "find": line, "replace": f"{line}b=AS:{kbps}\r\n"}
        for frames, line, kbps in (
            ([1, 3, 11, 15, 17, 19], "m=audio 49170 RTP/AVP 8\r\n", 80),
            ([1, 3, 11, 15, 17, 19], "m=video 51372 RTP/AVP 34\r\n", 64),
            ([20, 21, 22, 23, 24, 25], "m=audio 49180 RTP/AVP 8\r\n", 80),
        )
    ]
    edits += [
        {
            "kind": "add-stream",
            "behind": ANSWERED,
            "delay_us": delay_us,
            "point": point,
            "source": source,
            "destination": destination,
            "dscp": 46,
            "ssrc": 0x1B0B0000 + number,
            "packets": SECONDS * A_SECOND,
        }
        for number, (source, destination) in enumerate(((CALLER, CALLEE), (CALLEE, CALLER)), 1)
        for point, delay_us in (("Gm", 1000 * number), ("Ic", 1000 * number + 300))
    ]
    return encode_pcapng(mutate(build(BASE), EDITS.validate_python(edits)))


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return wall and processor time of some work, seconds."""
    begin, before = time.monotonic(), time.process_time()
    work()
    return time.monotonic() - begin, time.process_time() - before


def main() -> int:
    """Measure, print, and keep the figures in RESULTS.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.call_media", description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=20, help="runs of each, of which the median counts (default 20)")
    times = parser.parse_args().times
    federation = load_federation(CAPTURES / "ims-b-c-and-d.toml")
    found: dict[str, list[tuple[float, float]]] = {"without": [], "with": []}
    with tempfile.TemporaryDirectory() as name:
        files = {"without": Path(name) / "without.pcapng", "with": Path(name) / "with.pcapng"}
        files["without"].write_bytes(encode_pcapng(build(BASE)))
        files["with"].write_bytes(with_media())
        for turn in range(times + 1):
            for what, file in files.items():
                took = timed(lambda file=file: judge(read_trace([file]), federation=federation))
                if turn:  # the first one also imports, and warms caches
                    found[what].append(took)
    medians = {
        what: tuple(statistics.median(column) for column in zip(*rows, strict=True)) for what, rows in found.items()
    }
    (wall, processor), (more_wall, more_processor) = medians["without"], medians["with"]
    packets = 4 * SECONDS * A_SECOND
    lines = [
        f"`python -m benchmarks.call_media`: {times} runs of each in turns, medians. {machine()}.",
        "",
        "| one call, read and judged | wall, s | processor of this process, s |",
        "|---|---:|---:|",
        f"| signalling alone | {wall:.3f} | {processor:.3f} |",
        f"| with {packets:,} RTP packets | {more_wall:.3f} | {more_processor:.3f} |",
        f"| ratio | {more_wall / wall:.2f} | {more_processor / processor:.2f} |",
        f"| difference | {more_wall - wall:.3f} | {more_processor - processor:.3f} |",
        "",
        f"Load average of the machine at the end, this benchmark included: {os.getloadavg()[0]:.1f}.",
        "",
        f"Required: {A_SECOND} packets a second for {SECONDS} s cost no more than {MOST_S} s.",
    ]
    body = "\n".join(lines)
    print(body)
    write_section("What the media of a call cost", body)
    return 0 if more_wall - wall <= MOST_S else 1


if __name__ == "__main__":
    sys.exit(main())
