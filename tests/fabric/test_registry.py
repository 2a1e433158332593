"""Labs on this machine: nobody's lab is removed, and only such a one."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.cores.emulated.processes import ProcessMark
from conformance.fabric import registry
from conformance.fabric.hosts import Host
from conformance.fabric.netns import PREFIX, inside, named, processes_in
from conformance.vocabulary.errors import NotPermitted, TestbedDown

pytestmark = pytest.mark.usefixtures("allowed")

MAKES_A_LAB = """
import sys
from pathlib import Path
from conformance.fabric.namespaces import Namespaces
from conformance.federation import default_federation_path, load_federation

fabric = Namespaces(load_federation(default_federation_path()), Path(sys.argv[1]))
fabric.up()
fabric.attach("uc3m")
print(fabric.lab, flush=True)
sys.stdin.read()
fabric.down()
"""


def lab_of_another_process(folder: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", MAKES_A_LAB, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lab = process.stdout.readline().strip()
    assert re.fullmatch("[0-9a-f]{4}", lab)
    return process, lab


def marks_in(lab: str) -> list[ProcessMark]:
    pids = [pid for name in registry.namespaces_of(lab) for pid in processes_in(name)]
    return [mark for pid in pids if (mark := ProcessMark.of(pid))]


def test_a_lab_is_known_until_it_is_removed() -> None:
    lab = registry.claim()
    assert lab in registry.known()
    assert lab not in registry.clear_dead()
    host = Host(f"{PREFIX}{lab}-one")
    host.close()
    assert registry.namespaces_of(lab) == [host.namespace]
    registry.remove(lab)
    assert lab not in registry.known()
    assert registry.namespaces_of(lab) == []
    registry.remove(lab)


def test_processes_of_a_lab_end_with_it() -> None:
    lab = registry.claim()
    host = Host(f"{PREFIX}{lab}-one")
    host.close()
    with inside(host.namespace):
        process = subprocess.Popen(
            [sys.executable, "-c", "import signal; signal.signal(15, signal.SIG_IGN); signal.pause()"]
        )
    registry.remove(lab)
    assert process.wait(5) == -signal.SIGKILL


def test_a_lab_of_a_killed_process_is_removed_with_everything_in_it(tmp_path: Path) -> None:
    process, lab = lab_of_another_process(tmp_path)
    with process:
        marks = marks_in(lab)
        assert len(marks) == 5  # OpenVPN: the hub and four clients
        process.kill()
        process.wait()
    registry.clear_dead()
    assert registry.namespaces_of(lab) == []
    assert lab not in registry.known()
    assert not any(mark.runs() for mark in marks)


def test_a_lab_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    process, lab = lab_of_another_process(tmp_path)
    with process:
        before = marks_in(lab)
        assert lab not in registry.clear_dead()
        assert marks_in(lab) == before
    assert process.returncode == 0
    assert registry.namespaces_of(lab) == []


def test_a_namespace_without_a_lab_is_removed() -> None:
    lab = registry.claim()
    host = Host(f"{PREFIX}{lab}-one")
    host.close()
    (registry.REGISTRY / f"{lab}.json").unlink()
    registry.clear_dead()
    assert host.namespace not in named()


def test_a_file_that_is_being_written_is_of_a_living_process() -> None:
    lab = registry.claim()
    (registry.REGISTRY / f"{lab}.json").write_text("")
    assert lab not in registry.clear_dead()
    assert lab in registry.known()
    registry.remove(lab)


def test_who_is_not_root_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(NotPermitted, match=r"^/run/netlab: Permission denied; [^\n]* --fabric loopback$"):
        registry.claim()


def test_without_proc_no_lab_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ProcessMark, "of", lambda _: None)
    with pytest.raises(TestbedDown, match=r"^fabric namespaces: /proc does not tell [^\n]*$"):
        registry.claim()
