"""Faults that change the bytes of messages of the presence service as they leave a node.

Bodies keep their length, so that Content-Length stays right. What bytes cannot show, the presence server does itself
(`cores.emulated.presence_server`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from conformance.faults.emitted import Alteration, _answers, _replacing, _requests, _without


def _longer(match: re.Match[bytes]) -> bytes:
    """Grant more seconds than are asked for; 0, which ends something, stays."""
    seconds = int(match[2])
    return match[1] + b"%d" % (seconds + 100_000 if seconds else 0)


def _documents(pattern: bytes, replacement: bytes | Callable[[re.Match[bytes]], bytes]) -> Alteration:
    """Alter the presence documents that NOTIFYs carry."""
    compiled = re.compile(pattern)
    return _requests("NOTIFY", lambda m: compiled.sub(replacement, m) if b"application/pidf+xml" in m else m)


EMITTED_PRESENCE: Mapping[str, Alteration] = {
    "no-sip-etag": _answers(200, _without("SIP-ETag"), "PUBLISH"),
    "longer-publication": _answers(200, _replacing(rb"^(Expires[ \t]*:[ \t]*)(\d{1,6})", _longer), "PUBLISH"),
    "no-subscription-state": _requests("NOTIFY", _without("Subscription-State")),
    "no-event-in-notify": _requests("NOTIFY", _without("Event")),
    "document-of-another": _documents(rb'(<presence [^>]*entity="sips?:)[^@"](?=[^"]*")', rb"\1x"),
    "unknown-basic": _documents(rb">(open|closed)<", lambda m: b">" + m[1][::-1] + b"<"),
    "all-versions-are-first": _requests("NOTIFY", _replacing(rb'(<watcherinfo [^>]*version=")\d(?=")', rb"\g<1>0")),
}
"""What each fault of presence does."""
