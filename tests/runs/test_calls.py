"""Calls in cells on a real bench: what tshark alone sees of them, hop by hop.

Addresses: `Block.CALLS`.
"""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.federation import default_federation_path, home_cells, load_federation, roaming_cells
from conformance.federation.call_matrix import call_cells
from conformance.federation.matrix import Cell as Square
from conformance.runs.bench import Bench
from conformance.runs.calls import invite, set_up, talk
from conformance.runs.cell import Cell
from conformance.runs.folder import RunFolder
from tests.blocks import Block
from tests.runs.bench_lab import identity_of, started_bench

Story = Callable[[Cell], None]


class Wire:
    """One cell's capture, read by tshark alone; addresses are named after their nodes."""

    def __init__(self, file: Path, cell: Cell, bench: Bench) -> None:
        self.file = file
        self.names = {
            str(node.address): f"{testbed.name}/{kind}"
            for testbed in bench.federation.testbeds.values()
            for kind, node in testbed.nodes.items()
        }
        self.names |= {t._stack.address: name for t, name in zip(cell._terminals, ("caller", "callee"), strict=False)}

    def rows(self, which: str, *fields: str) -> list[list[str]]:
        """Values of fields; of header fields that come several times the values are joined by `|`."""
        command = [
            "tshark",
            "-r",
            str(self.file),
            "-d",
            "tcp.port==6060,sip",
            "-d",
            "tcp.port==4060,sip",
            "-Y",
            which,
            "-T",
            "fields",
            "-E",
            "occurrence=a",
        ]
        command += ["-E", "aggregator=|", *(word for field in fields for word in ("-e", field))]
        shown = subprocess.run(command, check=True, capture_output=True, text=True)
        return [line.split("\t") for line in shown.stdout.splitlines()]

    def hops(self, which: str) -> list[str]:
        """Who got it, in the order of time, behind who sent it first; tunnels are left out."""
        ends = [row[:2] for row in self.rows(f"({which}) && !gtp", "ip.src", "ip.dst")]
        names = [[self.names.get(address, address) for address in pair] for pair in ends]
        assert all(one[1] == two[0] for one, two in itertools.pairwise(names)), names
        return [names[0][0], *(pair[1] for pair in names)]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with started_bench(Block.CALLS.own_number, tmp_path_factory.mktemp("run")) as bench:
        yield bench


@pytest.fixture
def called(bench: Bench, tmp_path: Path) -> Iterator[Callable[[str, Story], Wire]]:
    """Runs a story in the cell of that id and gives what was captured of it."""
    made: list[Cell] = []

    def run(name: str, story: Story) -> Wire:
        identity = identity_of("test", squares()[name])
        cell = Cell(identity, bench, RunFolder(tmp_path))
        made.append(cell)
        story(cell)
        file = tmp_path / "cell.pcapng"
        bench.settle(set(identity.square.testbeds))
        bench.sniffers.close_cell(identity.name, file)
        return Wire(file, cell, bench)

    yield run
    for cell in made:
        assert cell.leave() == []


def squares() -> dict[str, Square]:
    federation = load_federation(default_federation_path())
    callers = [*home_cells(federation), *roaming_cells(federation, "visited"), *roaming_cells(federation, "home")]
    found = [
        cell for called in ("home", "visited", "third", "away") for cell in call_cells(federation, callers, called)
    ]
    return {cell.id: cell for cell in found}


def whole(cell: Cell) -> None:
    talk(*set_up(cell)).hang_up()


ROUTES = {
    "uc3m@uc3m-to-uc3m": ["uc3m/p-cscf", "uc3m/s-cscf", "uc3m/i-cscf", "uc3m/s-cscf", "uc3m/p-cscf"],
    "uc3m@uc3m-to-stuba": ["uc3m/p-cscf", "uc3m/s-cscf", "stuba/i-cscf", "stuba/s-cscf", "stuba/p-cscf"],
    "uc3m@stuba-visited-to-uc3m": ["stuba/p-cscf", "uc3m/s-cscf", "uc3m/i-cscf", "uc3m/s-cscf", "uc3m/p-cscf"],
    "uc3m@stuba-visited-to-stuba": ["stuba/p-cscf", "uc3m/s-cscf", "stuba/i-cscf", "stuba/s-cscf", "stuba/p-cscf"],
    "uc3m@stuba-visited-to-octopus": [
        "stuba/p-cscf", "uc3m/s-cscf", "octopus/i-cscf", "octopus/s-cscf", "octopus/p-cscf",
    ],
    "uc3m@uc3m-to-uc3m@stuba": ["uc3m/p-cscf", "uc3m/s-cscf", "uc3m/i-cscf", "uc3m/s-cscf", "stuba/p-cscf"],
    "octopus@uc3m-visited-to-octopus@stuba": [
        "uc3m/p-cscf", "octopus/s-cscf", "octopus/i-cscf", "octopus/s-cscf", "stuba/p-cscf",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", ROUTES)
def test_the_way_of_a_call(called: Callable[[str, Story], Wire], name: str) -> None:
    """CALL-14 to CALL-18: whose nodes the INVITE passes; what follows in the dialog passes all but the I-CSCF."""
    wire = called(name, whole)
    way = ROUTES[name]
    assert wire.hops("sip.Method == INVITE") == ["caller", *way, "callee"]
    recorded = [way[0], way[1], way[3], way[4]]
    for method in ("ACK", "PRACK", "BYE"):
        assert wire.hops(f"sip.Method == {method}") == ["caller", *recorded, "callee"]
    # media between the terminals, both ways, A-law, and with nobody between them
    media = {tuple(row) for row in wire.rows("rtp", "ip.src", "ip.dst", "rtp.p_type")}
    ends = {(wire.names[src], wire.names[dst], kind) for src, dst, kind in media}
    assert ends == {("caller", "callee", "8"), ("callee", "caller", "8")}


def test_what_each_hop_adds_and_takes_out(called: Callable[[str, Story], Wire]) -> None:
    wire = called("uc3m@stuba-visited-to-octopus", whole)
    fields = ("sip.P-Asserted-Identity", "sip.P-Charging-Vector", "sip.P-Called-Party-ID", "sip.Route", "sip.r-uri")
    rows = wire.rows("sip.Method == INVITE", *fields, "sip.P-Preferred-Identity", "sip.P-Access-Network-Info")
    asserted, vectors, party, routes, targets, preferred, access = (list(column) for column in zip(*rows, strict=True))
    alice, carol = "<sip:alice@uc3m.netlab.test>", "sip:carol@octopus.netlab.test"
    # his S-CSCF names his number, too (3GPP TS 24.229, requests of the served user)
    assert asserted == ["", alice, *[f"{alice}|<tel:+34000000001>"] * 4]
    assert preferred == [alice, *[""] * 5]
    assert [bool(value) for value in access] == [True, True, False, False, False, False]
    assert [vectors[0], vectors[5]] == ["", ""]
    assert "ioi" not in vectors[1]
    assert all(vector.endswith(";orig-ioi=uc3m.netlab.test") for vector in vectors[2:5])
    assert len({vector.partition(";")[0] for vector in vectors[1:5]}) == 1
    assert party == ["", "", "", "", f"<{carol}>", f"<{carol}>"]
    assert targets[:4] == [carol] * 4
    assert targets[4] == targets[5] != carol
    assert routes[1] == "<sip:orig@scscf.uc3m.netlab.test:6060;lr>"
    assert routes[2] == ""
    assert routes[4] == "<sip:pcscf.octopus.netlab.test:4060;lr>"
    # the answer says who is called and which network serves him, and no terminal is told of charging
    rows = wire.rows("sip.Status-Code == 200 && sip.CSeq.method == INVITE", *fields[:2])
    assert [row[0] for row in rows] == ["", *[f"<{carol}>"] * 5]
    assert [row[1].partition(";")[2] for row in rows] == [
        "", "", *["orig-ioi=uc3m.netlab.test;term-ioi=octopus.netlab.test"] * 3, "",
    ]  # fmt: skip


def test_the_callers_scscf_asks_dns_for_the_callees_network(called: Callable[[str, Story], Wire]) -> None:
    """DNS-05: not the P-CSCF, and nobody of the visited network."""
    wire = called("uc3m@stuba-visited-to-octopus", whole)
    rows = wire.rows('dns.flags.response == 0 && dns.qry.name == "octopus.netlab.test"', "ip.src", "ip.dst")
    asked = {(wire.names[source], wire.names[server]) for source, server in rows}
    assert ("uc3m/s-cscf", "uc3m/dns") in asked
    assert not any(asker.startswith("stuba/") for asker, _ in asked)


def test_every_cscf_answers_an_invite_at_once(called: Callable[[str, Story], Wire]) -> None:
    """CALL-19: 100 by each hop, passed on by none."""
    wire = called("uc3m@uc3m-to-stuba", whole)
    rows = wire.rows("sip.Status-Code == 100", "ip.src", "ip.dst")
    way = ["caller", *ROUTES["uc3m@uc3m-to-stuba"], "callee"]
    assert [(wire.names[a], wire.names[b]) for a, b in rows] == [(b, a) for a, b in itertools.pairwise(way)]


def test_with_preconditions_nobody_rings_before_the_resources_are_there(called: Callable[[str, Story], Wire]) -> None:
    wire = called("uc3m@uc3m-to-stuba", lambda cell: talk(*set_up(cell, preconditions=True)).hang_up())
    caller = next(address for address, name in wire.names.items() if name == "caller")
    rows = wire.rows(
        f"sip && ip.addr == {caller} && !(sip.CSeq.method == REGISTER)",
        "sip.Method",
        "sip.Status-Code",
        "sip.CSeq.method",
    )
    told = [method or f"{status} {asked}" for method, status, asked in rows]
    assert told[:10] == [
        "INVITE", "100 INVITE", "183 INVITE", "PRACK", "200 PRACK", "UPDATE", "200 UPDATE", "180 INVITE", "PRACK",
        "200 PRACK",
    ]  # fmt: skip
    assert told[10:] == ["200 INVITE", "ACK", "BYE", "200 BYE"]
    current = wire.rows(f"sdp && ip.addr == {caller}", "sdp.media_attr")
    assert [("curr:qos local none" in row[0], "curr:qos local sendrecv" in row[0]) for row in current] == [
        (True, False), (True, False), (False, True), (False, True),
    ]  # fmt: skip


def test_a_cancel_goes_from_hop_to_hop(called: Callable[[str, Story], Wire]) -> None:
    """CALL-33: each hop has its own CANCEL with one Via, the branch of its INVITE, and its own 200."""

    def give_up(cell: Cell) -> None:
        calling, incoming = invite(cell)
        incoming.ring()
        calling.wait_ringing()
        calling.cancel()
        calling.wait_refused(487)
        incoming.wait_ended()

    wire = called("uc3m@stuba-visited-to-stuba", give_up)
    way = ["caller", *ROUTES["uc3m@stuba-visited-to-stuba"], "callee"]
    assert wire.hops("sip.Method == CANCEL") == way
    branches = [row[0].split("|")[0] for row in wire.rows("sip.Method == INVITE", "sip.Via.branch")]
    assert [row[0] for row in wire.rows("sip.Method == CANCEL", "sip.Via.branch")] == branches
    assert len(wire.rows("sip.Status-Code == 200 && sip.CSeq.method == CANCEL", "frame.number")) == 6
    assert len(wire.rows("sip.Status-Code == 487", "frame.number")) == 6
    assert len(wire.rows("sip.Method == ACK", "frame.number")) == 6


def test_the_home_access_point_carries_signalling_and_media(called: Callable[[str, Story], Wire]) -> None:
    """CALL-17: what the visited network sees of the caller is GTP-U alone."""
    wire = called("uc3m@utu-home-to-uc3m", whole)
    assert wire.hops("sip.Method == INVITE") == ["caller", *ROUTES["uc3m@uc3m-to-uc3m"], "callee"]
    inside = wire.rows("gtp && rtp", "ip.src", "ip.dst")
    assert inside
    ends = {tuple(wire.names.get(pair.split("|")[-1]) for pair in row) for row in inside}
    assert ends == {("caller", "callee"), ("callee", "caller")}


def test_a_caller_who_hides_is_named_to_no_terminal(called: Callable[[str, Story], Wire]) -> None:
    """CALL-13: inside the networks it is known who calls."""
    wire = called("uc3m@uc3m-to-stuba", lambda cell: talk(*set_up(cell, anonymous=True)).hang_up())
    rows = wire.rows("sip.Method == INVITE", "sip.P-Asserted-Identity", "sip.From")
    alice = "<sip:alice@uc3m.netlab.test>"
    assert [row[0] for row in rows] == ["", alice, *[f"{alice}|<tel:+34000000001>"] * 3, ""]
    assert all("anonymous.invalid" in row[1] and "alice" not in row[1] for row in rows)
