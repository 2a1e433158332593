"""Faults that change the bytes of messages of a call as they leave a node or a terminal.

Names and words are in `catalogue.toml`, as for `emitted`; here is what each does to INVITE and the requests of its
dialog.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from conformance.faults.emitted import (
    EMITTED,
    Alteration,
    _answers,
    _replacing,
    _requests,
    _with_line,
    _without,
)
from conformance.faults.emitted_message import EMITTED_MESSAGE

_SECTION = re.compile(rb"(?m)^(?=m=)")


def _called_as_target(message: bytes) -> bytes:
    """Put the URI of P-Called-Party-ID into the Request-URI."""
    called = re.search(rb"(?im)^P-Called-Party-ID[ \t]*:[^\r\n<]*<([^\r\n>]+)>", message)
    return message if called is None else re.sub(rb"\A(\S+) \S+", rb"\1 " + called[1], message)


def _second_entry_gone(message: bytes) -> bytes:
    """Take the second entry out of Route, however the entries are spread over header fields."""
    routes = re.findall(rb"(?im)^Route[ \t]*:[ \t]*([^\r\n]*)\r\n", message)
    entries = [entry.strip() for line in routes for entry in line.split(b",")]
    if len(entries) < 3:
        return message
    kept = b"Route: " + b", ".join((entries[0], *entries[2:])) + b"\r\n"
    first = message.index(re.search(rb"(?im)^Route[ \t]*:", message)[0])  # type: ignore[index]
    bare = re.sub(rb"(?im)^Route[ \t]*:[^\r\n]*\r\n", b"", message)
    return bare[:first] + kept + bare[first:]


def _first_entry_alone(message: bytes) -> bytes:
    """Leave the first entry of Route alone."""
    first = re.search(rb"(?im)^Route[ \t]*:[ \t]*([^\r\n,]*)", message)
    if first is None:
        return message
    at = first.start()
    bare = re.sub(rb"(?im)^Route[ \t]*:[^\r\n]*\r\n", b"", message)
    return bare[:at] + b"Route: " + first[1].strip() + b"\r\n" + bare[at:]


def _other_number(match: re.Match[bytes]) -> bytes:
    return match[1] + b"%d" % (int(match[2]) + 1)


def _streams_turned_round(message: bytes) -> bytes:
    """Put the streams of a session description into the opposite order; it gets no longer and no shorter."""
    head, empty, body = message.partition(b"\r\n\r\n")
    session, *streams = _SECTION.split(body)
    return head + empty + session + b"".join(reversed(streams))


def _answers_invite(alteration: Alteration) -> Alteration:
    """Alter 180, 183 and 200 to an INVITE."""
    some = [_answers(status, alteration, "INVITE") for status in (180, 183, 200)]

    def apply(message: bytes) -> bytes:
        for one in some:
            changed = one(message)
            if changed != message:
                return changed
        return message

    return apply


EMITTED_CALL: Mapping[str, Alteration] = {
    # P-CSCF
    "second-asserted-identity": _requests("INVITE", _with_line(b"P-Asserted-Identity: <sip:claimed@elsewhere.test>")),
    "forwards-preferred-identity": _requests("INVITE", _with_line(b"P-Preferred-Identity: <sip:x@elsewhere.test>")),
    "no-charging-vector-in-invite": _requests("INVITE", _without("P-Charging-Vector")),
    "no-record-route": _requests("INVITE", _without("Record-Route")),
    "shows-charging-vector": _requests("INVITE", _with_line(b"P-Charging-Vector: icid-value=shown")),
    # S-CSCF
    "no-orig-ioi": _requests("INVITE", _replacing(rb"^(P-Charging-Vector[ \t]*:.*?);[ \t]*orig-ioi=[^;\r\n]+", rb"\1")),
    "term-ioi-of-the-caller": _answers_invite(
        _replacing(rb"^(P-Charging-Vector[ \t]*:.*?;orig-ioi=)([^;\r\n]+)(.*?;term-ioi=)[^;\r\n]+", rb"\1\2\3\2")
    ),
    "no-called-party": _requests("INVITE", _without("P-Called-Party-ID")),
    "keeps-called-identity": _requests("INVITE", _called_as_target),
    "refuses-numbers": _answers(
        404, _replacing(rb"\ASIP/2\.0 404 [^\r\n]*", b"SIP/2.0 416 Unsupported URI Scheme"), "INVITE"
    ),
    # I-CSCF
    "unknown-is-forbidden": _answers(404, _replacing(rb"\ASIP/2\.0 404 [^\r\n]*", b"SIP/2.0 403 Forbidden"), "INVITE"),
    # terminal
    "no-service-route-in-invite": _requests("INVITE", _first_entry_alone),
    "bye-takes-a-shortcut": _requests("BYE", _second_entry_gone),
    "prack-of-another": _requests("PRACK", _replacing(rb"^(RAck[ \t]*:[ \t]*)(\d+)", _other_number)),
    "ack-takes-a-shortcut": _requests("ACK", _second_entry_gone),
    "answer-out-of-order": _answers_invite(_streams_turned_round),
    "refuses-bye": _answers(200, _replacing(rb"\ASIP/2\.0 200 OK", b"SIP/2.0 500 Server Internal Error"), "BYE"),
}
"""What each fault of calls does."""

EMITTED_SIP: Mapping[str, Alteration] = {**EMITTED, **EMITTED_CALL, **EMITTED_MESSAGE}
"""All alterations of SIP messages."""
