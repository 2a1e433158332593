from __future__ import annotations

import json
from pathlib import Path

from conformance.terminals.event_log import EventLog
from conformance.vocabulary.events import EventKind, TerminalEvent


def test_each_event_is_one_line_at_once(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.record("sip:a@h", EventKind.REGISTER_SENT, detail="CSeq 1")
    log.record("sip:a@h", EventKind.REJECTED, 403, "x" * 1000)
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    assert [TerminalEvent.model_validate(json.loads(line)) for line in lines] == log.events
    assert log.events[1].status == 403
    assert len(log.events[1].detail) == 400
    assert log.events[0].time_ns <= log.events[1].time_ns


def test_without_a_file_events_stay_in_memory() -> None:
    log = EventLog()
    log.record("sip:a@h", EventKind.REGISTERED)
    log.events.clear()
    assert len(log.events) == 1


def test_who_watches_is_told_of_each_event_meanwhile() -> None:
    log, told = EventLog(), []
    with log.watched(lambda event: told.append(event.kind)):
        log.record("sip:a@h", EventKind.CHALLENGED, 401)
    log.record("sip:a@h", EventKind.REGISTERED, 200)
    assert told == [EventKind.CHALLENGED]
    assert len(log.events) == 2
