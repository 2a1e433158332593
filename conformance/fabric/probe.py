"""What this machine allows of a lab: each ability is tried in a throw-away lab, not read from a list of kernels.

A lab needs root, /dev/net/tun, network namespaces and OpenVPN. Beyond that a kernel may or may not have ESP (security
associations of the terminals), netem (links that delay and lose) and SCTP; what needs them cannot be shown without.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from conformance.fabric import registry
from conformance.fabric.netns import PREFIX, inside
from conformance.fabric.openvpn import require_openvpn
from conformance.vocabulary.errors import NetlabError, TestbedDown

TUN_DEVICE = Path("/dev/net/tun")
_PATIENCE_S = 10
_ESP = (
    "ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x100 mode transport "
    "auth hmac(sha1) 0x0000000000000000000000000000000000000000 enc ecb(cipher_null)"
)
"""Null encryption, as 3GPP TS 33.203 allows; its empty key is the last word."""
_NETEM = "tc qdisc add dev lo root netem delay 1ms"


@dataclass(frozen=True, slots=True)
class Ability:
    """One thing that the machine allows or does not."""

    what: str
    found: str
    """What was seen; the complaint where it is missing."""
    remedy: str = ""
    """What to do about it; empty where the machine has it."""

    @property
    def there(self) -> bool:
        """Whether the machine has it."""
        return not self.remedy


def lab_abilities() -> Iterator[Ability]:
    """Try what the fabric `namespaces` needs, one after the other; after root is missing nothing else is tried."""
    if os.geteuid() != 0:
        yield Ability("root", f"user id {os.geteuid()}", "run as root")
        return
    yield Ability("root", "yes")
    yield _tun_device()
    yield _namespaces()
    yield _openvpn()


def why_no_lab() -> str:
    """Return why the fabric `namespaces` cannot be had here and what to do, as one sentence; empty where it can."""
    for ability in lab_abilities():
        if not ability.there:
            return f"{ability.what}: {ability.found}; {ability.remedy}"
    return ""


def kernel_abilities() -> Iterator[Ability]:
    """Try what only some kernels have, in a throw-away namespace; nothing where no namespace can be made."""
    with suppress(NetlabError, OSError), _throw_away() as namespace:
        yield _by_program("ESP (ip xfrm state add)", [*_ESP.split(), ""], namespace, "a kernel with CONFIG_INET_ESP")
        yield _by_program("netem (tc qdisc add)", _NETEM.split(), namespace, "a kernel with CONFIG_NET_SCH_NETEM")
        yield _sctp(namespace)


@contextmanager
def _throw_away() -> Iterator[str]:
    """Make a lab of one host with a bridge and a tun interface, as each gateway has; yield its namespace."""
    # Imported where used: pyroute2 costs a tenth of a second.
    from conformance.fabric.hosts import Host

    lab = registry.claim()
    try:
        host = Host(f"{PREFIX}{lab}-probe")
        try:
            if TUN_DEVICE.exists():
                host.tun("tun0")
            network = IPv4Network("192.0.2.0/24")
            host.bridge("core0", network[1], network)
            host.forwards()
            yield host.namespace
        finally:
            host.close()
    finally:
        registry.remove(lab)


def _tun_device() -> Ability:
    try:
        os.close(os.open(TUN_DEVICE, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return Ability(
            str(TUN_DEVICE),
            error.strerror or str(error),
            "load the module tun (modprobe tun), or give the container the device: --device /dev/net/tun",
        )
    return Ability(str(TUN_DEVICE), "yes")


def _namespaces() -> Ability:
    what = "network namespaces"
    try:
        with _throw_away():
            return Ability(what, "yes")
    except NetlabError as error:
        reason = str(error).rpartition("; ")[0] or str(error)
    except OSError as error:
        reason = f"{error.filename or 'namespace'}: {error.strerror}"
    return Ability(what, reason, "run on the machine itself, or in a container with CAP_SYS_ADMIN and CAP_NET_ADMIN")


def _openvpn() -> Ability:
    try:
        return Ability("openvpn", require_openvpn())
    except TestbedDown:
        return Ability(
            "openvpn",
            "not installed",
            "an administrator must run: apt-get install --no-install-recommends openvpn",
        )


def _by_program(what: str, words: list[str], namespace: str, kernel: str) -> Ability:
    """Try a command of iproute2 in a namespace; what it says where it fails is the finding."""
    program = shutil.which(words[0], path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        return Ability(
            what,
            f"not tried: the program {words[0]} is missing",
            "an administrator must run: apt-get install --no-install-recommends iproute2",
        )
    with inside(namespace):  # the child is where its parent's thread is
        done = subprocess.run([program, *words[1:]], capture_output=True, timeout=_PATIENCE_S, check=False)
    if done.returncode == 0:
        return Ability(what, "yes")
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return Ability(what, said[-1][:120] if said else f"exit status {done.returncode}", f"only {kernel} has it")


def _sctp(namespace: str) -> Ability:
    what = "SCTP (socket)"
    try:
        with inside(namespace):
            socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP).close()
    except OSError as error:
        return Ability(what, error.strerror or str(error), "only a kernel with CONFIG_IP_SCTP has it (modprobe sctp)")
    return Ability(what, "yes")
