"""The roaming matrix: what breaks when knowledge of a domain is lost, parallel runs, selection, what is expected."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.fabric.probe import why_no_lab

NEEDS_A_FEATURE = '''
import pytest

@pytest.mark.feature("netlab-probe")
@pytest.mark.flow("registration-home")
def test_feature(cell):
    """Needs a feature that no testbed declares."""
    raise AssertionError("a cell that does not apply is not driven")
'''

KNOWN = """
[[deviation]]
cell = "test_registration[uc3m@uc3m]"
conformance = "FAIL"
criteria = ["REG-38"]
reason = "the S-CSCF forgets the Service-Route"
who = "operators of uc3m"
link = "https://tracker.uc3m.test/38"
expires = 2999-12-31
"""

ONE_CELL = (
    "testcases/registration/test_home.py",
    "-k",
    "test_registration and not tcp and not digest",
    "--home",
    "uc3m",
)


def pairs(ended: object) -> dict[str, str]:
    return {cell.cell: str(cell.pair) for cell in ended.run.cells}  # type: ignore[attr-defined]


def test_a_zone_that_dns_forgets_breaks_exactly_the_cells_that_need_it(run_cells: Callable) -> None:
    ended = run_cells(
        "testcases/registration",
        "-k",
        "(test_registration or roaming_not_allowed) and not tcp and not digest",
        "--fault=stuba/dns=forgets-zone:uc3m",
    )
    assert ended.code == 1, ended.output
    broken = {name for name, pair in pairs(ended).items() if pair != "PASS/PASS"}
    assert broken == {
        "test_registration[uc3m@stuba-visited]",
        "test_registration_event_visited[uc3m@stuba-visited]",
        "test_roaming_not_allowed[uc3m@stuba-visited]",
    }


@pytest.mark.parametrize("fabric", ["loopback", "namespaces"])
def test_two_workers_give_the_same_verdicts_as_one(run_cells: Callable, own_block: str, fabric: str) -> None:
    if fabric == "namespaces" and (reason := why_no_lab()):
        pytest.skip(f"no lab here: {reason}")
    words = ("testcases/registration/test_home.py", "testcases/registration/test_refused.py", f"--fabric={fabric}")
    cells = ("-k", "test_registration or unknown_user")
    alone = pairs(run_cells(*words, *cells))
    together = pairs(run_cells(*words, *cells, "-n", "2", own_block, PYTEST_XDIST_WORKER=""))
    assert together == alone
    assert len(alone) == 10


def test_cells_are_selected_by_home_visited_and_access_point(run_cells: Callable) -> None:
    ended = run_cells("testcases/registration", "--home=uc3m", "--visited=stuba", "--access=home", "-m", "registration")
    assert ended.code == 0, ended.output
    assert set(pairs(ended)) == {
        "test_registration[uc3m@stuba-home]",
        "test_home_access_stays_open[uc3m@stuba-home]",
    }


def test_home_access_is_a_tunnel_on_the_wire_and_the_visited_cscfs_are_silent(run_cells: Callable) -> None:
    ended = run_cells(
        "testcases/registration/test_home_access.py", "--home=uc3m", "--visited=stuba", "-k", "test_registration"
    )
    (cell,) = ended.run.cells
    file = ended.reports / "latest" / cell.folder / "capture.pcapng"

    def seen(display_filter: str) -> list[str]:
        words = ["tshark", "-r", str(file), "-Y", display_filter, "-T", "fields", "-e", "frame.interface_name"]
        return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout.split()

    assert set(seen("gtp && sip")) == {"access"}
    assert len(seen('gtp && sip.Method == "REGISTER"')) >= 2
    assert "Gm" in seen("sip && !gtp")
    assert seen("sip && !gtp && (ip.addr == 127.41.2.11 || ip.addr == 127.41.2.12 || ip.addr == 127.41.2.13)") == []


def test_a_feature_that_nobody_declares_is_not_applicable_and_names_the_line(
    run_cells: Callable, tmp_path: Path
) -> None:
    file = tmp_path / "test_needs.py"
    file.write_text(NEEDS_A_FEATURE)
    ended = run_cells(str(file), "--home=uc3m")
    assert ended.code == 0, ended.output
    (cell,) = ended.run.cells
    assert str(cell.pair) == "NOT_APPLICABLE/NOT_APPLICABLE"
    assert 'testbeds.uc3m.features.ics = ["netlab-probe"]' in cell.reasons[0]


def test_a_known_deviation_passes_until_it_stops(run_cells: Callable, tmp_path: Path) -> None:
    file = tmp_path / "expected.toml"
    file.write_text(KNOWN)
    deviating = run_cells(*ONE_CELL, "--expected", str(file), "--fault=uc3m/s-cscf=no-service-route")
    assert deviating.code == 0, deviating.output
    mended = run_cells(*ONE_CELL, "--expected", str(file))
    assert mended.code == 1, mended.output
    assert "remove its entry" in mended.output
