"""The header line of a run."""

from __future__ import annotations

from pathlib import Path

from conformance.fabric.loopback import Loopback
from conformance.federation import default_federation_path, load_federation
from conformance.runs.header import run_header
from conformance.runs.plan import BenchPlan, FabricName, parse_faults

FEDERATION = load_federation(default_federation_path())
LOOPBACK = Loopback(FEDERATION, 0)


def test_it_names_the_options_that_a_cell_needs_to_be_run_again() -> None:
    words = ["uc3m/s-cscf=no-service-route", "terminal=wrong-digest-uri", "uc3m/s-cscf=wrong-nonce"]
    plan = BenchPlan(Path("other.toml"), 0, "scapy", parse_faults(words, FEDERATION))
    assert run_header("1", plan, LOOPBACK).options == [
        "--federation=other.toml",
        "--fault=terminal=wrong-digest-uri",
        "--fault=uc3m/s-cscf=no-service-route",
        "--fault=uc3m/s-cscf=wrong-nonce",
    ]


def test_a_run_as_usual_needs_none() -> None:
    assert run_header("1", BenchPlan(default_federation_path(), 0, "scapy"), LOOPBACK).options == []


def test_another_fabric_is_said_again_and_what_the_fabric_cannot_do_is_told() -> None:
    plan = BenchPlan(default_federation_path(), 0, "scapy", fabric=FabricName.NAMESPACES)
    header = run_header("1", plan, LOOPBACK)
    assert header.options == ["--fabric=namespaces"]
    assert header.fabric == "loopback"
    assert header.limits[0].startswith("Fabric loopback: all nodes share one host")
