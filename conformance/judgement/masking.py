"""Session keys and what proves an identity, made unreadable in what judgement writes.

CK, IK and XRES of an authentication vector, and the HA1 of a password, are seen in captures. A report that travels
between partners shows that they were there, how long they were, and their first four digits, which is enough to
tell two apart.
"""

from __future__ import annotations

import re
from functools import lru_cache

from conformance.trace.model import DiameterAvp, DiameterMessage
from conformance.vocabulary.numbers import VENDOR_3GPP, Avp

SHOWN = 4
"""Digits that stay."""

_KEYS = frozenset({Avp.CONFIDENTIALITY_KEY, Avp.INTEGRITY_KEY})
_IN_BYTES = re.compile(rb"""\b([ci]k[ \t]*=[ \t]*["']?[^\s"',;]{4})([^\s"',;]+)""", re.IGNORECASE)
_IN_TEXT = re.compile(r"""\b([ci]k[ \t]*=[ \t]*["']?)([^\s"',;]{5,})""", re.IGNORECASE)
_AS_FIELD = re.compile(
    r"\b((?:Confidentiality-Key|Integrity-Key|3GPP-SIP-Authorization|SIP-Authorization|Digest-HA1): )([0-9a-fA-F:]{5,})"
)


@lru_cache(maxsize=16)  # of one message many places are cited
def mask_bytes(raw: bytes) -> bytes:
    """Return a SIP message, or a part of one, with the values of ck and ik starred; every byte keeps its place."""
    return _IN_BYTES.sub(lambda found: found.group(1) + b"*" * len(found.group(2)), raw)


def mask_text(text: str) -> str:
    """Return a sentence without keys: `ck="b12b… (32 digits)"`; also those in AVPs as Wireshark shows them."""
    if "=" in text:  # most sentences name no value, and there are very many of them
        text = _IN_TEXT.sub(lambda found: found.group(1) + shortened(found.group(2)), text)
    if ": " in text:
        text = _AS_FIELD.sub(lambda found: found.group(1) + shortened(found.group(2).replace(":", "")), text)
    return text


def shortened(digits: str) -> str:
    """Return the first digits of a key and how many there are: `b12b… (32 digits)`."""
    shown = digits[:SHOWN] if len(digits) > SHOWN else ""
    return f"{shown}… ({len(digits)} digits)"


def is_secret(avp: DiameterAvp, in_request: bool) -> bool:
    """Tell whether the value of an AVP is a key, XRES or HA1.

    SIP-Authorization holds XRES in the answer of the HSS alone; in a request it is RAND and AUTS
    (3GPP TS 29.229).
    """
    if avp.vendor == VENDOR_3GPP:
        return avp.code in _KEYS or (avp.code == Avp.SIP_AUTHORIZATION and not in_request)
    return avp.vendor == 0 and avp.code == Avp.DIGEST_HA1


def mask_avp(avp: DiameterAvp) -> str:
    """Return the value of a secret AVP as it may be shown."""
    # HA1 is text already (RFC 5090); keys and XRES are octets.
    return shortened(avp.data.decode("latin-1") if avp.code == Avp.DIGEST_HA1 else avp.data.hex())


def hex_octets(message: DiameterMessage, begin: int, end: int) -> str:
    """Return octets of a Diameter message in hexadecimal, those of secrets starred but for their first two."""
    octets = [f"{octet:02x}" for octet in message.raw[begin:end]]
    for start, stop in _secrets(message.avps, message.is_request):
        for place in range(max(start, begin), min(stop, end)):
            octets[place - begin] = "**"
    return " ".join(octets)


def _secrets(avps: tuple[DiameterAvp, ...], in_request: bool) -> list[tuple[int, int]]:
    found = []
    for avp in avps:
        if is_secret(avp, in_request):
            end = avp.offset + avp.length
            found.append((end - max(0, len(avp.data) - SHOWN // 2), end))
        found += _secrets(avp.children, in_request)
    return found
