"""Requests pass the application servers that filter criteria name (3GPP TS 24.229 5.4.3.2, 5.4.3.3)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest
from sipmessage import Request, Response

from conformance.cores.emulated.service_control import ServiceControl
from conformance.protocols.filter_criteria import Aspect, FilterCriteria, Trigger
from conformance.protocols.sip.message import make_response, read_message
from conformance.vocabulary.numbers import DefaultHandling, SessionCase

USER, SCSCF = "sip:alice@h.test", "sip:scscf.h.test:6060"
CONTINUED, TERMINATED = DefaultHandling
ORIGINATING = SessionCase.ORIGINATING


def request(method: str = "INVITE", *lines: str) -> Request:
    text = [f"{method} sip:bob@b.test SIP/2.0", "Via: SIP/2.0/UDP a", f"From: <{USER}>;tag=1", "To: <sip:bob@b.test>"]
    read = read_message("\r\n".join([*text, "Call-ID: 1", f"CSeq: 1 {method}", *lines, "", ""]).encode())
    assert isinstance(read, Request)
    return read


class Serving:
    """A control whose servers answer as told, or send the request back."""

    def __init__(self, *criteria: FilterCriteria) -> None:
        self.control = ServiceControl(SCSCF, lambda user, case: criteria, logging.getLogger("test"))
        self.routes: list[list[str]] = []
        self.left: list[Request] = []
        self.answer: Callable[[Request], int | None] = lambda _: None
        self.changes: Callable[[Request], None] = lambda _: None

    async def send(self, outgoing: Request) -> tuple[Response, bool]:
        routes = [entry for line in outgoing.headers.getlist("Route") for entry in line.split(", ")]
        self.routes.append(routes)
        code = self.answer(outgoing)
        if code is not None:
            return make_response(outgoing, code), False
        outgoing.headers.setlist("Route", routes[2:])
        self.changes(outgoing)
        assert self.control.is_mark(routes[1])
        round = self.control.resume(routes[1])
        assert round is not None
        return await self.control.serve(round, outgoing, self.send, self.onward), False

    async def onward(self, outgoing: Request) -> Response:
        self.left.append(outgoing)
        return make_response(outgoing, 200)

    def run(self, message: Request) -> int:
        round = self.control.begin(USER, ORIGINATING, message)
        return asyncio.run(self.control.serve(round, message, self.send, self.onward)).code


@pytest.mark.parametrize("method", ["INVITE", "PUBLISH", "SUBSCRIBE"])
def test_servers_are_passed_by_priority_and_then_the_request_leaves(method: str) -> None:
    serving = Serving(FilterCriteria(2, "sip:two.h.test"), FilterCriteria(1, "sip:one.h.test;x=1"))
    assert serving.run(request(method, "Route: <sip:later.test;lr>")) == 200
    assert [routes[0] for routes in serving.routes] == ["<sip:one.h.test;x=1;lr>", "<sip:two.h.test;lr>"]
    marks = [routes[1] for routes in serving.routes]
    assert marks[0] != marks[1]
    assert all(mark.startswith("<sip:odi.") and mark.endswith("@scscf.h.test:6060;lr>") for mark in marks)
    assert [routes[2:] for routes in serving.routes] == [["<sip:later.test;lr>"]] * 2
    (left,) = serving.left
    assert left.headers.getlist("Route") == ["<sip:later.test;lr>"]


@pytest.mark.parametrize(("code", "handling", "found"), [
    (408, CONTINUED, 200), (503, CONTINUED, 200), (408, TERMINATED, 408), (500, TERMINATED, 500),
    (486, CONTINUED, 486), (200, CONTINUED, 200),
])  # fmt: skip
def test_what_becomes_of_a_request_that_a_server_does_not_serve(
    code: int, handling: DefaultHandling, found: int
) -> None:
    serving = Serving(FilterCriteria(1, "sip:one.h.test", handling=handling))
    serving.answer = lambda _: code
    assert serving.run(request()) == found
    assert len(serving.left) == (code in (408, 503) and handling is CONTINUED)


def test_a_refusal_from_beyond_the_server_is_none_of_the_server() -> None:
    serving = Serving(FilterCriteria(1, "sip:one.h.test"))

    async def refused(outgoing: Request) -> Response:
        serving.left.append(outgoing)
        return make_response(outgoing, 500)

    serving.onward = refused  # type: ignore[method-assign]
    assert serving.run(request()) == 500
    assert len(serving.left) == 1


def test_the_rest_is_looked_at_in_the_light_of_what_a_server_made_of_the_request() -> None:
    later = FilterCriteria(2, "sip:two.h.test", triggers=(Trigger(Aspect.HEADER, "Subject", groups=frozenset({0})),))
    serving = Serving(FilterCriteria(1, "sip:one.h.test"), later)
    serving.changes = lambda outgoing: outgoing.headers.set("Subject", "hello")
    serving.run(request())
    assert len(serving.routes) == 2


def test_a_server_that_is_no_uri_is_passed_by() -> None:
    serving = Serving(FilterCriteria(1, "sip:as:port"))
    assert serving.run(request()) == 200
    assert serving.routes == []


def test_a_mark_is_good_for_as_long_as_the_server_has_the_request() -> None:
    serving = Serving(FilterCriteria(1, "sip:one.h.test"))
    serving.run(request())
    assert serving.control.resume(serving.routes[0][1]) is None


@pytest.mark.parametrize("entry", ["<sip:odi.1@elsewhere.test;lr>", f"<{SCSCF};lr>", "<sip:orig@scscf.h.test:6060;lr>"])
def test_other_entries_are_no_marks(entry: str) -> None:
    assert not Serving().control.is_mark(entry)
