"""`netlab testbed`: up, status, down, and what is left when something was killed. Addresses: `Block.STANDING`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.cli import main
from conformance.cores.emulated.processes import ProcessMark
from conformance.fabric.netns import named
from conformance.fabric.probe import why_no_lab
from conformance.runs import standing
from conformance.runs.plan import FabricName
from conformance.runs.standing import Running, Standing
from tests.blocks import Block

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="testbeds bind ports below 1024: only root may")

Netlab = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where testbeds are noted; whatever a test leaves standing is ended."""
    made = tmp_path / "run" / "testbed"
    monkeypatch.setattr(standing, "FOLDER", made)
    yield made
    standing.end(made, standing.read(made))


@pytest.fixture
def netlab(folder: Path, capsys: pytest.CaptureFixture[str]) -> Netlab:
    """Runs a command; returns exit code, output and errors."""

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["testbed", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def up(netlab: Netlab, tmp_path: Path) -> Callable[[FabricName], str]:
    """Brings the emulated federation up at addresses of its own; returns what was said."""

    def bring(fabric: FabricName) -> str:
        if fabric is FabricName.NAMESPACES and (reason := why_no_lab()):
            pytest.skip(f"no lab here: {reason}")
        code, said, _ = netlab("up", "--fabric", fabric, "--federation", str(federation_file(tmp_path)))
        assert code == 0
        return said

    return bring


def federation_file(tmp_path: Path) -> Path:
    return Block.STANDING.federation(tmp_path / "federation.toml")


def stands(folder: Path) -> Standing:
    found = standing.read(folder)
    assert found is not None
    return found


def assert_nothing_is_left(folder: Path, stood: Standing) -> None:
    assert not folder.exists()
    assert not any(one.lives for one in stood.running)
    assert not stood.holder.runs()
    assert not {one.namespace for one in stood.running} & set(named())


@pytest.mark.parametrize("fabric", list(FabricName))
def test_up_status_down(up: Callable[[FabricName], str], netlab: Netlab, folder: Path, fabric: FabricName) -> None:
    said = up(fabric)
    stood = stands(folder)
    assert (stood.fabric, stood.ready) == (fabric, True)
    assert all(one.address in said and one.name.rpartition("/")[2] in said for one in stood.running)
    assert all(f"ip netns exec {one.namespace} sh" in said for one in stood.running if one.namespace)

    code, said, _ = netlab("status")
    assert code == 0
    lines = said.splitlines()[1:]
    assert len(lines) == len(stood.running)
    assert all(line.startswith("alive ") for line in lines)

    code, said, error = netlab("up")
    assert (code, said) == (4, "")
    assert error.startswith(f"netlab: testbed: one is up since {stood.since} (netlab (federation.toml), core emulated")
    assert error.count("\n") == 1

    assert netlab("down")[0] == 0
    assert_nothing_is_left(folder, stood)
    assert netlab("status")[:2] == (4, "nothing is up; netlab testbed up brings the testbeds up\n")


@pytest.mark.parametrize("fabric", list(FabricName))
def test_after_its_holder_was_killed_down_removes_everything(
    up: Callable[[FabricName], str], netlab: Netlab, folder: Path, fabric: FabricName
) -> None:
    up(fabric)
    stood = stands(folder)
    os.kill(stood.pid, signal.SIGKILL)
    assert stood.holder.wait_gone(time.monotonic() + 5)
    code, said, _ = netlab("status")
    assert code == 4
    assert "is gone: netlab testbed down" in said
    assert netlab("down")[0] == 0
    assert_nothing_is_left(folder, stood)


def test_after_its_holder_was_killed_up_begins_anew(
    up: Callable[[FabricName], str], netlab: Netlab, folder: Path
) -> None:
    up(FabricName.LOOPBACK)
    first = stands(folder)
    os.kill(first.pid, signal.SIGKILL)
    assert first.holder.wait_gone(time.monotonic() + 5)
    up(FabricName.LOOPBACK)
    assert stands(folder).pid != first.pid
    assert netlab("status")[0] == 0


def test_a_node_that_died_is_told_with_its_last_line(
    up: Callable[[FabricName], str], netlab: Netlab, folder: Path
) -> None:
    up(FabricName.LOOPBACK)
    node = next(one for one in stands(folder).running if one.name == "uc3m/p-cscf")
    os.kill(node.pid, signal.SIGKILL)
    assert ProcessMark(node.pid, node.started).wait_gone(time.monotonic() + 5)
    with node.log.open("a") as log:
        log.write("last words \x1b[2J\n")
    code, said, _ = netlab("status")
    assert code == 4
    (dead,) = [line for line in said.splitlines() if line.startswith("DEAD ")]
    assert dead.split()[1] == "uc3m/p-cscf"
    assert "last words" in dead
    assert "\x1b" not in said  # a log may hold what a peer sent


def test_it_survives_the_shell(up: Callable[[FabricName], str], netlab: Netlab, folder: Path) -> None:
    up(FabricName.LOOPBACK)
    holder = stands(folder).pid
    assert os.getsid(holder) == holder
    os.kill(holder, signal.SIGHUP)
    os.kill(holder, signal.SIGINT)
    assert netlab("status")[0] == 0


def test_what_does_not_come_up_is_one_line_and_stands_not(netlab: Netlab, folder: Path, tmp_path: Path) -> None:
    words = ("up", "--fabric", "loopback", "--federation", str(federation_file(tmp_path)))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.61.1.15", 53))
        code, said, error = netlab(*words)
    assert (code, said) == (4, "")
    assert "127.61.1.15" in error
    assert error.count("\n") == 1
    assert standing.read(folder) is None
    assert netlab(*words)[0] == 0


def test_a_wrong_federation_file_is_a_usage_error(netlab: Netlab, folder: Path, tmp_path: Path) -> None:
    code, _, error = netlab("up", "--federation", str(tmp_path / "none.toml"))
    assert code == 2
    assert "found no such file" in error
    assert not folder.exists()


def test_down_where_nothing_is_up(netlab: Netlab) -> None:
    assert netlab("down") == (0, "nothing was up\n", "")


def test_who_comes_while_one_is_being_brought_up_is_told_to_wait(netlab: Netlab, folder: Path) -> None:
    kept = standing.occupy(folder)
    for words in (("up", "--fabric", "loopback"), ("down",)):
        code, _, error = netlab(*words)
        assert code == 4
        assert error.startswith("netlab: testbed: another `netlab testbed` is at work just now")
    os.close(kept)


def test_one_that_is_not_ready_yet(netlab: Netlab, folder: Path) -> None:
    folder.mkdir(parents=True)
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as holder:
        mark = ProcessMark.of(holder.pid)
        assert mark is not None
        begun = Standing(
            pid=mark.pid,
            started=mark.started,
            since_ns=time.time_ns(),
            federation="netlab",
            core="emulated",
            fabric=FabricName.LOOPBACK,
        )
        standing.write(folder, begun)
        code, said, _ = netlab("status")
    assert code == 4
    assert "being brought up since" in said


def test_a_place_that_cannot_be_written_is_one_line(
    netlab: Netlab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(standing, "FOLDER", tmp_path / "file" / "testbed")
    code, _, error = netlab("up", "--fabric", "loopback")
    assert code == 4
    assert error == f"netlab: {tmp_path}/file/testbed: Not a directory; run as root\n"


def test_what_somebody_else_wrote_is_not_believed(netlab: Netlab, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "standing.json").write_text('{"pid": 1}')
    code, _, error = netlab("status")
    assert code == 4
    assert "remove the file" in error
    (folder / "standing.json").unlink()


def test_a_program_without_a_log(tmp_path: Path) -> None:
    assert Running(name="uc3m/hss", pid=1, started=0, log=tmp_path / "none").last_line == ""
