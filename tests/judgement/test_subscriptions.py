"""Who subscribed to whose registration state, and what belongs together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from conformance.judgement import judge
from conformance.judgement.subscriptions import find_registration_events
from conformance.trace.correlate import correlate
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.numbers import Avp
from conformance.vocabulary.roles import Role


def found(lab: Any) -> Any:
    trace = lab.trace()
    (events,) = find_registration_events(trace, correlate(trace), lab.federation)
    return events


def test_one_procedure_a_user(event_lab: Any) -> None:
    events = found(event_lab)
    assert events.subject == "sip:alice@uc3m.test"
    assert [one.subscriber for one in events.subscriptions] == [Role.HOME_PCSCF, Role.UE]
    assert [(len(one.subscribes), len(one.notifies)) for one in events.subscriptions] == [(1, 1), (1, 1)]
    assert [exchange.command for _, exchange in events.locations] == ["LIR"]
    assert events.registers[0].is_first


def test_roles(event_lab: Any) -> None:
    roles = event_lab.terminate().judge().roles
    assert roles["ue"] == ["127.40.1.100:5062/udp"]
    assert roles["home-pcscf"] == ["127.40.1.11:4060/udp"]
    assert roles["home-icscf"] == ["127.40.1.12:5060/udp", "127.40.1.12:40001/tcp"]
    assert roles["home-scscf"][0] == "127.40.1.13:6060/udp"
    assert roles["home-hss"] == ["127.40.1.14:3868/tcp"]


def test_all_nodes_on_one_address(event_lab: Any) -> None:
    for entry in event_lab.entries:
        for name in ("source", "destination"):
            end = getattr(entry, name)
            if end.address != "127.40.1.100":
                setattr(entry, name, end._replace(address="127.40.1.50"))
    lab = event_lab
    events = found(lab)
    assert [one.subscriber for one in events.subscriptions] == [Role.HOME_PCSCF, Role.UE]
    assert lab.failing() == []


def test_identities_of_one_registration_are_one_user(event_lab: Any) -> None:
    number = "tel:+34-600-000-001"
    event_lab.edit("sub-gm sub-mw", "SUBSCRIBE sip:alice@uc3m.test", f"SUBSCRIBE {number}")
    event_lab.edit("sub-gm sub-mw sub-mw200 sub-gm200", "To: <sip:alice@uc3m.test>", f"To: <{number}>")
    assert len(found(event_lab).subscriptions) == 2


def test_another_package_is_none_of_ours(event_lab: Any) -> None:
    event_lab.edit("sub-gm sub-mw not-mw not-gm", "Event: reg", "Event: presence")
    assert [one.subscriber for one in found(event_lab).subscriptions] == [Role.HOME_PCSCF]


def test_an_application_server_is_nobody_of_the_flow(event_lab: Any) -> None:
    server = Endpoint("127.40.1.60", 5060, "udp")
    for key in ("psub-p", "psub-i", "psub-i200", "psub-p200", "pnot", "pnot200"):
        entry = event_lab[key]
        entry.sip = entry.sip.replace("pcscf.uc3m.test:4060", "as.uc3m.test")
        if entry.source.port == 4060:
            entry.source = server
        if entry.destination.port == 4060:
            entry.destination = server
    events = found(event_lab)
    assert [one.subscriber for one in events.subscriptions] == [None, Role.UE]
    assert event_lab.result("REG-45").verdict == "NOT_APPLICABLE"
    assert event_lab.failing() == ["REG-63"]


def test_notifies_alone(event_lab: Any) -> None:
    event_lab.entries = [e for e in event_lab.entries if e.key.startswith(("not-", "pnot", "later"))]
    events = found(event_lab)
    assert {one.subscriber for one in events.subscriptions} == {Role.UE, None}
    assert event_lab.failing() == []


def test_a_termination_without_subscriptions(event_lab: Any) -> None:
    event_lab.terminate()
    event_lab.entries = [e for e in event_lab.entries if e.key in ("rtr", "rta")]
    result = event_lab.judge()
    assert (result.flow, result.subject) == ("deregistration-network", ["sip:alice@uc3m.test"])
    assert result.interoperability == "INCONCLUSIVE"


def test_a_termination_by_private_identity(event_lab: Any) -> None:
    event_lab.terminate().avp("rtr", Avp.PUBLIC_IDENTITY, None)
    assert len(found(event_lab).terminations) == 1
    assert event_lab.judge().conformance == "PASS"


def test_two_users(event_lab: Any, another_event_lab: Callable[[], Any], together: Any) -> None:
    other = another_event_lab()
    for entry in other.entries:
        for old, new in (("alice", "bob"), ("34600000001", "34600000002"), ("c1@ue", "c7@ue"), ("e1@ue", "e7@ue")):
            entry.sip = entry.sip.replace(old, new)
        entry.sip = entry.sip.replace("e2@pcscf", "e8@pcscf").replace("z9hG4bK", "z9hG4bKb")
        entry.avps = [(c, v.replace("alice", "bob") if isinstance(v, str) else v) for c, v in entry.avps]
        head, _, body = entry.sip.partition("\r\n\r\n")
        if body:
            entry.sip = head.replace(f"Length: {len(body) + 4}", f"Length: {len(body)}") + "\r\n\r\n" + body
    trace = together(event_lab, other)
    events = find_registration_events(trace, correlate(trace), None)
    assert sorted(one.subject for one in events) == ["sip:alice@uc3m.test", "sip:bob@uc3m.test"]
    assert all(len(one.subscriptions) == 2 for one in events)


def test_the_p_cscf_of_another_network_is_visited(event_lab: Any, federation: Any) -> None:
    for entry in event_lab.entries:
        for name in ("source", "destination"):
            end = getattr(entry, name)
            if end.address == "127.40.1.11":
                setattr(entry, name, end._replace(address="127.40.2.11"))
    event_lab.federation = federation
    result = event_lab.judge()
    assert result.roles["visited-pcscf"] == ["127.40.2.11:4060/udp"]
    assert result.conformance == "PASS"
    assert {arrow.step for arrow in result.ladder} >= {"subscribe", "notify-to-ue", "pcscf-notify"}
    assert next(c for c in result.criteria if c.id == "REG-45").node == "visited-pcscf"


def test_a_flow_that_was_asked_for(event_lab: Any) -> None:
    trace = event_lab.trace()
    (result,) = judge(trace, flow="deregistration-network", confirm=None).procedures
    assert (result.flow, result.interoperability) == ("deregistration-network", "INCONCLUSIVE")
    (result,) = judge(trace, flow="registration-event", confirm=None).procedures
    assert result.reasons == []


def test_it_survives_hostile_messages(event_lab: Any) -> None:
    for entry in event_lab.deregister().entries:
        if entry.sip:
            entry.sip = entry.sip.replace("To: <", "To: <\x00", 1).replace("Expires: ", "Expires: 9" * 30, 1)
            entry.sip = entry.sip.replace("Subscription-State: ", "Subscription-State: ;;=", 1)
    for procedure in judge(event_lab.trace(), confirm=None).procedures:
        assert not any(criterion.verdict == "ERROR" for criterion in procedure.criteria)


@pytest.mark.parametrize("keep", ["gm", "mw"])
def test_one_side_alone_accuses_nobody(event_lab: Any, keep: Any) -> None:
    event_lab.terminate()
    point = {"gm": "Gm", "mw": "Mw"}[keep]
    event_lab.entries = [e for e in event_lab.entries if e.point in (point, "DNS")]
    event_lab.points = (point, "DNS")
    assert event_lab.failing() == []


def test_messages_that_were_cut_short_accuse_nobody(event_lab: Any) -> None:
    trace = event_lab.body("pnot", "</reginfo>", "").trace()
    cut = tuple(replace(message, truncated=True) for message in trace.messages)
    for procedure in judge(replace(trace, messages=cut), confirm=None).procedures:
        assert [c.id for c in procedure.criteria if c.verdict == "FAIL"] == []
