"""A receiver notes where a REGISTER came from, and what is large does not go over UDP (RFC 3261 18)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.criteria.registration_lab import PCSCF, UE, VIA_NOTED, VIA_UE

REQUESTS, BEHIND = "gm1 gm2", "p1 i1 s401 i401 g401 p2 i2 s200 i200 g200"


def moved(lab: Any, block: str = "10.9.8.") -> Any:
    """Put the registration on addresses that leave their host."""
    for entry in lab.entries:
        entry.source, entry.destination = (
            end._replace(address=end.address.replace("127.40.1.", block)) for end in (entry.source, entry.destination)
        )
        entry.sip = entry.sip.replace("127.40.1.", block)
    return lab


def without_rport(lab: Any, sent_by: str, added: str = "") -> Any:
    """Let the terminal write another sent-by and ask for no rport; `added` is what the P-CSCF makes of it."""
    for n, asked, noted in ((1, "gm1", "p1 i1 s401 i401 g401"), (2, "gm2", "p2 i2 s200 i200 g200")):
        plain = f"Via: SIP/2.0/UDP {sent_by};branch=z9hG4bKue{n}"
        lab.edit(asked, VIA_UE.format(n=n), f"{plain}\r\n").edit(noted, VIA_NOTED.format(n=n), f"{plain}{added}\r\n")
    return lab


@pytest.mark.parametrize("sent_by", ["ue.uc3m.test:5062", "192.168.0.7:5062", "10.0.0.1"])
def test_a_name_or_another_address_without_received(lab: Any, sent_by: str) -> None:
    result = without_rport(lab, sent_by).result("VPN-03")
    assert (result.verdict, result.node, result.found) == (
        "FAIL",
        "home-pcscf",
        f"sent-by {sent_by.removesuffix(':5062')}, source {UE.address}, no received",
    )
    assert lab.failing() == ["VPN-03"]


def test_received_says_what_is_in_the_way(lab: Any) -> None:
    result = without_rport(lab, "192.168.0.7:5062", f";received={UE.address}").result("VPN-03")
    assert (result.verdict, result.found) == ("PASS", f"sent-by 192.168.0.7, received={UE.address}")


def test_the_same_address_needs_no_received(lab: Any) -> None:
    assert without_rport(lab, f"{UE.address}:5062").result("VPN-03").verdict == "PASS"


def test_another_received_is_a_translator_where_nobody_said_that_there_is_none(lab: Any, federation: Any) -> None:
    without_rport(lab, "ue.uc3m.test", ";received=198.51.100.9")
    result = lab.result("VPN-03")
    assert (result.verdict, "an address translator is in the way" in result.found) == ("PASS", True)
    lab.federation = federation
    assert (lab.result("VPN-03").verdict, lab.result("VPN-03").found) == (
        "FAIL",
        f"source {UE.address}, received=198.51.100.9",
    )


def test_without_the_hop_behind_the_answer_shows_it(lab: Any) -> None:
    without_rport(lab, "ue.uc3m.test").drop("p1 i1 s401 i401 p2 i2 s200 i200")
    assert lab.result("VPN-03").verdict == "FAIL"


def test_without_anything_behind_nothing_is_said(lab: Any) -> None:
    without_rport(lab, "ue.uc3m.test").drop("p1 i1 s401 i401 g401 gm2 p2 i2 s200 i200 g200")
    assert lab.result("VPN-03").verdict == "INCONCLUSIVE"


def padded(lab: Any, key: str, octets: int) -> Any:
    missing = octets - len(lab[key].sip) - len("X: \r\n")
    return lab.edit(key, "Content-Length: 0", "X: " + "x" * missing + "\r\nContent-Length: 0")


def test_more_than_1300_octets_over_udp(lab: Any) -> None:
    result = padded(moved(lab), "p2", 1301).result("VPN-05")
    assert (result.verdict, result.node, result.found) == ("FAIL", "home-pcscf", "REGISTER of 1301 octets over UDP")


def test_1300_octets_are_allowed(lab: Any) -> None:
    assert padded(moved(lab), "p2", 1300).result("VPN-05").verdict == "PASS"


def test_over_tcp_any_size_is_allowed(lab: Any) -> None:
    padded(moved(lab), "p2", 3000)
    for key in ("p2", "i200"):
        entry = lab[key]
        entry.source, entry.destination = (
            entry.source._replace(transport="tcp"),
            entry.destination._replace(transport="tcp"),
        )
    assert lab.result("VPN-05").verdict == "PASS"


def test_within_one_host_nothing_is_fragmented(lab: Any) -> None:
    assert padded(lab, "p2", 3000).result("VPN-05").verdict == "NOT_APPLICABLE"
    assert PCSCF.address.startswith("127.")
