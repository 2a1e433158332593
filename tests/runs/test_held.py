"""Core and fabric of testbeds that stand: asked as our own are, and left alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance.cores.emulated.processes import ProcessMark
from conformance.fabric.fabric import Share
from conformance.federation import default_federation_path, load_federation
from conformance.runs.held import HeldCore, held_fabric
from conformance.runs.plan import FabricName
from conformance.runs.standing import Running, Standing
from conformance.vocabulary.errors import BadInput, TestbedDown
from conformance.vocabulary.federation import CoreKind, Strictness

OWN = ProcessMark.of(os.getpid())
FILE = default_federation_path()


def stands(folder: Path, *, dead: tuple[str, ...] = ()) -> Standing:
    """Testbeds all whose nodes are this very process, but for the dead ones."""
    assert OWN is not None
    federation = load_federation(FILE)
    (folder / "log").write_text("the last word\n")
    names = [f"{testbed.name}/{kind}" for testbed in federation.testbeds.values() for kind in testbed.nodes]
    return Standing(
        pid=OWN.pid,
        started=OWN.started,
        since_ns=0,
        federation="netlab (emulated.toml)",
        federation_file=FILE,
        folder=folder,
        core="emulated",
        fabric=FabricName.LOOPBACK,
        ready=True,
        running=tuple(
            Running(name=name, pid=OWN.pid, started=1 if name in dead else OWN.started, log=folder / "log")
            for name in (*names, "vpn hub")
        ),
    )


def core_of(standing: Standing) -> HeldCore:
    return HeldCore(standing, held_fabric(standing, Share(0, 1)).federation.block)


def test_nodes_that_live_are_neither_started_nor_ended(tmp_path: Path) -> None:
    core = core_of(stands(tmp_path))
    core.up()
    assert core.check() == {}
    assert core.pid("uc3m/hss") == os.getpid()
    with pytest.raises(BadInput, match=r"^uc3m/hss: nothing is done to testbeds that others may use, too[^\n]*$"):
        core.stop_node("uc3m/hss")
    with pytest.raises(BadInput, match="without --standing"):
        core.start_node("uc3m/hss", frozenset({"silent"}))
    core.down()
    assert core.pid("uc3m/hss") == os.getpid()


def test_a_dead_node_is_told_of_with_its_last_words(tmp_path: Path) -> None:
    core = core_of(stands(tmp_path, dead=("stuba/s-cscf",)))
    assert core.check() == {"stuba/s-cscf": ["the last word"]}
    with pytest.raises(TestbedDown, match=r"^stuba/s-cscf: dead; netlab testbed status tells more$"):
        core.up()
    with pytest.raises(TestbedDown, match="stuba/s-cscf does not run"):
        core.pid("stuba/s-cscf")


def test_terminals_of_two_users_have_different_addresses(tmp_path: Path) -> None:
    one, other = (held_fabric(stands(tmp_path), Share(number, 8)) for number in (0, 1))
    assert one.federation == other.federation
    assert {one.attach("uc3m").address for _ in range(9)}.isdisjoint(other.attach("uc3m").address for _ in range(9))


def test_a_run_that_names_others_is_refused(tmp_path: Path) -> None:
    standing = stands(tmp_path)
    assert standing.asked_for(None, None) == standing.asked_for(FILE, None) == (FILE, None)
    with pytest.raises(BadInput, match=r"stands; found --federation other.toml, expected none or that one"):
        standing.asked_for(Path("other.toml"), None)
    with pytest.raises(BadInput, match=r"stands; found --core kamailio, expected none or that one"):
        standing.asked_for(None, CoreKind.KAMAILIO)


def test_how_they_take_deviations_is_not_changed(tmp_path: Path) -> None:
    core = core_of(stands(tmp_path))
    core.set_strictness("uc3m", Strictness.LENIENT)
    with pytest.raises(BadInput, match=r"^strictness strict for uc3m: nothing is done to testbeds [^\n]*$"):
        core.set_strictness("uc3m", Strictness.STRICT)
