"""What deviates and is no known quirk."""

from __future__ import annotations

from conformance.identification.signs import shown
from conformance.identification.unknown import MOST, departures, failures
from conformance.judgement import judge
from tests.identification.lab import PCSCF, UE, drive, registers, terminals_of, trace_of


def test_a_standard_terminal_has_none() -> None:
    terminal = drive("standard")
    assert departures(terminal, shown(terminal)) == []


def test_what_the_reader_stepped_over_is_told_with_its_bytes() -> None:
    raw = registers("standard")[0].replace(b"\r\nSupported", b"\r\nno colon here\r\nSupported")
    (terminal,) = terminals_of((raw, UE, PCSCF))
    (found,) = departures(terminal, shown(terminal))
    assert found.what == "a header line without a colon"
    begin = found.citation.offset or 0
    assert raw[begin : begin + (found.citation.length or 0)] == b"no colon here"


def test_mistakes_that_a_quirk_draws_with_it_are_not_told_again() -> None:
    terminal = drive("standard+Q4c")
    assert departures(terminal, ()) != []
    assert departures(terminal, shown(terminal)) == []


def test_a_hostile_message_fills_nothing() -> None:
    lines = b"".join(b"\r\nX%d\x01: \xff" % number for number in range(500))
    raw = registers("standard")[0].replace(b"\r\nSupported", lines + b"\r\nSupported")
    (terminal,) = terminals_of((raw, UE, PCSCF))
    assert 0 < len(departures(terminal, shown(terminal))) <= MOST


def test_a_criterion_that_a_quirk_breaks_is_explained_by_it() -> None:
    first, refused, second, accepted = (raw.replace(b"600000", b"60") for raw in registers("standard+Q1"))
    trace = trace_of((first, UE, PCSCF), (refused, PCSCF, UE), (second, UE, PCSCF), (accepted, PCSCF, UE))
    procedures = judge(trace, confirm=None).procedures
    (terminal,) = terminals_of((first, UE, PCSCF), (refused, PCSCF, UE), (second, UE, PCSCF), (accepted, PCSCF, UE))
    assert {"REG-02", "REG-12"} <= {one.id for one in failures(procedures, ())}
    left = {one.id for one in failures(procedures, shown(terminal))}
    assert "REG-12" in left
    assert "REG-02" not in left
