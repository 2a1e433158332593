"""The Via chain puts the hops of one REGISTER in order."""

from __future__ import annotations

from typing import Any

from conformance.judgement.hops import chain, raw_hop
from conformance.trace.correlate import correlate
from tests.criteria.registration_lab import VIA_NOTED


def hops(lab: Any, number: Any) -> Any:
    found = [raw_hop(t) for t in correlate(lab.trace()) if t.method == "REGISTER"]
    return [hop for hop in found if hop.any.sip.cseq_number == number]


def test_from_the_terminal_to_the_scscf(lab: Any) -> None:
    assert [hop.depth for hop in chain(reversed(hops(lab, 1)))] == [1, 2, 3]


def test_a_response_alone_has_its_depth(lab: Any) -> None:
    lab.drop("i1")
    assert [(hop.depth, hop.request is None) for hop in chain(hops(lab, 1))] == [(1, False), (2, False), (3, True)]


def test_the_next_hop_that_answered_stands_for_those_that_did_not(lab: Any) -> None:
    tried = type(lab["i1"])(**vars(lab["i1"]))
    tried.key = "tried"
    tried.sip = tried.sip.replace("z9hG4bKi1", "z9hG4bKtried")
    lab.entries.insert(lab.entries.index(lab["i1"]), tried)
    last = chain(hops(lab, 1))[-1]
    assert last.final is not None
    assert "z9hG4bKi1" in last.request.raw.decode()


def test_a_pcscf_that_begins_the_via_chain_anew(lab: Any) -> None:
    for n in (1, 2):
        ue = VIA_NOTED.format(n=n)
        answers = ("s401", "i401") if n == 1 else ("s200", "i200")
        lab.edit(f"p{n} i{n} {answers[0]} {answers[1]}", ue, "")
    assert [hop.depth for hop in chain(hops(lab, 1))] == [1, 2, 3]
    result = lab.judge()
    assert result.roles["ue"] == ["127.40.1.100:5062/udp"]
    assert result.roles["home-scscf"][0] == "127.40.1.13:6060/udp"
    assert result.conformance == "PASS"
