"""Did the terminal learn of its registration state?"""

from __future__ import annotations

from typing import Any

import pytest

from conformance.judgement import judge
from conformance.vocabulary.events import EventKind, TerminalEvent

TOLD = (EventKind.REGISTERED, EventKind.SUBSCRIBED, EventKind.NOTIFIED)
ENDED = (*TOLD, EventKind.NETWORK_DEREGISTERED)


def service(lab: Any, flow: str, *kinds: EventKind, user: str = "sip:alice@uc3m.test") -> Any:
    events = [TerminalEvent(time_ns=index, terminal=user, kind=kind) for index, kind in enumerate(kinds)]
    (result,) = judge(lab.trace(), events=events, flow=flow, confirm=None).procedures
    return result.interoperability


EVENT, NETWORK = "registration-event", "deregistration-network"


@pytest.mark.parametrize(
    ("flow", "kinds", "expected"),
    [
        (EVENT, TOLD, "PASS"),
        (EVENT, TOLD[:2], "FAIL"),
        (EVENT, (), "PASS"),
        (NETWORK, ENDED, "PASS"),
        (NETWORK, TOLD, "FAIL"),
        (NETWORK, (), "PASS"),
    ],
)
def test_the_terminal_is_the_witness(event_lab: Any, flow: Any, kinds: Any, expected: Any) -> None:
    lab = event_lab.terminate() if flow == NETWORK else event_lab
    assert service(lab, flow, *kinds) == expected


def test_the_terminal_alone_is_not_enough(event_lab: Any) -> None:
    assert service(event_lab.drop("not-gm not-gm200"), EVENT, *TOLD) == "INCONCLUSIVE"


def test_events_of_somebody_else_say_nothing(event_lab: Any) -> None:
    assert service(event_lab, EVENT, EventKind.REJECTED, user="sip:bob@uc3m.test") == "PASS"


def test_on_the_wire_a_refused_subscribe_is_no_service(event_lab: Any) -> None:
    lab = event_lab.edit("sub-mw200 sub-gm200", "200 OK", "403 Forbidden").drop("not-mw not-gm not-gm200 not-mw200")
    assert service(lab, EVENT) == "FAIL"


def test_on_the_wire_with_loss_nothing_is_sure(event_lab: Any) -> None:
    event_lab.drops = None
    assert service(event_lab, EVENT) == "INCONCLUSIVE"


def test_the_end_by_the_network_has_to_be_told(event_lab: Any) -> None:
    lab = event_lab.terminate().drop("end-mw end-gm end-gm200 end-mw200")
    assert service(lab, NETWORK) == "INCONCLUSIVE"


def test_what_the_p_cscf_subscribes_to_serves_no_user(event_lab: Any) -> None:
    lab = event_lab.drop("sub-gm sub-mw sub-mw200 sub-gm200 not-mw not-gm not-gm200 not-mw200")
    assert lab.judge().flow == "registration-event-pcscf"
    assert (lab.judge().interoperability, lab.judge().conformance) == ("NOT_APPLICABLE", "PASS")
    assert lab.judge().reasons == [
        "the terminal does not subscribe; the network's own subscriptions serve no user",
    ]
    assert service(lab, EVENT, EventKind.REGISTERED) == "INCONCLUSIVE"


def test_without_the_terminals_side(event_lab: Any) -> None:
    event_lab.entries = [entry for entry in event_lab.entries if entry.point != "Gm"]
    event_lab.points = ("Mw", "Cx", "DNS")
    assert service(event_lab, EVENT) == "INCONCLUSIVE"
