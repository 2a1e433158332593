"""A phone with a person at it, in a real cell: sipp plays the phone from outside, or nobody does."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import pytest

from conformance.federation import default_federation_path, load_federation
from conformance.runs.folder import read_run
from conformance.stack.hop import Hop
from conformance.terminals.event_log import EventLog
from conformance.terminals.programs.catalogue import PROGRAMS, installed
from conformance.terminals.programs.program_terminal import Place
from conformance.vocabulary.errors import BeyondProgram
from tests.end_to_end.conftest import DEADLINE_S, NETLAB, ROOT, environment

CASES = "testcases/registration/test_manual.py"
_ASKED = re.compile(r"register (\S+) at the P-CSCF (\S+) port (\d+) .* may use the address (\S+)\. Waiting")


def test_nobody_at_the_phone(run_cells: Callable) -> None:
    ended = run_cells(CASES, "--manual", "--manual-deadline=1", "--once", "-k", "test_phone_visited")
    assert ended.code == 3, ended.output
    (cell,) = ended.run.cells
    assert (cell.terminal, str(cell.pair)) == ("manual", "INCONCLUSIVE/INCONCLUSIVE")
    assert cell.reasons == ["manual: no REGISTER of sip:alice@uc3m.netlab.test was seen at Gm within 1 s"]
    assert "netlab: please register sip:alice@uc3m.netlab.test" in ended.output


def test_nobody_is_asked_in_a_run_that_does_not_speak_of_it(run_cells: Callable) -> None:
    ended = run_cells(CASES)
    assert ended.code == 5, ended.output
    assert "please" not in ended.output


def test_a_phone_from_outside(tmp_path: Path) -> None:
    if not installed("sipp"):
        pytest.skip(f"sipp is not installed: apt-get install {PROGRAMS['sipp'].package}")
    reports = tmp_path / "reports"
    command = [NETLAB, "run", f"--reports={reports}", "--fabric=loopback", CASES, "-m", "manual", "--once"]
    with subprocess.Popen(
        [*command, "-k", "test_phone_visited", "--manual-deadline=60"],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        asked = next(found for line in process.stdout if (found := _ASKED.search(line)))
        federation = load_federation(default_federation_path())
        testbed = federation.testbeds["uc3m"]
        phone = PROGRAMS["sipp"].make(
            Place(
                federation=federation,
                testbed=testbed,
                subscriber=testbed.subscriber("alice"),
                address=ip_address(asked[4]),
                pcscf=Hop(asked[2], int(asked[3])),
                folder=tmp_path,
            ),
            EventLog(),
        )
        try:
            phone.register()
            assert asked[1] == phone.impu
        except BeyondProgram as limit:
            pytest.skip(str(limit))  # one challenge of 32
        finally:
            phone.close()
            process.communicate(timeout=DEADLINE_S)
    (cell,) = read_run(reports / "latest").cells
    assert (process.returncode, str(cell.pair)) == (0, "PASS/PASS"), cell.reasons
    kinds = [event.kind.value for event in cell.events]
    assert kinds == ["register-sent", "challenged", "register-sent", "registered"]
