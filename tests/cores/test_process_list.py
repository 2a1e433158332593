from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.cores.emulated.process_list import end_leftovers
from conformance.cores.emulated.processes import ProcessMark


def test_leftovers_are_ended_only_when_they_are_certainly_ours(tmp_path: Path) -> None:
    wait = "import sys; sys.stdin.read()"
    ours = subprocess.Popen(
        [sys.executable, "-c", wait, "conformance.cores.emulated.supervisor"], stdin=subprocess.PIPE
    )
    foreign = subprocess.Popen([sys.executable, "-c", wait], stdin=subprocess.PIPE)
    marks = [ProcessMark.of(ours.pid), ProcessMark.of(foreign.pid)]
    assert all(marks)
    try:
        lines = ", ".join(
            f'"{name}": [{pid}, {started}]'
            for name, pid, started in (
                ("supervisor", ours.pid, marks[0].started),  # type: ignore[union-attr]
                ("foreign", foreign.pid, marks[1].started),  # type: ignore[union-attr]
                ("reused", os.getpid(), 1),
            )
        )
        (tmp_path / "processes.json").write_text("{" + lines + "}")
        assert end_leftovers(tmp_path) == [ours.pid]
        assert ours.wait(5) == -signal.SIGKILL
        assert foreign.poll() is None
        assert end_leftovers(tmp_path) == []
    finally:
        for process in (ours, foreign):
            process.kill()
            process.wait()
            assert process.stdin is not None
            process.stdin.close()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}', '{"a": ["x", "y"]}'])
def test_a_spoilt_list_of_processes_ends_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "processes.json").write_text(text)
    assert end_leftovers(tmp_path) == []
