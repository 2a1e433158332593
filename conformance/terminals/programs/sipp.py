"""sipp as a terminal with IMS AKA: one process a procedure, its scenario a template. Its calls: `sipp_call`.

sipp takes K and OP, never OPc (`aka_K`, `aka_OP`), so the federation file has to give the subscriber's `op`.
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from string import Template

from conformance.protocols.aka import decode_nonce
from conformance.protocols.milenage import Milenage
from conformance.protocols.sip.digest_header import DigestHeader
from conformance.terminals.event_log import EventLog
from conformance.terminals.programs.child import ProgramChild
from conformance.terminals.programs.program_terminal import SIP_PORT, Place, ProgramTerminal
from conformance.terminals.programs.sipp_call import REFUSED, SippCall
from conformance.terminals.register_request import ASKED_EXPIRY_S
from conformance.vocabulary.errors import BeyondProgram, HarnessFault
from conformance.vocabulary.events import EventKind
from conformance.vocabulary.federation import Subscriber

_TEMPLATE = Template(Path(__file__).with_name("sipp_register.xml.tmpl").read_text(encoding="utf-8"))
_AUTHENTICATION_FAILED = "createAuthHeaderAKAv1MD5 : MAC"
_KEYWORD_LIMIT = re.compile(r"[\[\]]")


def unfit(subscriber: Subscriber) -> str | None:
    """Return why sipp cannot play this subscriber's terminal, None where it can.

    sipp copies K and OP as C strings: it loses all of one that begins with the octet 0.
    """
    if subscriber.k is None or subscriber.op is None:
        return f"sipp computes OPc from OP: give the subscriber {subscriber.name} an op in the federation file"
    for name, secret in (("k", subscriber.k), ("op", subscriber.op)):
        if secret.reveal()[0] == 0:
            return f"sipp cannot read an {name} that begins with 00: give {subscriber.name} another one"
    if _KEYWORD_LIMIT.search(subscriber.impi + subscriber.impus[0]):
        return f"sipp takes brackets in an identity for keywords of its own: give {subscriber.name} another one"
    return None


class SippTerminal(ProgramTerminal):
    """sipp 3.6 with a scenario that registers once."""

    def __init__(self, place: Place, events: EventLog) -> None:
        super().__init__(place, events)
        self._child: ProgramChild | None = None
        self._call_id = secrets.token_hex(12)
        self._requests = 0
        self._call: SippCall | None = None
        self.service_route = ""
        """Of the 200 that registered it: where its calls go first, behind the P-CSCF."""

    def register(self) -> None:
        """See `ProgramTerminal.register`.

        Raises:
            BeyondProgram: the challenge is one that sipp computes wrongly.
        """
        self._procedure(ASKED_EXPIRY_S, EventKind.REGISTERED)
        self.registered = True
        self._call = SippCall(self)  # from now on somebody may call

    def deregister(self) -> None:
        """See `ProgramTerminal.deregister`: the same Call-ID and the next CSeq, from a new process."""
        self._procedure(0, EventKind.DEREGISTERED)
        self.registered = False

    def end(self) -> None:
        """End the process."""
        if self._child is not None:
            self._child.kill()
            self._child = None
        if self._call is not None:
            self._call.end()
            self._call = None

    def call(self, impu: str) -> SippCall:
        """Call somebody; return when the INVITE is on its way.

        Raises:
            CallTimedOut: it sends none.
        """
        if self._call is None:
            raise HarnessFault("sipp: expected a registration before a call")
        self._call.end()
        self._call = SippCall(self, impu)
        self._call.wait_begun()
        return self._call

    def await_call(self) -> SippCall:
        """Wait for a call and return it; sipp rings at once, and answers by itself.

        Raises:
            CallTimedOut: nobody calls.
        """
        if self._call is None:
            raise HarnessFault("sipp: expected a registration before a call")
        self._call.wait_begun()
        return self._call

    def run(self, scenario: str, name: str, call_id: str) -> ProgramChild:
        """Start sipp with a scenario that needs no keys."""
        place = self.place
        file = place.folder / f"sipp-{name}.xml"
        file.write_text(scenario, encoding="utf-8")
        return self._start(self._command(file, call_id))

    def private(self, name: str, octets: bytes) -> Path:
        """Write a file that goes with the terminal."""
        file = self.secrets.path / name
        file.write_bytes(octets)
        return file

    def _start(self, arguments: list[str]) -> ProgramChild:
        return ProgramChild(
            arguments,
            folder=self.secrets.path,
            speaks="stderr",
            log=self.place.folder / "sipp.log",
            enter=self.place.enter,
        )

    def _procedure(self, expires_s: int, success: EventKind) -> None:
        place = self.place
        scenario = place.folder / f"sipp-{success}.xml"
        scenario.write_text(self._scenario(expires_s), encoding="utf-8")
        self.end()
        keys = self.secrets.write("keys.csv", f"SEQUENTIAL\n{_keyword(place.subscriber)}\n")
        try:
            self._child = self._start([
                *self._command(scenario, self._call_id), "-inf", str(keys),
                "-au", place.subscriber.impi, "-auth_uri", place.testbed.domain,
                "-base_cseq", str(self._requests + 1),
            ])  # fmt: skip
            self._follow(self._child, success)
        finally:
            self.end()
            keys.unlink(missing_ok=True)

    def _scenario(self, expires_s: int) -> str:
        subscriber = self.place.subscriber
        return _TEMPLATE.substitute(
            t1_ms=self.place.federation.timers.gm_t1_ms,
            domain=self.place.testbed.domain,
            impu=self.impu,
            impi=subscriber.impi,
            user=self.place.user,
            expires=expires_s,
        )

    def _command(self, scenario: Path, call_id: str) -> list[str]:
        """Return the command line, which everybody can read: identities, addresses and names of files."""
        place, address = self.place, str(self.place.address)
        return [
            "sipp", place.pcscf.host_port,
            "-sf", str(scenario.absolute()),
            "-i", address, "-p", str(SIP_PORT), "-bind_local", "-ci", address, "-mi", address,
            "-cid_str", call_id,
            "-m", "1", "-aa", "-default_behaviors", "all,-bye",
            "-nostdin", "-skip_rlimit", "-T2", str(place.federation.timers.gm_t2_ms),
            "-trace_logs", "-log_file", "/dev/stderr", "-trace_err", "-error_file", "/dev/stderr",
        ]  # fmt: skip

    def _follow(self, child: ProgramChild, success: EventKind) -> None:
        """Turn the lines of sipp into events, until it ends."""
        deadline = self.deadline()
        awaited = "the challenge"
        challenge = ""
        accepted = False
        refused: tuple[int, str] | None = None
        try:
            while (line := child.next_line(deadline)) is not None:
                word, _, rest = line.partition(" ")
                if word == EventKind.REGISTER_SENT:
                    self._requests += 1
                    self.record(EventKind.REGISTER_SENT, detail=f"CSeq {self._requests} to {self.place.pcscf}")
                elif word == EventKind.CHALLENGED:
                    self.record(EventKind.CHALLENGED, 401)
                    challenge, awaited = rest, "the answer to its second REGISTER"
                elif word == "accepted":
                    accepted, self.service_route = True, rest.strip().removeprefix("Service-Route:").strip()
                elif found := REFUSED.search(line):
                    refused = int(found[1]), found[2]
                elif _AUTHENTICATION_FAILED in line:
                    self.record(EventKind.NETWORK_REFUSED, detail="sipp: MAC of AUTN is wrong; it gives up")
                    refused = 401, "sipp does not accept the challenge"
            status = child.wait(deadline)
        except TimeoutError:
            self.time_out(f"awaited {awaited} by sipp, from {self.place.pcscf}, for {self.place.deadline_s:g} s")
        if accepted and status == 0:
            # sipp computes no answer before the MAC of AUTN is right; it keeps no sequence numbers.
            self.record(EventKind.NETWORK_AUTHENTICATED, detail="sipp: the MAC of AUTN is right")
            self.record(success, 200)
            return
        if refused is None:
            raise HarnessFault(f"sipp: expected an answer or a refusal, found exit status {status}: see sipp.log")
        if challenge and _shortened(self.place.subscriber, challenge):
            self.record(EventKind.REJECTED, *refused)
            raise BeyondProgram(
                "sipp cuts RES at its first octet 0, so its response to this challenge is wrong (one challenge of 32): "
                f"the network answered {refused[0]}; run the cell again"
            )
        self.reject(*refused)


def _keyword(subscriber: Subscriber) -> str:
    r"""Return sipp's keyword that stands for the answer, with the keys.

    Each octet is written as \xHH: sipp would take a raw one for the beginning of another keyword, or for the end.
    """
    assert subscriber.k is not None
    assert subscriber.op is not None
    k, op, amf = (
        "".join(f"\\x{octet:02X}" for octet in octets)
        for octets in (subscriber.k.reveal(), subscriber.op.reveal(), bytes.fromhex(subscriber.amf))
    )
    return f"[authentication aka_K={k} aka_OP={op} aka_AMF={amf}]"


def _shortened(subscriber: Subscriber, challenge: str) -> bool:
    """Tell whether RES has an octet 0, at which sipp takes it to end."""
    assert subscriber.k is not None
    assert subscriber.opc is not None
    try:
        rand, _ = decode_nonce(DigestHeader.parse(challenge).get("nonce"))
    except ValueError:
        return False
    return 0 in Milenage(subscriber.k.reveal(), subscriber.opc.reveal()).f2(rand)
