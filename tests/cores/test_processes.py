import os
import subprocess
import sys
import time

from conformance.cores.emulated.processes import ProcessMark


def test_a_process_is_recognised_by_id_and_start_time() -> None:
    mark = ProcessMark.of(os.getpid())
    assert mark is not None
    assert mark.runs()
    assert not ProcessMark(mark.pid, mark.started + 1).runs()
    assert "python" in mark.command() or "pytest" in mark.command()


def test_a_process_that_ended_has_no_mark_even_before_it_is_collected() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"], stdout=subprocess.PIPE)
    mark = ProcessMark.of(child.pid)
    assert mark is not None
    assert child.stdout is not None
    child.stdout.read()  # until it has closed its output, which it does at its end
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, and not collected
    assert ProcessMark.of(child.pid) is None
    assert not mark.runs()
    child.wait()
    child.stdout.close()
    assert mark.command() == ""


def test_the_end_of_a_process_is_awaited() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    mark = ProcessMark.of(child.pid)
    assert mark is not None
    assert not mark.wait_gone(time.monotonic() + 0.05)
    assert child.stdin is not None
    child.stdin.close()
    assert mark.wait_gone(time.monotonic() + 20)
    child.wait()
    assert mark.wait_gone(time.monotonic())
