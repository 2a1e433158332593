"""The P-CSCF in sessions, with a scripted home network (3GPP TS 24.229 5.2.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.vocabulary.federation import NodeKind
from tests.cores.conftest import Registered

ALICE, BOB = "sip:alice@uc3m.netlab.test", "sip:bob@stuba.netlab.test"
CONTACT = "sip:alice@127.35.1.129:5060"
ROUTES = "Route: <sip:127.35.1.11:4060;lr>, <sip:orig@scscf.uc3m.netlab.test:6060;lr>"
HERE = "<sip:127.35.1.11:4060;lr>"
IN_DIALOG = f"To: <{BOB}>;tag=t"

InScene = Callable[[Callable[[Registered], Any]], None]


def test_the_invite_of_a_terminal(registered: InScene) -> None:
    async def story(r: Registered) -> None:
        response = await r.send(
            r.terminal,
            "INVITE",
            BOB,
            f"To: <{BOB}>",
            "Route: <sip:elsewhere.test;lr>",  # the way is the one that the network gave
            f"P-Preferred-Identity: <{ALICE}>",
            "P-Asserted-Identity: <sip:president@uc3m.netlab.test>",
            "P-Charging-Vector: icid-value=mine",
            "Record-Route: <sip:inside.test;lr>",
        )
        assert response.code == 200
        assert response.headers.get("P-Charging-Vector") is None
        (got,) = r.at_scscf
        assert str(got.uri) == BOB
        assert got.headers.getlist("Route") == ["<sip:orig@scscf.uc3m.netlab.test:6060;lr>"]
        assert got.headers.getlist("Record-Route") == [HERE, "<sip:inside.test;lr>"]
        assert got.headers.getlist("P-Asserted-Identity") == [f"<{ALICE}>"]
        assert got.headers.get("P-Preferred-Identity") is None
        assert "mine" not in got.headers["P-Charging-Vector"]

    registered(story)


def test_who_is_not_registered_may_not_call(registered: InScene) -> None:
    async def story(r: Registered) -> None:
        assert (await r.send(r.stranger, "INVITE", BOB, f"To: <{BOB}>", ROUTES)).code == 403
        assert (await r.send(r.stranger, "BYE", BOB, IN_DIALOG, ROUTES)).code == 403
        assert r.at_scscf == []

    registered(story)


def test_an_invite_for_the_terminal(registered: InScene) -> None:
    async def story(r: Registered) -> None:
        response = await r.send(
            r.scscf,
            "INVITE",
            CONTACT,
            "Route: <sip:pcscf.uc3m.netlab.test:4060;lr>",
            f"P-Called-Party-ID: <{ALICE}>",
            f"P-Asserted-Identity: <{BOB}>",
            'P-Charging-Vector: icid-value="1";orig-ioi=stuba.netlab.test',
            "P-Charging-Function-Addresses: ccf=1.2.3.4",
        )
        assert response.code == 200
        (got,) = r.at_terminal
        assert str(got.uri) == CONTACT
        assert got.headers.get("Route") is None
        assert got.headers.getlist("Record-Route") == [HERE]
        assert got.headers["P-Asserted-Identity"] == f"<{BOB}>"
        assert got.headers.get("P-Charging-Vector") is got.headers.get("P-Charging-Function-Addresses") is None
        # the answer says who is called, and belongs to the same session for charging
        assert response.headers["P-Asserted-Identity"] == f"<{ALICE}>"
        assert response.headers["P-Charging-Vector"] == 'icid-value="1"'

    registered(story)


@pytest.mark.parametrize(
    ("uri", "lines", "code"),
    [
        ("sip:alice@127.35.1.129:5070", ("Route: <sip:pcscf.uc3m.netlab.test:4060;lr>",), 404),
        (CONTACT, ("Route: <sip:pcscf.uc3m.netlab.test:4060;lr>, <sip:elsewhere.test;lr>",), 403),
        (CONTACT, ("Proxy-Require: teleport",), 420),
    ],
)
def test_an_invite_that_leads_to_no_terminal(registered: InScene, uri: str, lines: tuple[str, ...], code: int) -> None:
    async def story(r: Registered) -> None:
        assert (await r.send(r.scscf, "INVITE", uri, *lines)).code == code
        assert r.at_terminal == []

    registered(story)


def test_privacy_keeps_the_caller_from_the_terminal(registered: InScene) -> None:
    async def story(r: Registered) -> None:
        await r.send(r.scscf, "INVITE", CONTACT, "Privacy: user;id", f"P-Asserted-Identity: <{BOB}>")
        assert r.at_terminal[0].headers.get("P-Asserted-Identity") is None

    registered(story)


@pytest.mark.parametrize("method", ["PRACK", "UPDATE", "BYE"])
def test_requests_of_a_dialog_go_both_ways(registered: InScene, method: str) -> None:
    async def story(r: Registered) -> None:
        spoof = "P-Asserted-Identity: <sip:president@uc3m.netlab.test>"
        assert (await r.send(r.terminal, method, BOB, IN_DIALOG, ROUTES, spoof)).code == 200
        (out,) = r.at_scscf
        assert out.headers.getlist("Route") == ["<sip:orig@scscf.uc3m.netlab.test:6060;lr>"]
        assert out.headers.get("P-Asserted-Identity") is None
        assert bool(out.headers.getlist("Record-Route")) is (method == "UPDATE")
        assert (await r.send(r.scscf, method, CONTACT, IN_DIALOG, f"Route: {HERE}")).code == 200
        (into,) = r.at_terminal
        assert (str(into.uri), into.headers.get("Route")) == (CONTACT, None)

    registered(story)


@pytest.mark.parametrize(
    ("uri", "lines", "code"),
    [
        (CONTACT, (), 481),
        ("sip:127.35.1.12:5060", (IN_DIALOG, f"Route: {HERE}"), 481),
        (CONTACT, (IN_DIALOG, f"Route: {HERE}, <sip:elsewhere.test;lr>"), 481),
    ],
)
def test_a_request_that_belongs_to_no_dialog_here(
    registered: InScene, uri: str, lines: tuple[str, ...], code: int
) -> None:
    async def story(r: Registered) -> None:
        assert (await r.send(r.scscf, "BYE", uri, *lines)).code == code

    registered(story)


def test_an_ack_goes_along_its_route(registered: InScene) -> None:
    async def story(r: Registered) -> None:
        hop = r.scene.hop(NodeKind.PCSCF)
        await r.scscf.send_ack(r.scene.request("ACK", CONTACT, IN_DIALOG, f"Route: {HERE}"), hop)
        await r.send(r.scscf, "BYE", CONTACT, IN_DIALOG, f"Route: {HERE}")  # comes behind the ACK
        assert [request.method for request in r.at_terminal] == ["ACK", "BYE"]

    registered(story)


def test_a_message_begins_no_dialog(registered: InScene) -> None:
    async def story(r: Registered) -> None:
        response = await r.send(r.terminal, "MESSAGE", BOB, f"To: <{BOB}>", "Content-Type: text/plain")
        assert response.code == 200
        (got,) = r.at_scscf
        assert got.headers.getlist("P-Asserted-Identity") == [f"<{ALICE}>"]
        assert got.headers.getlist("Route") == ["<sip:orig@scscf.uc3m.netlab.test:6060;lr>"]
        assert got.headers.getlist("Record-Route") == []
        assert (await r.send(r.stranger, "MESSAGE", BOB, f"To: <{BOB}>")).code == 403

    registered(story)
