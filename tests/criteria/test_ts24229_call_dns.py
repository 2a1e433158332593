"""Who resolves the domain of a callee."""

from __future__ import annotations

from tests.criteria.call_lab import AT_HOME, call
from tests.criteria.registration_lab import Lab


def asked_by(lab: Lab, node: str, first_ns: int) -> Lab:
    """Let a node ask what the S-CSCF asks, from a time on."""
    for key in ("5", "6", "7", "8", "9", "10"):
        entry = lab[key]
        for end in ("source", "destination"):
            if getattr(entry, end).address == "192.0.2.13":
                setattr(entry, end, getattr(entry, end)._replace(address=node))
        entry.time_ns = first_ns + int(key)
    lab.entries.sort(key=lambda entry: entry.time_ns)
    return lab


def test_the_callers_scscf_asks() -> None:
    assert call().result("DNS-05").verdict == "PASS"


def test_a_pcscf_that_asks_before_it_sends_the_invite_on_fails() -> None:
    lab = call()
    result = asked_by(lab, "192.0.2.139", lab["1"].time_ns + 100).result("DNS-05")
    assert (result.verdict, result.node) == ("FAIL", "orig-pcscf")


def test_a_pcscf_that_asked_before_the_call_had_other_reasons() -> None:
    lab = call()
    assert asked_by(lab, "192.0.2.139", lab["1"].time_ns - 1_000_000).result("DNS-05").verdict != "FAIL"


def test_within_one_network_it_is_nobodys_concern() -> None:
    assert call(AT_HOME).result("DNS-05").verdict == "NOT_APPLICABLE"


def test_an_answer_that_was_remembered_is_not_asked_for() -> None:
    assert call().drop("5 6 7 8 9 10").result("DNS-05").verdict == "NOT_APPLICABLE"
