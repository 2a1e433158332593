"""What is XCAP among HTTP, one procedure a client, and the rules that a trace shows."""

from __future__ import annotations

from dataclasses import replace

from conformance.faults.reference import CAPTURE_NAME, CAPTURES
from conformance.federation.loader import load_federation
from conformance.judgement import judge
from conformance.judgement.documents import find, rules_of
from conformance.judgement.surroundings import Surroundings
from conformance.trace.correlate import correlate
from conformance.trace.decode import read_trace
from conformance.trace.http import read_http
from conformance.trace.model import HttpMessage, Message, Trace

USER = "sip:alice@ims-b.test"


def xcap() -> Trace:
    return read_trace([CAPTURES / "handbuilt-xcap" / CAPTURE_NAME])


def changed(trace: Trace, old: bytes, new: bytes) -> Trace:
    def of(message: Message) -> Message:
        assert isinstance(message, HttpMessage)
        raw = message.raw.replace(old, new)
        http = read_http(raw)
        assert http is not None
        return replace(message, raw=raw, http=http)

    return replace(trace, messages=tuple(map(of, trace.messages)))


def test_one_client_is_one_procedure() -> None:
    trace = xcap()
    (found,) = find(trace, correlate(trace), None, Surroundings(trace))
    assert found.procedure.subject == USER
    assert {role.value for role in found.procedure.roles} == {"presentity", "xdms"}
    assert len(list(found.procedure.transactions())) == 10


def test_other_http_is_no_procedure() -> None:
    trace = changed(changed(xcap(), b"/pres-rules/", b"/pictures/"), b"/xcap-caps/", b"/music/")
    assert list(find(trace, correlate(trace), None, Surroundings(trace))) == []


def test_the_ladder_has_requests_and_answers_at_ut() -> None:
    (found,) = judge(xcap(), confirm=None).procedures
    assert [(one.point, one.protocol, one.summary) for one in found.ladder[:2]] == [
        ("Ut", "HTTP", "GET /xcap-root/pres-rules/users/sip:alice@ims-b.test/index"),
        ("Ut", "HTTP", "401 Unauthorized"),
    ]
    assert (found.ladder[0].source, found.ladder[0].destination) == ("presentity", "xdms")
    assert found.ladder[6].text.endswith("</ruleset>\r\n")


def test_rules_are_those_that_were_accepted_or_read() -> None:
    found = [(user, one.message.frame, one.is_change) for user, one in rules_of(Surroundings(xcap()))]
    assert found == [(USER, 7, True), (USER, 9, True), (USER, 18, False)]


def test_rules_that_are_taken_away_are_not_known() -> None:
    trace = changed(xcap(), b"PUT ", b"DELETE ")
    assert [one.document for _, one in rules_of(Surroundings(trace)) if one.is_change] == [None, None]


def test_a_change_of_a_part_has_the_document_that_is_read_behind_it() -> None:
    trace = xcap()
    parts = []
    for message in trace.messages:
        assert isinstance(message, HttpMessage)
        raw = message.raw.replace(b"/index HTTP", b"/index/~~/ruleset/rule HTTP") if message.frame == 9 else message.raw
        http = read_http(raw)
        assert http is not None
        parts.append(replace(message, raw=raw, http=http))
    found = [one for _, one in rules_of(Surroundings(replace(trace, messages=tuple(parts))))]
    assert [(one.is_change, one.message.frame) for one in found] == [(True, 7), (True, 18), (False, 18)]
    assert found[1].document == found[2].document
    assert found[1].since_ns < found[2].since_ns


def test_a_request_that_is_passed_on_is_asked_once() -> None:
    federation = load_federation(CAPTURES / "ims-presence.toml")
    trace = read_trace([CAPTURES / "handbuilt-xcap-translated" / CAPTURE_NAME])
    (found,) = find(trace, correlate(trace), federation, Surroundings(trace))
    roles = {role.value: [one.address for one in ends] for role, ends in found.procedure.roles.items()}
    assert roles == {"presentity": ["192.0.2.101"], "home-pcscf": ["192.0.2.11"], "xdms": ["192.0.2.19"]}
    assert len(list(found.procedure.transactions())) == 6
    assert len(rules_of(Surroundings(trace))) == 3
