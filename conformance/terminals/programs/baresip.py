"""baresip as a terminal with a password (SIP Digest, MD5)."""

from __future__ import annotations

import re
from array import array
from pathlib import Path
from string import Template

from conformance.terminals.programs.child import ProgramChild
from conformance.terminals.programs.menu_call import Menu, last_second
from conformance.terminals.programs.menu_terminal import MenuTerminal, unfit_for_a_line
from conformance.vocabulary.federation import Subscriber
from conformance.vocabulary.identifiers import uri_host

_CONFIG = Template(Path(__file__).with_name("baresip_config.tmpl").read_text(encoding="utf-8"))
_ACCOUNTS = Template(Path(__file__).with_name("baresip_accounts.tmpl").read_text(encoding="utf-8"))
_ASKED_EXPIRY_S = 3600
"""baresip's own default."""
_UNWRITABLE = re.compile(r"[\";<>\s\x00-\x1f]")
"""What its line of an account has no way to escape."""
MENU = Menu(
    program="baresip",
    dial="/dial {peer}",
    accept="/accept",
    hang_up="/hangup",
    refuse="/hangup",
    refusal=486,
    registered=re.compile(r"\{\d+/[A-Z]+/v\d\} (2\d\d) .{0,200}\[\d+ bindings?\]"),
    incoming=re.compile(r"Incoming call from: +(?:\S+ )?(\S{1,200}) - \(press"),
    established=re.compile(r": Call established: "),
    gave_up=re.compile(r"session closed: (.{1,200})|Call with \S+ terminated"),
)


def unfit(subscriber: Subscriber) -> str | None:
    """Return why baresip cannot play this subscriber's terminal, None where it can."""
    return unfit_for_a_line(subscriber, "baresip", "accounts", _UNWRITABLE)


class BaresipTerminal(MenuTerminal):
    """baresip 1.0 with one account."""

    menu = MENU

    def start(self) -> ProgramChild:
        """Write its config and its account, and start it."""
        place, subscriber = self.place, self.place.subscriber
        assert subscriber.password is not None
        config = _CONFIG.substitute(
            address=place.address, host=uri_host(place.address), tone_hz=self.tone_hz, heard=self.secrets.path
        )
        (place.folder / "baresip.config").write_text(config, encoding="utf-8")
        self.secrets.write("config", config)
        accounts = _ACCOUNTS.substitute(
            impu=self.impu,
            impi=subscriber.impi,
            password=subscriber.password.reveal().decode(),
            pcscf=place.pcscf.host_port,
            expires=_ASKED_EXPIRY_S,
        )
        self.secrets.write("accounts", accounts)
        return ProgramChild(
            ["baresip", f"-{place.address.version}", "-s", "-f", str(self.secrets.path)],
            folder=self.secrets.path,
            speaks="stdout",
            log=place.folder / "baresip.log",
            enter=place.enter,
            listens=True,
        )

    def ask_to_end(self, child: ProgramChild) -> None:
        """Send SIGTERM: it deregisters."""
        child.ask_to_end()

    def heard(self) -> array[int]:
        """See `MenuTerminal.heard`: its module sndfile writes each packet as it comes, one file a stream."""
        files = sorted(self.secrets.path.glob("dump-*-dec.wav"), key=lambda file: file.stat().st_mtime_ns)
        return last_second(files[-1] if files else None)
