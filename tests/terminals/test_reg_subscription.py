"""The subscription of a terminal to its registration state, and what a NOTIFY says of it (RFC 3680)."""

from __future__ import annotations

import pytest

from conformance.protocols.reginfo import ContactState, RegInfo, RegistrationState
from conformance.terminals.reg_subscription import Notification, RegSubscription

ALICE = "sip:alice@uc3m.netlab.test"
CONTACT = "sip:alice@127.35.1.135:5060"


def test_the_first_request_needs_no_sockets() -> None:
    subscription = RegSubscription(ALICE, "sip:alice@10.0.0.1:5060", ("<sip:p;lr>",))
    request = subscription.next_request(100)
    assert request.headers["Expires"] == "100"
    assert subscription.last is None
    assert Notification("active", "", RegInfo(0, "full")).of(ALICE) is None


@pytest.mark.parametrize(
    ("state", "contacts", "end"),
    [
        ("active", [(CONTACT, "active", "registered")], None),
        ("terminated", [(CONTACT, "terminated", "rejected")], "rejected"),
        ("terminated", [], ""),  # no contact is listed: the registration has none any more (RFC 3680 5.1)
        ("active", [], None),
    ],
)
def test_how_a_registration_ended(state: str, contacts: list[tuple[str, str, str]], end: str | None) -> None:
    listed = tuple(ContactState("1", uri, now, event, 0) for uri, now, event in contacts)
    notification = Notification("active", "", RegInfo(3, "full", (RegistrationState("1", ALICE, state, listed),)))
    assert notification.end_of(ALICE, CONTACT) == end
