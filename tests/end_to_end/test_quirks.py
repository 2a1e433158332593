"""What the catalogue says of each quirk, proven on one emulated federation: what it breaks, whom it blocks, its cure.

Quirks that show in the answer to one kind of challenge alone are judged in `tests/terminals/test_manner.py`. Addresses:
`Block.QUIRKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.detection.batch import read_captures
from conformance.faults.pcapfile import read_packets
from conformance.federation import default_federation_path
from conformance.judgement import judge
from conformance.quirks.catalogue import Cure, all_quirks
from conformance.quirks.profiles import profile_named, profile_names
from conformance.runs.actors import numbers_ahead
from conformance.runs.bench import Bench
from conformance.runs.plan import BenchPlan
from conformance.stack.hop import Hop
from conformance.terminals.event_log import EventLog
from conformance.terminals.terminal import RegistrationFailed, Terminal
from conformance.vocabulary.federation import NodeKind, Strictness
from conformance.vocabulary.verdicts import Verdict
from tests.blocks import Block

OF_A_CHALLENGE = {"Q10", "Q11"}
"""No emulated core sends the challenge to which these answer otherwise."""
OF_A_LENIENT_CORE = {("DNS-03", "home-pcscf")}
"""What a core does that bears with a port: it finds the home network by NAPTR and SRV all the same."""
SHOWN = [quirk.id for quirk in all_quirks().values() if quirk.on_wire and quirk.id not in OF_A_CHALLENGE]
PROFILES = [name for name in profile_names() if name != "standard" and not profile_named(name).impossible]

Register = Callable[..., bool]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    plan = BenchPlan(default_federation_path(), Block.QUIRKS.number, "scapy")
    bench = Bench(plan, tmp_path_factory.mktemp("run"))
    bench.start()
    yield bench
    bench.stop()


@pytest.fixture(scope="module")
def registers(bench: Bench) -> Register:
    """Registers alice with a terminal of a profile, tells whether that worked, and leaves nothing behind."""
    home = bench.federation.testbeds["uc3m"]
    alice = home.subscriber("alice")

    def register(name: str, *, adapted: bool = False, capture: Path | None = None) -> bool:
        entry = home.node(NodeKind.ADAPTER if adapted else NodeKind.PCSCF)
        place = bench.attach("uc3m", None)
        if capture is not None:
            bench.sniffers.open_cell(name)
        terminal = Terminal(
            federation=bench.federation,
            testbed=home,
            subscriber=alice,
            address=place.address,
            pcscf=Hop(str(entry.address), entry.port),
            events=EventLog(),
            profile=profile_named(name),
            numbers=numbers_ahead() if name.endswith("Q15") else None,
            loop=place.loop,
        )
        try:
            terminal.register()
        except RegistrationFailed:
            assert not terminal.registered
        came_in = terminal.registered
        bench.settle({"uc3m"})
        if capture is not None:
            bench.sniffers.close_cell(name, capture)
        if came_in:
            terminal.deregister()
            bench.settle({"uc3m"})
        bench.forget_users({"uc3m"}, set(alice.impus))
        terminal.close()
        place.release()
        return came_in

    return register


def test_what_each_quirk_breaks(bench: Bench, registers: Register, tmp_path: Path) -> None:
    names = ["standard", *(f"standard+{id}" for id in SHOWN)]
    bench.set_strictness("uc3m", Strictness.LENIENT)
    for name in names:
        registers(name, capture=tmp_path / f"{name}.pcapng")
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
def test_whom_a_quirk_blocks_and_what_cures_it(bench: Bench, registers: Register, strictness: Strictness) -> None:
    bench.set_strictness("uc3m", strictness)
    quirks = [all_quirks()[id] for id in SHOWN]
    blocked = {quirk.id for quirk in quirks if not registers(f"standard+{quirk.id}")}
    assert blocked == {quirk.id for quirk in quirks if strictness.value in quirk.blocks}
    cured = {id for id in blocked if all_quirks()[id].cure is not Cure.NONE}
    assert {id for id in blocked if registers(f"standard+{id}", adapted=True)} == cured


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_and_the_open_ims_core(bench: Bench, registers: Register, name: str) -> None:
    bench.set_strictness("uc3m", Strictness.OPENIMSCORE)
    blocks = {core for quirk in profile_named(name).quirks for core in quirk.blocks}
    assert registers(name) is ("openimscore" not in blocks)
    assert registers(name, adapted=True)
