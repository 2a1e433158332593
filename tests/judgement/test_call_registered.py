"""Which registration the terminal that sends a request has, by its Contact or by the place that it sends from."""

from __future__ import annotations

from conformance.criteria.subscription import Accepted
from conformance.vocabulary.identifiers import Endpoint
from tests.criteria.call_lab import call, edit_header, found
from tests.criteria.registration_lab import Lab

REGISTERED = "handbuilt-call-registered"


def lab() -> Lab:
    return call(REGISTERED)


def invites(lab: Lab) -> str:
    return " ".join(entry.key for entry in lab.entries if entry.sip.startswith("INVITE"))


def known(lab: Lab) -> Accepted | None:
    return found(lab).caller_registered


def test_contact_tells() -> None:
    register = known(lab())
    assert register is not None
    assert register.identity == "sip:bob@ims-b.test"


def test_without_contact_the_place_tells() -> None:
    register = known(edit_header(lab(), invites(lab()), "Contact", None))
    assert register is not None
    assert register.identity == "sip:bob@ims-b.test"


def test_another_contact_is_not_helped_by_the_place() -> None:
    assert known(edit_header(lab(), invites(lab()), "Contact", "<sip:bob@192.0.2.250:5060>")) is None


def test_another_port_is_another_place() -> None:
    other = edit_header(lab(), invites(lab()), "Contact", None)
    first = other[invites(other).split()[0]]
    first.source = Endpoint(first.source.address, 5999, first.source.transport)
    assert known(other) is None
