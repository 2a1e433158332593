"""Procedures are found in anybody's capture: whoever takes part, wherever the nodes are, whatever else is there."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.judgement import judge
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.results import ProcedureResult
from tests.criteria.event_lab import registration_with_events
from tests.criteria.registration_lab import Entry, Lab, home_registration
from tests.judgement.crowd import STEP_NS, as_user, crowd

NODES = ("127.40.1.11", "127.40.1.12", "127.40.1.13")


def found(*labs: Any) -> list[ProcedureResult]:
    return list(judge(crowd(*(timed(lab) for lab in labs)), confirm=None).procedures)


def timed(lab: Any) -> Any:
    """Give messages that have no time theirs, in the order of the lab."""
    for index, entry in enumerate(lab.entries):
        entry.time_ns = entry.time_ns or 1_700_000_000_000_000_000 + index * STEP_NS
    return lab


def failing(result: ProcedureResult) -> list[str]:
    return [one.id for one in result.criteria if one.verdict == "FAIL"]


def nobody_accused(results: list[ProcedureResult]) -> bool:
    return not any(failing(one) for one in results)


def move(lab: Any, places: dict[str, Endpoint]) -> Any:
    """Move nodes: address to another endpoint, in packets and in Via; responses and Cx connections with them."""
    for entry in lab.entries:
        for end in ("source", "destination"):
            endpoint = getattr(entry, end)
            if endpoint.address in places:
                place = places[endpoint.address]
                port = place.port if entry.sip else endpoint.port
                setattr(entry, end, Endpoint(place.address, port, endpoint.transport))
    return lab


# --- many users ----------------------------------------------------------------------------------------


def test_users_and_their_subscriptions_interleaved_keep_what_is_theirs() -> None:
    labs = [as_user(registration_with_events(), number) for number in range(9)]
    results = found(*labs)
    assert sorted((one.flow, one.subject[0]) for one in results) == sorted(
        (flow, f"sip:{'alice' if not n else f'al{n:03}'}@uc3m.test")
        for n in range(9)
        for flow in ("registration-home", "registration-event")
    )
    frames = [frame.frame for one in results if one.flow == "registration-home" for frame in one.frames]
    # DNS answers serve all who ask at that time; every other message belongs to one procedure.
    shared = {arrow.frame for one in results for arrow in one.ladder if arrow.protocol == "DNS"}
    own = [frame for frame in frames if frame not in shared]
    assert len(own) == len(set(own))
    # The response of the digest is alice's in all of them.
    assert {tuple(failing(one)) for one in results if one.subject != ["sip:alice@uc3m.test"]} == {("REG-34",), ()}
    assert nobody_accused([one for one in results if one.subject == ["sip:alice@uc3m.test"]])


def test_two_terminals_of_one_user_are_two_registrations_and_one_event_procedure() -> None:
    first, second = registration_with_events(), registration_with_events()
    for index, entry in enumerate(second.entries):
        for old, new in (("@ue", "@u2"), ("@pcscf\r", "@p2222\r"), ("z9hG4bK", "z9hG4bKtwo"), (".1.100", ".1.101")):
            entry.sip = entry.sip.replace(old, new)
        for end in ("source", "destination"):
            endpoint = getattr(entry, end)
            setattr(entry, end, endpoint._replace(address=endpoint.address.replace(".1.100", ".1.101")))
        entry.time_ns = 1_700_000_000_000_000_000 + index * STEP_NS + 400_000
        entry.key += "222" if entry.command else ""
    results = found(first, second)
    assert sorted(one.flow for one in results) == ["registration-event", "registration-home", "registration-home"]
    assert [one.roles["ue"] for one in results if one.flow == "registration-home"] == [
        ["127.40.1.100:5062/udp"],
        ["127.40.1.101:5062/udp"],
    ]


# --- how a registration may go ---------------------------------------------------------------------------


def test_a_refused_registration_says_why_it_is_no_other() -> None:
    lab = home_registration().edit("s200 i200 g200", "SIP/2.0 200 OK", "SIP/2.0 403 Forbidden").drop("sar saa")
    (result,) = found(lab)
    assert result.flow == "registration-refused"
    assert result.interoperability == "FAIL"
    assert any(reason.startswith("registration-home does not fit: ") for reason in result.reasons)


def test_an_abandoned_registration_is_no_deviation_of_anybody() -> None:
    lab = home_registration()
    lab.entries = lab.entries[: lab.entries.index(lab["gm2"])]
    (result,) = found(lab)
    assert (result.flow, result.interoperability, failing(result)) == ("registration-home", "INCONCLUSIVE", [])
    assert "the flow was left at" in (result.departure or "")


def test_an_attempt_that_was_abandoned_and_one_that_goes_through_are_two() -> None:
    first, second = home_registration(), home_registration()
    first.entries = first.entries[: first.entries.index(first["gm2"])]
    for index, entry in enumerate(second.entries):
        entry.sip = entry.sip.replace("c1@ue", "c2@ue").replace("z9hG4bK", "z9hG4bKagain")
        entry.time_ns = 1_700_000_000_000_000_000 + 60_000_000_000 + index * STEP_NS
        entry.key += "4" if entry.command else ""
    results = found(first, second)
    assert [(one.flow, one.interoperability) for one in results] == [
        ("registration-home", "INCONCLUSIVE"),
        ("registration-home", "PASS"),
    ]
    assert nobody_accused(results)


def test_retransmissions_on_every_hop_change_nothing() -> None:
    lab = home_registration()
    again: list[Entry] = []
    for entry in timed(lab).entries:
        again.append(entry)
        if entry.sip:
            copy = Entry(entry.key + "-again", entry.point, entry.source, entry.destination, entry.sip)
            copy.time_ns = entry.time_ns + 300_000
            again.append(copy)
    plain = found(home_registration())[0]
    lab.entries = again
    (result,) = found(lab)
    assert (result.flow, result.pair) == (plain.flow, plain.pair)
    assert nobody_accused([result])
    assert len(result.frames) == len(again)


def test_a_fork_that_is_not_answered_does_not_stand_for_the_one_that_is() -> None:
    lab = timed(home_registration())
    fork = Entry("fork", lab["p1"].point, lab["p1"].source, Endpoint("127.40.1.77", 5060, "udp"), lab["p1"].sip)
    fork.sip = fork.sip.replace("z9hG4bKp1", "z9hG4bKp1fork")
    fork.time_ns = lab["p1"].time_ns + 100_000
    lab.entries.append(fork)
    (result,) = found(lab)
    assert (result.flow, result.conformance) == ("registration-home", "PASS")
    assert result.roles["home-icscf"][0].startswith("127.40.1.12:")


# --- where the nodes are ---------------------------------------------------------------------------------


def test_ports_say_nothing() -> None:
    ports = {NODES[0]: 6060, NODES[1]: 4060, NODES[2]: 5060}
    lab = move(home_registration(), {at: Endpoint(at, port, "udp") for at, port in ports.items()})
    (result,) = found(lab)
    assert failing(result) == []
    assert [result.roles[role] for role in ("home-pcscf", "home-icscf", "home-scscf")] == [
        [f"{NODES[0]}:6060/udp"],
        [f"{NODES[1]}:4060/udp", f"{NODES[1]}:40001/tcp"],
        [f"{NODES[2]}:5060/udp", f"{NODES[2]}:40002/tcp"],
    ]


def test_one_address_for_all_nodes() -> None:
    lab = move(home_registration(), {at: Endpoint("127.40.1.50", 5060, "udp") for at in NODES})
    (result,) = found(lab)
    assert (result.flow, result.interoperability, failing(result)) == ("registration-home", "PASS", [])
    for role in ("home-pcscf", "home-icscf", "home-scscf"):
        assert "127.40.1.50:5060/udp" in result.roles[role]


@pytest.mark.parametrize("hops", [("p1 p2 i401 i200",), ("i1 i2 s401 s200",), ("p1 p2 i401 i200 i1 i2 s401 s200",)])
def test_hops_inside_one_process_are_not_missing(hops: tuple[str]) -> None:
    lab = move(home_registration().drop(hops[0]), {at: Endpoint("127.40.1.50", 5060, "udp") for at in NODES})
    (result,) = found(lab)
    assert (result.flow, result.interoperability, failing(result)) == ("registration-home", "PASS", [])
    assert result.departure is None


# --- what the capture has of it ---------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["p1", "uar1", "mar", "s401", "g401", "gm2", "p2", "sar", "s200", "g200"])
def test_a_capture_that_begins_in_the_middle_accuses_nobody(first: str) -> None:
    lab = home_registration()
    lab.entries = lab.entries[lab.entries.index(lab[first]) :]
    results = found(lab)
    assert results
    assert {one.subject[0] for one in results} == {"sip:alice@uc3m.test"}
    assert nobody_accused(results)


@pytest.mark.parametrize("method", ["INFO", "OPTIONS", "PUBLISH"])
def test_sip_of_no_known_flow_is_counted_by_method(method: str) -> None:
    lab = home_registration()
    call = Entry("call", lab["gm1"].point, lab["gm1"].source, lab["gm1"].destination, lab["gm1"].sip)
    call.sip = call.sip.replace("REGISTER", method).replace("c1@ue", "c7@ue").replace("z9hG4bKue", "z9hG4bKcall")
    lab.entries.append(call)
    result = judge(crowd(timed(lab)), confirm=None)
    assert result.unjudged == {method: 1}
    assert len(result.procedures) == 1


def test_a_subscription_to_another_package_is_counted() -> None:
    lab = registration_with_events()
    for entry in lab.entries:
        entry.sip = entry.sip.replace("Event: reg\r\n", "Event: dialog\r\n")
    result = judge(crowd(timed(lab)), confirm=None)
    assert set(result.unjudged) == {"SUBSCRIBE", "NOTIFY"}


def test_everything_of_known_procedures_is_judged() -> None:
    assert judge(crowd(timed(registration_with_events())), confirm=None).unjudged == {}


def test_hostile_methods_do_not_fill_the_result() -> None:
    lab = Lab([])
    pattern = home_registration()["gm1"]
    for number in range(90):
        sip = pattern.sip.replace("REGISTER", f"M{number}" + "X" * 200).replace("z9hG4bKue", f"z9hG4bKm{number}")
        lab.entries.append(Entry(f"m{number}", pattern.point, pattern.source, pattern.destination, sip))
    unjudged = judge(crowd(timed(lab)), confirm=None).unjudged
    assert sum(unjudged.values()) == 90
    assert len(unjudged) <= 31
    assert all(len(method) <= 32 for method in unjudged)
