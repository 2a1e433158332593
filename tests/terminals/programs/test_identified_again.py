"""Capture to profile and back: what a program sends is identified, and a terminal with that profile shows the same."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.judgement import judge
from conformance.judgement.terminals import identify
from conformance.protocols.aka import encode_nonce, generate_vector
from conformance.protocols.milenage import Milenage
from conformance.quirks.profiles import profile_named
from conformance.report.terminal_text import profile_text
from conformance.terminals.programs.program_terminal import ProgramTerminal
from conformance.terminals.terminal import Terminal
from conformance.vocabulary.federation import Federation, NodeKind, Subscriber
from conformance.vocabulary.identified import TerminalResult
from conformance.vocabulary.identifiers import Endpoint
from tests.identification.lab import answer, trace_of

RAND = bytes(15) + b"\x02"
_ANSWERED = re.compile(rb'response="[0-9a-f]{32}"')
_CONTACT = re.compile(r"^Contact:\s*<([^>]*)>", re.MULTILINE)


class Recorder:
    """A P-CSCF that challenges what answers no challenge, accepts the rest, and keeps the octets of both sides."""

    def __init__(self, place: tuple[str, int], challenge: str) -> None:
        self.sent: list[tuple[bytes, Endpoint, Endpoint]] = []
        self._challenge, self._here = challenge, Endpoint(*place, "udp")
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(place)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())  # a datagram of no octets ends the thread
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            raw, peer = self._socket.recvfrom(65535)
            if not raw:
                return
            if not raw.startswith(b"REGISTER "):
                continue
            there = Endpoint(peer[0], peer[1], "udp")
            contact = _CONTACT.search(raw.decode())
            assert contact is not None
            granted = (f"Contact: <{contact.group(1)}>;expires=3600",)
            response = (
                answer(raw, "200 OK", *granted)
                if _ANSWERED.search(raw)
                else answer(raw, "401 Unauthorized", f"WWW-Authenticate: Digest {self._challenge}")
            )
            self.sent += [(raw, there, self._here), (response, self._here, there)]
            self._socket.sendto(response, peer)

    def identified(self) -> TerminalResult:
        trace = trace_of(*self.sent)
        (found,) = identify(trace, judge(trace, confirm=None)).terminals
        return found


@pytest.fixture
def record(federation: Federation) -> Iterator[Callable[[Subscriber], Recorder]]:
    """Makes recorders at the P-CSCF, one after the other."""
    node = federation.testbeds["uc3m"].node(NodeKind.PCSCF)
    made: list[Recorder] = []

    def make(subscriber: Subscriber) -> Recorder:
        for one in made:
            one.close()
        made[:] = [Recorder((str(node.address), node.port), challenge_of(subscriber))]
        return made[0]

    yield make
    for one in made:
        one.close()


def challenge_of(subscriber: Subscriber) -> str:
    if subscriber.k is None or subscriber.opc is None:
        return 'realm="octopus.netlab.test", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c0", algorithm=MD5, qop="auth"'
    vector = generate_vector(Milenage(subscriber.k.reveal(), subscriber.opc.reveal()), RAND, 32, b"\x80\x00")
    nonce = encode_nonce(vector.rand, vector.autn)
    return f'realm="uc3m.netlab.test", nonce="{nonce}", algorithm=AKAv1-MD5, qop="auth"'


@pytest.mark.parametrize(
    ("program", "name", "shown"),
    [("sipp", "alice", set()), ("baresip", "dave", {"Q5", "Q6", "Q14", "Q14a", "U4"})],
)
def test_a_profile_reproduces_what_was_identified(
    record: Callable[[Subscriber], Recorder],
    play: Callable[..., ProgramTerminal],
    make_terminal: Callable[..., Terminal],
    federation: Federation,
    tmp_path: Path,
    program: str,
    name: str,
    shown: set[str],
) -> None:
    subscriber = federation.testbeds["uc3m" if name == "alice" else "octopus"].subscriber(name)
    seen = record(subscriber)
    real = play(program, subscriber)
    real.register()
    real.close()
    first = seen.identified()
    assert {quirk.id for quirk in first.quirks} == shown

    file = tmp_path / "phone.toml"
    file.write_text(profile_text(first, ["lab.pcapng"]), encoding="utf-8")
    seen = record(subscriber)
    make_terminal(subscriber, profile=profile_named(str(file))).register()
    again = seen.identified()
    assert again.profile == first.profile
    assert {one.id: one.deviates for one in again.quirks} == {one.id: one.deviates for one in first.quirks}
