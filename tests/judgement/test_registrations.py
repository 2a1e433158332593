"""Finding registrations: whose messages they are, where one ends and the next begins."""

from __future__ import annotations

from typing import Any

from conformance.judgement import judge
from conformance.judgement.registrations import find_registrations
from conformance.trace.correlate import correlate
from conformance.vocabulary.federation import NodeKind
from conformance.vocabulary.identifiers import Endpoint

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


def test_the_asker_is_the_node_that_sends_next(lab: Any) -> None:
    core = {f"127.40.1.{n}" for n in (11, 12, 13)}
    for entry in lab.entries:
        for end in ("source", "destination"):
            endpoint = getattr(entry, end)
            if endpoint.address in core:
                setattr(entry, end, Endpoint("127.40.1.50", endpoint.port, endpoint.transport))
    queries = [arrow for arrow in lab.judge().ladder if arrow.destination == "home-dns"]
    assert [arrow.source for arrow in queries] == ["home-pcscf", "home-pcscf", "home-pcscf", "home-icscf"]


def test_a_security_association_is_read_from_the_trace(lab: Any) -> None:
    trace = lab.trace()
    assert find_registrations(trace, correlate(trace), None)[0].security == "none"
    trace = lab.secured().trace()
    assert find_registrations(trace, correlate(trace), None)[0].security == "ipsec-3gpp"


def test_what_a_federation_knows(lab: Any, federation: Any) -> None:
    trace = lab.trace()
    facts = find_registrations(trace, correlate(trace), federation)[0].facts
    assert (facts.home, facts.impi, facts.visited_network_id) == ("uc3m.test", "alice@uc3m.test", "uc3m.test")
    assert facts.password is None
    assert set(facts.releases.values()) == {7}


def test_a_register_to_a_plain_sip_proxy_is_judged_by_no_rule_of_ims(lab: Any, federation: Any) -> None:
    home = federation.testbeds["uc3m"]
    nodes = {NodeKind.SIP_PROXY if kind is NodeKind.PCSCF else kind: node for kind, node in home.nodes.items()}
    testbeds = {**federation.testbeds, "uc3m": home.model_copy(update={"nodes": nodes})}
    judgement = judge(lab.trace(), federation=federation.model_copy(update={"testbeds": testbeds}), confirm=None)
    assert judgement.procedures == []
    assert "REGISTER" in judgement.unjudged


def test_two_terminals_of_one_public_identity(lab: Any, another_lab: Any, together: Any) -> None:
    other = another_lab()
    for index, entry in enumerate(other.entries, 1):
        for old, new in (BOB | {"alice": "alice"}).items():
            entry.sip = entry.sip.replace(old, new)
        entry.sip = entry.sip.replace('username="alice@', 'username="alice-2@').replace("127.40.1.100", "127.40.1.101")
        entry.avps = [(c, "alice-2@uc3m.test" if v == "alice@uc3m.test" else v) for c, v in entry.avps]
        entry.time_ns = 1_700_000_000_000_000_000 + index * 1_000_000 + 500_000
        entry.key += "7" if entry.command else ""
        if entry.source.address == "127.40.1.100":
            entry.source = Endpoint("127.40.1.101", 5062, "udp")
        if entry.destination.address == "127.40.1.100":
            entry.destination = Endpoint("127.40.1.101", 5062, "udp")
    result = judge(together(lab, other), confirm=None).procedures
    assert [[c.id for c in p.criteria if c.verdict == "FAIL"] for p in result] == [[], ["REG-34"]]
