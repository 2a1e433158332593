"""Which streams of a trace are the media of a call, and what its descriptions make of them."""

from __future__ import annotations

from dataclasses import replace

from conformance.criteria.call import Call
from conformance.faults.reference import CAPTURES
from conformance.federation.loader import load_federation
from conformance.judgement.calls import find_trace_calls
from conformance.judgement.surroundings import Surroundings
from conformance.trace.correlate import correlate
from conformance.trace.media_model import MediaStream
from tests.criteria.media_lab import CALLEE, CALLER, FEDERATION, changed, media_call


def found(*media: MediaStream) -> Call:
    trace = replace(media_call(), media=media)
    federation = load_federation(CAPTURES / FEDERATION)
    (one,) = find_trace_calls(correlate(trace), federation, Surroundings(trace))
    return one


def test_a_leg_has_both_ends_as_they_described_themselves() -> None:
    (leg,) = found(*media_call().media).media
    assert (leg.kind, leg.both_ways) == ("audio", True)
    assert [str(end.endpoint) for end in (leg.caller, leg.callee)] == [f"{CALLER}:49170/udp", f"{CALLEE}:49180/udp"]
    assert [(end.formats, end.bandwidth_kbps) for end in (leg.caller, leg.callee)] == [({8}, 80), ({8}, 80)]
    assert [len(end.coming) for end in (leg.caller, leg.callee)] == [1, 1]


def test_media_between_others_are_not_of_the_call() -> None:
    others = [replace(one, destination=one.destination._replace(port=50_000)) for one in media_call().media]
    assert found(*others).media == ()


def test_media_long_behind_the_call_are_of_another_one_that_uses_the_port_again() -> None:
    hour = 3600 * 10**9
    late = [
        changed(one, lambda seen: {"first_ns": seen.first_ns + hour, "last_ns": seen.last_ns + hour})
        for one in media_call().media
    ]
    assert found(*late).media == ()
