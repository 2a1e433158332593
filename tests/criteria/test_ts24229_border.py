"""What crosses from one network to another: hidden nodes, charging functions, methods."""

from __future__ import annotations

import pytest

from conformance.criteria.ts24229_border import supported
from conformance.vocabulary.federation import Federation
from tests.criteria.call_lab import AT_HOME, SAME, THIRD, call, failing
from tests.criteria.registration_lab import Lab

IDS = ("CALL-35", "CALL-36", "CALL-37")


def hiding(lab: Lab, network: str) -> Lab:
    """Let a network declare that it hides its topology."""
    assert lab.federation is not None
    data = lab.federation.testbeds[network]
    features = data.features.model_copy(update={"ics": frozenset({"topology-hiding"})})
    testbeds = {**lab.federation.testbeds, network: data.model_copy(update={"features": features})}
    lab.federation = Federation.model_copy(lab.federation, update={"testbeds": testbeds})
    return lab


def verdicts(lab: Lab) -> list[str]:
    return [str(lab.result(id).verdict) for id in IDS]


@pytest.mark.parametrize("name", [SAME, THIRD])
def test_without_a_declaration_nothing_has_to_be_hidden(name: str) -> None:
    assert verdicts(call(name)) == ["NOT_APPLICABLE", "PASS", "PASS"]


def test_within_one_network_nothing_crosses() -> None:
    assert verdicts(call(AT_HOME)) == ["NOT_APPLICABLE"] * 3


def test_nodes_of_a_network_that_hides_are_not_shown() -> None:
    lab = hiding(call(THIRD), "ims-b")
    result = lab.result("CALL-35")
    assert (result.verdict, result.node) == ("FAIL", "orig-scscf")


def test_who_leaves_nothing_of_its_own_passes() -> None:
    lab = hiding(call(THIRD), "ims-d")
    # The only thing that ims-d shows: Record-Route of its P-CSCF and S-CSCF in answers, and their Via in none.
    assert lab.result("CALL-35").verdict == "FAIL"
    for entry in lab.entries:
        lines = entry.sip.split("\r\n")
        for place, line in enumerate(lines):
            name, _, value = line.partition(": ")
            if name == "Record-Route":
                hidden = [
                    one if "ims-d" not in one and ".16" not in one else "<sip:t@ims-d.test;lr;tokenized-by=ims-d.test>"
                    for one in value.split(", ")
                ]
                lines[place] = f"{name}: {', '.join(hidden)}"
        entry.sip = "\r\n".join(lines)
    assert lab.result("CALL-35").verdict in ("PASS", "NOT_APPLICABLE")


def test_charging_functions_of_one_network_may_be_named_within_it() -> None:
    lab = call(THIRD)
    lab["15"].sip = lab["15"].sip.replace("Max-", "P-Charging-Function-Addresses: ccf=192.0.2.20\r\nMax-")
    assert lab.result("CALL-36").verdict == "PASS"
    lab["11"].sip = lab["11"].sip.replace("Max-", "P-Charging-Function-Addresses: ccf=192.0.2.20\r\nMax-")
    assert failing(lab, IDS) == ["CALL-36"]


def test_header_fields_that_nobody_knows_are_told_and_accuse_nobody() -> None:
    lab = call(THIRD)
    lab["11"].sip = lab["11"].sip.replace("Max-", "X-Own: 1\r\nMax-")
    result = lab.result("CALL-37")
    assert result.verdict == "PASS"
    assert "X-Own" in result.found


def test_the_set_has_the_methods_of_sip() -> None:
    assert {"INVITE", "PRACK", "UPDATE", "REFER", "PUBLISH"} <= supported("methods")
    assert {"via", "p-charging-vector", "session-expires"} <= supported("headers")
