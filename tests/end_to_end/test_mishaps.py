"""What happens to testbeds in real life: told, judged, and undone; on a fabric that has no VPN it does not apply."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

CLIENT_DIES = '''
import pytest

@pytest.mark.flow("registration-visited", access="visited")
def test_first(cell, bench):
    """The VPN client of a visited network is killed, and nobody starts it again."""
    bench.fabric.stop_client("stuba", kill=True)
    cell.refused(cell.terminal().register, 504)

@pytest.mark.flow("registration-visited", access="visited")
def test_later(cell):
    """Cells that follow."""
    cell.terminal().register()

@pytest.mark.flow("registration-home")
def test_home(cell):
    """Cells that need no VPN."""
    cell.terminal().register()
'''
HAS_LABS = os.geteuid() == 0 and Path("/dev/net/tun").exists()
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


@pytest.mark.skipif(not HAS_LABS, reason="needs root and /dev/net/tun")
def test_a_vpn_client_that_stays_dead_is_one_error(run_cells: Callable, tmp_path: Path) -> None:
    file = tmp_path / "test_dies.py"
    file.write_text(CLIENT_DIES)
    ended = run_cells(str(file), "--fabric", "namespaces", "--home=uc3m", "--visited=stuba", "--visited=uc3m")
    assert ended.code == 4, ended.output
    cells = {cell.cell: cell for cell in ended.run.cells}
    assert {name: str(cell.pair) for name, cell in cells.items()} == {
        "test_first[uc3m@stuba-visited]": "ERROR/ERROR",
        "test_later[uc3m@stuba-visited]": "INCONCLUSIVE/INCONCLUSIVE",
        "test_home[uc3m@uc3m]": "PASS/PASS",
    }
    assert set(cells["test_first[uc3m@stuba-visited]"].node_logs) == {"vpn stuba"}
    assert cells["test_later[uc3m@stuba-visited]"].not_run == "test_first[uc3m@stuba-visited]"


@pytest.mark.skipif(not HAS_LABS, reason="needs root and /dev/net/tun")
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
