"""The emulated core as a whole: real processes, real sockets. Addresses: 127.34.0.0/16."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.cores.emulated.core import EmulatedCore
from conformance.cores.emulated.processes import ProcessMark
from conformance.federation import default_federation_path, load_federation
from conformance.vocabulary.errors import BadInput, HarnessFault, TestbedDown
from conformance.vocabulary.federation import NodeKind
from tests.blocks import Block

WORKER = Block.SIP.number
KINDS = list(load_federation(default_federation_path()).testbeds["uc3m"].nodes)

# Nodes of the test: what each does is its module's name.
MODULES = {
    "node_dies": "async def run(context):\n    print('the last words')\n    raise SystemExit(3)\n",
    "node_silent": "import asyncio\nasync def run(context):\n    await asyncio.Event().wait()\n",
    "node_pretends": "import asyncio\nasync def run(context):\n    context.ready()\n    await asyncio.Event().wait()\n",
    "node_stubborn": (
        "import asyncio, signal\n"
        "from conformance.cores.emulated.dns import run as serve\n"
        "async def run(context):\n"
        "    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: None)\n"
        "    await serve(context)\n"
    ),
    "node_unready": (
        "import asyncio\n"
        "from conformance.protocols.sip.message import make_response\n"
        "from conformance.protocols.sip.timers import SipTimers\n"
        "from conformance.stack.sip import SipStack\n"
        "async def answer(transaction):\n"
        "    await transaction.respond(make_response(transaction.request, 503))\n"
        "async def run(context):\n"
        "    node = context.node\n"
        "    await SipStack(str(node.address), node.port, SipTimers(), on_request=answer).start()\n"
        "    context.ready()\n"
        "    await asyncio.Event().wait()\n"
    ),
    "node_tells": (
        "from conformance.cores.emulated.dns import run as serve\n"
        "async def run(context):\n"
        "    (context.folder / 'told').write_text(f'{context.name} {sorted(context.faults)}')\n"
        "    await serve(context)\n"
    ),
    "node_is_broken": "import no_such_module\n",
}


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "modules"
    folder.mkdir()
    for name, text in MODULES.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
    return folder


@pytest.fixture
def federation_file(tmp_path: Path) -> Path:
    """The emulated federation with one testbed, on ports of this process."""
    text = default_federation_path().read_text().partition("[testbeds.stuba]")[0]
    shift = 10_000 + os.getpid() % 10_000  # below the ports that the system gives to clients
    text = re.sub(r"port = (\d+)", lambda found: f"port = {int(found[1]) % 20_000 + shift}", text)
    file = tmp_path / "federation.toml"
    file.write_text(text)
    return file


@pytest.fixture
def make(tmp_path: Path, federation_file: Path, modules: Path) -> Iterator[Callable[..., EmulatedCore]]:
    made: list[EmulatedCore] = []

    def core(*, ready_ms: int = 10_000, **options: object) -> EmulatedCore:
        text = federation_file.read_text()
        federation_file.write_text(re.sub(r"ready_ms = \d+", f"ready_ms = {ready_ms}", text))
        made.append(EmulatedCore(federation_file, WORKER, tmp_path / "core", **options))  # type: ignore[arg-type]
        return made[-1]

    yield core
    for one in made:
        one.down()


def pids(core: EmulatedCore) -> dict[str, int]:
    return {f"uc3m/{kind}": core.pid(f"uc3m/{kind}") for kind in KINDS}


def gone(pids: list[int]) -> bool:
    """Wait until none of the processes runs any more, 5 s at most."""
    poll = select.poll()
    waiting = set()
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        poll.register(descriptor, select.POLLIN)
        waiting.add(descriptor)
    deadline = time.monotonic() + 5
    try:
        done: set[int] = set()
        while waiting - done and (left := deadline - time.monotonic()) > 0:
            for descriptor, _ in poll.poll(left * 1000):
                done.add(descriptor)
                poll.unregister(descriptor)
        return done == waiting
    finally:
        for descriptor in waiting:
            os.close(descriptor)


def test_all_nodes_come_up_serve_and_go(make: Callable[..., EmulatedCore]) -> None:
    core = make()
    core.up()
    running = pids(core)
    assert len(set(running.values())) == len(KINDS)
    assert core.check() == {}
    core.down()
    assert all(ProcessMark.of(pid) is None for pid in running.values())
    assert not (core.folder / "processes.json").exists()
    core.down()  # once more does no harm


def test_a_killed_node_is_found_with_its_last_lines_and_can_be_started_again(
    make: Callable[..., EmulatedCore],
) -> None:
    core = make()
    core.up()
    before = pids(core)
    os.kill(before["uc3m/dns"], signal.SIGKILL)
    assert gone([before["uc3m/dns"]])
    deadline = time.monotonic() + 5
    while not (dead := core.check()) and time.monotonic() < deadline:
        pass
    assert list(dead) == ["uc3m/dns"]
    assert dead["uc3m/dns"][0] == "ended by SIGKILL"
    assert "serves DNS" in dead["uc3m/dns"][-1]
    with pytest.raises(TestbedDown, match="uc3m/dns does not run: ended by SIGKILL"):
        core.pid("uc3m/dns")
    core.start_node("uc3m/dns")
    assert core.check() == {}
    after = pids(core)
    assert after.pop("uc3m/dns") != before.pop("uc3m/dns")
    assert after == before


def test_a_node_is_stopped_on_purpose(make: Callable[..., EmulatedCore]) -> None:
    core = make()
    core.up()
    core.stop_node("uc3m/hss")
    core.stop_node("uc3m/p-cscf", kill=True)
    dead = core.check()
    assert dead["uc3m/hss"][0] == "exit status 0, stopped on purpose"
    assert dead["uc3m/p-cscf"][0] == "ended by SIGKILL, stopped on purpose"
    with pytest.raises(BadInput, match="expected one of uc3m/adapter, uc3m/as, uc3m/dns, uc3m/gateway, uc3m/hss"):
        core.stop_node("uc3m/mgcf")


def test_a_node_that_ignores_sigterm_is_killed(make: Callable[..., EmulatedCore]) -> None:
    core = make(modules={NodeKind.DNS: "node_stubborn"})
    core.up()
    core.stop_node("uc3m/dns")
    assert core.check()["uc3m/dns"][0] == "ended by SIGKILL, stopped on purpose"


def test_restart_brings_all_up_again_with_their_folders(make: Callable[..., EmulatedCore]) -> None:
    core = make(modules={NodeKind.DNS: "node_tells"}, faults={"uc3m/dns": frozenset({"forgets-zone:uc3m"})})
    core.up()
    before = pids(core)
    told = core.folder / "uc3m-dns" / "told"
    assert told.read_text() == "uc3m/dns ['forgets-zone:uc3m']"
    told.with_name("kept").touch()
    core.restart()
    assert set(before.values()).isdisjoint(pids(core).values())
    assert told.with_name("kept").exists()
    assert core.check() == {}


def test_a_node_shows_faults_for_a_while(make: Callable[..., EmulatedCore]) -> None:
    core = make(modules={NodeKind.DNS: "node_tells"}, faults={"uc3m/dns": frozenset({"planned"})})
    core.up()
    told = core.folder / "uc3m-dns" / "told"
    first = core.pid("uc3m/dns")
    core.start_node("uc3m/dns")
    assert core.pid("uc3m/dns") == first, "it shows what was planned"
    core.start_node("uc3m/dns", frozenset({"other"}))
    assert told.read_text() == "uc3m/dns ['other']"
    core.start_node("uc3m/dns", frozenset())
    assert told.read_text() == "uc3m/dns []"
    core.start_node("uc3m/dns")
    assert told.read_text() == "uc3m/dns ['planned']"
    assert core.check() == {}


def test_after_an_hss_its_cscfs_serve_again(make: Callable[..., EmulatedCore]) -> None:
    core = make()
    core.up()
    core.stop_node("uc3m/i-cscf")
    core.start_node("uc3m/hss", frozenset({"silent"}))
    assert list(core.check()) == ["uc3m/i-cscf"], "who was stopped on purpose stays so"
    core.start_node("uc3m/i-cscf")
    core.start_node("uc3m/hss")
    assert core.settle(["uc3m"])
    assert core.settle([])


def one_line(failure: pytest.ExceptionInfo[TestbedDown]) -> str:
    text = str(failure.value)
    assert "\n" not in text
    return text


def test_a_node_that_dies_at_its_start_is_named_with_its_last_words(make: Callable[..., EmulatedCore]) -> None:
    core = make(modules={NodeKind.SCSCF: "node_dies"})
    with pytest.raises(TestbedDown) as failure:
        core.up()
    text = one_line(failure)
    assert text == "uc3m/s-cscf died before it was ready (exit status 4); its log ends: the last words"


def test_a_node_that_never_says_ready_is_named(make: Callable[..., EmulatedCore]) -> None:
    core = make(modules=dict.fromkeys(KINDS, "node_silent"), ready_ms=1500)
    with pytest.raises(TestbedDown) as failure:
        core.up()
    assert one_line(failure) == "uc3m/adapter: expected that it reports ready within 1500 ms; its log is empty"


def test_a_node_that_only_says_that_it_is_ready_is_found_out(make: Callable[..., EmulatedCore]) -> None:
    core = make(modules={NodeKind.DNS: "node_pretends"}, ready_ms=3000)
    with pytest.raises(TestbedDown, match=r"uc3m/dns at 127\.34\.1\.15:\d+: expected an SOA answer within 3000 ms"):
        core.up()


def test_a_node_that_answers_503_is_not_ready(make: Callable[..., EmulatedCore]) -> None:
    core = make(modules={NodeKind.SCSCF: "node_unready"}, ready_ms=3000)
    with pytest.raises(TestbedDown) as failure:
        core.up()
    assert "uc3m/s-cscf at 127.34.1.13:" in one_line(failure)
    assert "expected 200 to OPTIONS within 3000 ms, found: 503 Service Unavailable" in one_line(failure)


@pytest.mark.parametrize(("kind", "transport"), [("dns", "udp"), ("i-cscf", "tcp"), ("hss", "tcp")])
def test_a_port_in_use_names_address_port_node_and_holder(
    make: Callable[..., EmulatedCore], kind: str, transport: str
) -> None:
    core = make()
    node = core.federation.testbeds["uc3m"].node(NodeKind(kind))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(transport == "tcp"))
        holder.bind((str(node.address), node.port))
        if transport == "tcp":
            holder.listen()
        with pytest.raises(TestbedDown) as failure:
            core.up()
    text = one_line(failure)
    assert text.startswith(f"uc3m/{kind} died before it was ready")
    assert f"{node.address}:{node.port}" in text
    if kind != "hss":
        assert f"/{transport} is in use (held by " in text
        assert f"(pid {os.getpid()})" in text


def test_a_broken_module_is_told(make: Callable[..., EmulatedCore]) -> None:
    core = make(modules={NodeKind.HSS: "node_is_broken"})
    with pytest.raises(TestbedDown, match="node module node_is_broken: expected"):
        core.up()


def test_a_fault_of_an_unknown_node_is_refused(make: Callable[..., EmulatedCore]) -> None:
    with pytest.raises(BadInput, match="'uc3m/scscf': expected one of"):
        make(faults={"uc3m/scscf": frozenset({"wrong-nonce"})})


def test_a_fault_that_makes_no_sense_to_its_node_is_bad_input(make: Callable[..., EmulatedCore]) -> None:
    core = make(faults={"uc3m/dns": frozenset({"forgets-zone:nobody"})})
    with pytest.raises(BadInput, match="forgets-zone:nobody"):
        core.up()


def test_up_twice_is_our_mistake(make: Callable[..., EmulatedCore]) -> None:
    core = make()
    core.up()
    with pytest.raises(HarnessFault):
        core.up()


def test_nodes_end_when_the_supervisor_is_killed_and_check_says_so(make: Callable[..., EmulatedCore]) -> None:
    core = make()
    core.up()
    running = list(pids(core).values())
    supervisor = int(Path(f"/proc/{running[0]}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(supervisor, signal.SIGKILL)
    assert gone([supervisor, *running])
    assert "the supervisor" in core.check()["uc3m/hss"][0]
    core.restart()
    assert core.check() == {}


HARNESS = """
import sys
from pathlib import Path
from conformance.cores.emulated.core import EmulatedCore
core = EmulatedCore(Path(sys.argv[1]), 33, Path(sys.argv[2]))
core.up()
print(*(core.pid(f"uc3m/{kind}") for kind in ("dns", "hss", "p-cscf", "i-cscf", "s-cscf")), flush=True)
sys.stdin.read()
"""


def test_nothing_is_left_when_the_harness_is_killed(
    make: Callable[..., EmulatedCore], federation_file: Path, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HARNESS, str(federation_file), str(tmp_path / "core")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as harness:
        assert harness.stdout is not None
        running = [int(pid) for pid in harness.stdout.readline().split()]
        assert len(running) == 5
        harness.kill()
    assert gone(running)
    core = make()
    core.up()  # at the same addresses, over what the killed run left in the folder
    assert core.check() == {}
