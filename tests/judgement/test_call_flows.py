"""The flow of a call by its networks and its end."""

from __future__ import annotations

import pytest

from conformance.judgement.call_flows import EVERY, flows_of, route_of
from conformance.judgement.judge import judge
from tests.criteria.call_lab import AT_HOME, CANCELLED, HOME_NETWORK, SAME, THIRD, UNKNOWN, call, found

FLOWS = {
    SAME: "call-roaming-same",
    THIRD: "call-roaming-third",
    HOME_NETWORK: "call-roaming-home",
    AT_HOME: "call-home",
}


@pytest.mark.parametrize("federation", [True, False])
@pytest.mark.parametrize(("name", "flow"), FLOWS.items())
def test_the_networks_choose_the_flow_and_names_do_where_nobody_declares_them(
    name: str, flow: str, federation: bool
) -> None:
    lab = call(name)
    lab.federation = lab.federation if federation else None
    assert flows_of(found(lab)) == (flow,)


def test_a_call_that_is_given_up_wanted_nothing_else() -> None:
    assert flows_of(found(call(CANCELLED)))[0] == "call-cancelled"


def test_a_refusal_by_a_node_is_no_wish_of_the_callee() -> None:
    assert flows_of(found(call(UNKNOWN))) == ("call-roaming-same", "call-refused")


def test_a_busy_callee_is_refused_as_he_wishes() -> None:
    lab = call(CANCELLED)
    lab.drop(" ".join(entry.key for entry in lab.entries if " CANCEL" in entry.sip))
    for entry in lab.entries:
        entry.sip = entry.sip.replace("487 Request Terminated", "486 Busy Here")
    result = lab.judge()
    assert (result.flow, result.interoperability) == ("call-refused", "PASS")


def test_a_call_asked_for_by_another_flow_is_reported_and_not_missed() -> None:
    lab = call()
    (one,) = judge(lab.trace(), federation=lab.federation, flow="call-cancelled", confirm=None).procedures
    assert one.flow == "call-cancelled"
    assert one.interoperability == "FAIL"


def test_a_callee_away_makes_another_flow() -> None:
    lab = call()
    # The callee is at home in ims-d and in ims-c: his P-CSCF is the visited one.
    for entry in lab.entries:
        entry.sip = entry.sip.replace("carol@ims-c.test", "carol@ims-d.test")
    assert route_of(found(lab)) == "call-both-away"


def test_every_flow_of_calls_is_there() -> None:
    from conformance.flows.load import load_flow

    assert [load_flow(id).id for id in EVERY] == list(EVERY)
