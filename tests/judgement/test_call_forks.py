"""Branches of an INVITE to other devices of the callee: hops, roles, and which requests are of which dialog."""

from __future__ import annotations

from conformance.criteria.call import Call
from conformance.judgement.call_flows import flows_of
from conformance.judgement.call_hops import find_calls
from conformance.trace.correlate import correlate
from conformance.vocabulary.roles import Role
from tests.criteria.call_lab import AT_HOME, SAME, call, found
from tests.judgement.test_call_hops import fork_of

FORKED, REFUSED = "handbuilt-call-forked", "handbuilt-call-forked-refused"
TABLET = "192.0.2.102"


def pairs(hops: object) -> list[tuple[Role | None, Role | None]]:
    return [(hop.sender, hop.receiver) for hop in hops]  # type: ignore[attr-defined]


def forked(name: str = FORKED) -> Call:
    return found(call(name))


def test_a_fork_begins_at_the_node_that_forks_and_ends_at_another_device() -> None:
    (fork,) = forked().forks
    assert pairs(fork.hops) == [(Role.TERM_SCSCF, Role.OTHER_PCSCF), (Role.OTHER_PCSCF, Role.OTHER_CALLEE)]
    assert fork.parent.receiver is Role.TERM_SCSCF
    assert [hop.depth for hop in fork.hops] == [5, 6]


def test_cancel_and_ack_of_a_fork_are_not_those_of_the_caller() -> None:
    one = forked()
    (fork,) = one.forks
    assert (len(fork.cancels), len(fork.acks)) == (2, 2)
    assert not one.cancelled
    assert flows_of(one)[0] == "call-home"


def test_each_device_has_its_own_role() -> None:
    roles = forked().roles
    assert [end.address for end in roles[Role.OTHER_CALLEE]] == [TABLET]
    assert TABLET not in [end.address for end in roles[Role.CALLEE]]


def test_requests_of_two_early_dialogs_with_one_number_are_two() -> None:
    pracks = forked().all("PRACK")
    assert [len(one.hops) for one in pracks] == [5, 5]
    assert [one.last.receiver for one in pracks] == [Role.CALLEE, Role.OTHER_CALLEE]


def test_the_branch_whose_refusal_the_caller_gets_is_the_calls_own() -> None:
    one = forked(REFUSED)
    (fork,) = one.forks
    assert one.invite.hops[-1].response is not None
    assert one.invite.hops[-1].response.sip.status == 603
    assert [hop.response.sip.status for hop in fork.hops if hop.response is not None] == [486, 486]
    assert len(one.all("ACK")) == 1


def test_a_further_try_for_the_same_contact_is_no_fork() -> None:
    lab = call()
    lab.entries.insert(lab.entries.index(lab["20"]), fork_of(lab))
    (raw,) = find_calls(correlate(lab.trace()))
    assert not raw.setups[0].forks
    assert len(raw.setups[0].apart) == 1


def test_a_request_with_a_tag_that_nobody_gave_stays_with_the_others() -> None:
    lab = call(AT_HOME).edit("28", "tag=ba723f70", "tag=0")
    (raw,) = find_calls(correlate(lab.trace()))
    assert [one.method for one in raw.requests] == ["INVITE", "PRACK", "ACK", "BYE"]


def test_no_message_of_a_fork_is_lost() -> None:
    lab = call(FORKED)
    lab.entries = [one for one in lab.entries if not one.question[0]]
    assert len(list(found(lab).messages)) == len(lab.entries)


def test_a_fork_of_which_the_terminal_side_alone_was_captured_is_none() -> None:
    lab = call(FORKED)
    lab.entries = [one for one in lab.entries if TABLET in (one.source.address, one.destination.address)]
    assert not found(lab).forks


def test_a_call_without_fork_has_none() -> None:
    assert not found(call(SAME)).forks
