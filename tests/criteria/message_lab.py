"""Messages as the hand-built captures write them out, as `call_lab` has calls. Keys are the frame numbers."""

from __future__ import annotations

from conformance.criteria.page import Page
from conformance.judgement.messages import find_trace_pages
from conformance.judgement.surroundings import Surroundings
from conformance.trace.correlate import correlate
from tests.criteria.call_lab import call
from tests.criteria.registration_lab import Lab

AT_HOME = "handbuilt-message-page"
SAME = "handbuilt-message-roaming-same"
UNKNOWN = "handbuilt-message-refused-unknown"
UNREGISTERED = "handbuilt-message-refused-unregistered"


def message(name: str = SAME) -> Lab:
    """Return the messages of a hand-built message, fresh."""
    return call(name)


def found(lab: Lab) -> Page:
    """Return the one message of a lab as the criteria see it."""
    (one,) = all_found(lab)
    return one


def all_found(lab: Lab) -> list[Page]:
    """Return the messages of a lab as the criteria see them."""
    trace = lab.trace()
    return find_trace_pages(correlate(trace), lab.federation, Surroundings(trace))
