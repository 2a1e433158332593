"""SIP messages in a trace: what is read, and what is left alone."""

from __future__ import annotations

import pytest

from conformance.terminals.programs.sip_trace import Seen, SipTrace

TRACE = """\
UDP 127.0.0.1:5060 -> 127.0.0.2:5060
INVITE sip:b@127.0.0.2 SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKdaa71980ff482fce;rport
CSeq: 63325 INVITE

v=0
CSeq: 1 BYE
SIP/2.0 180 Ringing
CSeq: 63325 INVITE
SIP/2.0 200
CSeq: 63325 INVITE
"""


def test_a_message_is_told_once_at_its_cseq() -> None:
    trace = SipTrace()
    assert [seen for line in TRACE.splitlines() if (seen := trace.read(line))] == [
        Seen("INVITE", 63325, None, ""),
        Seen("INVITE", 63325, 180, "Ringing"),
        Seen("INVITE", 63325, 200, ""),
    ]


@pytest.mark.parametrize("line", ["INVITE", "INVITE sip:b@c", "invite sip:b@c SIP/2.0", "SIP/2.0 20", "x CSeq: 1 BYE"])
def test_what_is_no_start_line_begins_nothing(line: str) -> None:
    trace = SipTrace()
    assert trace.read(line) is None
    assert trace.read("CSeq: 1 INVITE") is None
