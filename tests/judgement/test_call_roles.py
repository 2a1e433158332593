"""Who is who in a call, with a federation and without one."""

from __future__ import annotations

import pytest

from conformance.vocabulary.roles import Role
from tests.criteria.call_lab import AT_HOME, CANCELLED, HOME_NETWORK, SAME, THIRD, UNKNOWN, call, found

WHOLE = [
    Role.ORIG_PCSCF,
    Role.ORIG_SCSCF,
    Role.TERM_ICSCF,
    Role.TERM_SCSCF,
    Role.TERM_PCSCF,
    Role.CALLEE,
]


@pytest.mark.parametrize("federation", [True, False])
@pytest.mark.parametrize("name", [SAME, THIRD, HOME_NETWORK, AT_HOME, CANCELLED])
def test_an_invite_passes_the_nodes_in_their_order(name: str, federation: bool) -> None:
    lab = call(name)
    lab.federation = lab.federation if federation else None
    assert [hop.receiver for hop in found(lab).invite.hops] == WHOLE


@pytest.mark.parametrize("name", [SAME, AT_HOME])
def test_what_follows_passes_no_icscf(name: str) -> None:
    one = found(call(name))
    for request in one.requests[1:]:
        assert [hop.receiver for hop in request.hops] == [role for role in WHOLE if role is not Role.TERM_ICSCF]


def test_a_request_of_the_callee_goes_the_other_way() -> None:
    lab = call()
    for key in range(47, 57):
        entry = lab[str(key)]
        entry.source, entry.destination = entry.destination, entry.source
    # The BYE of the capture, seen from the other end: only its ends and tags tell who sends it.
    hops = [entry for entry in lab.entries if "BYE" in entry.sip]
    for entry in hops:
        lines = entry.sip.split("\r\n")
        sender = next(line for line in lines if line.startswith("From:"))
        target = next(line for line in lines if line.startswith("To:"))
        vias = [line for line in lines if line.startswith("Via:")]
        swapped = entry.sip.replace(sender, "@").replace(target, sender.replace("From:", "To:"))
        entry.sip = swapped.replace("@", target.replace("To:", "From:"), 1) if swapped.count("@\r\n") else swapped
        del vias
    one = found(lab)
    byes = one.all("BYE")
    assert all(not bye.from_caller for bye in byes)
    assert {hop.sender for bye in byes for hop in bye.hops} >= {Role.CALLEE}


def test_an_invite_that_goes_no_further_ends_at_the_node_that_refused_it() -> None:
    assert [hop.receiver for hop in found(call(UNKNOWN)).invite.hops] == WHOLE[:3]


def test_hops_that_were_not_captured_leave_the_names_of_the_others() -> None:
    lab = call().drop("15 16 22 38")
    assert [hop.receiver for hop in found(lab).invite.hops] == [role for role in WHOLE if role is not Role.TERM_SCSCF]


def test_an_application_server_stands_beside_its_scscf() -> None:
    lab = call()
    node = "192.0.2.17"
    there, back = lab.copy_of("11", "there"), lab.copy_of("11", "back")
    there.destination = there.destination._replace(address=node)
    own = next(line for line in there.sip.split("\r\n") if line.startswith("Via"))
    via = "Via: SIP/2.0/UDP 192.0.2.17:5060;branch=z9hG4bKas"
    again = own.replace("branch=z9hG4bK", "branch=z9hG4bKagain")
    back.source, back.destination = there.destination, lab["11"].source
    back.sip = there.sip.replace(own, f"{via}\r\n{own}")
    for entry in lab.entries:
        if entry.key in ("11", "15", "17", "19"):
            entry.sip = entry.sip.replace(own, f"{again}\r\n{via}\r\n{own}")
    there.time_ns, back.time_ns = lab["11"].time_ns - 200_000, lab["11"].time_ns - 100_000
    place = lab.entries.index(lab["11"])
    lab.entries[place:place] = [there, back]
    lab.drop(" ".join(e.key for e in lab.entries if e.sip.startswith("SIP/2.0")))
    assert [hop.receiver for hop in found(lab).invite.hops] == [
        Role.ORIG_PCSCF,
        Role.ORIG_SCSCF,
        Role.ORIG_AS,
        Role.ORIG_SCSCF,
        *WHOLE[2:],
    ]
