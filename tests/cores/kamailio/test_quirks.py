"""Which quirks cost a terminal its registration with Kamailio, and which of those the adapter cures.

The other cores: `tests/end_to_end/test_quirks.py`.
"""

from __future__ import annotations

from pathlib import Path

from conformance.federation import default_federation_path
from conformance.quirks.catalogue import Cure, all_quirks
from conformance.runs.bench import Bench
from conformance.runs.plan import BenchPlan
from tests.blocks import Block
from tests.cores.kamailio.presence_lab import needs_servers
from tests.end_to_end.quirk_terminals import SHOWN, registers

pytestmark = needs_servers


def test_whom_a_quirk_blocks_and_what_cures_it(tmp_path: Path) -> None:
    text = default_federation_path().read_text(encoding="utf-8").replace('core = "emulated"', 'core = "kamailio"', 1)
    file = tmp_path / "federation.toml"
    file.write_text(text, encoding="utf-8")
    bench = Bench(BenchPlan(file, Block.KAMAILIO.number, "scapy"), tmp_path)
    bench.start()
    try:
        blocked = {id for id in SHOWN if not registers(bench, f"standard+{id}")}
        cured = {id for id in blocked if registers(bench, f"standard+{id}", adapted=True)}
    finally:
        bench.stop()
    assert blocked == {id for id in SHOWN if "kamailio" in all_quirks()[id].blocks}
    assert cured == {id for id in blocked if all_quirks()[id].cure is not Cure.NONE}
