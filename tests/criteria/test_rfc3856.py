"""Subscriptions of watchers: each fault fails its own criterion."""

from __future__ import annotations

import pytest

from tests.criteria.presence_lab import PresenceLab

FAILING = {
    "PRES-05 accept": lambda lab: lab.edit("3 4 5 6 7", "Accept: application/pidf+xml", "Accept: text/plain"),
    "PRES-05 for another": lambda lab: lab.edit("3 4 5 6 7", "SUBSCRIBE sip:alice@", "SUBSCRIBE sip:carol@"),
    "PRES-06 no state": lambda lab: lab.edit("27 28 29", "Subscription-State: active;expires=3590\r\n", ""),
    "PRES-06 unknown state": lambda lab: lab.edit("27 28 29", "active;expires", "alive;expires"),
    "PRES-06 other package": lambda lab: lab.edit("27 28 29", "Event: presence", "Event: reg"),
    "PRES-06 nothing follows": lambda lab: lab.drop("13 14 15 16 17 18 21 22 23 24 25 26 27 28 29 30 31 32").edit(
        "19", "HTTP/1.1", "HTTP/1.1"
    ),
    "PRES-16 of another": lambda lab: lab.edit("21 22 23", 'entity="sip:alice', 'entity="sip:carol'),
}


@pytest.mark.parametrize("case", FAILING)
def test_one_wrong_thing_fails_one_criterion(case: str) -> None:
    lab = PresenceLab("handbuilt-presence-watch")
    assert FAILING[case](lab).failing() == [case.partition(" ")[0]]


CONFORMING = {
    "nothing": lambda lab: lab,
    "no Accept": lambda lab: lab.edit("3 4 5 6 7", "Accept: application/pidf+xml\r\n", ""),
    "anything is accepted": lambda lab: lab.edit("3 4 5 6 7", "application/pidf+xml", "*/*"),
    "202": lambda lab: lab.edit("8 9 10 11 12", "200 OK", "202 Accepted"),
    "an empty NOTIFY": lambda lab: lab.edit(
        "27 28 29", "Content-Type: application/pidf+xml\r\n", "Content-Type: text/plain\r\n"
    ),
}


@pytest.mark.parametrize("case", CONFORMING)
def test_nobody_is_accused(case: str) -> None:
    assert CONFORMING[case](PresenceLab("handbuilt-presence-watch")).failing() == []
