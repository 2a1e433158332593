"""Which fabric a run gets where it does not say."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.federation import default_federation_path, load_federation
from conformance.runs import choice
from conformance.runs.choice import FabricChoice, choose_fabric
from conformance.runs.plan import FabricName

FEDERATION = load_federation(default_federation_path())


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine that allows a lab."""
    monkeypatch.setattr(choice, "why_no_lab", lambda: "")
    return monkeypatch


@pytest.mark.usefixtures("machine")
def test_namespaces_where_the_machine_allows_them() -> None:
    assert choose_fabric("auto", FEDERATION, "scapy") == FabricChoice(FabricName.NAMESPACES)


def test_loopback_where_something_is_missing_with_what_to_do(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(choice, "why_no_lab", lambda: "openvpn: not installed; an administrator must install it")
    chosen = choose_fabric("auto", FEDERATION, "scapy")
    assert chosen.name is FabricName.LOOPBACK
    assert chosen.reason.endswith("cannot be had here: openvpn: not installed; an administrator must install it.")


@pytest.mark.usefixtures("machine")
def test_loopback_for_a_capture_backend_that_sees_one_namespace() -> None:
    chosen = choose_fabric("auto", FEDERATION, "pyshark")
    assert chosen.name is FabricName.LOOPBACK
    assert "leave --capture-backend out" in chosen.reason


@pytest.mark.usefixtures("machine")
def test_loopback_for_a_federation_that_no_lab_can_hold(tmp_path: Path) -> None:
    file = tmp_path / "federation.toml"
    text = default_federation_path().read_text()
    file.write_text(text.replace('address = "127.1.1.12", port = 5060', 'address = "127.1.1.11", port = 5060'))
    chosen = choose_fabric("auto", load_federation(file), "scapy")
    assert chosen.name is FabricName.LOOPBACK
    assert "two nodes of testbed uc3m share an address" in chosen.reason


@pytest.mark.parametrize("asked", list(FabricName))
def test_who_says_which_gets_it_and_no_reason(asked: FabricName, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "why_no_lab", lambda: "never asked")
    assert choose_fabric(asked, FEDERATION, "pyshark") == FabricChoice(asked)
