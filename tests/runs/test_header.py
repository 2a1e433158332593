"""The header line of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.fabric.loopback import Loopback
from conformance.federation import default_federation_path, load_federation
from conformance.runs.header import run_header
from conformance.runs.plan import BenchPlan, FabricName, parse_faults
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import CoreKind

FEDERATION = load_federation(default_federation_path())
LOOPBACK = Loopback(FEDERATION, 0)


def test_it_names_the_options_that_a_cell_needs_to_be_run_again() -> None:
    words = ["uc3m/s-cscf=no-service-route", "terminal=wrong-digest-uri", "uc3m/s-cscf=wrong-nonce"]
    plan = BenchPlan(Path("other.toml"), 0, "scapy", parse_faults(words, FEDERATION))
    assert run_header("1", plan, LOOPBACK).options == [
        "--federation=other.toml",
        "--fabric=loopback",
        "--fault=terminal=wrong-digest-uri",
        "--fault=uc3m/s-cscf=no-service-route",
        "--fault=uc3m/s-cscf=wrong-nonce",
    ]


def test_a_run_as_usual_names_its_fabric_alone() -> None:
    assert run_header("1", BenchPlan(default_federation_path(), 0, "scapy"), LOOPBACK).options == ["--fabric=loopback"]


def test_why_a_fabric_was_chosen_is_the_first_limit() -> None:
    plan = BenchPlan(default_federation_path(), 0, "scapy", fabric_reason="Fabric loopback was chosen because.")
    header = run_header("1", plan, LOOPBACK)
    assert header.limits[:2] == ["Fabric loopback was chosen because.", *LOOPBACK.limits]
    assert header.fabric == "loopback"


def test_another_fabric_is_said_again() -> None:
    plan = BenchPlan(default_federation_path(), 0, "scapy", fabric=FabricName.NAMESPACES)
    assert run_header("1", plan, LOOPBACK).options == ["--fabric=namespaces"]


def test_a_core_for_all_testbeds_is_an_option_and_a_limit() -> None:
    federation = FEDERATION.played_by(CoreKind.KAMAILIO)
    plan = BenchPlan(default_federation_path(), 0, "scapy", core=CoreKind.KAMAILIO)
    header = run_header("1", plan, Loopback(federation, 0))
    assert header.core == "kamailio"
    assert header.options == ["--core=kamailio", "--fabric=loopback"]
    assert "Core kamailio: the testbeds have Kamailio" in " ".join(header.limits)


def test_a_mixed_federation_says_who_plays_whom() -> None:
    mixed = {**FEDERATION.testbeds, "uc3m": FEDERATION.played_by(CoreKind.KAMAILIO).testbeds["uc3m"]}
    federation = FEDERATION.model_copy(update={"testbeds": mixed})
    header = run_header("1", BenchPlan(default_federation_path(), 0, "scapy"), Loopback(federation, 0))
    assert header.core == "emulated and kamailio"
    limits = " ".join(header.limits)
    assert "Core emulated: stuba, octopus are played by netlab-conformance" in limits
    assert "Core kamailio: uc3m has Kamailio" in limits


def test_a_real_server_misbehaves_on_nobodys_wish() -> None:
    federation = FEDERATION.played_by(CoreKind.KAMAILIO)
    with pytest.raises(BadInput, match="uc3m/s-cscf is played by core kamailio"):
        parse_faults(["uc3m/s-cscf=no-service-route"], federation)
    assert parse_faults(["uc3m/hss=silent"], federation) == {"uc3m/hss": frozenset({"silent"})}


def test_it_names_the_core_of_each_network_with_an_ims() -> None:
    cores = run_header("1", BenchPlan(Path("other.toml"), 0, "scapy"), LOOPBACK).cores
    assert cores == {name: "emulated" for name, testbed in FEDERATION.testbeds.items() if testbed.has_ims}
