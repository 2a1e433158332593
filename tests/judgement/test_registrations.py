"""Finding registrations: whose messages they are, where one ends and the next begins."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.judgement import judge

BOB = {
    "alice": "bob",
    "c1@ue": "c9@ue",
    "z9hG4bKue": "z9hG4bKbobue",
    "z9hG4bKp": "z9hG4bKbobp",
    "z9hG4bKi": "z9hG4bKbobi",
}


def as_bob(lab: Any, shift_ns: Any = 500_000) -> Any:
    """Make the registration that of bob, each message half a millisecond behind alice's."""
    secret = lab.response()
    for index, entry in enumerate(lab.entries, 1):
        for old, new in BOB.items():
            entry.sip = entry.sip.replace(old, new)
        entry.avps = [(c, v.replace("alice", "bob") if isinstance(v, str) else v) for c, v in entry.avps]
        entry.time_ns = 1_700_000_000_000_000_000 + index * 1_000_000 + shift_ns
        if entry.command:
            entry.key = entry.key + "7"
    assert any(secret in entry.sip for entry in lab.entries)
    return lab


def test_two_users_interleaved(lab: Any, another_lab: Any, together: Any) -> None:
    other = as_bob(another_lab())
    result = judge(together(lab, other), confirm=None)
    assert [p.subject for p in result.procedures] == [["sip:alice@uc3m.test"], ["sip:bob@uc3m.test"]]
    alice, bob = result.procedures
    assert alice.conformance == "PASS"
    assert {c.id for c in bob.criteria if c.verdict == "FAIL"} == {"REG-34"}  # alice's response is not bob's
    ours = {(m.capture, m.frame) for m in alice.frames}
    assert len(ours) == len(lab.entries)


def test_each_users_fault_is_his_own(lab: Any, another_lab: Any, together: Any) -> None:
    other = as_bob(another_lab().drop("uar2 uaa2"))
    alice, bob = judge(together(lab, other), confirm=None).procedures
    assert "REG-37" not in {c.id for c in alice.criteria if c.verdict == "FAIL"}
    assert "REG-37" in {c.id for c in bob.criteria if c.verdict == "FAIL"}


def test_unrelated_traffic_is_ignored(lab: Any, another_lab: Any, together: Any) -> None:
    noise = another_lab()
    noise.entries = [noise["gm1"], noise["mar"], noise["a-q"]]
    noise.edit("gm1", "REGISTER", "OPTIONS").edit("gm1", "branch=z9hG4bKue1", "branch=z9hG4bKx")
    noise["mar"].avps = [(c, v.replace("alice", "carol") if isinstance(v, str) else v) for c, v in noise["mar"].avps]
    noise["mar"].key = "mar9"
    noise["a-q"].question = ("www.example.test", "A")
    result = judge(together(lab, noise), confirm=None).procedures
    assert [p.conformance for p in result] == ["PASS"]
    assert len(result[0].ladder) == len(lab.entries)


def later(lab: Any, number: Any, seconds: Any = 60, contact: Any = "") -> Any:
    """The same registration again, later: CSeq counted on, own branches."""
    for index, entry in enumerate(lab.entries, 1):
        for n in (1, 2):
            for part in ("ue", "p", "i"):
                entry.sip = entry.sip.replace(f"z9hG4bK{part}{n}\r", f"z9hG4bK{part}{n + number}\r")
                entry.sip = entry.sip.replace(f"z9hG4bK{part}{n};", f"z9hG4bK{part}{n + number};")
        entry.sip = entry.sip.replace("CSeq: 2 ", f"CSeq: {number + 2} ").replace("CSeq: 1 ", f"CSeq: {number + 1} ")
        entry.sip = entry.sip.replace(";expires=600000", contact or ";expires=600000")
        entry.time_ns = 1_700_000_000_000_000_000 + seconds * 1_000_000_000 + index * 1_000_000
        if entry.command:
            entry.key = entry.key + "5"
    return lab


@pytest.mark.parametrize("contact", ["", ";expires=0"])
def test_reregistration_and_deregistration_are_other_procedures(
    lab: Any, another_lab: Any, together: Any, contact: Any
) -> None:
    result = judge(together(lab, later(another_lab(), 2, contact=contact)), confirm=None).procedures
    assert len(result) == 1
    assert result[0].conformance == "PASS"
    assert max(frame.frame for frame in result[0].frames) == len(lab.entries)


def test_a_registration_behind_a_deregistration_is_initial_again(lab: Any, another_lab: Any, together: Any) -> None:
    gone = later(another_lab(), 2, contact=";expires=0")
    again = later(another_lab(), 4, seconds=120)
    assert len(judge(together(lab, gone, again), confirm=None).procedures) == 2


def test_a_third_party_register_is_no_terminals(lab: Any, another_lab: Any, together: Any) -> None:
    third = another_lab()
    third.entries = [third["gm1"]]
    third.edit("gm1", "From: <sip:alice@uc3m.test>", "From: <sip:scscf.uc3m.test>")
    third.edit("gm1", "REGISTER sip:uc3m.test", "REGISTER sip:as.uc3m.test").edit("gm1", "c1@ue", "c5@scscf")
    third["gm1"].source = lab["i1"].destination
    third["gm1"].time_ns = lab.trace().messages[-1].time_ns + 1
    assert len(judge(together(lab, third), confirm=None).procedures) == 1


def test_an_empty_trace_has_no_procedures(lab: Any) -> None:
    lab.entries = []
    assert judge(lab.trace(), confirm=None).procedures == []


def test_a_register_without_answer(lab: Any) -> None:
    lab.entries = lab.entries[:1]
    result = lab.judge()
    assert (result.interoperability, result.conformance) == ("INCONCLUSIVE", "INCONCLUSIVE")
    assert result.reasons[0].startswith("the flow was left at first-register")


def test_the_terminal_is_known_by_its_nonce_when_it_changes_the_call_id(lab: Any) -> None:
    lab.edit("gm2 p2 i2 s200 i200 g200", "Call-ID: c1@ue", "Call-ID: c2@ue")
    assert len(lab.judge().frames) == len(lab.entries)
