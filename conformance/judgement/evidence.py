"""Turns citations into evidence: frame, byte range, and the cited bytes with their neighbourhood."""

from __future__ import annotations

from conformance.criteria.model import Citation
from conformance.judgement.masking import hex_octets, mask_bytes, mask_text
from conformance.trace.model import DiameterMessage, HttpMessage, SipMessage
from conformance.vocabulary.results import Evidence, Excerpt

AROUND = 80
"""Bytes shown before and behind the cited ones."""
MARKED = 400
"""Cited bytes shown."""
HEX_AROUND = 8
HEX_MARKED = 64


def evidence(citation: Citation, confirmed: str | None = None) -> Evidence:
    """Return the evidence of one citation.

    Args:
        citation: What a criterion cites.
        confirmed: What Wireshark says of the same frame.
    """
    message = citation.message
    return Evidence.model_construct(
        capture=message.capture,
        frame=message.frame,
        field=citation.field,
        offset=citation.offset,
        length=citation.length,
        excerpt=_excerpt(citation),
        confirmed=None if confirmed is None else mask_text(confirmed),
    )


def _excerpt(citation: Citation) -> Excerpt | None:
    if citation.offset is None or citation.length is None:
        return None
    raw, begin = citation.message.raw, citation.offset
    end = min(begin + citation.length, len(raw))
    if isinstance(citation.message, SipMessage | HttpMessage):
        raw = mask_bytes(raw)
        return Excerpt.model_construct(
            before=raw[max(0, begin - AROUND) : begin].decode("latin-1"),
            marked=_bounded(raw[begin:end], MARKED).decode("latin-1"),
            after=raw[end : end + AROUND].decode("latin-1"),
        )
    if isinstance(citation.message, DiameterMessage):
        return Excerpt.model_construct(
            before=hex_octets(citation.message, max(0, begin - HEX_AROUND), begin),
            marked=hex_octets(citation.message, begin, min(end, begin + HEX_MARKED)),
            after=hex_octets(citation.message, end, end + HEX_AROUND),
        )
    return Excerpt.model_construct(
        before=raw[max(0, begin - HEX_AROUND) : begin].hex(" "),
        marked=_bounded(raw[begin:end], HEX_MARKED).hex(" "),
        after=raw[end : end + HEX_AROUND].hex(" "),
    )


def _bounded(raw: bytes, limit: int) -> bytes:
    return raw if len(raw) <= limit else raw[:limit]
