"""Taking a trace apart: what is linked stays together, whatever way it is written."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.judgement.parts import _Links, split
from conformance.judgement.surroundings import Surroundings
from conformance.trace.model import DnsMessage, SipMessage, Trace
from tests.criteria.event_lab import registration_with_events
from tests.criteria.registration_lab import home_registration
from tests.judgement.crowd import as_user, crowd


def parts_of(trace: Trace, size: int = 1) -> list[Trace]:
    return split(Surroundings(trace), size)


def users(part: Trace) -> set[str]:
    """User parts of From in the messages that a terminal or its registrar sends."""
    found = (m.sip.first("To") for m in part.messages if isinstance(m, SipMessage) and m.sip.cseq_method == "REGISTER")
    return {header.value.partition(":")[2].partition("@")[0] for header in found if header is not None}


def test_every_message_is_in_one_part_and_dns_wherever_it_may_belong() -> None:
    trace = crowd(*(as_user(registration_with_events(), number) for number in range(4)))
    parts = parts_of(trace)
    assert [len(users(part)) for part in parts] == [1, 1, 1, 1]
    own = [id(m) for part in parts for m in part.messages if not isinstance(m, DnsMessage)]
    assert sorted(own) == sorted(id(m) for m in trace.messages if not isinstance(m, DnsMessage))
    queries = {id(m) for m in trace.messages if isinstance(m, DnsMessage)}
    assert all(queries <= {id(m) for m in part.messages} for part in parts)
    assert all(list(part.messages) == sorted(part.messages, key=lambda m: m.frame) for part in parts)


def test_parts_have_whole_users_and_about_the_size_that_was_asked_for() -> None:
    trace = crowd(*(as_user(home_registration(), number) for number in range(8)))
    assert [len(users(part)) for part in parts_of(trace, 70)] == [4, 4]
    assert [len(users(part)) for part in parts_of(trace, 10_000)] == [8]


def test_dns_of_another_time_is_left_out() -> None:
    first, second = as_user(home_registration(), 0), as_user(home_registration(), 1)
    for entry in second.entries:
        entry.time_ns += 3_600_000_000_000
    trace = crowd(first, second)
    counts = [sum(isinstance(m, DnsMessage) for m in part.messages) for part in parts_of(trace)]
    assert counts == [8, 8]


def test_identities_of_one_registration_keep_users_together() -> None:
    first, second = as_user(home_registration(), 0), as_user(home_registration(), 1)
    first.edit("s200 i200 g200", "<tel:+34600000001>", "<sip:AL001@uc3m.test>, <sip:al001@UC3M.test>")
    assert [len(users(part)) for part in parts_of(crowd(first, second))] == [2]


def test_a_private_identity_keeps_users_together() -> None:
    first, second = as_user(home_registration(), 0), as_user(home_registration(), 1)
    for entry in second.entries:
        entry.sip = entry.sip.replace('username="al001@', 'username="alice@')
    assert [len(users(part)) for part in parts_of(crowd(first, second))] == [2]


UNUSUAL = {
    "compact": ("To: <", "t: <"),
    "folded": ("To: <", "To:\r\n <"),
    "spaced": ("To: <", "To : <"),
    "quoted": ("To: <", 'To: "a, <sip:nobody@nowhere.test>" <'),
    "case": ("To: <", "TO:<"),
    "escaped": ("sip:alice@uc3m.test>\r", "sip:%61lice@UC3M.test>\r"),
    "credentials": ('username="alice@uc3m.test"', 'username = "alice\\@uc3m.test"'),
    "call-id": ("Call-ID: ", "i:"),
    "line ends": ("Max-Forwards: 70\r\n", "Max-Forwards: 70\n"),
}


@pytest.mark.parametrize("way", UNUSUAL)
def test_however_it_is_written_a_user_is_one(way: str) -> None:
    old, new = UNUSUAL[way]
    lab: Any = home_registration()
    for entry in lab.entries[::2]:
        entry.sip = entry.sip.replace(old, new)
    other = as_user(home_registration(), 1)
    trace = crowd(*(timed(one) for one in (lab, other)))
    sizes = sorted(sum(isinstance(m, SipMessage) for m in part.messages) for part in parts_of(trace))
    assert sizes == [12, 12]


def timed(lab: Any) -> Any:
    for index, entry in enumerate(lab.entries):
        entry.time_ns = entry.time_ns or 1_700_000_000_000_000_000 + index * 1_000_000
    return lab


def test_a_trace_without_users_has_no_parts() -> None:
    assert parts_of(Trace((), ())) == []
    lab = home_registration()
    lab.entries = lab.entries[1:3]
    assert parts_of(timed(lab).trace()) == []


def test_work_grows_with_the_trace_and_not_with_its_square(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0
    root = _Links.root

    def counted(self: _Links, number: int) -> int:
        nonlocal steps
        steps += 1
        return root(self, number)

    monkeypatch.setattr(_Links, "root", counted)
    counts = []
    for many in (10, 40):
        steps = 0
        parts_of(crowd(*(as_user(home_registration(), number) for number in range(many))))
        counts.append(steps)
    assert counts[1] == pytest.approx(4 * counts[0], rel=0.1)
