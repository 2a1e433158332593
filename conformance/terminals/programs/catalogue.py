"""The programs that can play a terminal, and why one cannot play in a cell."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass

from conformance.terminals.event_log import EventLog
from conformance.terminals.programs import baresip, linphone, sipp
from conformance.terminals.programs.program_terminal import Place, ProgramTerminal
from conformance.vocabulary.federation import Subscriber


@dataclass(frozen=True, slots=True)
class Program:
    """A program: how a terminal of it is made, which package has it, and whom it can play."""

    package: str
    """Debian package."""
    make: Callable[[Place, EventLog], ProgramTerminal]
    unfit: Callable[[Subscriber], str | None]


PROGRAMS = {
    "sipp": Program("sip-tester", sipp.SippTerminal, sipp.unfit),
    "baresip": Program("baresip", baresip.BaresipTerminal, baresip.unfit),
    "linphonec": Program("linphone-cli", linphone.LinphoneTerminal, linphone.unfit),
}
"""By the name of the executable, which is also the name of the terminal in results."""


def installed(name: str) -> bool:
    """Tell whether a program of `PROGRAMS` is there."""
    return shutil.which(name) is not None


def why_not(name: str, subscriber: Subscriber) -> str | None:
    """Return why a program cannot play a subscriber's terminal, with what to do; None where it can."""
    if not installed(name):
        package = PROGRAMS[name].package
        return f"{name} is not installed: an administrator can run apt-get install --no-install-recommends {package}"
    return PROGRAMS[name].unfit(subscriber)
