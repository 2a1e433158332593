"""Every fault of a node or a terminal, shown by one federation that is up for all of them."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from conformance.faults.catalogue import Fault, load_catalogue
from tests.blocks import Block
from tests.end_to_end.conftest import NETLAB, ROOT, environment

MISBEHAVING = load_catalogue().fault
"""Faults of nodes and of terminals; those of captures are in tests/faults."""
DEADLINE_OF_ALL_S = 900


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, Any]]:
    """What `netlab faults` says of every fault of a node or of a terminal; one federation is up for all of them."""
    done = subprocess.run(
        [NETLAB, "faults", "--kind", "node", "--kind", "terminal", "--json"],
        cwd=ROOT,
        env=environment() | {"PYTEST_XDIST_WORKER": f"gw{Block.LIVE_FAULTS.number}"},
        capture_output=True,
        text=True,
        timeout=DEADLINE_OF_ALL_S,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return {row["fault"]: row for row in json.loads(done.stdout)}


@pytest.mark.parametrize("fault", MISBEHAVING, ids=lambda fault: fault.name)
def test_every_fault_of_a_node_or_a_terminal_is_found_and_nothing_else(
    rows: dict[str, dict[str, Any]], fault: Fault
) -> None:
    row = rows[fault.name]
    assert set(row["found"]) == set(fault.expected)
    assert row["collateral"] == []
    assert row["blamed"] == (str(fault.blamed) if fault.expected else None)
    assert row["ok"]
