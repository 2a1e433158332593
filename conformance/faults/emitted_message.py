"""Faults that change the bytes of a MESSAGE, or of an answer to one, as it leaves a node or a terminal.

Names and words are in `catalogue.toml`, as for `emitted`.
"""

from __future__ import annotations

from collections.abc import Mapping

from conformance.faults.emitted import Alteration, _answers, _body, _replacing, _requests, _with_line, _without

_STATUS = rb"\ASIP/2\.0 %b [^\r\n]*"

EMITTED_MESSAGE: Mapping[str, Alteration] = {
    # P-CSCF
    "second-identity-in-message": _requests(
        "MESSAGE", _with_line(b"P-Asserted-Identity: <sip:claimed@elsewhere.test>")
    ),
    "preferred-identity-in-message": _requests("MESSAGE", _with_line(b"P-Preferred-Identity: <sip:x@elsewhere.test>")),
    "accepted-for-200": _answers(200, _replacing(_STATUS % b"200", b"SIP/2.0 202 Accepted"), "MESSAGE"),
    # S-CSCF
    "no-called-party-in-message": _requests("MESSAGE", _without("P-Called-Party-ID")),
    "other-text": _requests("MESSAGE", _body(rb"\A.", b"*")),
    # I-CSCF
    "unknown-receiver-is-forbidden": _answers(404, _replacing(_STATUS % b"404", b"SIP/2.0 403 Forbidden"), "MESSAGE"),
    # terminal
    "contact-in-message": _requests("MESSAGE", _with_line(b"Contact: <sip:sender@192.0.2.1>")),
    "contact-in-200-to-message": _answers(200, _with_line(b"Contact: <sip:receiver@192.0.2.1>"), "MESSAGE"),
}
"""What each fault of messages does."""
