"""OpenVPN: the hub, one client a partner, and their processes (D2.2 2.8).

The hub gives each partner the address that the plan says, knows the networks behind it, and refuses who has no entry
(`ccd-exclusive`). Partners' packets go through the hub's own routing and not from client to client inside OpenVPN, so
that they can be seen there.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from conformance.cores.emulated.processes import die_with_parent
from conformance.fabric.layout import HUB, TUN, VPN_PORT, Layout, Partner
from conformance.fabric.netns import enter
from conformance.fabric.pki import Authority, Credentials
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.identifiers import IpNetwork

CRL_FILE = "crl.pem"
READY = "Initialization Sequence Completed"
_LAST_LINES = 6
_END_S = 3.0


def require_openvpn() -> str:
    """Return the path of the program.

    Raises:
        TestbedDown: it is not installed.
    """
    found = shutil.which("openvpn", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        raise TestbedDown(
            "openvpn: expected the program for the fabric namespaces, found none; an administrator must run: "
            "apt-get install --no-install-recommends openvpn, or choose --fabric loopback"
        )
    return found


def write_hub(folder: Path, layout: Layout, authority: Authority) -> Path:
    """Write the hub's configuration, its client directory and an empty revocation list; return the configuration."""
    credentials = authority.credentials(HUB, server=True)
    authority.revocation_list(folder / CRL_FILE)
    clients = folder / "clients"
    clients.mkdir(exist_ok=True)
    for partner in layout.partners:
        (clients / partner.name).write_text("\n".join(_client_entry(layout, partner)) + "\n")
    tunnel = layout.tunnel
    lines = [
        f"server-ipv6 {tunnel}" if tunnel.version == 6 else f"server {_with_mask(tunnel)}",
        "topology subnet",
        f"local {layout.hub_outer.ip}",
        f"port {VPN_PORT}",
        "dh none",
        f"crl-verify {folder / CRL_FILE}",
        f"client-config-dir {clients}",
        "ccd-exclusive",
        "remote-cert-tls client",
        *(_route(network) for partner in layout.partners for network in partner.networks),
        *_common(authority, credentials),
    ]
    return _write(folder / f"{HUB}.conf", lines)


def write_client(
    folder: Path, layout: Layout, partner: Partner, authority: Authority, credentials: Credentials
) -> Path:
    """Write a partner's configuration and return it."""
    lines = [
        "client",
        f"remote {layout.hub_outer.ip} {VPN_PORT}",
        f"local {partner.outer.ip}",
        "lport 0",
        "remote-cert-tls server",
        "connect-retry 1 2",
        "resolv-retry 0",
        *_common(authority, credentials),
    ]
    return _write(folder / f"{partner.name}.conf", lines)


def _client_entry(layout: Layout, partner: Partner) -> list[str]:
    """What the hub knows of a partner, and what it tells it of the others."""
    others = (network for other in layout.partners if other is not partner for network in other.networks)
    if layout.tunnel.version == 6:
        address = f"ifconfig-ipv6-push {partner.tunnel}/{layout.tunnel.prefixlen} {layout.tunnel[1]}"
    else:
        address = f"ifconfig-push {partner.tunnel} {layout.tunnel.netmask}"
    return [
        address,
        *(f"i{_route(network)}" for network in partner.networks),
        *(f'push "{_route(network)}"' for network in others),
    ]


def _route(network: IpNetwork) -> str:
    """Return the option that leads a network into the tunnel; behind an `i` it says which client has it."""
    return f"route-ipv6 {network}" if network.version == 6 else f"route {_with_mask(network)}"


def _with_mask(network: IpNetwork) -> str:
    return f"{network.network_address} {network.netmask}"


def _common(authority: Authority, credentials: Credentials) -> list[str]:
    return [
        "proto udp4",
        f"dev {TUN}",
        "dev-type tun",
        "persist-tun",  # the interface is the fabric's own, so that who captures on it survives the program
        f"ca {authority.certificate}",
        f"pkcs12 {credentials.pkcs12}",
        f"askpass {credentials.passphrase}",
        "tls-version-min 1.2",
        "data-ciphers AES-256-GCM",
        "keepalive 1 4",  # who loses the hub notices within 4 s, and the path is back a second after the hub
        "passtos",
        "script-security 1",
        "verb 3",
    ]


def _write(file: Path, lines: Sequence[str]) -> Path:
    file.write_text("\n".join(lines) + "\n")
    return file


class Awaited:
    """A line that somebody waits for.

    Args:
        words: what it has to contain.
    """

    def __init__(self, words: str) -> None:
        self.words = words
        self.line = ""
        """The line, when `event` is set."""
        self.event = threading.Event()


class OpenVpn:
    """One running OpenVPN.

    Args:
        name: for messages and the log: `hub`, `uc3m`.
        config: its configuration.
        namespace: where it runs.
        log: where its lines go.
    """

    def __init__(self, name: str, config: Path, namespace: str, log: Path) -> None:
        self.name = name
        self._config = config
        self.namespace, self.log = namespace, log
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._news = threading.Condition()
        self._ready = False
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._awaited: list[Awaited] = []

    @property
    def runs(self) -> bool:
        """Whether the program is running."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id; TestbedDown where it does not run."""
        if self._process is None or self._process.poll() is not None:
            raise TestbedDown(f"openvpn {self.name}: does not run")
        return self._process.pid

    @property
    def last_lines(self) -> list[str]:
        """What it said last."""
        return list(self._last)

    def start(self) -> None:
        """Start the program; return at once."""
        program, parent, namespace = require_openvpn(), os.getpid(), self.namespace

        def prepare() -> None:
            die_with_parent(parent)
            enter(namespace)

        self._ready = False
        self._last.clear()
        self._process = subprocess.Popen(
            [program, "--config", str(self._config), "--suppress-timestamps"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=prepare,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), name=f"vpn-{self.name}", daemon=True)
        self._reader.start()

    def listen(self, words: str) -> Awaited:
        """Wait for a line with these words, from now on; the result says when it came."""
        awaited = Awaited(words)
        with self._news:
            self._awaited.append(awaited)
        return awaited

    def wait_ready(self, deadline: float) -> None:
        """Wait until the tunnel is up.

        Args:
            deadline: monotonic clock, seconds.

        Raises:
            TestbedDown: the program ended, or is not ready in time; with its own last lines.
        """
        with self._news:
            self._news.wait_for(
                lambda: self._ready or self._reader is None or not self.runs, max(0.0, deadline - time.monotonic())
            )
        if not self._ready:
            if not self.runs and self._reader is not None:
                self._reader.join(_END_S)  # it may not have read the last words yet
            state = "is not up in time" if self.runs else "ended"
            raise TestbedDown(
                f"openvpn {self.name}: expected {READY!r}, found that it {state}: {' | '.join(self._last)}"
            )

    def stop(self, *, kill: bool = False) -> None:
        """End the program and return when it is gone; a second call does nothing.

        Args:
            kill: by SIGKILL, so that it says nothing to the other side; else by SIGTERM.
        """
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._reader is not None:
            self._reader.join(_END_S)
        assert process.stdout is not None
        process.stdout.close()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with self.log.open("ab") as log:
            for line in process.stdout:
                log.write(line)
                log.flush()
                text = line.decode(errors="replace").strip()
                with self._news:
                    self._last.append(text[:200])
                    for awaited in [one for one in self._awaited if one.words in text]:
                        awaited.line = text[:200]
                        awaited.event.set()
                        self._awaited.remove(awaited)
                    self._ready = self._ready or READY.encode() in line
                    self._news.notify_all()
        process.wait()
        with self._news:
            self._news.notify_all()
