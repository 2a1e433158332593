"""Which requests reach the presence server by the filter criteria that every subscriber has."""

from __future__ import annotations

import pytest
from sipmessage import URI, Request

from conformance.cores.emulated.presence_criteria import behind, presence_criteria
from conformance.protocols.filter_criteria import Evaluation, Occasion
from conformance.protocols.user_data import build_user_data
from conformance.protocols.user_profile import read_profile
from conformance.vocabulary.filter_criteria import FilterCriterion
from conformance.vocabulary.numbers import SessionCase

SERVER = "sip:presence.uc3m.netlab.test:5060"
ALICE = "sip:alice@uc3m.netlab.test"
ORIG, TERM, UNREGISTERED = (
    SessionCase.ORIGINATING,
    SessionCase.TERMINATING_REGISTERED,
    SessionCase.TERMINATING_UNREGISTERED,
)


@pytest.mark.parametrize(
    ("method", "fields", "case", "passes"),
    [
        ("PUBLISH", {"Event": "presence"}, ORIG, True),
        ("PUBLISH", {"Event": "presence"}, TERM, False),
        ("PUBLISH", {"Event": "dialog"}, ORIG, False),
        ("SUBSCRIBE", {"Event": "presence"}, ORIG, False),
        ("SUBSCRIBE", {"Event": "presence"}, TERM, True),
        ("SUBSCRIBE", {"Event": "presence;id=1"}, UNREGISTERED, True),
        ("SUBSCRIBE", {"Event": "presence.winfo"}, TERM, False),
        ("SUBSCRIBE", {"Event": "presence.winfo"}, ORIG, True),
        ("SUBSCRIBE", {"Event": "presence", "Supported": "100rel, eventlist"}, ORIG, True),
        ("SUBSCRIBE", {"Event": "reg"}, ORIG, False),
        ("INVITE", {}, TERM, False),
    ],
)
def test_what_passes_the_server(method: str, fields: dict[str, str], case: SessionCase, passes: bool) -> None:
    request = Request(method, URI.parse(ALICE))
    for name, value in fields.items():
        request.headers.set(name, value)
    profile = read_profile(build_user_data("alice@x", [ALICE], criteria=presence_criteria(SERVER)))
    found = Evaluation.of(profile.services[ALICE]).next(Occasion(request, case))
    assert (found is not None and found.server == SERVER) is passes


def test_the_subscribers_own_come_first() -> None:
    own = [FilterCriterion(priority=10), FilterCriterion(priority=20)]
    assert [one.priority for one in behind(own, presence_criteria(SERVER))] == [21, 22, 23]
    assert [one.priority for one in behind([], presence_criteria(SERVER))] == [1, 2, 3]
