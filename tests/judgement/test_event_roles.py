"""Who is who in a subscription, where REGISTERs, Cx and a federation say little."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.judgement.subscriptions import find_registration_events
from conformance.trace.correlate import correlate
from conformance.vocabulary.roles import Role


def pairs(lab: Any) -> Any:
    trace = lab.trace()
    (events,) = find_registration_events(trace, correlate(trace), None)
    return {
        (one.subscriber, (hop.request or hop.response).sip.cseq_method): [(h.sender, h.receiver) for h in passage.hops]
        for one in events.subscriptions
        for passage in one.passages
        for hop in passage.hops[:1]
    }


UE, P, I_CSCF, S = Role.UE, Role.HOME_PCSCF, Role.HOME_ICSCF, Role.HOME_SCSCF
WHOLE = {
    (UE, "SUBSCRIBE"): [(UE, P), (P, S)],
    (UE, "NOTIFY"): [(S, P), (P, UE)],
    (P, "SUBSCRIBE"): [(P, I_CSCF), (I_CSCF, S)],
    (P, "NOTIFY"): [(S, P)],
}


def test_with_everything(event_lab: Any) -> None:
    assert pairs(event_lab) == WHOLE


def test_without_cx(event_lab: Any) -> None:
    event_lab.entries = [entry for entry in event_lab.entries if entry.point != "Cx"]
    found = pairs(event_lab)
    assert found[UE, "SUBSCRIBE"] == WHOLE[UE, "SUBSCRIBE"]
    assert found[P, "SUBSCRIBE"][-1][1] is S


def test_without_registers_the_terminal_is_known_by_its_identity(event_lab: Any) -> None:
    event_lab.entries = [e for e in event_lab.entries if e.key.startswith(("sub", "not"))]
    found = pairs(event_lab)
    assert (found[UE, "SUBSCRIBE"], found[UE, "NOTIFY"]) == (WHOLE[UE, "SUBSCRIBE"], WHOLE[UE, "NOTIFY"])


@pytest.mark.parametrize("method", ["SUBSCRIBE", "NOTIFY"])
def test_the_core_alone(event_lab: Any, method: Any) -> None:
    event_lab.entries = [entry for entry in event_lab.entries if entry.point != "Gm"]
    assert set(pairs(event_lab)[UE, method]) == {pair for pair in WHOLE[UE, method] if UE not in pair}


def test_a_p_cscf_that_asks_the_s_cscf_itself(event_lab: Any) -> None:
    event_lab.drop("psub-p psub-p200 lir lia")
    for key in ("psub-i", "psub-i200"):
        event_lab.edit(key, "Via: SIP/2.0/UDP 127.40.1.12:5060;branch=z9hG4bKie2\r\n", "")
    event_lab["psub-i"].source = event_lab["psub-i200"].destination = event_lab["sub-mw"].source
    assert pairs(event_lab)[P, "SUBSCRIBE"] == [(P, S)]
    assert event_lab.failing() == []
