"""Who subscribes, and what the S-CSCF tells: each fault fails its own criterion."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.vocabulary.numbers import Avp

WATCHED = "sip:alice@uc3m.test"
OWN = "<sip:term@pcscf.uc3m.test:4060>"
ASSERTED = f"P-Asserted-Identity: {OWN}\r\n"
SUBSCRIBES = "sub-gm sub-mw"
PCSCF_SUBSCRIBES = "psub-p psub-i"
PCSCF_DIALOG = "psub-p psub-i psub-i200 psub-p200 pnot pnot200"


CASES = {
    "REG-44 another user": lambda lab: lab.edit(SUBSCRIBES, f"SUBSCRIBE {WATCHED}", "SUBSCRIBE sip:bob@uc3m.test"),
    "REG-44 From somebody else": lambda lab: lab.edit("sub-gm sub-mw", f"From: <{WATCHED}>", "From: <sip:x@uc3m.test>"),
    "REG-45 none": lambda lab: lab.edit(PCSCF_SUBSCRIBES, ASSERTED, ""),
    "REG-45 the user": lambda lab: lab.edit(PCSCF_SUBSCRIBES, ASSERTED, f"P-Asserted-Identity: <{WATCHED}>\r\n"),
    "REG-60 shorter": lambda lab: (
        lab.edit("sub-gm sub-mw", "600000", "700")
        .edit("sub-mw200 sub-gm200", "600000", "700")
        .edit("not-mw not-gm", "expires=600000", "expires=700")
    ),
    "REG-60 none": lambda lab: lab.edit("sub-gm sub-mw", "Expires: 600000\r\n", ""),
    "REG-61 left out": lambda lab: lab.edit("sub-gm", ", <sip:orig@scscf.uc3m.test:6060;lr>", ""),
    "REG-61 no Route": lambda lab: lab.edit(
        "sub-gm", "Route: <sip:127.40.1.11:4060;lr>, <sip:orig@scscf.uc3m.test:6060;lr>\r\n", ""
    ),
    "REG-63 silent": lambda lab: lab.drop(f"{PCSCF_DIALOG} lir lia"),
    "REG-64 as the user": lambda lab: lab.edit(
        "psub-p psub-i psub-i200 psub-p200", f"From: {OWN}", f"From: <{WATCHED}>"
    ).edit("pnot pnot200", f"To: {OWN}", f"To: <{WATCHED}>"),
    "REG-64 another identity": lambda lab: lab.edit(
        PCSCF_SUBSCRIBES, f"SUBSCRIBE {WATCHED}", "SUBSCRIBE sip:b@uc3m.test"
    ),
    "REG-65 shorter": lambda lab: lab.edit(
        "psub-p psub-i psub-i200 psub-p200", "Expires: 600000", "Expires: 3600"
    ).edit("pnot", "expires=600000", "expires=3600"),
    "REG-65 none": lambda lab: lab.edit(PCSCF_SUBSCRIBES, "Expires: 600000\r\n", ""),
    "REG-72 another contact": lambda lab: lab.body("not-mw not-gm", "127.40.1.100", "127.40.1.200"),
    "REG-72 not active": lambda lab: lab.body("not-mw not-gm", 'id="r0" state="active"', 'id="r0" state="init"'),
    "REG-74 nobody told": lambda lab: lab.deregister().drop("end-mw end-gm end-gm200 end-mw200 pend pend200"),
    "REG-74 terminal alone": lambda lab: lab.deregister().drop("pend pend200"),
    "REG-75 expired": lambda lab: lab.deregister().body("end-mw end-gm pend", "unregistered", "expired"),
    "REG-76 nobody told": lambda lab: lab.terminate().drop("end-mw end-gm end-gm200 end-mw200 pend pend200"),
    "REG-76 P-CSCF alone": lambda lab: lab.terminate().drop("end-mw end-gm end-gm200 end-mw200"),
    "REG-77 unregistered": lambda lab: lab.terminate().body("end-mw end-gm pend", "deactivated", "unregistered"),
    "REG-78 goes on": lambda lab: lab.terminate().edit("pend", "terminated;reason=noresource", "active;expires=9"),
    "REG-80 refused": lambda lab: lab.terminate().avp("rta", Avp.RESULT_CODE, 5012),
}


@pytest.mark.parametrize("case", CASES)
def test_one_wrong_thing_fails_one_criterion(event_lab: Any, case: Any) -> None:
    lab = CASES[case](event_lab)
    assert lab.failing() == [case.partition(" ")[0]]
    assert lab.judge().conformance == "FAIL"


CONFORMING = {
    "as it is": lambda lab: lab,
    "deregistration": lambda lab: lab.deregister(),
    "end by the network": lambda lab: lab.terminate(),
    "rejected": lambda lab: lab.terminate().body("end-mw end-gm pend", "deactivated", "rejected"),
    "the default identity in other letters": lambda lab: lab.edit(
        SUBSCRIBES, f"SUBSCRIBE {WATCHED}", "SUBSCRIBE sip:alice@UC3M.test"
    ),
    "the registered identity, another one is default": lambda lab: (
        lab.edit(
            "s200 i200 g200", "<sip:alice@uc3m.test>, <tel:", "<sip:smith@uc3m.test>, <sip:alice@uc3m.test>, <tel:"
        )
        .edit(PCSCF_SUBSCRIBES, f"SUBSCRIBE {WATCHED}", "SUBSCRIBE sip:smith@uc3m.test")
        .edit("psub-p psub-i psub-i200 psub-p200", f"To: <{WATCHED}>", "To: <sip:smith@uc3m.test>")
        .edit("pnot pnot200", f"From: <{WATCHED}>", "From: <sip:smith@uc3m.test>")
        .body("pnot", WATCHED, "sip:smith@uc3m.test")
    ),
    "asserted by its Path": lambda lab: lab.edit(
        PCSCF_SUBSCRIBES, "From: <sip:term@pcscf.uc3m.test:4060>", "From: <sip:pcscf.uc3m.test>"
    ),
    "only one of several contacts is given up": lambda lab: (
        lab.deregister()
        .drop("end-mw end-gm end-gm200 end-mw200 pend pend200")
        .edit("s3200 i3200 g3200", "Path:", "Contact: <sip:alice@127.40.1.101>;expires=3000\r\nPath:")
    ),
    "another contact went before": lambda lab: lab.deregister().body(
        "pend",
        '<contact id="c0"',
        '<contact id="c9" state="terminated" event="expired"><uri>sip:alice@127.40.1.9</uri></contact><contact id="c0"',
    ),
    "folded Route": lambda lab: lab.edit("sub-gm", ";lr>, <sip:orig", ";lr>\r\nRoute: <sip:orig"),
}


@pytest.mark.parametrize("case", CONFORMING)
def test_what_conforms_is_not_accused(event_lab: Any, case: Any) -> None:
    result = CONFORMING[case](event_lab).judge()
    assert {c.id: c.found for c in result.criteria if c.verdict not in ("PASS", "NOT_APPLICABLE")} == {}
    assert result.conformance == "PASS"


def test_every_criterion_is_judged_in_one_of_them(event_lab: Any) -> None:
    both = event_lab.deregister().judge()
    judged = {c.id for c in both.criteria if c.verdict == "PASS"}
    network = {"REG-76", "REG-77", "REG-80"}
    between_hosts = {"VPN-05"}
    assert {c.id for c in both.criteria} - judged == network | between_hosts


ABSENCES = {
    "REG-63": lambda lab: lab.drop(f"{PCSCF_DIALOG} lir lia"),
    "REG-74": lambda lab: lab.deregister().drop("end-mw end-gm end-gm200 end-mw200 pend pend200"),
    "REG-76": lambda lab: lab.terminate().drop("end-mw end-gm end-gm200 end-mw200 pend pend200"),
}


@pytest.mark.parametrize("id", ABSENCES)
def test_what_was_not_seen_accuses_nobody_where_packets_were_lost(event_lab: Any, id: Any) -> None:
    lab = ABSENCES[id](event_lab)
    lab.drops = None
    assert lab.result(id).verdict == "INCONCLUSIVE"


@pytest.mark.parametrize("id", ABSENCES)
def test_what_was_not_seen_accuses_nobody_where_the_capture_ends(event_lab: Any, id: Any) -> None:
    lab = ABSENCES[id](event_lab).drop("later-q later-r")
    assert lab.result(id).verdict == "INCONCLUSIVE"


def test_a_terminal_without_its_core_shows_nothing_of_the_s_cscf(event_lab: Any) -> None:
    lab = ABSENCES["REG-76"](event_lab)
    lab.entries = [entry for entry in lab.entries if entry.point not in ("Mw",)]
    lab.points = ("Gm", "Cx", "DNS")
    assert lab.failing() == []
    assert lab.result("REG-76").verdict == "INCONCLUSIVE"


def test_an_rtr_that_is_refused_ends_nothing(event_lab: Any) -> None:
    lab = ABSENCES["REG-76"](event_lab).avp("rta", Avp.RESULT_CODE, 5012)
    assert lab.result("REG-76").verdict == "NOT_APPLICABLE"


def test_a_user_who_is_not_known_to_be_registered_cannot_be_ended(event_lab: Any) -> None:
    lab = event_lab.terminate().avp("rta", Avp.RESULT_CODE, 5012)
    lab.entries = [entry for entry in lab.entries if entry.key in ("rtr", "rta")]
    assert lab.result("REG-80").verdict == "INCONCLUSIVE"


def test_a_user_who_was_registered_is_watched_already(event_lab: Any) -> None:
    lab = ABSENCES["REG-63"](event_lab).avp("sar", Avp.SERVER_ASSIGNMENT_TYPE, 2)
    assert lab.result("REG-63").verdict == "INCONCLUSIVE"


def test_without_path_nobody_knows_the_name_of_the_pcscf(event_lab: Any) -> None:
    own, user = "From: <sip:term@pcscf.uc3m.test:4060>;tag=p1", "From: <sip:carol@uc3m.test>;tag=p1"
    lab = event_lab.edit("psub-p psub-i psub-i200 psub-p200", own, user)
    assert lab.result("REG-45").verdict == "PASS"
    lab.drop("p1 i1 s401 i401 p2 i2 s200 i200")
    assert lab.result("REG-45").verdict == "INCONCLUSIVE"
