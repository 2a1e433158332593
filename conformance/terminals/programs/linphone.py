"""linphone as a terminal with a password (SIP Digest, MD5): its console program, with a log at full length."""

from __future__ import annotations

import re
import wave
from array import array
from pathlib import Path
from string import Template

from conformance.protocols.g711 import RATE_HZ
from conformance.protocols.tone import tone
from conformance.terminals.message_failures import MessageRefused, MessageTimedOut
from conformance.terminals.programs.child import ProgramChild
from conformance.terminals.programs.menu_call import Menu, last_second
from conformance.terminals.programs.menu_terminal import MenuTerminal, unfit_for_a_line
from conformance.terminals.programs.sip_trace import Seen
from conformance.vocabulary.errors import BeyondProgram
from conformance.vocabulary.events import EventKind
from conformance.vocabulary.federation import Subscriber
from conformance.vocabulary.identifiers import uri_host

_CONFIG = Template(Path(__file__).with_name("linphone_config.tmpl").read_text(encoding="utf-8"))
_ACCOUNT = Template(Path(__file__).with_name("linphone_account.tmpl").read_text(encoding="utf-8"))
_ASKED_EXPIRY_S = 3600
"""linphone's own default."""
_UNWRITABLE = re.compile(r"[\";<>#\[\]=\s\x00-\x1f]")
"""What a line of its settings has no way to escape."""
_PROMPT = re.compile(r"^(?:linphonec> )+")
_NO_NETWORK = "SIP network reachability state is now [DOWN]"
MENU = Menu(
    program="linphonec",
    dial="call {peer}",
    accept="answer",
    hang_up="terminate",
    refuse="terminate",
    refusal=603,
    registered=re.compile(r"Register refresher \[(2\d\d)\] reason"),
    incoming=re.compile(r"Receiving new incoming call from (?:\"[^\"]{0,200}\" )?<?(\S{1,200}?)>?, assigned id"),
    established=re.compile(r"moving from state \S+ to LinphoneCallStreamsRunning"),
    gave_up=re.compile(r"moving from state \S+ to LinphoneCall(?:End|Error)\b"),
)


def unfit(subscriber: Subscriber) -> str | None:
    """Return why linphone cannot play this subscriber's terminal, None where it can."""
    return unfit_for_a_line(subscriber, "linphone", "settings", _UNWRITABLE)


class LinphoneTerminal(MenuTerminal):
    """linphonec 5.1 with one account."""

    menu = MENU
    _ending = False

    def start(self) -> ProgramChild:
        """Write its settings, start it, and let it play a file instead of a device."""
        place, subscriber, private = self.place, self.place.subscriber, self.secrets.path
        assert subscriber.password is not None
        config = _CONFIG.substitute(
            address=place.address,
            host=uri_host(place.address),
            ipv6=int(place.address.version == 6),
            user=place.user,
            pcscf=place.pcscf.host_port,
            impu=self.impu,
            expires=_ASKED_EXPIRY_S,
        )
        (place.folder / "linphone.config").write_text(config, encoding="utf-8")
        account = _ACCOUNT.substitute(
            user=place.user,
            impi=subscriber.impi,
            password=subscriber.password.reveal().decode(),
            domain=place.testbed.domain,
        )
        settings = self.secrets.write("linphonerc", config + account)
        (private / ".local" / "share" / "linphone").mkdir(
            parents=True
        )  # its databases: of no use to us, but it wants them
        with wave.open(str(private / "tone.wav"), "wb") as file:
            file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
            file.writeframes(array("h", tone(self.tone_hz, RATE_HZ)).tobytes())
        child = ProgramChild(
            ["linphonec", "-d", "6", "-c", str(settings)],
            folder=private,
            speaks="stdout",
            log=place.folder / "linphone.log",
            enter=place.enter,
            listens=True,
        )
        for words in ("soundcard use files", f"play {private / 'tone.wav'}", f"record {private / 'heard.wav'}"):
            child.tell(words)
        return child

    def ask_to_end(self, child: ProgramChild) -> None:
        """Let it quit: it deregisters."""
        self._ending = True
        child.tell("quit")

    def message(self, impu: str, text: str) -> None:
        """Send a text of one line to somebody: MESSAGE (RFC 3428); return when it is answered.

        Raises:
            MessageRefused: it was refused.
            MessageTimedOut: no answer within `timers.procedure_ms`.
        """
        before = self._seen  # an earlier answer is not this one's
        self.command(f"chat {impu} {' '.join(text.split())}")
        answers: list[Seen] = []

        def answered() -> bool:
            seen = self._seen
            if seen is not None and seen is not before and seen.method == "MESSAGE" and (seen.status or 0) >= 200:
                answers.append(seen)
            return bool(answers)

        if not self.listen(answered, self.deadline()):
            what = f"awaited the answer to MESSAGE for {self.place.deadline_s:g} s"
            self.record(EventKind.TIMED_OUT, None, what)
            raise MessageTimedOut(what)
        status, reason = answers[0].status or 0, answers[0].reason
        if status >= 300:
            self.record(EventKind.MESSAGE_REFUSED, status, reason)
            raise MessageRefused(status, reason)
        self.record(EventKind.MESSAGE_SENT, status, impu)

    def heard(self) -> array[int]:
        """See `MenuTerminal.heard`."""
        return last_second(self.secrets.path / "heard.wav")

    def next_line(self, child: ProgramChild, deadline: float) -> str | None:
        """See `MenuTerminal.next_line`.

        Raises:
            BeyondProgram: it takes the machine for one without a network.
        """
        line = super().next_line(child, deadline)
        if line is not None and _NO_NETWORK in line and not self._ending:
            raise BeyondProgram(
                "linphone does not work where the machine has no default route, which it takes for the sign of a "
                "network: give it one (it sends nothing there), or use --fabric namespaces"
            )
        return None if line is None else _PROMPT.sub("", line)
