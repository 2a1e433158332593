"""Registrations that are typed by hand, fresh for each test: every message can be edited, dropped or looked at."""

from __future__ import annotations

import pytest

from conformance.vocabulary.federation import Federation
from tests.criteria.event_lab import EventLab, registration_with_events
from tests.criteria.registration_lab import Lab, home_registration, md5_registration, two_networks


@pytest.fixture
def federation() -> Federation:
    """Two testbeds; alice is at home in uc3m."""
    return two_networks()


@pytest.fixture
def lab() -> Lab:
    """A conforming AKA registration at home, with drop counters, all four points captured."""
    return home_registration()


@pytest.fixture
def md5_lab() -> Lab:
    """The same with a password: MD5 challenge, HA1 from the HSS."""
    return md5_registration()


@pytest.fixture
def event_lab() -> EventLab:
    """A conforming registration at home, with the subscriptions of terminal and P-CSCF, all points captured."""
    return registration_with_events()
