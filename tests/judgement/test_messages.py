"""Messages are found, with who is who, whose they are and the flow that they follow."""

from __future__ import annotations

import pytest

from conformance.vocabulary.roles import Role
from tests.criteria.call_lab import call
from tests.criteria.message_lab import AT_HOME, SAME, UNKNOWN, UNREGISTERED, all_found, found, message
from tests.criteria.registration_lab import Entry

ROLES = [Role.CALLER, Role.ORIG_PCSCF, Role.ORIG_SCSCF, Role.TERM_ICSCF, Role.TERM_SCSCF, Role.TERM_PCSCF, Role.CALLEE]


@pytest.mark.parametrize("name", [AT_HOME, SAME])
@pytest.mark.parametrize("declared", [True, False], ids=["federation", "foreign"])
def test_roles_are_bound_with_and_without_a_federation(name: str, declared: bool) -> None:
    lab = message(name)
    lab.federation = lab.federation if declared else None
    hops = found(lab).invite.hops
    assert [hops[0].sender, *(hop.receiver for hop in hops)] == ROLES


@pytest.mark.parametrize(
    ("name", "flow"),
    [
        (AT_HOME, "message-page"),
        (SAME, "message-roaming-same"),
        (UNKNOWN, "message-refused"),
        (UNREGISTERED, "message-refused"),
    ],
)
def test_the_flow_that_fits_is_chosen_and_nothing_is_left_over(name: str, flow: str) -> None:
    result = message(name).judge()
    assert (result.flow, result.departure) == (flow, None)


def test_sender_and_receiver_are_the_parties() -> None:
    assert found(message()).parties == ("sip:bob@ims-b.test", "sip:carol@ims-c.test")


def test_the_location_query_belongs_to_it() -> None:
    assert [one.command for one in found(message()).exchanges] == ["LIR"]


def test_one_within_a_dialog_is_none() -> None:
    lab = message()
    for entry in lab.entries:
        entry.sip = entry.sip.replace("To: <sip:carol@ims-c.test>\r\n", "To: <sip:carol@ims-c.test>;tag=d\r\n")
    assert not all_found(lab)


def test_an_answer_alone_is_none() -> None:
    lab = message()
    lab.entries = [entry for entry in lab.entries if not entry.sip.startswith("MESSAGE")]
    assert not all_found(lab)


def test_a_call_is_none() -> None:
    assert not all_found(call())


def next_one() -> list[Entry]:
    """Return the SIP of a second message with the same Call-ID and tag, two seconds later."""
    entries = [entry for entry in message().entries if entry.sip]
    for entry in entries:
        entry.sip = entry.sip.replace("CSeq: 1 ", "CSeq: 2 ").replace("branch=z9hG4bK", "branch=z9hG4bKa")
        entry.time_ns += 2_000_000_000
    return entries


def test_two_in_one_conversation_are_two() -> None:
    lab = message()
    lab.entries += next_one()
    assert [page.invite.status for page in all_found(lab)] == [200, 200]


def test_one_that_is_challenged_and_sent_again_is_one() -> None:
    lab = message()
    lab.edit("15 16 17 18 19 20", "SIP/2.0 200 OK", "SIP/2.0 407 Proxy Authentication Required")
    lab.entries += next_one()
    page = found(lab)
    assert (len(page.requests), page.invite.status) == (2, 200)
    assert not page.later
