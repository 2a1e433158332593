"""Features: declared, or not."""

from __future__ import annotations

from typing import Any

from conformance.criteria.features import ipsec_undeclared, offers_ipsec
from conformance.judgement.registrations import find_registrations
from conformance.trace.correlate import correlate


def registration(lab: Any, federation: Any = None) -> Any:
    trace = lab.trace()
    return find_registrations(trace, correlate(trace), federation)[0]


def test_an_offer(lab: Any) -> None:
    assert not offers_ipsec(registration(lab))
    assert offers_ipsec(registration(lab.secured()))


def test_the_network_of_the_p_cscf_declares_it(lab: Any, federation: Any) -> None:
    assert ipsec_undeclared(registration(lab)) == "the terminal offers no security association"
    assert "testbeds.uc3m.features.access_security" in ipsec_undeclared(registration(lab, federation))
    assert "testbeds.stuba.features.access_security" in ipsec_undeclared(registration(lab.abroad(), federation))
