"""All captures judged together, and one sharkd for all: a program starts once and not once a file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.faults.pcapfile import read_packets
from conformance.faults.reference import CAPTURE_NAME, CAPTURES
from tests.captures.judged import Procedures, federation_of, judged_together

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def procedures(request: pytest.FixtureRequest) -> Callable[[str], Procedures]:
    """The judged procedures of a capture; those of all selected tests are judged together when the first asks."""
    selected = [getattr(item, "callspec", None) for item in request.session.items if item.path.parent == HERE]
    names = {call.params["name"] for call in selected if call is not None and "name" in call.params}
    found: dict[str, Procedures] = {}

    def of(name: str) -> Procedures:
        if name not in found:
            wanted = sorted(names - found.keys() | {name})
            captures = [(one, read_packets(CAPTURES / one / CAPTURE_NAME)) for one in wanted]
            found.update(judged_together(captures, {one: federation_of(one) for one in wanted}))
        return found[name]

    return of


class Wireshark:
    """Asks a running sharkd which frames of a file a display filter finds."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._asked = 0

    def ask(self, method: str, **parameters: str) -> Any:
        """Return the result of one JSON-RPC call."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._asked += 1
        call = {"jsonrpc": "2.0", "id": self._asked, "method": method, "params": parameters}
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.strip() and (answer := json.loads(line)).get("id") == self._asked:
                return answer["result"]
        raise AssertionError(f"sharkd ended while its answer to {method} was awaited")

    def frames(self, file: Path, display_filter: str) -> list[int]:
        """Return the numbers of the frames that the filter finds."""
        self.ask("load", file=str(file))
        # sharkd remembers what a filter found in the file before; a condition that is never true makes it new
        fresh = f"({display_filter}) || frame.number == {1_000_000 + self._asked}"
        return [frame["num"] for frame in self.ask("frames", filter=fresh)]


@pytest.fixture(scope="module")
def wireshark() -> Iterator[Wireshark]:
    process = subprocess.Popen(
        ["sharkd", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        shark = Wireshark(process)
        for protocol in ("ip", "udp", "tcp"):
            shark.ask("setconf", name=f"{protocol}.check_checksum", value="TRUE")
        yield shark
    finally:
        with process:
            process.kill()
