"""A message is a request on the way of an INVITE, and ends with its answer."""

from __future__ import annotations

from conformance.criteria.procedure import Kind
from tests.criteria.message_lab import AT_HOME, UNKNOWN, found, message


def test_it_has_one_request_and_its_kind() -> None:
    page = found(message(AT_HOME))
    assert (page.kind, page.invite.method, len(page.requests)) == (Kind.MESSAGE, "MESSAGE", 1)


def test_why_it_ended_early_speaks_of_the_message() -> None:
    assert found(message(AT_HOME)).ended is None
    assert found(message(UNKNOWN)).ended == "the message was refused with 404 before"
