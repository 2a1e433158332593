from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from unittest.mock import patch

import pytest

from conformance.runs.driving import STEP, driving, foremost

NICENESS = "import os; print(os.getpriority(os.PRIO_PROCESS, 0))"


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


@pytest.fixture
def may_come_first() -> None:
    usual = niceness()
    try:
        os.setpriority(os.PRIO_PROCESS, 0, usual - 1)
    except PermissionError:
        pytest.skip("only with CAP_SYS_NICE")
    os.setpriority(os.PRIO_PROCESS, 0, usual)


@pytest.mark.usefixtures("may_come_first")
def test_threads_and_processes_begun_in_the_block_stay_in_front_and_nobody_else() -> None:
    usual, told = niceness(), []
    with foremost():
        begun = threading.Thread(target=lambda: (ended.wait(), told.append(niceness())))
        ended = threading.Event()
        begun.start()
        process = subprocess.run([sys.executable, "-c", NICENESS], capture_output=True, check=True)
    ended.set()
    begun.join()
    assert (told, int(process.stdout), niceness()) == ([usual - STEP], usual - STEP, usual)


def test_without_the_right_to_it_nothing_changes() -> None:
    usual, really = niceness(), os.setpriority

    def refused(which: int, who: int, priority: int) -> None:
        if priority < usual:
            raise PermissionError
        really(which, who, priority)

    with patch("os.setpriority", refused), foremost():
        assert niceness() == usual
    assert niceness() == usual


def test_nobody_looks_for_cycles_while_a_cell_is_driven() -> None:
    with driving():
        assert not gc.isenabled()
    assert gc.isenabled()
