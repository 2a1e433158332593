"""Signs read whatever a terminal sends: nothing raises, every citation lies in its message, and no time is lost."""

from __future__ import annotations

import random
import time

import pytest

from conformance.identification.signs import shown, undecided
from conformance.identification.terminals import Terminal
from conformance.identification.unknown import departures
from tests.identification.lab import PCSCF, UE, registers, terminals_of

PIECES = (b'"', b",", b";", b"=", b"<", b">", b"@", b":", b"\r\n ", b"\x00", b"\xff", b" ", b"Authorization: Digest ")


def look_at(terminal: Terminal) -> None:
    found = shown(terminal)
    undecided(terminal)
    cited = [citation for one in found for citation in one.citations]
    cited += [one.citation for one in departures(terminal, found)]
    for citation in cited:
        if citation.offset is not None:
            assert citation.length is not None
            assert 0 <= citation.offset <= citation.offset + citation.length <= len(citation.message.raw)


@pytest.mark.parametrize("profile", ["symbian-s60", "uct", "standard+Q4c+Q4g+Q9+Q12"])
def test_altered_messages(profile: str) -> None:
    chance = random.Random(profile)
    sent = registers(profile, qop="auth,auth-int")
    for _ in range(150):
        altered = []
        for raw in sent:
            for _ in range(chance.randrange(4)):
                at = chance.randrange(len(raw))
                raw = raw[:at] + chance.choice(PIECES) * chance.randrange(3) + raw[at + chance.randrange(8) :]
            altered.append(raw)
        first, refused, second, accepted = altered
        for found in terminals_of((first, UE, PCSCF), (refused, PCSCF, UE), (second, UE, PCSCF), (accepted, PCSCF, UE)):
            look_at(found)


@pytest.mark.parametrize("filling", [b";", b'"', b", ", b" ", b"\\", b"[", b"@", b";expires=", b",a="])
@pytest.mark.parametrize("behind", [b"REGISTER sip:", b"Contact: <sip:", b'uri="', b"Supported: "])
def test_long_runs_cost_no_more_than_they_are_long(filling: bytes, behind: bytes) -> None:
    raw = registers("standard")[0].replace(behind, behind + filling * (60_000 // len(filling)), 1)
    began = time.process_time()
    for found in terminals_of((raw, UE, PCSCF)):
        look_at(found)
    assert time.process_time() - began < 2
