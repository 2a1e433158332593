"""Routes to the presence server: each fault fails its own criterion."""

from __future__ import annotations

import pytest

from tests.criteria.presence_lab import PresenceLab

FAILING = {
    "PRES-07 no way back": lambda lab: lab.edit("7", ", <sip:scscf.ims-b.test:6060;lr;odi=sub>", ""),
    "PRES-07 no Route": lambda lab: lab.edit(
        "7", "Route: <sip:presence.ims-b.test;lr>, <sip:scscf.ims-b.test:6060;lr;odi=sub>\r\n", ""
    ),
}


@pytest.mark.parametrize("case", FAILING)
def test_one_wrong_thing_fails_one_criterion(case: str) -> None:
    lab = PresenceLab("handbuilt-presence-watch")
    assert FAILING[case](lab).failing() == [case.partition(" ")[0]]


CONFORMING = {
    "nothing": lambda lab: lab,
    "two headers": lambda lab: lab.edit(
        "7", "<sip:presence.ims-b.test;lr>, <sip:scscf", "<sip:presence.ims-b.test;lr>\r\nRoute: <sip:scscf"
    ),
}


@pytest.mark.parametrize("case", CONFORMING)
def test_nobody_is_accused(case: str) -> None:
    assert CONFORMING[case](PresenceLab("handbuilt-presence-watch")).failing() == []
