"""What happens to testbeds in real life: told, judged, and undone; on a fabric that has no VPN it does not apply."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

NODES = "testcases/mishaps/test_nodes.py"
VPN = ("testcases/mishaps/test_vpn.py", "testcases/mishaps/test_nat.py")


def test_nodes_that_die_and_come_back_harm_one_registration_alone(run_cells: Callable) -> None:
    ended = run_cells(NODES, "testcases/registration/test_home.py", "--home=uc3m", "--visited=uc3m", "--visited=stuba")
    assert ended.code == 0, ended.output
    cells = {cell.cell: cell for cell in ended.run.cells}
    assert {str(cell.pair) for cell in cells.values()} == {"PASS/PASS"}
    down = cells["test_hss_down[uc3m@uc3m]"]
    assert [one.flow for one in down.procedures] == ["registration-refused", "registration-home"]
    assert [one.what for one in down.mishaps] == ["uc3m/hss is killed", "uc3m/hss serves again"]
    restarted = cells["test_scscf_restarted[uc3m@uc3m]"]
    assert [one.departure for one in restarted.procedures] == [None]


def test_on_loopback_the_vpn_does_not_apply(run_cells: Callable) -> None:
    ended = run_cells(*VPN)
    assert {str(cell.pair) for cell in ended.run.cells} == {"NOT_APPLICABLE/NOT_APPLICABLE"}
    assert {cell.reasons[0] for cell in ended.run.cells} == {
        "needs the VPN between the partners, which the fabric loopback does not have: --fabric namespaces would"
    }


@pytest.mark.skipif(os.geteuid() != 0 or not Path("/dev/net/tun").exists(), reason="needs root and /dev/net/tun")
def test_a_vpn_that_fails_and_a_nat_in_its_place(run_cells: Callable) -> None:
    ended = run_cells(
        *VPN, "--fabric", "namespaces", "--home=uc3m", "--visited=stuba", "-k", "client or revoked or sip"
    )
    assert ended.code == 0, ended.output
    cells = {cell.cell.partition("[")[0]: cell for cell in ended.run.cells}
    assert {name: str(cell.pair) for name, cell in cells.items()} == {
        "test_client_killed": "PASS/PASS",
        "test_certificate_revoked": "PASS/PASS",
        "test_sip_gateway": "FAIL/FAIL",
    }
    revoked = cells["test_certificate_revoked"]
    assert "certificate revoked" in revoked.mishaps[0].what
    assert [one.flow for one in revoked.procedures] == [
        "registration-refused", "registration-home", "registration-visited"
    ]  # fmt: skip
    damage = {one.id: one for one in cells["test_sip_gateway"].procedures[0].failures}
    assert "somebody changed Contact" in damage["REG-41"].found
    assert "an address translator is in the way" in damage["VPN-01"].found
    assert [one.node for one in damage.values()] == [None, None], "no node did it"
