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
from conformance.federation import default_federation_path
from conformance.judgement import judge
from conformance.quirks.catalogue import Cure, all_quirks
from conformance.quirks.profiles import profile_named, profile_names
from conformance.runs.bench import Bench
from conformance.runs.plan import BenchPlan
from conformance.vocabulary.federation import Strictness
from conformance.vocabulary.verdicts import Verdict
from tests.blocks import Block
from tests.end_to_end.quirk_terminals import SHOWN, registers

OF_A_LENIENT_CORE = {("DNS-03", "home-pcscf")}
"""What a core does that bears with a port: it finds the home network by NAPTR and SRV all the same."""
PROFILES = [name for name in profile_names() if name != "standard" and not profile_named(name).impossible]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    plan = BenchPlan(default_federation_path(), Block.QUIRKS.number, "scapy")
    bench = Bench(plan, tmp_path_factory.mktemp("run"))
    bench.start()
    yield bench
    bench.stop()


def test_what_each_quirk_breaks(bench: Bench, tmp_path: Path) -> None:
    names = ["standard", *(f"standard+{id}" for id in SHOWN)]
    bench.set_strictness("uc3m", Strictness.LENIENT)
    for name in names:
        registers(bench, name, capture=tmp_path / f"{name}.pcapng")
    traces = read_captures([(name, read_packets(tmp_path / f"{name}.pcapng")) for name in names])
    found, promised = {}, {"standard": set()} | {f"standard+{id}": set(all_quirks()[id].breaks) for id in SHOWN}
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
