"""The header line of a run."""

from __future__ import annotations

from pathlib import Path

from conformance.fabric.loopback import Loopback
from conformance.federation import default_federation_path, load_federation
from conformance.runs.header import run_header
from conformance.runs.plan import BenchPlan, parse_faults

FEDERATION = load_federation(default_federation_path())
FABRIC = Loopback(FEDERATION, 0)


def test_it_names_the_options_that_a_cell_needs_to_be_run_again() -> None:
    words = ["uc3m/s-cscf=no-service-route", "terminal=wrong-digest-uri", "uc3m/s-cscf=wrong-nonce"]
    plan = BenchPlan(Path("other.toml"), 0, "scapy", faults=parse_faults(words, FEDERATION))
    assert run_header("1", plan, FABRIC).options == [
        "--federation=other.toml",
        "--fabric=loopback",
        "--fault=terminal=wrong-digest-uri",
        "--fault=uc3m/s-cscf=no-service-route",
        "--fault=uc3m/s-cscf=wrong-nonce",
    ]


def test_a_run_as_usual_names_its_fabric_alone() -> None:
    assert run_header("1", BenchPlan(default_federation_path(), 0, "scapy"), FABRIC).options == ["--fabric=loopback"]


def test_why_a_fabric_was_chosen_is_the_first_limit() -> None:
    plan = BenchPlan(default_federation_path(), 0, "scapy", fabric_reason="Fabric loopback was chosen because.")
    assert run_header("1", plan, FABRIC).limits[:2] == ["Fabric loopback was chosen because.", *FABRIC.limits]
