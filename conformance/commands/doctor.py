"""`netlab doctor`: what is installed, permitted and reachable, and what to do about the rest."""

from __future__ import annotations

import argparse
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from conformance.cores.kamailio.installed import require_programs
from conformance.fabric.probe import kernel_abilities, lab_abilities
from conformance.federation import default_federation_path, load_federation
from conformance.runs.versions import program_version
from conformance.terminals.programs.catalogue import PROGRAMS, installed
from conformance.trace.decode import MINIMUM_TSHARK, require_tshark
from conformance.vocabulary.errors import Exit, NetlabError
from conformance.vocabulary.federation import NodeKind


@dataclass(frozen=True)
class Finding:
    """One line of the doctor."""

    what: str
    good: bool
    found: str
    remedy: str = ""
    needed: bool = True
    """False: only some fabrics or features need it."""


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "doctor", help="what is installed, permitted, reachable; what to do about the rest"
    )
    command.set_defaults(execute=execute, passes_options_on=False)


def execute(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Print the findings; return 0 where all that is needed is there, else 4."""
    findings = list(examine())
    for finding in findings:
        mark = "ok     " if finding.good else "MISSING" if finding.needed else "absent "
        print(f"{mark} {finding.what:42} {finding.found}")
        if not finding.good:
            print(f"        {finding.remedy}")
    return int(Exit.AS_EXPECTED if all(f.good or not f.needed for f in findings) else Exit.BROKEN)


def examine() -> Iterator[Finding]:
    """Yield what a run needs and what was found of it."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python 3.11 or later", sys.version_info >= (3, 11), version, "install a later python3")
    minimum = ".".join(map(str, MINIMUM_TSHARK))
    yield _attempt(
        f"tshark {minimum} or later",
        require_tshark,
        program_version("tshark") or "missing",
        "an administrator must run: apt-get install --no-install-recommends tshark",
    )
    yield Finding(
        "dumpcap (capture backend pyshark)",
        shutil.which("dumpcap") is not None,
        program_version("dumpcap") or "missing",
        "an administrator must run: apt-get install --no-install-recommends tshark",
    )
    yield _attempt("permission to capture", _open_packet_socket, "yes", "run as root")
    yield _attempt("permission to bind port 53", _bind_dns_port, "yes", "run as root")
    yield _attempt("federation file", _load_default, default_federation_path().name, "repair the file")
    yield from _ports()
    yield _attempt(
        "core kamailio", require_programs, "Kamailio and BIND", "only --core kamailio needs it", needed=False
    )
    for name, program in PROGRAMS.items():
        yield Finding(
            f"{name} (terminal of some test cases)",
            installed(name),
            "yes" if installed(name) else "missing",
            f"an administrator can run: apt-get install --no-install-recommends {program.package}",
            needed=False,
        )
    for ability in (*lab_abilities(), *kernel_abilities()):
        yield Finding(f"fabric namespaces: {ability.what}", ability.there, ability.found, ability.remedy, needed=False)


def _attempt(what: str, action: Callable[[], object], found: str, remedy: str, *, needed: bool = True) -> Finding:
    try:
        action()
    except (OSError, NetlabError) as error:
        return Finding(what, False, str(error), remedy, needed)
    return Finding(what, True, found)


def _open_packet_socket() -> None:
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()


def _bind_dns_port() -> None:
    # An address of its own, so that a name server of the machine is not in the way.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.254.254.254", 53))


def _load_default() -> None:
    load_federation(default_federation_path())


def _ports() -> Iterator[Finding]:
    """Look whether the addresses of the emulated federation are free."""
    federation = load_federation(default_federation_path())
    taken = []
    for testbed in federation.testbeds.values():
        for kind, node in testbed.nodes.items():
            stream = kind is NodeKind.HSS
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(stream))
                try:
                    probe.bind((str(node.address), node.port))
                except PermissionError:
                    continue  # said above
                except OSError as error:
                    taken.append(f"{testbed.name}/{kind} {node.address}:{node.port} ({error.strerror})")
    yield Finding(
        "addresses of the emulated testbeds",
        not taken,
        "; ".join(taken) or "free",
        "another run is using them: wait for it, or end it",
    )
