"""Real servers, where they are installed: one testbed of Kamailio and BIND beside one that is emulated."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.cores.emulated.core import EmulatedCore
from conformance.cores.emulated.plan import log_file
from conformance.cores.kamailio.installed import require_programs
from conformance.federation import default_federation_path
from conformance.quirks.profiles import profile_named
from conformance.vocabulary.errors import BadInput, NetlabError, TestbedDown
from conformance.vocabulary.federation import CoreKind, NodeKind
from tests.blocks import Block
from tests.cores.conftest import MakeTerminal, call_and_hang_up

WORKER = Block.KAMAILIO.number
FIRST = {"uc3m": "alice", "stuba": "bob"}


def _why_not() -> str:
    try:
        require_programs()
    except NetlabError as error:
        return str(error)
    return ""


needs_servers = pytest.mark.skipif(bool(_why_not()), reason=_why_not() or "they are there")


@pytest.fixture
def federation_file(tmp_path: Path) -> Path:
    """`uc3m` on Kamailio, `stuba` emulated, nobody else."""
    text = default_federation_path().read_text(encoding="utf-8").replace('core = "emulated"', 'core = "kamailio"', 1)
    file = tmp_path / "mixed.toml"
    file.write_text(text[: text.index("# ---", text.index("[testbeds.stuba.features]"))], encoding="utf-8")
    return file


@pytest.fixture
def core(tmp_path: Path, federation_file: Path) -> Iterator[EmulatedCore]:
    core = EmulatedCore(federation_file, WORKER, tmp_path / "core")
    core.up()
    yield core
    core.down()


@needs_servers
def test_adapted_terminals_register_and_call_each_other(core: EmulatedCore, terminal: MakeTerminal) -> None:
    alice = terminal(by=NodeKind.ADAPTER, profile=profile_named("symbian-s60"))
    erin = terminal(subscriber="erin", by=NodeKind.ADAPTER, profile=profile_named("standard"))
    alice.register()
    erin.register()
    call_and_hang_up(alice, erin, media=False)
    alice.deregister()
    erin.deregister()
    assert core.settle(["uc3m"])
    assert "uc3m/p-cscf" not in core.known_users(["uc3m"])


def servers(folder: Path) -> list[int]:
    """Processes of Kamailio and BIND whose working directory lies below a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            name = (entry / "comm").read_text().strip()
            if name in ("kamailio", "named") and str(folder) in (entry / "mountinfo").read_text():
                found.append(int(entry.name))
        except (OSError, ValueError):
            continue
    return found


def test_a_server_shows_no_faults(federation_file: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="played by core kamailio"):
        EmulatedCore(federation_file, WORKER, tmp_path, {"uc3m/s-cscf": frozenset({"no-service-route"})})


def test_an_option_speaks_for_all_ims_testbeds(tmp_path: Path) -> None:
    core = EmulatedCore(default_federation_path(), WORKER, tmp_path, core=CoreKind.KAMAILIO)
    played = {name: testbed.core for name, testbed in core.federation.testbeds.items()}
    assert played.pop("utu") is CoreKind.EMULATED  # an access network without IMS
    assert set(played.values()) == {CoreKind.KAMAILIO}


@needs_servers
@pytest.mark.parametrize(("home", "visited"), [("uc3m", "uc3m"), ("uc3m", "stuba"), ("stuba", "uc3m")])
def test_both_cores_register_each_others_subscribers(
    core: EmulatedCore, terminal: MakeTerminal, home: str, visited: str
) -> None:
    ue = terminal(home, FIRST[home], visited)
    ue.register()
    assert ue.registered
    assert f"sip:orig@scscf.{home}.netlab.test:6060" in ue.service_route[0]
    assert core.settle([home, visited])
    assert ue.impu in core.known_users([home])[f"{home}/s-cscf"]
    ue.deregister()


@needs_servers
@pytest.mark.parametrize(
    ("home", "other", "left"),
    [
        ("uc3m", "stuba", ["sip:alice@uc3m.netlab.test", "sip:bob@stuba.netlab.test"]),
        ("stuba", "uc3m", []),  # an emulated server is not asked
    ],
)
def test_both_cores_watch_each_others_users(
    core: EmulatedCore, registered_terminal: MakeTerminal, home: str, other: str, left: list[str]
) -> None:
    presentity, watcher = registered_terminal(home, FIRST[home]), registered_terminal(other, FIRST[other])
    presentity.presence.publish()
    assert watcher.presence.watch(presentity.impu).state == "pending"  # nobody has allowed it
    assert core.known_users(["uc3m"]).get("uc3m/presence", []) == left


@needs_servers
def test_down_returns_when_every_process_is_gone(federation_file: Path, tmp_path: Path) -> None:
    core = EmulatedCore(federation_file, WORKER, tmp_path / "core")
    core.up()
    assert servers(core.folder)
    core.down()
    assert servers(core.folder) == []


@needs_servers
def test_nothing_is_left_when_the_harness_is_killed(federation_file: Path, tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from conformance.cores.emulated.core import EmulatedCore\n"
        f"core = EmulatedCore(Path(sys.argv[1]), {WORKER}, Path(sys.argv[2])); core.up(); print('up', flush=True)\n"
        "sys.stdin.read()"
    )
    folder = tmp_path / "core"
    harness = subprocess.Popen(
        [sys.executable, "-c", program, str(federation_file), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert harness.stdout is not None
    assert harness.stdin is not None
    assert harness.stdout.readline() == b"up\n"
    assert servers(folder)
    harness.kill()
    harness.wait()
    harness.stdin.close()
    harness.stdout.close()
    deadline = time.monotonic() + 5
    while (left := servers(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []


@needs_servers
def test_a_server_that_dies_says_why(core: EmulatedCore) -> None:
    log = log_file(core.folder, "uc3m/s-cscf")
    victim = next(pid for pid in servers(core.folder / "uc3m-s-cscf") if _is_child(pid))
    os.kill(victim, signal.SIGSEGV)
    deadline = time.monotonic() + 5
    while "uc3m/s-cscf" not in core.check() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert any("ended" in line for line in core.check()["uc3m/s-cscf"])
    assert re.search(
        r"uc3m/s-cscf: kamailio ended .*child process \d+ exited by a signal 11", log.read_text(errors="replace")
    )


def _is_child(pid: int) -> bool:
    parent = int(re.findall(r"PPid:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[0])
    return (Path(f"/proc/{parent}/comm").read_text().strip()) == "kamailio"


@needs_servers
def test_a_server_that_cannot_start_is_told_with_its_own_line(federation_file: Path, tmp_path: Path) -> None:
    core = EmulatedCore(federation_file, WORKER, tmp_path / "core")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.37.1.13", 6060))
        with pytest.raises(TestbedDown, match=r"uc3m/s-cscf died .*Address already in use") as told:
            core.up()
    assert "\n" not in str(told.value)
