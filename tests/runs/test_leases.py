"""Leases: one user at a time, waited for with a deadline, gone with their process however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.runs.leases import InUse, Leases
from conformance.vocabulary.errors import NotPermitted

LONG_S, SHORT_S = 30.0, 0.05
HOLD = """
import sys
from pathlib import Path
from conformance.runs.leases import Leases

lease = Leases(Path(sys.argv[1]), "other-run").take(sys.argv[2:], "test_home[uc3m@uc3m]", 1)
print("mine", flush=True)
sys.stdin.readline()
lease.release()
print("given back", flush=True)
sys.stdin.readline()
"""
Hold = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Hold]:
    """Starts processes that have leases until they are told to give them back."""
    started: list[subprocess.Popen[str]] = []

    def begin(*things: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path), *things],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "mine\n"
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def test_who_waits_in_vain_is_told_who_has_it(tmp_path: Path, hold: Hold) -> None:
    other = hold("uc3m.alice")
    with pytest.raises(InUse) as refused:
        Leases(tmp_path, "this-run").take(["uc3m.alice"], "test_away[uc3m@stuba-visited]", SHORT_S)
    text = str(refused.value)
    assert text.startswith("uc3m.alice is in use: expected it free within 0.05 s, found it used by process ")
    assert f"process {other.pid} on {os.uname().nodename}, run other-run, test_home[uc3m@uc3m], since " in text
    assert "\n" not in text


def test_of_a_killed_process_nothing_is_left(tmp_path: Path, hold: Hold) -> None:
    other = hold("uc3m.alice", "uc3m.erin")
    other.send_signal(signal.SIGKILL)
    other.wait()
    Leases(tmp_path, "this-run").take(["uc3m.alice", "uc3m.erin"], "", SHORT_S).release()


def test_who_waits_goes_on_when_it_is_given_back(tmp_path: Path, hold: Hold) -> None:
    other = hold("uc3m.alice")
    assert other.stdin is not None
    taken = threading.Event()

    def wait() -> None:
        lease = Leases(tmp_path, "this-run").take(["uc3m.alice"], "", LONG_S)
        taken.set()
        lease.release()

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert not taken.wait(0.2)
    other.stdin.write("\n")
    other.stdin.flush()
    assert taken.wait(LONG_S)
    waiting.join()


def test_what_was_taken_before_the_one_that_is_in_use_is_given_back(tmp_path: Path, hold: Hold) -> None:
    hold("uc3m.erin")
    leases = Leases(tmp_path, "this-run")
    with pytest.raises(InUse, match=r"uc3m\.erin is in use"):
        leases.take(["uc3m.erin", "uc3m.alice"], "", SHORT_S)
    lease = leases.take(["uc3m.alice"], "cell", SHORT_S)
    holder = leases.holder("uc3m.alice")
    assert holder is not None
    assert (holder.pid, holder.run, holder.cell) == (os.getpid(), "this-run", "cell")
    lease.release()
    lease.release()
    assert leases.holder("uc3m.alice") is None


def test_two_workers_of_a_run_are_strangers_to_each_other(tmp_path: Path) -> None:
    one, other = Leases(tmp_path, "run"), Leases(tmp_path, "run")
    lease = one.take(["uc3m.alice", "uc3m.alice"], "", SHORT_S)
    with pytest.raises(InUse):
        other.take(["uc3m.alice"], "", SHORT_S)
    lease.release()


def test_the_first_that_is_free_is_taken(tmp_path: Path, hold: Hold) -> None:
    hold("terminals.0")
    leases = Leases(tmp_path, "this-run")
    place, lease = leases.take_one(["terminals.0", "terminals.1"])
    assert place == 1
    with pytest.raises(InUse, match=r"all of terminals\.0, terminals\.1 are in use, .* run other-run"):
        leases.take_one(["terminals.0", "terminals.1"])
    lease.release()


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotPermitted, match=r"uc3m\.alice\.lease: Not a directory; leases need a folder[^\n]*$"):
        Leases(tmp_path / "file" / "leases", "run").take(["uc3m.alice"], "", SHORT_S)
