"""Cells away from home on a real bench: which terminal a cell gives, and what the wire shows.

Addresses: `Block.CELLS`.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from conformance.federation.matrix import Cell as Square
from conformance.quirks.profiles import profile_named
from conformance.runs.bench import Bench
from conformance.runs.cell import Cell
from conformance.runs.folder import RunFolder
from conformance.terminals.terminal import RegistrationRejected
from conformance.trace.decode import read_trace
from conformance.trace.model import SipMessage
from conformance.vocabulary.errors import BeyondProgram, HarnessFault
from conformance.vocabulary.federation import NodeKind, Strictness
from conformance.vocabulary.points import Point
from conformance.vocabulary.results import RunHeader
from conformance.vocabulary.verdicts import Verdict
from tests.blocks import Block
from tests.runs.bench_lab import identity_of, started_bench


class Captured(NamedTuple):
    """One cell's capture."""

    file: Path
    cell: Cell

    @property
    def registers(self) -> list[SipMessage]:
        """All messages of REGISTER transactions, copies merged."""
        messages = [m for m in read_trace([self.file]).messages if isinstance(m, SipMessage)]
        return [message for message in messages if message.sip.method == "REGISTER"]

    def tshark(self, which: str, *fields: str) -> list[list[str]]:
        """Read the capture with tshark alone."""
        command = ["tshark", "-r", str(self.file), "-Y", which, "-T", "fields", "-E", "occurrence=a"]
        command += [word for field in fields for word in ("-e", field)]
        shown = subprocess.run(command, check=True, capture_output=True, text=True)
        return [line.split("\t") for line in shown.stdout.splitlines()]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with started_bench(Block.CELLS.own_number, tmp_path_factory.mktemp("run")) as bench:
        yield bench


@pytest.fixture
def register(bench: Bench, tmp_path: Path) -> Iterator[Callable[..., Captured]]:
    """Registers a subscriber in a cell and gives the capture."""
    made: list[Cell] = []

    def run(square: Square, status: int | None = None, **options: Any) -> Captured:
        identity = identity_of("test", square)
        cell = Cell(identity, bench, RunFolder(tmp_path))
        made.append(cell)
        terminal = cell.terminal(**options)
        if status is None:
            terminal.register()
        else:
            with pytest.raises(RegistrationRejected) as refusal:
                terminal.register()
            assert refusal.value.status == status
        file = tmp_path / "cell.pcapng"
        bench.settle({square.home, square.visited})
        bench.sniffers.close_cell(identity.name, file)
        return Captured(file, cell)

    yield run
    for cell in made:
        cell.leave()


def test_home_access_point_in_a_network_without_ims(bench: Bench, register: Callable[..., Captured]) -> None:
    found = register(Square("uc3m", "utu", "home", "erin"))  # who may not roam, and does not need to
    home, visited = bench.federation.testbeds["uc3m"], bench.federation.testbeds["utu"]
    pcscf, gateway = str(home.node(NodeKind.PCSCF).address), str(home.node(NodeKind.GATEWAY).address)

    # tshark alone: SIP inside GTP-U at point access, on both sections; plain SIP at the home P-CSCF
    rows = found.tshark("sip", "frame.interface_name", "frame.protocols", "ip.src", "ip.dst", "gtp.teid", "sip.Method")
    tunnelled = [row for row in rows if row[0] == "access"]
    assert tunnelled
    assert all(row[1].endswith("udp:gtp:ip:udp:sip") for row in tunnelled)
    assert not [row for row in rows if row[0] != "access" and "gtp" in row[1]]
    first, second = tunnelled[:2]
    outer, inner = first[2].split(",")
    assert outer in map(str, visited.access_networks[0].pool)
    assert inner in map(str, home.access_networks[0].pool)
    assert first[3] == f"{visited.node(NodeKind.GATEWAY).address},{pcscf}"
    assert second[2:4] == [f"{visited.node(NodeKind.GATEWAY).address},{inner}", f"{gateway},{pcscf}"]
    assert len({row[4] for row in tunnelled}) == 2  # one identifier each way

    # The trace: one message each, seen at the access side, between the gateways, and at Gm
    at_terminal = [m for m in found.registers if Point.GM in m.points]
    assert [m.sip.status for m in at_terminal] == [None, 401, None, 200]
    for message in at_terminal:
        seen = [(s.point, s.encapsulation) for s in message.sightings]
        assert sorted(seen, key=str) == [(Point.ACCESS, ("gtp",)), (Point.ACCESS, ("gtp",)), (Point.GM, ())]
        assert message.retransmission_of is None
        assert {message.source.address, message.destination.address} == {inner, pcscf}
    assert {p for m in found.registers for p in m.points} == {Point.GM, Point.ACCESS, Point.MW, Point.ISC}


def test_home_access_point_leaves_the_visited_cscfs_silent(bench: Bench, register: Callable[..., Captured]) -> None:
    found = register(Square("stuba", "octopus", "home", "bob"))
    visited = bench.federation.testbeds["octopus"]
    cscfs = [str(visited.node(kind).address) for kind in (NodeKind.PCSCF, NodeKind.ICSCF, NodeKind.SCSCF)]
    assert not found.tshark(" or ".join(f"ip.addr == {address}" for address in cscfs), "frame.number")
    (network,) = {row[0] for row in found.tshark("diameter.cmd.code == 300 and diameter.flags.request == 1", VNI)}
    assert bytes.fromhex(network.replace(":", "")).decode() == "stuba.netlab.test"


def test_visited_access_point(bench: Bench, register: Callable[..., Captured]) -> None:
    found = register(Square("uc3m", "stuba", "visited", "alice"))
    pcscf = str(bench.federation.testbeds["stuba"].node(NodeKind.PCSCF).address)
    entry = str(bench.federation.testbeds["uc3m"].node(NodeKind.ICSCF).address)
    between = [m for m in found.registers if Point.IC in m.points]
    assert [(m.source.address, m.destination.address) for m in between] == [(pcscf, entry), (entry, pcscf)] * 2
    asked = between[0].sip
    assert [header.value for header in asked.all("P-Visited-Network-ID")] == ["stuba.netlab.test"]
    assert asked.values("Path")[0].text == "<sip:pcscf.stuba.netlab.test:4060;lr>"
    granted = next(m.sip for m in found.registers if m.sip.status == 200)
    assert "sip:orig@scscf.uc3m.netlab.test" in granted.values("Service-Route")[0].text
    assert not found.tshark("gtp", "frame.number")
    (network,) = {row[0] for row in found.tshark("diameter.cmd.code == 300 and diameter.flags.request == 1", VNI)}
    assert bytes.fromhex(network.replace(":", "")).decode() == "stuba.netlab.test"
    asked_for = {row[0] for row in found.tshark("dns.flags.response == 0", "dns.qry.name")}
    assert "uc3m.netlab.test" in asked_for  # the home network is found by DNS


def test_who_may_not_roam_is_refused_by_the_home_network(bench: Bench, register: Callable[..., Captured]) -> None:
    found = register(Square("uc3m", "stuba", "visited", "erin"), 403)
    (answer,) = found.tshark("diameter.cmd.code == 300 and diameter.flags.request == 0", ROAMING)
    assert answer == ["5004"]
    assert not found.tshark("diameter.cmd.code == 303", "frame.number")


VNI = "diameter.Visited-Network-Identifier"
ROAMING = "diameter.Experimental-Result-Code"


def test_a_registration_that_outlives_its_cell_is_told_and_ends(
    bench: Bench, register: Callable[..., Captured]
) -> None:
    cell = register(Square("uc3m", "stuba", "visited", "alice")).cell
    (terminal,) = cell._terminals
    terminal.registered = False  # as if it had lost its memory: it deregisters nothing
    testbeds = {"uc3m", "stuba"}
    assert set(bench.core.known_users(testbeds)) == {"stuba/p-cscf", "uc3m/s-cscf"}

    told = cell.leave()

    user = "sip:alice@uc3m.netlab.test"
    assert told == [
        f"uc3m/s-cscf still knew {user} after the cell and was started anew",
        f"stuba/p-cscf still knew {user} after the cell and was started anew",
    ]
    assert bench.core.known_users(testbeds) == {}
    assert register(Square("uc3m", "stuba", "visited", "alice")).cell.leave() == []


def test_a_deregistration_that_fails_after_the_cell_is_told(bench: Bench, register: Callable[..., Captured]) -> None:
    cell = register(Square("uc3m", "uc3m", "none", "alice")).cell
    bench.core.stop_node("uc3m/hss")
    try:
        told = cell.leave()
    finally:
        bench.core.start_node("uc3m/hss")
    assert told[0].startswith("deregistration after the cell: ")
    assert bench.core.known_users({"uc3m"}) == {}


def test_a_program_stands_in_the_network_that_it_visits(bench: Bench, tmp_path: Path) -> None:
    cell = foreign(bench, RunFolder(tmp_path), Square("uc3m", "stuba", "visited", "alice"))
    visited = bench.federation.testbeds["stuba"]
    place = cell.program().place
    assert place.address in visited.access_networks[0].pool
    assert place.pcscf.address == str(visited.node(NodeKind.PCSCF).address)
    assert (place.testbed.name, place.subscriber.name, place.folder) == ("uc3m", "alice", cell.folder)
    bench.sniffers.close_cell(cell.identity.name, tmp_path / "cell.pcapng")
    assert cell.leave() == []


def test_what_is_beyond_a_program_says_nothing_about_the_network_and_stays_in_sight(
    bench: Bench, tmp_path: Path, header: RunHeader
) -> None:
    run = RunFolder(tmp_path / "run")
    run.begin(header)
    cell = foreign(bench, run, Square("uc3m", "uc3m", "none", "alice"))
    cell.terminal(faults=frozenset({"wrong-response"}))
    with pytest.raises(RegistrationRejected):
        cell._terminals[0].register()
    result = cell.finish(BeyondProgram("sipp cuts RES"))
    assert result.pair == (Verdict.NOT_APPLICABLE, Verdict.NOT_APPLICABLE)
    assert (result.terminal, result.reasons[0]) == ("sipp", "sipp cuts RES")
    assert "REG-34" in result.failed_criteria  # what was judged is shown all the same


def foreign(bench: Bench, run: RunFolder, square: Square) -> Cell:
    """Open a cell whose terminal is sipp."""
    return Cell(identity_of("foreign", square, terminal="sipp"), bench, run)


def test_an_adapted_terminal_registers_by_the_adapter_of_the_network_that_it_is_in(
    bench: Bench, register: Callable[..., Captured]
) -> None:
    bench.use_strictness({"stuba": Strictness.OPENIMSCORE})  # whose P-CSCF would follow the Request-URI to nowhere
    found = register(Square("uc3m", "stuba", "visited", "alice"), adapted=True, profile=profile_named("symbian-s60"))
    stuba = bench.federation.testbeds["stuba"]
    adapter, pcscf = (str(stuba.node(kind).address) for kind in (NodeKind.ADAPTER, NodeKind.PCSCF))
    asked = [m for m in found.registers if m.sip.status is None and Point.GM in m.points]
    assert [m.destination.address for m in asked] == [adapter, pcscf] * 2
    first, adapted, _, onward = (m.sip for m in asked)
    written = f"sip:uc3m.netlab.test:{stuba.node(NodeKind.ADAPTER).port};transport=UDP"
    assert first.request_uri == written
    assert adapted.request_uri == "sip:uc3m.netlab.test"
    assert onward.values("Authorization")[0].text.count(written) == 1
    assert 'realm="uc3m.netlab.test"' in adapted.values("Authorization")[0].text
    assert {m.sip.status for m in found.registers} == {None, 401, 200}


def test_a_cell_that_wants_nothing_finds_every_core_as_the_federation_file_has_it(
    bench: Bench, register: Callable[..., Captured]
) -> None:
    bench.use_strictness({"uc3m": Strictness.STRICT})
    assert bench.core.federation.testbeds["uc3m"].strictness is Strictness.STRICT
    register(Square("uc3m", "uc3m", "none", "alice"), 504, profile=profile_named("standard+Q1"))
    bench.use_strictness({})
    assert {t.strictness for t in bench.core.federation.testbeds.values()} == {Strictness.LENIENT}


def test_where_there_is_no_adapter_nobody_is_adapted(bench: Bench, tmp_path: Path) -> None:
    identity = identity_of("none", Square("uc3m", "uc3m", "none", "alice"))
    cell = Cell(identity, bench, RunFolder(tmp_path))
    try:
        with pytest.raises(HarnessFault, match="found no node adapter"):
            cell._first_hop(bench.federation.testbeds["utu"], adapted=True)
    finally:
        bench.sniffers.close_cell(identity.name, tmp_path / "none.pcapng")
        cell.leave()
