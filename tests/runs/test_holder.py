"""The process that holds testbeds: what does not come up is taken away again, and told in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.fabric import registry
from conformance.fabric.probe import why_no_lab
from conformance.federation import default_federation_path
from conformance.runs import holder, standing
from conformance.runs.holder import Answer, HoldPlan, hold
from conformance.runs.plan import FabricName
from conformance.vocabulary.errors import Exit, TestbedDown


@pytest.fixture
def plan(tmp_path: Path) -> Iterator[HoldPlan]:
    folder = tmp_path / "testbed"
    lock = standing.occupy(folder)
    yield HoldPlan(
        folder=folder,
        lock=lock,
        federation_file=default_federation_path(),
        core="emulated",
        fabric=FabricName.LOOPBACK,
    )
    os.close(lock)


class CoreThatStaysDown:
    """Fails when the fabric is already up."""

    def up(self, *_: object) -> None:
        raise TestbedDown("uc3m/hss: expected that it reports ready, found nothing")

    def down(self) -> None:
        """Nothing is up."""


def test_a_fabric_whose_core_does_not_come_up_is_taken_down(plan: HoldPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    if reason := why_no_lab():
        pytest.skip(f"no lab here: {reason}")
    labs: list[str] = []
    claim = registry.claim
    monkeypatch.setattr(registry, "claim", lambda: labs.append(claim()) or labs[-1])
    monkeypatch.setattr(holder, "make_core", lambda *_: CoreThatStaysDown())
    with pytest.raises(TestbedDown, match="uc3m/hss"):
        hold(plan.model_copy(update={"fabric": FabricName.NAMESPACES}))
    assert len(labs) == 1
    assert registry.namespaces_of(labs[0]) == []
    assert standing.read(plan.folder) is None
    assert (plan.folder / "nodes" / "vpn" / "hub.log").exists()  # why it failed can be read


def test_what_keeps_it_from_holding_is_its_answer(plan: HoldPlan, tmp_path: Path) -> None:
    wrong = plan.model_copy(update={"federation_file": tmp_path / "none.toml"})
    done = subprocess.run(
        [sys.executable, "-m", "conformance.runs.holder"],
        input=wrong.model_dump_json() + "\n",
        capture_output=True,
        text=True,
        pass_fds=[plan.lock],
        timeout=30,
        check=False,
    )
    answer = Answer.model_validate_json(done.stdout)
    assert (answer.status, done.returncode) == (Exit.USAGE, Exit.USAGE)
    assert "found no such file" in answer.problem
    assert "\n" not in answer.problem
