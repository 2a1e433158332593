"""Subscriptions of any package: each fault fails its own criterion."""

from __future__ import annotations

from typing import Any

import pytest

CASES = {
    "REG-46 no NOTIFY": lambda lab: lab.drop("pnot pnot200"),
    "REG-66 longer": lambda lab: lab.edit("psub-i200 psub-p200", "Expires: 600000", "Expires: 600001"),
    "REG-66 none": lambda lab: lab.edit("psub-i200 psub-p200", "Expires: 600000\r\n", ""),
    "REG-67 no Subscription-State": lambda lab: lab.edit("pnot", "Subscription-State: active;expires=600000\r\n", ""),
    "REG-67 no such state": lambda lab: lab.edit("pnot", "active;expires=600000", "alive;expires=600000"),
    "REG-67 another package": lambda lab: lab.edit("pnot", "Event: reg", "Event: presence"),
    "REG-67 no Event": lambda lab: lab.edit("pnot", "Event: reg\r\n", ""),
    "REG-68 no expires": lambda lab: lab.edit("pnot", "active;expires=600000", "active"),
    "REG-68 longer": lambda lab: lab.edit("pnot", "active;expires=600000", "active;expires=700000"),
    "REG-73 500": lambda lab: lab.edit("not-gm200 not-mw200", "200 OK", "500 Server Internal Error"),
    "REG-73 481 of the P-CSCF": lambda lab: lab.edit("pnot200", "200 OK", "481 Subscription does not exist"),
    "REG-73 no answer": lambda lab: lab.drop("not-gm200 not-mw200"),
    "REG-79 no reason": lambda lab: lab.terminate().edit("pend", "terminated;reason=noresource", "terminated"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_wrong_thing_fails_one_criterion(event_lab: Any, case: Any) -> None:
    assert CASES[case](event_lab).failing() == [case.partition(" ")[0]]


CONFORMING = {
    "202": lambda lab: lab.edit("psub-i200 psub-p200", "200 OK", "202 Accepted"),
    "granted less": lambda lab: lab.edit("sub-mw200 sub-gm200", "600000", "3600").edit(
        "not-mw not-gm", "expires=600000", "expires=3600"
    ),
    "compact Event": lambda lab: lab.edit("pnot", "Event: reg", "o: reg"),
    "id": lambda lab: lab.edit("psub-p psub-i pnot", "Event: reg", "Event: reg;id=4"),
    "spaces in the state": lambda lab: lab.edit("pnot", "active;expires=600000", "Active ; expires = 600000"),
    "a terminal that is gone": lambda lab: lab.deregister().edit("end-gm200 end-mw200", "200 OK", "481 Gone"),
    "a terminal that is silent when gone": lambda lab: lab.deregister().drop("end-gm end-gm200 end-mw200"),
    "the terminal's answer is seen behind the P-CSCF": lambda lab: lab.drop("not-gm200"),
    "NOTIFY before the answer": lambda lab: earlier(lab),
}


def earlier(lab: Any) -> Any:
    notify = [lab["pnot"], lab["pnot200"]]
    lab.drop("pnot pnot200")
    place = lab.entries.index(lab["psub-i200"])
    lab.entries[place:place] = notify
    return lab


@pytest.mark.parametrize("case", CONFORMING)
def test_what_conforms_is_not_accused(event_lab: Any, case: Any) -> None:
    result = CONFORMING[case](event_lab).judge()
    assert {c.id: c.found for c in result.criteria if c.verdict not in ("PASS", "NOT_APPLICABLE")} == {}


def test_who_is_blamed_for_the_answer(event_lab: Any) -> None:
    assert CASES["REG-73 500"](event_lab).result("REG-73").node == "ue"


def test_the_p_cscf_is_blamed_for_its_own_answer(event_lab: Any) -> None:
    assert CASES["REG-73 481 of the P-CSCF"](event_lab).result("REG-73").node == "home-pcscf"


@pytest.mark.parametrize("case", ["REG-46 no NOTIFY", "REG-73 no answer"])
def test_what_was_not_seen_accuses_nobody_where_the_capture_ends(event_lab: Any, case: Any) -> None:
    lab = CASES[case](event_lab).drop("later-q later-r")
    if case.startswith("REG-46"):
        lab.drop("sub-gm sub-mw sub-mw200 sub-gm200 not-mw not-gm not-gm200 not-mw200")
    assert lab.failing() == []
    assert lab.result(case.partition(" ")[0]).verdict == "INCONCLUSIVE"


def test_an_id_that_is_not_that_of_the_subscription(event_lab: Any) -> None:
    assert event_lab.edit("pnot", "Event: reg", "Event: reg;id=4").failing() == ["REG-67"]
