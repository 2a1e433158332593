"""What is one HTTP request on two TCP connections, and what stays two requests."""

from __future__ import annotations

from conformance.judgement.legs import without_legs
from conformance.trace.correlate import correlate
from conformance.trace.http import read_http
from conformance.trace.model import HttpMessage, Sighting, Trace
from conformance.vocabulary.identifiers import Endpoint

PUT = b"PUT /xcap-root/pres-rules/users/sip:a@b.test/index HTTP/1.1\r\nHost: b.test\r\nContent-Length: 0\r\n\r\n"
CREATED = b'HTTP/1.1 201 Created\r\nETag: "1"\r\nContent-Length: 0\r\n\r\n'
REPLACED = b'HTTP/1.1 200 OK\r\nETag: "2"\r\nContent-Length: 0\r\n\r\n'

Leg = tuple[int, str, str, bytes | None, int]
"""Milliseconds of the request, its ends (address:port), answer, milliseconds of that."""


def message(raw: bytes, at_ms: int, source: str, destination: str, capture: int = 0) -> HttpMessage:
    http = read_http(raw)
    assert http is not None
    ends = (
        Endpoint(address, int(port), "tcp") for address, _, port in (e.partition(":") for e in (source, destination))
    )
    return HttpMessage((Sighting(capture, at_ms, at_ms * 1_000_000, None, *ends),), raw, http=http)


def asked(*legs: Leg) -> list[tuple[str, list[str]]]:
    """Return who asked, and who was reached, of each request that is left."""
    messages = []
    for at_ms, source, destination, answer, answered_ms in legs:
        messages.append(message(PUT, at_ms, source, destination))
        if answer is not None:
            messages.append(message(answer, answered_ms, destination, source))
    trace = Trace((), tuple(sorted(messages, key=lambda one: one.time_ns)))
    left = [one.request for one in without_legs(correlate(trace))]
    assert all(one is not None for one in left)
    return [
        (str(one.source.address), [str(seen.destination.address) for seen in one.sightings])
        for one in left
        if one is not None
    ]


OUTER: Leg = (0, "10.0.0.1:4000", "10.0.0.2:8080", CREATED, 9)
INNER: Leg = (1, "10.0.0.2:5000", "10.0.0.3:8080", CREATED, 8)


def test_what_a_node_passes_on_is_one_request() -> None:
    assert asked(OUTER, INNER) == [("10.0.0.1", ["10.0.0.2", "10.0.0.3"])]


def test_what_is_translated_on_the_way_keeps_its_sender() -> None:
    assert asked(OUTER, (1, "10.0.0.1:4000", "10.0.0.3:8080", CREATED, 8)) == [("10.0.0.1", ["10.0.0.2", "10.0.0.3"])]


def test_two_translations_are_one_request_as_well() -> None:
    third: Leg = (2, "10.0.0.3:5000", "10.0.0.4:8080", CREATED, 7)
    assert asked(OUTER, INNER, third) == [("10.0.0.1", ["10.0.0.2", "10.0.0.3", "10.0.0.4"])]


def test_an_answer_that_one_side_did_not_see_is_there() -> None:
    trace = Trace(
        (),
        (
            message(PUT, 0, "10.0.0.1:4000", "10.0.0.2:8080"),
            message(PUT, 1, "10.0.0.2:5000", "10.0.0.3:8080"),
            message(CREATED, 8, "10.0.0.3:8080", "10.0.0.2:5000"),
        ),
    )
    (one,) = without_legs(correlate(trace))
    assert one.final is not None
    assert one.final.raw == CREATED


def test_the_same_request_asked_again_stays_two() -> None:
    again = [(at + 20, source, to, REPLACED, end + 20) for at, source, to, _, end in (OUTER, INNER)]
    assert asked(OUTER, INNER, *again) == [("10.0.0.1", ["10.0.0.2", "10.0.0.3"])] * 2


TWO: dict[str, tuple[Leg, ...]] = {
    "of two clients at once": (OUTER, (1, "10.0.0.9:4000", "10.0.0.2:8080", CREATED, 8)),
    "of one host at once": (OUTER, (1, "10.0.0.1:4001", "10.0.0.2:8080", CREATED, 8)),
    "of one host to itself at once": (
        (0, "10.0.0.1:4000", "10.0.0.1:8080", CREATED, 9),
        (1, "10.0.0.1:4001", "10.0.0.1:8080", CREATED, 8),
    ),
    "of a client that asks elsewhere as well": (OUTER, (1, "10.0.0.1:4001", "10.0.0.3:8080", CREATED, 8)),
    "answered otherwise": (OUTER, (1, "10.0.0.2:5000", "10.0.0.3:8080", REPLACED, 8)),
    "asked when the first one was over": (OUTER, (10, "10.0.0.2:5000", "10.0.0.3:8080", CREATED, 12)),
    "answered behind the first one": (OUTER, (1, "10.0.0.2:5000", "10.0.0.3:8080", CREATED, 12)),
    "from a node that was not asked": (OUTER, (1, "10.0.0.7:5000", "10.0.0.3:8080", CREATED, 8)),
}


def test_two_requests_are_never_one() -> None:
    assert {name: len(asked(*legs)) for name, legs in TWO.items()} == dict.fromkeys(TWO, 2)


def test_two_clients_behind_one_node_stay_two() -> None:
    other: Leg = (0, "10.0.0.9:4000", "10.0.0.2:8080", CREATED, 9)
    passed_on: Leg = (1, "10.0.0.2:5001", "10.0.0.3:8080", CREATED, 8)
    assert sorted(asked(OUTER, other, INNER, passed_on)) == [
        ("10.0.0.1", ["10.0.0.2", "10.0.0.3"]),
        ("10.0.0.9", ["10.0.0.2", "10.0.0.3"]),
    ]


def test_of_two_captures_the_clocks_may_differ_a_little() -> None:
    trace = Trace(
        (),
        (
            message(PUT, 0, "10.0.0.2:5000", "10.0.0.3:8080", capture=1),
            message(PUT, 2, "10.0.0.1:4000", "10.0.0.2:8080"),
            message(CREATED, 8, "10.0.0.3:8080", "10.0.0.2:5000", capture=1),
            message(CREATED, 9, "10.0.0.2:8080", "10.0.0.1:4000"),
        ),
    )
    (one,) = without_legs(correlate(trace))
    assert (one.source.address, one.final is not None) == ("10.0.0.1", True)
