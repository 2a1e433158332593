"""Real programs as terminals in real cells: judged as ours is, silent about keys, absent without harm."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.federation import default_federation_path, load_federation
from conformance.terminals.programs.catalogue import PROGRAMS, installed
from conformance.vocabulary.verdicts import Verdict, VerdictPair

CASES = "testcases/registration/test_foreign_terminals.py"


def need(program: str) -> None:
    if not installed(program):
        pytest.skip(f"{program} is not installed: apt-get install {PROGRAMS[program].package}")


def without_programs(folder: Path) -> str:
    """Return a PATH that has all programs of this machine but those that play terminals."""
    for place in reversed(os.environ["PATH"].split(":")):
        for program in Path(place).iterdir() if Path(place).is_dir() else ():
            if program.name not in PROGRAMS:
                link = folder / program.name
                link.unlink(missing_ok=True)
                link.symlink_to(program)
    return str(folder)


def test_a_program_that_is_missing_makes_its_cells_not_applicable(run_cells: Callable, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    ended = run_cells(CASES, "--visited=octopus", "--home=octopus", PATH=without_programs(tmp_path / "bin"))
    assert ended.code == 0, ended.output
    assert {cell.cell: str(cell.pair) for cell in ended.run.cells} == {
        "test_sipp[octopus@octopus]": "NOT_APPLICABLE/NOT_APPLICABLE",
        "test_baresip[octopus@octopus]": "NOT_APPLICABLE/NOT_APPLICABLE",
        "test_linphone[octopus@octopus]": "NOT_APPLICABLE/NOT_APPLICABLE",
    }
    assert {cell.terminal: cell.reasons[0].rpartition(" ")[2] for cell in ended.run.cells} == {
        name: program.package for name, program in PROGRAMS.items()
    }


@pytest.mark.parametrize(("program", "home"), [("sipp", "uc3m"), ("baresip", "octopus")])
def test_a_fault_of_a_node_is_found_whoever_the_terminal_is(run_cells: Callable, program: str, home: str) -> None:
    need(program)
    ended = run_cells(CASES, "-k", f"test_{program}", f"--home={home}", f"--visited={home}",
                      f"--fault={home}/s-cscf=no-service-route")  # fmt: skip
    (cell,) = ended.run.cells
    if cell.pair == VerdictPair(Verdict.NOT_APPLICABLE, Verdict.NOT_APPLICABLE):
        pytest.skip(cell.reasons[0])  # one challenge of 32 is beyond sipp
    assert ended.code == 1, ended.output
    assert cell.terminal == program
    assert "REG-38" in ended.failed_criteria


@pytest.mark.skipif(shutil.which("sipp") is None, reason="sipp is not installed: apt-get install sip-tester")
def test_a_subscriber_without_op_is_not_for_sipp(run_cells: Callable, tmp_path: Path) -> None:
    file = tmp_path / "federation.toml"
    lines = default_federation_path().read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not line.startswith("op = ")))
    ended = run_cells(CASES, "-k", "test_sipp", "--home=uc3m", "--visited=uc3m", "--federation", str(file))
    assert ended.code == 0, ended.output
    (cell,) = ended.run.cells
    assert cell.reasons == ["sipp computes OPc from OP: give the subscriber alice an op in the federation file"]


def test_no_secret_is_in_what_a_run_leaves(run_cells: Callable) -> None:
    ended = run_cells(CASES)
    assert ended.code == 0, ended.output
    subscribers = [one for testbed in load_federation(default_federation_path()).testbeds.values()
                   for one in testbed.subscribers]  # fmt: skip
    secrets = [secret.reveal() for one in subscribers for secret in (one.k, one.opc, one.op, one.password) if secret]
    wanted = {form for secret in secrets for form in (secret, secret.hex().encode(), secret.hex().upper().encode(),
              "".join(f"\\x{octet:02X}" for octet in secret).encode())}  # fmt: skip
    for file in (path for path in ended.reports.rglob("*") if path.is_file()):
        content = file.read_bytes()
        assert not [form for form in wanted if form in content], file


def test_a_fault_of_our_terminal_is_not_asked_of_a_program(run_cells: Callable) -> None:
    ended = run_cells(CASES, "-k", "test_sipp", "--home=uc3m", "--visited=uc3m", "--fault=terminal=wrong-response")
    (cell,) = ended.run.cells
    assert str(cell.pair) == "NOT_APPLICABLE/NOT_APPLICABLE"
    assert cell.reasons[0].startswith("sipp does not misbehave on purpose")
