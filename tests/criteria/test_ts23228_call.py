"""The route of a call: right ones pass, bypasses and strange networks fail, what was not seen accuses nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.vocabulary.points import Point
from tests.criteria.call_lab import AT_HOME, HOME_NETWORK, SAME, THIRD, UNKNOWN, call, failing, frames
from tests.criteria.registration_lab import Lab

ROUTES = {"CALL-14": HOME_NETWORK, "CALL-15": SAME, "CALL-16": THIRD, "CALL-17": AT_HOME}


@pytest.mark.parametrize(("criterion", "name"), ROUTES.items())
def test_the_route_of_a_cell_passes_and_the_other_routes_do_not_apply(criterion: str, name: str) -> None:
    lab = call(name)
    verdicts = {one.id: one.verdict for one in lab.judge().criteria if one.id in ROUTES}
    assert verdicts == {id: "PASS" if id == criterion else "NOT_APPLICABLE" for id in ROUTES}


def readdress(lab: Lab, keys: str, old: str, new: str) -> Lab:
    for key in keys.split():
        entry = lab[key]
        for end in ("source", "destination"):
            if getattr(entry, end).address == old:
                setattr(entry, end, getattr(entry, end)._replace(address=new))
    return lab


def test_an_icscf_of_another_network_is_blamed_on_the_scscf_that_chose_it() -> None:
    lab = readdress(call(), "11 12 15 16 22 23 38 39", "192.0.2.140", "192.0.2.162")
    result = lab.result("CALL-15")
    assert (result.verdict, result.node) == ("FAIL", "orig-scscf")
    assert "i-cscf of ims-d" in result.found
    assert result.evidence[0].frame == 11


def test_the_callees_pcscf_must_not_be_passed_by() -> None:
    lab = call()
    # The S-CSCF sends to the terminal itself: the Via of the P-CSCF is nowhere.
    for key in ("19", *frames(20, 20).split(), "36"):
        lab[key].sip = lab[key].sip.replace(_via(lab, "19"), "", 1)
    readdress(lab, "19 20 36", "192.0.2.139", "192.0.2.141")
    lab.drop("17 18 21 37")
    result = lab.result("CALL-15")
    assert (result.verdict, result.node) == ("FAIL", "term-scscf")


def _via(lab: Lab, key: str) -> str:
    return next(line for line in lab[key].sip.split("\r\n") if line.startswith("Via")) + "\r\n"


def test_a_hop_that_was_not_captured_is_no_bypass() -> None:
    lab = call().drop("15 16 22 38")
    assert lab.result("CALL-15").verdict == "INCONCLUSIVE"


def test_two_functions_at_one_address_are_one_node() -> None:
    lab = call()
    lab.drop("15 16 22 38")
    for key in ("11", "12", "17", "18", "21", "37", "23", "39"):
        readdress(lab, key, "192.0.2.140", "192.0.2.141")
    assert lab.federation is not None
    network = lab.federation.testbeds["ims-c"]
    nodes = {kind: node.model_copy(update={"address": network.nodes["s-cscf"].address}) if kind == "i-cscf" else node
             for kind, node in network.nodes.items()}  # fmt: skip
    testbeds = {**lab.federation.testbeds, "ims-c": network.model_copy(update={"nodes": nodes})}
    lab.federation = lab.federation.model_copy(update={"testbeds": testbeds})
    # The Via of the I-CSCF is that of a hop inside the node: it cannot be seen, and nobody is accused.
    assert lab.result("CALL-15").verdict in ("PASS", "INCONCLUSIVE")


def test_a_refused_call_is_right_as_far_as_it_went() -> None:
    result = call(UNKNOWN).result("CALL-15")
    assert (result.verdict, result.found) == (
        "PASS",
        "as far as it went: p-cscf of ims-c, s-cscf of ims-b, i-cscf of ims-c",
    )


def test_without_a_federation_nobody_knows_whose_nodes_these_are() -> None:
    lab = call()
    lab.federation = None
    assert {one.verdict for one in lab.judge().criteria if one.id in ROUTES} == {"NOT_APPLICABLE"}


def test_a_node_that_nobody_declares_proves_nothing() -> None:
    lab = readdress(call(), "3 4 11 12 23 24 39 40", "192.0.2.13", "192.0.2.99")
    assert lab.result("CALL-15").verdict == "INCONCLUSIVE"


def test_without_points_between_networks_nothing_is_said() -> None:
    lab = call()
    lab.entries = [entry for entry in lab.entries if entry.point in (Point.GM, Point.CX, Point.DNS)]
    lab.points = (Point.GM, Point.CX, Point.DNS)
    assert not failing(lab)
    assert lab.result("CALL-15").verdict == "INCONCLUSIVE"


def test_a_stranger_in_the_dial_string_is_no_callee_of_a_known_network() -> None:
    lab = call()
    for entry in lab.entries:
        entry.sip = entry.sip.replace("carol@ims-c.test", "carol@elsewhere.test")
        entry.avps = [(code, str(value).replace("ims-c.test", "elsewhere.test")) for code, value in entry.avps]
    assert replace(lab["1"]).sip.startswith("INVITE sip:carol@elsewhere.test")
    assert lab.result("CALL-15").verdict == "NOT_APPLICABLE"
