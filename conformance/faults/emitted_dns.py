"""Faults that change the octets of an answer as it leaves a DNS server; like `emitted` for SIP."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.faults.dns_bytes import records, set_record
from conformance.faults.emitted import Alteration
from conformance.vocabulary.errors import BadInput


def _each(kind: str, old: str, new: str) -> Alteration:
    """Put a text into each record of a type that has another one in its presentation form."""

    def apply(message: bytes) -> bytes:
        try:
            for record in records(message):
                if record.split(" ", 4)[3] == kind and old in record:
                    message = set_record(message, record, record.replace(old, new))
        except BadInput:
            return message
        return message

    return apply


EMITTED_DNS: Mapping[str, Alteration] = {
    "enum-service": _each("NAPTR", '"s" "SIP+D2', '"s" "E2U+SIP+D2'),
    "number-as-a-domain": _each("NAPTR", '"u" "E2U+sip"', '"s" "SIP+D2U"'),
    "srv-target-unknown": _each("SRV", " icscf.", " nowhere."),
}
"""What each fault does; names and words are in `catalogue.toml`."""
