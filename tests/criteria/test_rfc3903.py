"""Publications: each fault fails its own criterion, and what may be written otherwise accuses nobody."""

from __future__ import annotations

import pytest

from tests.criteria.presence_lab import PresenceLab

FAILING = {
    "PRES-01 no event": lambda lab: lab.edit("1 2 3", "Event: presence\r\n", ""),
    "PRES-01 for another": lambda lab: lab.edit("1 2 3", "PUBLISH sip:alice@", "PUBLISH sip:carol@"),
    "PRES-01 other type": lambda lab: lab.edit("1 2 3", "application/pidf+xml", "text/plain"),
    "PRES-02 longer": lambda lab: lab.edit("4 5 6", "Expires: 3600", "Expires: 3601"),
    "PRES-02 no time": lambda lab: lab.edit("4 5 6", "Expires: 3600\r\n", ""),
    "PRES-02 no number": lambda lab: lab.edit("4 5 6", "Expires: 3600", "Expires: soon"),
    "PRES-03 old tag accepted": lambda lab: lab.edit(
        "16 17 18", "412 Conditional Request Failed", "200 OK\r\nSIP-ETag: e9\r\nExpires: 3600"
    ),
    "PRES-03 valid tag refused": lambda lab: lab.edit(
        "10 11 12", "SIP/2.0 200 OK\r\nVia", "SIP/2.0 412 Conditional Request Failed\r\nVia"
    ).drop("13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30"),
    "PRES-04 basic": lambda lab: lab.edit("1 2 3", "<basic>open", "<basic>OPEN"),
    "PRES-04 no id": lambda lab: lab.edit("1 2 3", 'id="phone"', ""),
    "PRES-04 entity": lambda lab: lab.edit("1 2 3", 'entity="sip:alice', 'entity="sip:carol'),
    "PRES-04 no XML": lambda lab: lab.edit("1 2 3", "</presence>", "</presents>"),
    "PRES-04 other root": lambda lab: lab.edit("1 2 3", "urn:ietf:params:xml:ns:pidf", "urn:example"),
}


@pytest.mark.parametrize("case", FAILING)
def test_one_wrong_thing_fails_one_criterion(case: str) -> None:
    lab = PresenceLab("handbuilt-presence-publish")
    assert FAILING[case](lab).failing() == [case.partition(" ")[0]]


CONFORMING = {
    "nothing": lambda lab: lab,
    "compact Event": lambda lab: lab.edit("1 2 3", "Event: presence", "o: presence"),
    "a URI of the presence scheme": lambda lab: lab.edit("1 2 3", 'entity="sip:alice', 'entity="pres:alice'),
    "granted less": lambda lab: lab.edit("4 5 6", "Expires: 3600", "Expires: 60"),
    "no time is asked for": lambda lab: lab.edit("1 2 3", "Expires: 3600\r\n", ""),
    "a document that declares entities is not read": lambda lab: lab.edit(
        "1 2 3", "<presence ", "<!DOCTYPE a [<!ENTITY b 'c'>]><presence "
    ),
    "a tuple without basic": lambda lab: lab.edit("1 2 3", "<basic>open</basic>", ""),
    "a removal without a tag": lambda lab: lab.edit("28 29 30", "SIP-ETag: e4\r\n", ""),
}


@pytest.mark.parametrize("case", CONFORMING)
def test_nobody_is_accused(case: str) -> None:
    assert CONFORMING[case](PresenceLab("handbuilt-presence-publish")).failing() == []
