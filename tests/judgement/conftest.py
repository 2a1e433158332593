"""The registration that is typed by hand in `tests/criteria`, alone and in company."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from conformance.trace.model import CaptureFile, Trace
from conformance.vocabulary.federation import Federation
from tests.criteria.event_lab import registration_with_events
from tests.criteria.registration_lab import home_registration, two_networks


@pytest.fixture
def lab() -> Any:
    """A conforming AKA registration at home, with drop counters, all four points captured."""
    return home_registration()


@pytest.fixture
def event_lab() -> Any:
    """The same, with the subscriptions of terminal and P-CSCF to its state."""
    return registration_with_events()


@pytest.fixture
def another_event_lab() -> Callable[[], Any]:
    """Makes further ones of that kind."""
    return registration_with_events


@pytest.fixture
def another_lab() -> Callable[[], Any]:
    """Makes further registrations of the same kind."""
    return home_registration


@pytest.fixture
def together() -> Callable[..., Trace]:
    """Puts the messages of several registrations into one trace, one of each in turn."""

    def build(*labs: Any) -> Trace:
        messages = [message for lab in labs for message in lab.trace().messages]
        messages.sort(key=lambda message: message.time_ns)
        points = tuple(dict.fromkeys(point for lab in labs for point in lab.points))
        capture = CaptureFile("hand.pcapng", len(messages), len(messages), 0, points, ())
        return Trace((capture,), tuple(messages))

    return build


@pytest.fixture
def federation() -> Federation:
    """Two testbeds; alice is at home in uc3m."""
    found: Federation = two_networks()
    return found


@pytest.fixture
def only_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves threads out of account that run since earlier tests, the terminals' among them."""
    count, others = threading.active_count, threading.active_count() - 1
    monkeypatch.setattr(threading, "active_count", lambda: count() - others)
