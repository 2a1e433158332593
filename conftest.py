"""What all tests of this checkout share: results made by hand, and a guard against what tests leave behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.vocabulary.events import EventKind, TerminalEvent
from conformance.vocabulary.points import Point
from conformance.vocabulary.results import (
    Arrow,
    CaptureInfo,
    CellResult,
    CriterionResult,
    Evidence,
    Excerpt,
    FrameRef,
    ProcedureResult,
    ProcedureTime,
    RunHeader,
)
from conformance.vocabulary.verdicts import Level, Severity, Verdict

START = 1_700_000_000_000_000_000

pytest_plugins = ["pytester"]


PIECES = {
    "end_to_end/test_live_faults.py": "live faults",
    "end_to_end": "end_to_end",
    "cores": "addresses",
    "stack": "addresses",
    "terminals": "addresses",
    "runs": "runs",
    "capture": "capture",
}
"""Rooms and files of tests/ that bind addresses, each with the piece that one worker does alone: those of one piece
bind the same addresses (`tests/blocks.py`)."""
LONGEST_FIRST = ("end_to_end", "addresses", "live faults", "runs", "capture")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs minutes, unless `-m` speaks of it; what takes longest in one piece comes first."""
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow and "slow" not in config.getoption("markexpr"):
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _turn(_in_one_piece(item.nodeid)))


def _in_one_piece(nodeid: str) -> str:
    """Return the name of the tests that one worker has to do alone: they share addresses, or what is made once a file.

    Each cell is a piece of its own, because each worker has testbeds of its own.
    """
    file = nodeid.partition("::")[0]
    top, *rooms = file.split("/")
    if top != "tests":
        return nodeid
    return PIECES.get("/".join(rooms)) or PIECES.get(rooms[0], file)


def _turn(piece: str) -> int:
    """Return which piece is begun before which: a long one that comes last keeps one worker waiting for the other."""
    return LONGEST_FIRST.index(piece) if piece in LONGEST_FIRST else len(LONGEST_FIRST)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand tests out in these pieces where `--dist loadscope` asks for pieces."""
    if config.getoption("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class InPieces(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _in_one_piece(nodeid)

    return InPieces(config, log)


def _read(file: Path) -> str:
    """Content of a file of /proc; empty where the thread or process has just ended."""
    try:
        return file.read_text()
    except OSError:
        return ""


def _children() -> set[str]:
    """Names and numbers of the processes that this process has started and that still run."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        for number in _read(task / "children").split():
            name = _read(Path(f"/proc/{number}/stat")).split(")")[0].partition("(")[2]
            if name:
                found.add(f"{name} {number}")
    return found


@pytest.fixture(autouse=True, scope="module")
def _no_process_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """A module's tests end every process that they start, except the bench, which lives as long as the session."""
    bench = ("netlab-", "dumpcap", *(["tshark", "openvpn"] if "testcases" in request.path.parts else []))
    before = _children()
    yield
    left = {child for child in _children() - before if not child.startswith(bench)}
    assert not left, f"processes left behind by this module's tests: {', '.join(sorted(left))}"


@pytest.fixture(scope="session")
def make_criterion() -> Callable[..., CriterionResult]:
    """Builds a criterion result; every field can be given."""

    def make(**changes: Any) -> CriterionResult:
        fields: dict[str, Any] = {
            "id": "REG-38",
            "verdict": Verdict.FAIL,
            "level": Level.SHALL,
            "severity": Severity.BLOCKING,
            "clause": "RFC 3608 5",
            "statement": "The 200 to REGISTER carries a Service-Route.",
            "node": "home-scscf",
            "expected": "Service-Route: <sip:orig@scscf.uc3m.netlab.test:6060;lr>",
            "found": "no Service-Route",
            "evidence": [
                Evidence(
                    capture=0,
                    frame=2,
                    field="Service-Route",
                    offset=0,
                    length=7,
                    excerpt=Excerpt(before="", marked="SIP/2.0", after=" 200 OK"),
                )
            ],
        }
        return CriterionResult(**(fields | changes))

    return make


@pytest.fixture(scope="session")
def make_cell(make_criterion: Callable[..., CriterionResult]) -> Callable[..., CellResult]:
    """Builds a cell result with one procedure of two messages; every field can be given, `times` by name."""

    def make(**changes: Any) -> CellResult:
        criteria = changes.pop("criteria", [make_criterion(verdict=Verdict.PASS, found="present")])
        text = changes.pop("text", "SIP/2.0 200 OK\r\n\r\n")
        times = changes.pop("times", {})
        procedure = ProcedureResult(
            flow="registration-home",
            subject=["sip:alice@uc3m.netlab.test"],
            cell="test_registration[uc3m@uc3m]",
            roles={"ue": ["127.1.1.129:5060/udp"], "home-pcscf": ["127.1.1.11:4060/udp"]},
            frames=[FrameRef(capture=0, frame=1), FrameRef(capture=0, frame=2)],
            interoperability=Verdict.PASS,
            conformance=changes.get("conformance", Verdict.PASS),
            criteria=criteria,
            reasons=[],
            times=[ProcedureTime(name=name, ms=ms, capture=0, from_frame=1, to_frame=2) for name, ms in times.items()],
            ladder=[
                Arrow(
                    capture=0,
                    frame=1,
                    time_ns=START,
                    point=Point.GM,
                    protocol="SIP",
                    source="ue",
                    destination="home-pcscf",
                    summary="REGISTER sip:uc3m.netlab.test",
                    step="register-1",
                    text="REGISTER sip:uc3m.netlab.test SIP/2.0\r\n\r\n",
                ),
                Arrow(
                    capture=0,
                    frame=2,
                    time_ns=START + 12_300_000,
                    point=Point.GM,
                    protocol="SIP",
                    source="home-pcscf",
                    destination="ue",
                    summary="200 OK",
                    step="register-1",
                    text=text,
                ),
            ],
        )
        fields: dict[str, Any] = {
            "cell": "test_registration[uc3m@uc3m]",
            "test_case": "home.test_registration",
            "title": "A subscriber at home registers with IMS AKA over UDP.",
            "home": "uc3m",
            "visited": "uc3m",
            "access_point": "none",
            "terminal": "standard",
            "flow": "registration-home",
            "interoperability": Verdict.PASS,
            "conformance": Verdict.PASS,
            "started_ns": START,
            "duration_ms": 41.0,
            "captures": [
                CaptureInfo(
                    file="capture.pcapng",
                    frames=2,
                    signalling=2,
                    copies=0,
                    drops=0,
                    problems=[],
                    points=[Point.GM],
                )
            ],
            "procedures": [procedure],
            "events": [TerminalEvent(time_ns=START, terminal="sip:alice@uc3m.netlab.test", kind=EventKind.REGISTERED)],
            "reasons": [],
            "folder": "cells/test_registration.uc3m@uc3m",
        }
        return CellResult(**(fields | changes))

    return make


@pytest.fixture
def header() -> RunHeader:
    """The header of a run of two testbeds."""
    return RunHeader(
        run="20261122-120000-1",
        started_ns=START,
        version="0.1.0",
        commit=None,
        federation="netlab (emulated.toml)",
        testbeds={"uc3m": "uc3m.netlab.test", "stuba": "stuba.netlab.test"},
        core="emulated",
        fabric="loopback",
        capture_backend="scapy",
        tools={"tshark": "4.0.17"},
        limits=["Fabric loopback: no VPN."],
    )
