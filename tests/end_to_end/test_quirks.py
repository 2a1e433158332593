"""What the catalogue says of each quirk, proven on one emulated federation: what it breaks, whom it blocks, its cure.

Quirks that show in the answer to one kind of challenge alone are judged in `tests/terminals/test_manner.py`. Addresses:
`Block.QUIRKS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.detection.batch import read_captures
from conformance.faults.pcapfile import read_packets
from conformance.federation.call_matrix import call_cells
from conformance.federation.matrix import home_cells
from conformance.judgement import judge
from conformance.quirks.catalogue import Cure, all_quirks
from conformance.quirks.profiles import profile_named, profile_names
from conformance.runs.bench import Bench
from conformance.runs.calls import answered, talk
from conformance.runs.cell import Cell
from conformance.runs.cell_identity import CellIdentity
from conformance.runs.expected import Expectation
from conformance.runs.folder import RunFolder
from conformance.runs.header import run_header
from conformance.runs.sheet import read_sheet
from conformance.vocabulary.federation import Strictness
from conformance.vocabulary.verdicts import Verdict
from tests.blocks import Block
from tests.end_to_end.quirk_terminals import SHOWN, registers
from tests.runs.bench_lab import started_bench

OF_A_LENIENT_CORE = {("DNS-03", "home-pcscf")}
"""What a core does that bears with a port: it finds the home network by NAPTR and SRV all the same."""
PROFILES = [name for name in profile_names() if name != "standard" and not profile_named(name).impossible]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with started_bench(Block.QUIRKS.number, tmp_path_factory.mktemp("run")) as bench:
        yield bench


def _breaks(id: str, group: str) -> set[str]:
    return {one for one in all_quirks()[id].breaks if one.startswith(group)}


def test_what_each_quirk_breaks(bench: Bench, tmp_path: Path) -> None:
    names = ["standard", *(f"standard+{id}" for id in SHOWN)]
    bench.set_strictness("uc3m", Strictness.LENIENT)
    for name in names:
        registers(bench, name, capture=tmp_path / f"{name}.pcapng")
    traces = read_captures([(name, read_packets(tmp_path / f"{name}.pcapng")) for name in names])
    found, promised = {}, {"standard": set()} | {f"standard+{id}": _breaks(id, "REG-") for id in SHOWN}
    for name, trace in zip(names, traces, strict=True):
        judged = judge(trace, federation=bench.federation, flow="registration-home", confirm=None)
        (procedure,) = judged.procedures
        failed = {(one.id, one.node) for one in procedure.criteria if one.verdict in (Verdict.FAIL, Verdict.ERROR)}
        found[name] = {id for id, node in failed if node == "ue"}
        others = OF_A_LENIENT_CORE if name.endswith(("Q1", "J2")) else set()
        assert {one for one in failed if one[1] != "ue"} == others, name
    assert found == promised


@pytest.mark.parametrize("strictness", Strictness)
def test_whom_a_quirk_blocks_and_what_cures_it(bench: Bench, strictness: Strictness) -> None:
    bench.set_strictness("uc3m", strictness)
    quirks = [all_quirks()[id] for id in SHOWN]
    blocked = {quirk.id for quirk in quirks if not registers(bench, f"standard+{quirk.id}")}
    assert blocked == {quirk.id for quirk in quirks if strictness.value in quirk.blocks}
    cured = {id for id in blocked if all_quirks()[id].cure is not Cure.NONE}
    assert {id for id in blocked if registers(bench, f"standard+{id}", adapted=True)} == cured


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_and_the_open_ims_core(bench: Bench, name: str) -> None:
    bench.set_strictness("uc3m", Strictness.OPENIMSCORE)
    blocks = {core for quirk in profile_named(name).quirks for core in quirk.blocks}
    assert registers(bench, name) is ("openimscore" not in blocks)
    assert registers(bench, name, adapted=True)


@pytest.mark.parametrize("id", ["Q7", "Q9", "Q13", "Q13a"])
def test_what_a_quirk_of_other_requests_breaks_in_a_call(bench: Bench, tmp_path: Path, id: str) -> None:
    bench.set_strictness("uc3m", Strictness.LENIENT)
    square = call_cells(bench.federation, home_cells(bench.federation), "third")[0]
    sheet = read_sheet("call", square.id, "A terminal with a quirk calls.")
    identity = CellIdentity(f"call[{id}]", "call", "-", square, "call-interconnect", sheet, Expectation())
    run = RunFolder(tmp_path)
    run.begin(run_header(run.run_id, bench.plan, bench.fabric))
    cell = Cell(identity, bench, run)
    caller, callee = cell.terminal(profile=profile_named(f"standard+{id}")), cell.callee()
    callee.register()
    caller.register()
    cell.settle()
    calling = caller.call(callee.impu)
    talk(*answered(calling, callee.await_call())).hang_up()
    (procedure,) = cell.finish().procedures
    assert {one.id for one in procedure.criteria if one.verdict is Verdict.FAIL} == _breaks(id, "CALL-")
