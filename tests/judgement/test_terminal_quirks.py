"""The quirks of a procedure's terminal in its result, with bytes, cost and cure."""

from __future__ import annotations

from dataclasses import replace

from conformance.judgement import judge
from conformance.judgement.terminal_quirks import PLACES
from conformance.trace.model import SipMessage
from conformance.vocabulary.results import Judgement, QuirkResult
from tests.identification.lab import FEDERATION, PCSCF, UE, registers, trace_of


def judged(profile: str, *, federation: bool = False, qop: str | None = "auth") -> Judgement:
    first, refused, second, accepted = registers(profile, qop=qop)
    trace = trace_of((first, UE, PCSCF), (refused, PCSCF, UE), (second, UE, PCSCF), (accepted, PCSCF, UE))
    return judge(trace, federation=FEDERATION if federation else None, confirm=None)


def quirks(judgement: Judgement) -> dict[str, QuirkResult]:
    return {quirk.id: quirk for procedure in judgement.procedures for quirk in procedure.quirks}


def test_a_quirk_has_its_bytes_and_what_the_catalogue_knows() -> None:
    quirk = quirks(judged("standard+Q1"))["Q1"]
    assert [(one.frame, one.field) for one in quirk.evidence] == [(1, "Request-URI"), (3, "Request-URI")]
    assert quirk.evidence[0].excerpt is not None
    assert quirk.evidence[0].excerpt.marked == ":4060;transport=UDP"
    assert (quirk.breaks, quirk.cure, quirk.deviates) == (["REG-02"], "request-uri", True)
    assert quirk.blocks
    assert quirk.advice
    assert quirk.places == 2 <= PLACES


def test_it_breaks_what_the_catalogue_says() -> None:
    judgement = judged("standard+Q1", federation=True)
    assert {one.id for p in judgement.procedures for one in p.criteria if one.verdict == "FAIL"} >= {"REG-02"}


def test_a_standard_terminal_has_none() -> None:
    assert quirks(judged("standard")) == {}


def test_a_response_as_auth_int_is_seen_where_the_secret_is_known() -> None:
    assert "Q11" in quirks(judged("standard+Q11", federation=True, qop=None))
    assert "Q11" not in quirks(judged("standard+Q11", qop=None))
    assert "Q11" not in quirks(judged("standard", federation=True, qop=None))


def test_a_message_that_was_cut_lacks_nothing() -> None:
    first, refused, second, accepted = registers("standard")
    trace = trace_of((first, UE, PCSCF), (refused, PCSCF, UE), (second, UE, PCSCF), (accepted, PCSCF, UE))
    cut = []
    for message in trace.messages:
        assert isinstance(message, SipMessage)
        raw = message.raw[: message.raw.find(b"Contact")] if message.sip.method == "REGISTER" else message.raw
        cut.append(SipMessage(message.sightings, raw, True, sip=type(message.sip)(raw)))
    judgement = judge(replace(trace, messages=tuple(cut)), confirm=None)
    assert quirks(judgement) == {}
