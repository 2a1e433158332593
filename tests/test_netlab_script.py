"""The start script on machines of all kinds: every program that it calls is a fake that notes its arguments."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "netlab"
OF_THE_SYSTEM = ("sh", "cat", "chmod", "cmp", "dirname", "flock", "grep", "mkdir", "mktemp", "readlink", "rm", "tail")

PYTHON = """\
[ "$1" = --version ] && { echo "Python $FAKE_VERSION"; exit 0; }
case "$1 $2" in
    "-c import sys"*) [ "$FAKE_VERSION" != 3.9.2 ]; exit ;;
    "-c import ensurepip"*) [ -z "${FAKE_NO_VENV-}" ]; exit ;;
    "-m venv")
        for venv; do :; done
        rm -rf "$venv"
        mkdir -p "$venv/bin" "$venv/lib/python3.11/site-packages/pytest"
        cat "$0" >"$venv/bin/python"
        chmod +x "$venv/bin/python" ;;
    "-m pip")
        [ -z "${FAKE_PIP_SAYS-}" ] || { echo "$FAKE_PIP_SAYS"; exit 1; }
        venv=${0%/bin/python}
        for tool in netlab ruff mypy; do
            printf '#!/bin/sh\\necho %s "$@"\\n' $tool >"$venv/bin/$tool"
            chmod +x "$venv/bin/$tool"
        done ;;
    "-m pytest") echo "pytest $*${PYTHONDONTWRITEBYTECODE:+ without bytecode}" ;;
esac
"""
APT = """\
[ -z "${FAKE_APT_SAYS-}" ] || { echo "$FAKE_APT_SAYS"; exit 100; }
case "$*" in
    *install*tshark*)
        cd "${0%/*}"
        for tool in tshark dumpcap; do
            cat id >$tool
            chmod +x $tool
        done ;;
esac
"""


@dataclass(frozen=True)
class Machine:
    """A checkout and the only folder in PATH."""

    checkout: Path
    script: Path
    programs: Path
    calls: Path
    environment: Mapping[str, str]

    def put(self, name: str, body: str) -> None:
        """Install a fake program that notes its call and then does what `body` says."""
        file = self.programs / name
        file.write_text(f'#!/bin/sh\necho "{name} $*" >>"{self.calls}"\n{body}', encoding="utf-8")
        file.chmod(0o755)

    def start(self, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Call the script and forget the calls of earlier starts."""
        self.calls.write_text("")
        return subprocess.run(
            [self.script, *words],
            env={**self.environment, **changes},
            cwd=self.checkout.parent,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    @property
    def called(self) -> list[str]:
        """What the last start called, in order: program and arguments."""
        return self.calls.read_text().splitlines()

    def called_with(self, words: str) -> list[str]:
        """Those of the calls that hold `words`."""
        return [call for call in self.called if words in call]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Root's machine with python3 3.11.2, tshark, openvpn and apt-get; blanks in the checkout's path."""
    checkout, programs, temporary = tmp_path / "a check out", tmp_path / "bin", tmp_path / "tmp"
    for folder in (checkout, programs, temporary):
        folder.mkdir()
    shutil.copy(SCRIPT, checkout)
    (checkout / "requirements.lock").write_text("pytest==9\n")
    (checkout / "pyproject.toml").write_text("[project]\n")
    for name in OF_THE_SYSTEM:
        found = shutil.which(name)
        assert found, f"{name}: expected among the essential programs of this system"
        (programs / name).symlink_to(found)
    environment = {"PATH": str(programs), "TMPDIR": str(temporary), "FAKE_VERSION": "3.11.2"}
    made = Machine(checkout, checkout / "netlab", programs, tmp_path / "calls", environment)
    made.put("id", 'if [ "$1" = -u ]; then echo "${FAKE_UID-0}"; else echo somebody; fi\n')
    made.put("python3", PYTHON)
    made.put("apt-get", APT)
    for name in ("tshark", "dumpcap", "openvpn"):
        made.put(name, "")
    return made


@pytest.fixture
def installed(machine: Machine) -> Machine:
    """The same machine after its first start."""
    done = machine.start("run")
    assert done.returncode == 0, done.stderr
    return machine


def assert_one_line(done: subprocess.CompletedProcess[str], *parts: str) -> None:
    """Check that the script gave up with exit code 4 and one line that holds all `parts`."""
    *progress, last = done.stderr.splitlines()
    assert done.returncode == 4
    assert done.stdout == ""
    assert all(line.startswith("netlab: installing ") for line in progress)
    assert last.startswith("netlab: ")
    for part in parts:
        assert part in last


def test_first_start_installs_from_the_lock_with_hashes_then_hands_over(machine: Machine) -> None:
    done = machine.start("run", "-k", "two words")
    assert (done.returncode, done.stdout) == (0, "netlab run -k two words\n")
    assert machine.called_with("apt-get") == []
    locked, project = machine.called_with("-m pip")
    assert f"install -q --require-hashes -r {machine.checkout}/requirements.lock" in locked
    assert f"install -q --no-deps --no-build-isolation -e {machine.checkout}" in project
    assert list(Path(machine.environment["TMPDIR"]).iterdir()) == []


def test_second_start_installs_nothing(installed: Machine) -> None:
    done = installed.start("flows")
    assert (done.returncode, done.stdout, done.stderr) == (0, "netlab flows\n", "")
    assert installed.called_with("pip") + installed.called_with("venv") + installed.called_with("apt-get") == []


def test_bare_machine_gets_its_packages_by_one_apt_get_call(machine: Machine) -> None:
    (machine.programs / "dumpcap").unlink()
    done = machine.start("run", FAKE_NO_VENV="1")
    assert done.returncode == 0, done.stderr
    update, install = machine.called_with("apt-get")
    assert "update" in update
    assert install.endswith("install --no-install-recommends -y tshark python3-venv")


@pytest.mark.parametrize("words", [("run", "--core", "kamailio"), ("run", "--core=kamailio"), ("test", "--real")])
def test_real_servers_are_installed_for_who_asks_for_them(machine: Machine, words: tuple[str, ...]) -> None:
    machine.start(*words)
    _, install = machine.called_with("apt-get")
    assert "kamailio kamailio-ims-modules" in install
    assert install.endswith("bind9 mariadb-server")


def test_real_test_cases_are_all_that_real_tests(installed: Machine) -> None:
    done = installed.start("test", "--real", "-k", "event")
    assert done.stdout == "pytest -m pytest testcases --core kamailio --fabric namespaces -k event\n"


def test_tests_have_real_servers_and_terminals_installed_where_that_is_allowed(installed: Machine) -> None:
    installed.start("test")
    assert any(call.endswith("mariadb-server sip-tester baresip") for call in installed.called_with("apt-get"))
    done = installed.start("test", FAKE_APT_SAYS="E: Unable to locate package kamailio")
    assert "the tests that need them are skipped" in done.stderr
    assert "pytest -m pytest tests testcases --once" in done.stdout
    installed.start("test", FAKE_APT_SAYS="E: Unable to locate package kamailio")
    assert not any("kamailio" in call for call in installed.called_with("apt-get"))


def test_nobody_else_gets_them(machine: Machine) -> None:
    machine.start("run", "--core", "emulated")
    assert machine.called_with("apt-get") == []


def test_who_may_not_install_is_told_the_one_command(machine: Machine) -> None:
    (machine.programs / "tshark").unlink()
    command = "An administrator must run: apt-get install --no-install-recommends tshark python3-venv"
    assert_one_line(machine.start("run", FAKE_UID="1000", FAKE_NO_VENV="1"), command)
    assert machine.called_with("apt-get") == []


def test_doctor_examines_a_machine_without_tshark(machine: Machine) -> None:
    (machine.programs / "tshark").unlink()
    assert machine.start("doctor", FAKE_UID="1000").stdout == "netlab doctor\n"


def test_system_without_apt_get(machine: Machine) -> None:
    for name in ("tshark", "apt-get"):
        (machine.programs / name).unlink()
    assert_one_line(machine.start("run"), "missing programs: tshark", "no apt-get", "by hand")


def test_old_python(machine: Machine) -> None:
    assert_one_line(machine.start("run", FAKE_VERSION="3.9.2"), "Python 3.11 or later is needed, found Python 3.9.2")
    assert machine.called_with("apt-get") == []


@pytest.mark.parametrize(
    ("setting", "installer", "said"),
    [
        ("FAKE_PIP_SAYS", "pip could not install requirements.lock", "ERROR: hashes do not match"),
        ("FAKE_APT_SAYS", "apt-get could not install tshark", "E: Unable to locate package tshark"),
    ],
)
def test_failing_installer_is_quoted(machine: Machine, setting: str, installer: str, said: str) -> None:
    (machine.programs / "tshark").unlink()
    done = machine.start("run", **{setting: f"first line\n{said}"})
    assert_one_line(done, f"{installer}: {said}")
    log = done.stderr.rpartition("(all of it: ")[2].removesuffix(")\n")
    assert Path(log).read_text() == f"first line\n{said}\n"


def test_no_network_is_named_rather_than_what_follows_from_it(machine: Machine) -> None:
    said = (
        "WARNING: Retrying after '[Errno -3] Temporary failure in name resolution': /simple/\n"
        "ERROR: No matching distribution found for pytest==9"
    )
    assert_one_line(machine.start("run", FAKE_PIP_SAYS=said), "Temporary failure in name resolution (all of it")


def test_start_after_a_failed_one_begins_anew(machine: Machine) -> None:
    assert machine.start("run", FAKE_PIP_SAYS="ERROR: no").returncode == 4
    assert machine.start("run").stdout == "netlab run\n"
    assert len(machine.called_with("-m venv --clear")) == 1


@pytest.mark.parametrize("lost", ["bin/ruff", "bin/netlab", "lib/python3.11/site-packages/pytest", "bin", "lib"])
def test_damaged_environment_is_made_again(installed: Machine, lost: str) -> None:
    path = installed.checkout / ".venv" / lost
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    assert installed.start("run").stdout == "netlab run\n"
    assert path.exists()
    assert len(installed.called_with("-m venv --clear")) == 1


def test_moved_checkout_gets_a_new_environment(installed: Machine) -> None:
    there = installed.checkout.rename(installed.checkout.with_name("elsewhere"))
    moved = replace(installed, checkout=there, script=there / "netlab")
    assert moved.start("run").stdout == "netlab run\n"
    assert len(moved.called_with("-m venv --clear")) == 1


@pytest.mark.parametrize("file", ["requirements.lock", "pyproject.toml"])
def test_changed_versions_are_installed_into_the_same_environment(installed: Machine, file: str) -> None:
    with (installed.checkout / file).open("a") as changed:
        changed.write("# changed\n")
    assert installed.start("run").returncode == 0
    assert len(installed.called_with("-m pip")) == 2
    assert installed.called_with("-m venv") == []


def test_lost_network_leaves_a_working_environment_alone(installed: Machine) -> None:
    lock = installed.checkout / "requirements.lock"
    before = lock.read_text()
    lock.write_text("pytest==10\n")
    assert installed.start("run", FAKE_PIP_SAYS="ERROR: no").returncode == 4
    lock.write_text(before)
    assert installed.start("run").returncode == 0
    assert installed.called_with("-m venv") == []


def test_checkout_that_cannot_be_written(machine: Machine, unwritable: Callable[[Path], None]) -> None:
    unwritable(machine.checkout)
    assert_one_line(machine.start("run"), f"{machine.checkout}: cannot be written", "as the owner, or use a copy")
    assert machine.called_with("-m venv") == []


@pytest.fixture
def unwritable(machine: Machine) -> Callable[[Path], None]:
    """Makes the script find a folder unwritable, for root as well, whom modes do not hold back."""

    def make(folder: Path) -> None:
        text = machine.script.read_text()
        assert '[ -w "$folder" ]' in text
        machine.script.write_text(text.replace('[ -w "$folder" ]', f'[ "$folder" != "{folder}" ]'))

    return make


def test_no_place_for_temporary_files(machine: Machine) -> None:
    assert_one_line(machine.start("run", TMPDIR="/nonexistent"), "/nonexistent; set TMPDIR")


def test_called_through_a_symbolic_link(installed: Machine) -> None:
    link = installed.programs / "netlab"
    link.symlink_to(installed.checkout / "netlab")
    assert replace(installed, script=link).start("flows").stdout == "netlab flows\n"
    assert installed.called_with("pip") == []


def test_test_checks_style_and_types_before_the_tests(installed: Machine) -> None:
    done = installed.start("test", "-x")
    assert done.stdout.splitlines() == [
        "ruff check .",
        "ruff format --check .",
        "mypy",
        "pytest -m pytest tests testcases --once -x",
    ]


def test_what_tests_start_is_compiled_once(installed: Machine) -> None:
    done = installed.start("test", PYTHONDONTWRITEBYTECODE="1")
    assert "pytest -m pytest tests testcases --once" in done.stdout
    assert "without bytecode" not in done.stdout


def test_test_stops_at_a_style_error(installed: Machine) -> None:
    ruff = installed.checkout / ".venv/bin/ruff"
    ruff.write_text("#!/bin/sh\nexit 1\n")
    done = installed.start("test")
    assert (done.returncode, done.stdout) == (1, "")


def test_tests_have_a_browser_installed(installed: Machine) -> None:
    done = installed.start("test")
    assert any(call.startswith("apt-get") and call.endswith("chromium") for call in installed.called)
    assert "no chromium here" not in done.stderr


def test_without_a_browser_the_other_tests_are_held(installed: Machine) -> None:
    done = installed.start("test", FAKE_APT_SAYS="E: Unable to locate package chromium")
    assert "skipped" in done.stderr
    assert "pytest -m pytest tests testcases --once" in done.stdout


@pytest.fixture
def without_openvpn(installed: Machine) -> Machine:
    """The same machine without openvpn, whatever this one has."""
    (installed.programs / "openvpn").unlink()
    text = installed.script.read_text()
    assert ":/usr/sbin:/sbin" in text
    installed.script.write_text(text.replace(":/usr/sbin:/sbin", ""))
    return installed


@pytest.mark.parametrize("command", ["run", "test", "testbed"])
def test_who_needs_a_lab_has_openvpn_installed(without_openvpn: Machine, command: str) -> None:
    done = without_openvpn.start(command)
    assert done.returncode == 0
    assert any(call.startswith("apt-get") and call.endswith("openvpn") for call in without_openvpn.called)


def test_without_openvpn_it_runs_all_the_same_and_asks_no_more(without_openvpn: Machine) -> None:
    done = without_openvpn.start("run", FAKE_APT_SAYS="E: Unable to locate package openvpn")
    assert (done.returncode, done.stdout) == (0, "netlab run\n")
    assert done.stderr.splitlines()[-1].startswith("netlab: openvpn could not be installed: ")
    again = without_openvpn.start("run", FAKE_APT_SAYS="E: Unable to locate package openvpn")
    assert (again.stdout, again.stderr) == ("netlab run\n", "")


@pytest.mark.parametrize(("command", "uid"), [("flows", "0"), ("doctor", "0"), ("run", "1000")])
def test_openvpn_is_left_to_who_needs_it_and_may(without_openvpn: Machine, command: str, uid: str) -> None:
    done = without_openvpn.start(command, FAKE_UID=uid)
    assert (done.stdout, done.stderr) == (f"netlab {command}\n", "")
    assert without_openvpn.called_with("apt-get") == []


@pytest.mark.parametrize(
    ("processors", "words", "called"),
    [
        ("2", ["-x"], "-n 3 --dist loadscope --no-loadscope-reorder -x"),
        ("1", ["-x"], "-x"),
        ("8", ["-n0"], "-n0"),
    ],
)
def test_three_workers_where_there_are_two_processors(
    installed: Machine, processors: str, words: list[str], called: str
) -> None:
    installed.put("nproc", f"echo {processors}\n")
    assert f"pytest -m pytest tests testcases --once {called}\n" in installed.start("test", *words).stdout
