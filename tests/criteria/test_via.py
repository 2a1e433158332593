"""What a receiver made of a Via is read from what it forwards, else from its answer."""

from __future__ import annotations

from typing import Any

from conformance.criteria.via import received_vias
from conformance.judgement.registrations import find_registrations
from conformance.trace.correlate import correlate


def vias(lab: Any) -> list[tuple[str, int, str]]:
    """Return sent-by as sent, frame that shows what became of it, and received."""
    trace = lab.trace()
    (registration,) = find_registrations(trace, correlate(trace), None)
    return [
        (one.sent.host, one.place[0].frame, one.noted.params.get("received") or "-")
        for one in received_vias(registration)
    ]


def frame(lab: Any, key: str) -> int:
    return int(lab.entries.index(lab[key])) + 1


def test_the_next_request_shows_it_and_of_the_last_hop_the_answer(lab: Any) -> None:
    assert vias(lab)[:3] == [
        ("127.40.1.100", frame(lab, "p1"), "127.40.1.100"),
        ("127.40.1.11", frame(lab, "i1"), "-"),
        ("127.40.1.12", frame(lab, "s401"), "-"),
    ]


def test_a_pcscf_that_begins_the_chain_anew_shows_it_in_its_answer(lab: Any) -> None:
    for n, keys in ((1, "p1 i1 s401 i401"), (2, "p2 i2 s200 i200")):
        noted = f"Via: SIP/2.0/UDP 127.40.1.100:5062;branch=z9hG4bKue{n};received=127.40.1.100;rport=5062\r\n"
        lab.edit(keys, noted, "")
    assert vias(lab)[0] == ("127.40.1.100", frame(lab, "g401"), "127.40.1.100")


def test_without_a_branch_nothing_says_that_it_is_the_same(lab: Any) -> None:
    lab.edit("gm1 p1 i1 s401 i401 g401", ";branch=z9hG4bKue1", "")
    assert ("127.40.1.100", frame(lab, "p1"), "127.40.1.100") not in vias(lab)
