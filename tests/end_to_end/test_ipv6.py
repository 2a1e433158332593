"""A federation with IPv6 addresses, from the registration in a lab to the verdict."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.fabric.probe import why_no_lab
from conformance.federation import default_federation_path
from tests.end_to_end.conftest import Ended

FEDERATION = default_federation_path().with_name("emulated6.toml")
FILES = ("test_home", "test_visited", "test_home_access")
WHICH = (
    *(f"testcases/registration/{name}.py" for name in FILES),
    *(
        "-k",
        "test_registration and not tcp and not digest",
        "--home",
        "uc3m",
        "--visited",
        "uc3m",
        "--visited",
        "stuba",
    ),
)
CELLS = ("uc3m@uc3m", "uc3m@stuba-visited", "uc3m@stuba-home")


@pytest.fixture
def allowed() -> None:
    """Skips where the machine allows no lab."""
    if reason := why_no_lab():
        pytest.skip(f"no lab here: {reason}")


@pytest.mark.usefixtures("allowed")
def test_a_terminal_with_ipv6_registers_at_home_visiting_and_by_the_home_access_point(
    run_cells: Callable[..., Ended], tmp_path: Path
) -> None:
    ended = run_cells("--federation", str(FEDERATION), "--fabric", "namespaces", *WHICH)
    assert ended.code == 0, ended.output
    assert {cell.cell for cell in ended.run.cells} == {f"test_registration[{cell}]" for cell in CELLS}
    for cell in ended.run.cells:
        assert (cell.interoperability, cell.conformance) == ("PASS", "PASS")
        for procedure in cell.procedures:
            assert all(end.startswith("[fd4e:1:") for ends in procedure.roles.values() for end in ends)
        names = {criterion.id: criterion for procedure in cell.procedures for criterion in procedure.criteria}
        assert "fd4e:1:0:" in names["VPN-06"].found
    capture = next((tmp_path / "reports").glob(f"*/cells/test_registration.{CELLS[1]}/capture.pcapng"))
    assert not fields(capture, "icmpv6", "icmpv6.type")  # who is where is no part of what is judged
    assert set(fields(capture, "udp.port == 1194", "ip.version")) == {"4"}
    assert set(fields(capture, "sip", "ipv6.version")) == {"6"}


def fields(capture: Path, shown: str, field: str) -> list[str]:
    command = ["tshark", "-r", str(capture), "-Y", shown, "-T", "fields", "-e", field]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.split()
