"""The view of subscriptions: what is open when, and what was accepted."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.judgement.subscriptions import find_registration_events
from conformance.trace.correlate import correlate

SECOND_NS = 1_000_000_000


def events(lab: Any) -> Any:
    trace = lab.trace()
    return find_registration_events(trace, correlate(trace), None)[0]


def test_a_subscription_is_open_from_its_answer_to_its_last_notify(event_lab: Any) -> None:
    found = events(event_lab.terminate())
    own = found.subscriptions[1]
    begin, end = own.subscribes[0].time_ns, own.notifies[-1].time_ns
    assert [own.is_live(time) for time in (begin, begin + 1, end, end + 1)] == [False, True, True, False]


def test_a_subscription_ends_with_its_time(event_lab: Any) -> None:
    own = events(event_lab.edit("sub-mw200 sub-gm200", "600000", "7")).subscriptions[1]
    begin = own.subscribes[0].time_ns
    assert own.granted_s(own.subscribes[0]) == 7
    assert [own.is_live(begin + s * SECOND_NS) for s in (6, 8)] == [True, False]


def test_state_and_its_parameters(event_lab: Any) -> None:
    own = events(event_lab.edit("not-mw", "active;expires=600000", "Active ; Expires = 5")).subscriptions[1]
    assert own.notifies[0].substate == ("active", {"expires": "5"})


@pytest.mark.parametrize(("text", "expected"), [("", (600, False, False)), ("gone", (0, True, True))])
def test_what_a_register_asks_for(event_lab: Any, text: Any, expected: Any) -> None:
    lab = event_lab.edit("s200 i200 g200", "expires=3600", "expires=600")
    register = events(lab.deregister() if text else lab).registers[-1]
    assert (register.granted_s or 0, register.removes, register.ends_all) == expected
    assert register.identity == "sip:alice@uc3m.test"


def test_which_terminal_sends_a_request(event_lab: Any) -> None:
    found = events(event_lab)
    request = found.subscriptions[1].subscribes[0].request
    assert found.registered_by(request) is found.registers[0]
    assert found.registered_at(request.time_ns) is found.registers[0]
    assert found.registered_at(0) is None


def test_where_notifies_would_have_been_seen(event_lab: Any) -> None:
    found = events(event_lab)
    assert all(found.shows_notifies(one) for one in found.subscriptions)


def test_the_way_of_a_subscribe_by_the_icscf_is_not_that_of_its_notify(event_lab: Any) -> None:
    between = "sub-mw sub-mw200 not-mw not-mw200 pnot pnot200"
    found = events(event_lab.drop(between))
    assert [one.subscriber for one in found.subscriptions] == ["home-pcscf", "ue"]
    assert not any(found.shows_notifies(one) for one in found.subscriptions)
    assert event_lab.failing() == []
