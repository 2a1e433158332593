"""Evidence: the cited bytes with their neighbourhood, bounded."""

from __future__ import annotations

from typing import Any

from conformance.criteria.model import Citation
from conformance.judgement.evidence import evidence


def test_text_of_sip(lab: Any) -> None:
    message = lab.trace().messages[0]
    at = message.raw.index(b"Max-Forwards")
    found = evidence(Citation(message, "Max-Forwards", at, 16), "sip.Max-Forwards: 70")
    assert (found.capture, found.frame, found.field) == (0, 1, "Max-Forwards")
    assert found.excerpt.marked == "Max-Forwards: 70"
    assert len(found.excerpt.before) == 80
    assert found.confirmed == "sip.Max-Forwards: 70"


def test_octets_of_diameter(lab: Any) -> None:
    message = next(m for m in lab.trace().diameter)
    avp = message.avps[0]
    found = evidence(Citation(message, avp.name, avp.offset, avp.length))
    assert bytes.fromhex(found.excerpt.marked) == message.raw[avp.offset : avp.offset + avp.length]


def test_an_absence_has_no_bytes(lab: Any) -> None:
    found = evidence(Citation(lab.trace().messages[0], "Service-Route"))
    assert (found.offset, found.length, found.excerpt) == (None, None, None)


def test_long_bytes_are_bounded(lab: Any) -> None:
    message = lab.edit("gm1", "Supported: path", "Subject: " + "x" * 5000 + "\r\nSupported: path").trace().messages[0]
    found = evidence(Citation(message, "Subject", 0, len(message.raw)))
    assert len(found.excerpt.marked) == 400
