"""A call of sipp, as a test case sees it: one process that calls or is called, and a second one that hangs up.

A scenario of sipp runs by itself: one that is called answers by itself after it has rung for a while. sipp sends a tone
and hears nothing.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from pathlib import Path
from string import Template
from typing import NoReturn, Protocol

from conformance.protocols.g711 import RATE_HZ, encode
from conformance.protocols.sip.name_addr import split_entries
from conformance.protocols.tone import tone
from conformance.terminals.call_end import CallEnd
from conformance.terminals.call_failures import CallTimedOut
from conformance.terminals.media_endpoint import next_tone
from conformance.terminals.programs.child import ProgramChild
from conformance.terminals.programs.program_call import Caller, ProgramCall
from conformance.terminals.programs.program_terminal import Place
from conformance.terminals.session import SessionState
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.events import EventKind

_INVITE, _ANSWER, _BYE = (
    Template(Path(__file__).with_name(f"sipp_{name}.xml.tmpl").read_text(encoding="utf-8"))
    for name in ("invite", "answer", "bye")
)
REFUSED = re.compile(r"while expecting '\d+' \(index \d+\), received 'SIP/2\.0 (\d{3}) ?(.{0,200})")
RINGS_MS = 500
"""How long one that is called rings before it answers by itself."""
_UNSAFE = re.compile(r"[\x00-\x1f]")
"""What would be a line of its own in a scenario, in words that came from the network."""
_SYNTAX = str.maketrans({"[": r"\x5b", "]": r"\x5d", "\\": r"\x5c"})
"""How a scenario says what would be a keyword of sipp, or the end of its XML."""


class Speaker(Caller, Protocol):
    """What a call needs of the terminal that has it."""

    place: Place
    service_route: str

    def run(self, scenario: str, name: str, call_id: str) -> ProgramChild:
        """Start sipp with a scenario."""

    def private(self, name: str, octets: bytes) -> Path:
        """Write a file that goes with the terminal."""


class SippCall(ProgramCall):
    """One end of a call. All its methods are called by one thread, that of its terminal.

    Args:
        terminal: whose call.
        peer: who is called; empty where this end is called.
    """

    def __init__(self, terminal: Speaker, peer: str = "") -> None:
        super().__init__(terminal.record)
        self._terminal = terminal
        self._outgoing = bool(peer)
        self.tone_hz = next_tone()
        self._begun = self._bye_answered = False
        self._call_id = secrets.token_hex(12)
        self._dialog: dict[str, str] = {}
        place, tag = terminal.place, secrets.token_hex(6)
        words = {
            "t1_ms": place.federation.timers.gm_t1_ms,
            "impu": terminal.impu,
            "user": place.user,
            "tag": tag,
            # Periods of a tone are whole in a second, so that it goes on without a crack.
            "tone": terminal.private(f"tone-{self.tone_hz}.raw", encode(tone(self.tone_hz, RATE_HZ))),
        }
        if peer:
            self._dialog["local"] = f"<{terminal.impu}>;tag={tag}"
            routes = f"Route: <{_pcscf(place)}>" + (f", {terminal.service_route}" if terminal.service_route else "")
            scenario = _INVITE.substitute(words, peer=_safe(peer), routes=_safe(routes))
            terminal.record(EventKind.CALLING, None, f"{peer} with audio")
        else:
            scenario = _ANSWER.substitute(words, rings_ms=RINGS_MS)
        self._child = terminal.run(scenario, "calls" if peer else "is-called", self._call_id)

    def end(self) -> None:
        """End its process."""
        self._child.kill()

    # --- what sipp says --------------------------------------------------------------------------------------

    def _take(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        match word:
            case "invite-sent":
                self._begun = True
            case "invited":
                self._begun, self._call_id = True, rest.strip()
                self._terminal.record(EventKind.INVITED, None, f"sipp: {self._dialog['remote']}")
            case "ringing" if self.state is SessionState.BEGUN:
                self._rings()
            case "answered":
                self._is_answered()
            case "bye" | "bye-sent":
                self._end(EventKind.ENDED, None, "BYE")
            case "bye-answered":
                self._bye_answered = True
            case _ if word.startswith("dialog-"):
                self._dialog[word.removeprefix("dialog-")] = rest.strip()
            case _ if (found := REFUSED.search(line)) and self.state is not SessionState.ESTABLISHED:
                self.status = int(found[1])
                self._end(EventKind.REFUSED, self.status, found[2])

    # --- what the user does ----------------------------------------------------------------------------------

    def wait_begun(self) -> None:
        """Wait until the INVITE is on its way, or has come. Raises CallTimedOut."""
        self._until(lambda: self._begun, "an INVITE")

    def answer(self) -> None:
        """Wait until sipp has answered, which it does by itself, and is acknowledged."""
        self.wait_answered()

    def hang_up(self) -> None:
        """End the call: BYE; return when it is answered. Raises CallTimedOut.

        The process that talks ends first: its scenario waits for the BYE of the other end.
        """
        self._child.kill()
        dialog = self._dialog
        entries = split_entries([dialog.get("routes", "").removeprefix("Route:").removeprefix("Record-Route:")])
        routes = entries or [f"<{_pcscf(self._terminal.place)}>"]
        scenario = _BYE.substitute(
            t1_ms=self._terminal.place.federation.timers.gm_t1_ms,
            target=_safe(dialog["target"]),
            routes=_safe(f"Route: {', '.join(routes)}"),
            local=_safe(dialog["local"].removeprefix("To:").strip()),
            remote=_safe(re.sub(r"^(?:To|From):", "", dialog["remote"]).strip()),
        )
        self._child = self._terminal.run(scenario, "hangs-up", self._call_id)
        self._until(lambda: self._bye_answered, "the answer to BYE")

    def refuse(self, status: int) -> NoReturn:
        """Refuse to refuse: the scenario answers."""
        raise HarnessFault(f"sipp: expected no refusal with {status}: its scenario answers by itself")

    def cancel(self) -> NoReturn:
        """Refuse to give a call up: the scenario waits for the answer."""
        raise HarnessFault("sipp: expected no CANCEL: its scenario waits for the answer")

    def wait_heard(self, other: CallEnd) -> NoReturn:
        """Refuse: sipp has no ears."""
        raise HarnessFault(f"sipp: expected nobody to ask whether it hears {other.tone_hz} Hz: it sends only")

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = self._terminal.deadline()
        try:
            while not holds():
                if (line := self._child.next_line(deadline)) is None:
                    raise HarnessFault(f"sipp: expected {what}, found that it has ended: see sipp.log")
                self._take(line)
        except TimeoutError:
            detail = f"awaited {what}; the call is {self.state}"
            self._terminal.record(EventKind.TIMED_OUT, None, detail)
            raise CallTimedOut(f"{self._terminal.impu}: sipp: {detail}") from None


def _pcscf(place: Place) -> str:
    return f"sip:{place.pcscf.host_port};lr"


def _safe(words: str) -> str:
    """Return words that came from the network as a scenario says them."""
    if _UNSAFE.search(words):
        raise HarnessFault(f"sipp: expected words that a scenario can hold, found {words[:80]!r}")
    return words.translate(_SYNTAX)
