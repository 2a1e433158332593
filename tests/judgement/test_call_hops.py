"""Which transactions are one call, and the order of its hops."""

from __future__ import annotations

from conformance.judgement.call_hops import RawCall, find_calls, way
from conformance.judgement.hops import raw_hop
from conformance.trace.correlate import correlate
from tests.criteria.call_lab import AT_HOME, CANCELLED, SAME, UNKNOWN, call, frames
from tests.criteria.registration_lab import Entry, Lab


def raw(lab: Lab) -> RawCall:
    (found,) = find_calls(correlate(lab.trace()))
    return found


def test_a_call_has_all_requests_of_its_dialog_in_time_order() -> None:
    assert [one.method for one in raw(call()).requests] == ["INVITE", "PRACK", "ACK", "BYE"]


def test_the_hops_of_an_invite_follow_its_vias_also_where_one_node_is_passed_twice() -> None:
    invite = raw(call(AT_HOME)).setups[0]
    ends = [hop.transaction.destination.address for hop in invite.hops]
    assert ends == ["192.0.2.11", "192.0.2.13", "192.0.2.12", "192.0.2.13", "192.0.2.11", "192.0.2.101"]
    assert [hop.depth for hop in invite.hops] == [1, 2, 3, 4, 5, 6]


def test_cancel_and_ack_of_a_refusal_follow_their_invite_hop_by_hop() -> None:
    requests = {one.method: one for one in raw(call(CANCELLED)).requests}
    assert [hop.depth for hop in requests["CANCEL"].hops] == [1, 2, 3, 4, 5, 6]
    assert [hop.depth for hop in requests["ACK"].hops] == [1, 2, 3, 4, 5, 6]
    assert [hop.depth for hop in {r.method: r for r in raw(call(UNKNOWN)).requests}["ACK"].hops] == [1, 2, 3]


def test_a_branch_of_a_fork_that_did_not_answer_stands_apart() -> None:
    lab = call()
    fork = fork_of(lab)
    lab.entries[lab.entries.index(lab["20"]) : lab.entries.index(lab["20"])] = [fork]
    invite = raw(lab).setups[0]
    assert [hop.transaction.destination.address for hop in invite.apart] == ["192.0.2.250"]
    assert invite.hops[-1].transaction.destination.address == "192.0.2.230"


def fork_of(lab: Lab) -> Entry:
    fork = lab.copy_of("19", "fork")
    own = next(line for line in fork.sip.split("\r\n") if line.startswith("Via"))
    fork.sip = fork.sip.replace(own, own.replace("z9hG4bK", "z9hG4bKfork"))
    fork.destination = fork.destination._replace(address="192.0.2.250")
    fork.time_ns += 1
    return fork


def test_a_capture_that_begins_in_the_dialog_has_no_call() -> None:
    lab = call()
    lab.entries = lab.entries[lab.entries.index(lab["42"]) :]
    assert find_calls(correlate(lab.trace())) == []


def test_a_capture_of_one_side_has_the_hops_of_that_side() -> None:
    lab = call()
    lab.entries = [entry for entry in lab.entries if "192.0.2.230" in (entry.source.address, entry.destination.address)]
    assert [hop.depth for hop in raw(lab).setups[0].hops] == [6]


def test_a_node_that_begins_the_via_list_anew_does_not_end_the_way() -> None:
    lab = call()
    # The caller's S-CSCF sends the INVITE on as if it were its own: Vias of what lies before it are gone.
    lost = [line for line in lab["3"].sip.split("\r\n") if line.startswith("Via")]
    for key in ("11", "12", *frames(15, 23).split(), *frames(36, 39).split()):
        for line in lost:
            lab[key].sip = lab[key].sip.replace(line + "\r\n", "")
    hops = raw(lab).setups[0].hops
    assert [hop.depth for hop in hops] == [1, 2, 3, 4, 5, 6]


def test_two_calls_are_two() -> None:
    lab = call()
    other = call(SAME)
    for entry in other.entries:
        entry.key = f"other {entry.key}"
        entry.sip = entry.sip.replace("Call-ID: ", "Call-ID: 2").replace("z9hG4bK", "z9hG4bK2")
    lab.entries += other.entries
    assert len(find_calls(correlate(lab.trace()))) == 2


def test_the_way_of_one_hop_is_that_hop() -> None:
    hop = raw_hop(correlate(call().trace())[0])
    assert way([hop]) == [hop]
