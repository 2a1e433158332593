"""Conforming presence of the reference captures, in which texts can be replaced and messages left out."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from conformance.faults.reference import CAPTURE_NAME, CAPTURES, load_case
from conformance.federation.loader import load_federation
from conformance.judgement import judge
from conformance.trace.decode import read_trace
from conformance.trace.http import read_http
from conformance.trace.model import HttpMessage, Message, SipMessage, Trace
from conformance.trace.sip import read_sip
from conformance.vocabulary.results import CriterionResult, ProcedureResult


@cache
def _read(name: str) -> Trace:
    return read_trace([CAPTURES / name / CAPTURE_NAME])


class PresenceLab:
    """The messages of one capture; they are called by their frames.

    Args:
        name: Folder of the capture.
    """

    def __init__(self, name: str) -> None:
        self.case = load_case(name)
        self.messages: list[Message] = list(_read(name).messages)
        self.trace = _read(name)

    def edit(self, frames: str, old: str, new: str) -> PresenceLab:
        """Replace a text in messages; each must have it. Content-Length follows."""
        wanted = [int(frame) for frame in frames.split()]
        for place, message in enumerate(self.messages):
            if message.frame not in wanted:
                continue
            assert old.encode() in message.raw, f"frame {message.frame} has no {old!r}"
            head, empty, body = message.raw.replace(old.encode(), new.encode()).partition(b"\r\n\r\n")
            before = len(message.raw.partition(b"\r\n\r\n")[2])
            head = head.replace(f"Content-Length: {before}".encode(), f"Content-Length: {len(body)}".encode())
            self.messages[place] = _with(message, head + empty + body)
        return self

    def drop(self, frames: str) -> PresenceLab:
        gone = [int(frame) for frame in frames.split()]
        self.messages = [message for message in self.messages if message.frame not in gone]
        return self

    def later(self, frames: str, nanoseconds: int) -> PresenceLab:
        """Move messages to a later time."""
        wanted = [int(frame) for frame in frames.split()]
        for place, message in enumerate(self.messages):
            if message.frame in wanted:
                seen = (replace(one, time_ns=one.time_ns + nanoseconds) for one in message.sightings)
                self.messages[place] = replace(message, sightings=tuple(seen))
        self.messages.sort(key=lambda one: one.time_ns)
        return self

    def judge(self) -> ProcedureResult:
        assert self.case.federation is not None
        federation = load_federation(CAPTURES / self.case.federation)
        trace = replace(self.trace, messages=tuple(self.messages))
        found = judge(trace, federation=federation, flow=self.case.flow, confirm=None).procedures
        assert len(found) == 1
        return found[0]

    def result(self, id: str) -> CriterionResult:
        return next(criterion for criterion in self.judge().criteria if criterion.id == id)

    def failing(self) -> list[str]:
        return [criterion.id for criterion in self.judge().criteria if criterion.verdict in ("FAIL", "ERROR")]


def _with(message: Message, raw: bytes) -> Message:
    if isinstance(message, SipMessage):
        return replace(message, raw=raw, sip=read_sip(raw))
    http = read_http(raw)
    assert isinstance(message, HttpMessage)
    assert http is not None
    return replace(message, raw=raw, http=http)
