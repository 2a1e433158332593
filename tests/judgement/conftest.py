"""The registration that is typed by hand in `tests/criteria/conftest.py`, alone and in company."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.trace.model import CaptureFile, Trace
from conformance.vocabulary.federation import Federation


def _hand_typed() -> Any:
    """Load the other room's file: tests are no package, so that it has no name to import it by."""
    file = Path(__file__).parent.parent / "criteria" / "conftest.py"
    spec = importlib.util.spec_from_file_location("hand_typed_registration", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


HAND_TYPED = _hand_typed()


@pytest.fixture
def lab() -> Any:
    """A conforming AKA registration at home, with drop counters, all four points captured."""
    return HAND_TYPED.home_registration()


@pytest.fixture
def event_lab() -> Any:
    """The same, with the subscriptions of terminal and P-CSCF to its state."""
    return HAND_TYPED.registration_with_events()


@pytest.fixture
def another_event_lab() -> Callable[[], Any]:
    """Makes further ones of that kind."""
    return HAND_TYPED.registration_with_events


@pytest.fixture
def another_lab() -> Callable[[], Any]:
    """Makes further registrations of the same kind."""
    return HAND_TYPED.home_registration


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
    found: Federation = HAND_TYPED.two_networks()
    return found
