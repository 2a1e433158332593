"""One Diameter message redacted, AVP by AVP. RFC 6733, 3GPP TS 29.229; no length changes.

An AVP that is not known here keeps its header and loses its data.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from conformance.redaction.bodies import filled, redact_xml
from conformance.redaction.digests import Digests
from conformance.redaction.identities import Identities
from conformance.redaction.secret_values import SecretValues
from conformance.vocabulary.numbers import VENDOR_3GPP, Avp

HEADER: Final = 20
_LONGEST: Final = 1 << 20
_VENDOR_BIT: Final = 0x80
_REQUEST_BIT: Final = 0x80
_DEPTH: Final = 8
_HA1: Final = re.compile(r"[0-9a-fA-F]{32}")
_DIGEST_RESPONSE, _DIGEST_NONCE, _DIGEST_CNONCE, _DIGEST_OPAQUE, _DIGEST_USERNAME = 103, 105, 113, 116, 115
_FAILED_AVP, _ERROR_REPORTING_HOST, _ROUTE_RECORD, _FIRMWARE, _INBAND = 279, 294, 282, 267, 299
_SUPPORTED_FEATURES, _FEATURE_LIST_ID, _FEATURE_LIST, _FEATURES_OF_3GPP = 628, 629, 630, VENDOR_3GPP
_REDIRECT_HOST, _REDIRECT_USAGE, _ACCT_APPLICATION, _ORIGINATING_REQUEST = 292, 261, 259, 633

GROUPS: Final = frozenset(
    {(code, 0) for code in (Avp.VENDOR_SPECIFIC_APPLICATION_ID, Avp.EXPERIMENTAL_RESULT, _FAILED_AVP)}
    | {
        (code, VENDOR_3GPP)
        for code in (
            Avp.SERVER_CAPABILITIES,
            Avp.SIP_AUTH_DATA_ITEM,
            Avp.DEREGISTRATION_REASON,
            Avp.CHARGING_INFORMATION,
            Avp.ASSOCIATED_IDENTITIES,
            Avp.SIP_DIGEST_AUTHENTICATE,
            _SUPPORTED_FEATURES,
        )
    }
)
TEXTS: Final = frozenset(
    {
        (code, 0)
        for code in (
            Avp.SESSION_ID,
            Avp.ORIGIN_HOST,
            Avp.ORIGIN_REALM,
            Avp.DESTINATION_HOST,
            Avp.DESTINATION_REALM,
            Avp.PRODUCT_NAME,
            Avp.ERROR_MESSAGE,
            Avp.DIGEST_REALM,
            Avp.DIGEST_QOP,
            Avp.DIGEST_ALGORITHM,
            _ERROR_REPORTING_HOST,
            _ROUTE_RECORD,
            _REDIRECT_HOST,
        )
    }
    | {
        (code, VENDOR_3GPP)
        for code in (
            Avp.VISITED_NETWORK_IDENTIFIER,
            Avp.SERVER_NAME,
            Avp.SIP_AUTHENTICATION_SCHEME,
            Avp.REASON_INFO,
            Avp.PRIMARY_EVENT_CHARGING_FUNCTION_NAME,
            *(620, 621, 622),
        )
    }
)
"""Texts of nodes and networks; identities in them are replaced all the same."""
NUMBERS: Final = frozenset(
    {
        (code, 0)
        for code in (
            *(Avp.HOST_IP_ADDRESS, Avp.AUTH_APPLICATION_ID, Avp.SUPPORTED_VENDOR_ID, Avp.VENDOR_ID, Avp.RESULT_CODE),
            *(Avp.DISCONNECT_CAUSE, Avp.AUTH_SESSION_STATE, Avp.ORIGIN_STATE_ID, Avp.EXPERIMENTAL_RESULT_CODE),
            *(_FIRMWARE, _INBAND, _REDIRECT_USAGE, _ACCT_APPLICATION),
        )
    }
    | {
        (code, VENDOR_3GPP)
        for code in (
            *(Avp.MANDATORY_CAPABILITY, Avp.OPTIONAL_CAPABILITY, Avp.SIP_NUMBER_AUTH_ITEMS, Avp.SIP_ITEM_NUMBER),
            *(Avp.SERVER_ASSIGNMENT_TYPE, Avp.REASON_CODE, Avp.USER_AUTHORIZATION_TYPE),
            *(Avp.USER_DATA_ALREADY_AVAILABLE, _FEATURE_LIST_ID, _FEATURE_LIST, _ORIGINATING_REQUEST),
        )
    }
)
IDENTITIES: Final = frozenset({(Avp.USER_NAME, 0), (_DIGEST_USERNAME, 0), (Avp.PUBLIC_IDENTITY, VENDOR_3GPP)})
SECRET_OCTETS: Final = frozenset(
    (code, VENDOR_3GPP)
    for code in (Avp.SIP_AUTHENTICATE, Avp.SIP_AUTHORIZATION, Avp.CONFIDENTIALITY_KEY, Avp.INTEGRITY_KEY)
)
SECRET_TEXTS: Final = frozenset(
    (code, 0) for code in (Avp.DIGEST_HA1, _DIGEST_RESPONSE, _DIGEST_NONCE, _DIGEST_CNONCE, _DIGEST_OPAQUE)
)
USER_DATA: Final = (Avp.USER_DATA, VENDOR_3GPP)

Leaf = tuple[int, int, int, bytes]
"""Code, vendor, offset of the data, data."""


def is_diameter(data: bytes, begin: int = 0) -> bool:
    """Tell whether a Diameter message of RFC 6733 begins at a place: version, length, reserved flags, command."""
    if len(data) - begin < HEADER or data[begin] != 1:
        return False
    length = diameter_length(data, begin)
    return HEADER <= length <= _LONGEST and length % 4 == 0 and not data[begin + 4] & 0x0F and data[begin + 5] == 0


def diameter_length(data: bytes, begin: int) -> int:
    """Return the length that a message says it has."""
    return int.from_bytes(data[begin + 1 : begin + 4], "big")


def leaves(data: bytes, begin: int = HEADER, depth: int = 0) -> list[Leaf]:
    """Return the AVPs that are no known group, in their order, up to the first that does not fit.

    Args:
        data: the message.
        begin: where its AVPs begin.
        depth: how many groups are around them.
    """
    found: list[Leaf] = []
    _walk(bytearray(data), begin, len(data), depth, lambda leaf: found.append(leaf))
    return found


def _walk(data: bytearray, at: int, end: int, depth: int, take: Callable[[Leaf], bytes | None]) -> None:
    """Go through AVPs; what `take` returns stands in place of the data. What cannot be an AVP becomes zeros."""
    while at + 8 <= end:
        code, flags, length = int.from_bytes(data[at : at + 4], "big"), data[at + 4], data[at + 5 : at + 8]
        size, head = int.from_bytes(length, "big"), 12 if flags & _VENDOR_BIT else 8
        if size < head or at + size > end:
            break
        vendor = int.from_bytes(data[at + 8 : at + 12], "big") if head == 12 else 0
        stop, following = at + size, min(at + size + (-size % 4), end)
        if (code, vendor) in GROUPS and depth < _DEPTH:
            _walk(data, at + head, stop, depth + 1, take)
        else:
            new = take((code, vendor, at + head, bytes(data[at + head : stop])))
            if new is not None:
                data[at + head : stop] = new
        data[stop:following] = bytes(following - stop)
        at = following
    data[at:end] = bytes(end - at)


@dataclass(frozen=True, slots=True)
class DiameterRedactor:
    """Redacts Diameter messages by the mappings of one bundle."""

    identities: Identities
    secrets: SecretValues
    digests: Digests

    def message(self, message: bytes) -> bytes:
        """Return a whole message redacted; it keeps its length."""
        if not message[4] & _REQUEST_BIT:
            self._learn(message)
        data = bytearray(message)
        _walk(data, HEADER, len(data), 0, lambda leaf: self.data(leaf[0], leaf[1], leaf[3]))
        return bytes(data)

    def data(self, code: int, vendor: int, data: bytes) -> bytes:
        """Return what stands in place of the data of an AVP that is no group."""
        key = (code, vendor)
        if key in NUMBERS and len(data) <= 18:
            return data
        if key in SECRET_OCTETS:
            return self.secrets.value(data)
        if key in TEXTS or key in IDENTITIES or key in SECRET_TEXTS or key == USER_DATA:
            return self.text(code, vendor, data.decode("latin-1")).encode("latin-1")
        return bytes(len(data))

    def text(self, code: int, vendor: int, text: str) -> str:
        """Return what stands in place of the data of an AVP as a report shows it: text, a number, hexadecimal."""
        key = (code, vendor)
        if key in NUMBERS:
            return text
        if key in TEXTS:
            return self.identities.in_text(text)
        if key in IDENTITIES:
            return self.identities.in_text(text) if "@" in text or ":" in text else self.identities.user(text, None)
        if key == USER_DATA:
            return redact_xml(text, self.identities)
        if key == (_DIGEST_RESPONSE, 0):
            return self.digests.redacted(text)
        if key in SECRET_TEXTS:
            return self.secrets.text(text)
        return filled(text)

    def _learn(self, message: bytes) -> None:
        token = b""
        for code, vendor, _, data in leaves(message):
            if (code, vendor) == (Avp.SIP_AUTHENTICATE, VENDOR_3GPP):
                token = data
            elif (code, vendor) == (Avp.SIP_AUTHORIZATION, VENDOR_3GPP):
                self.digests.learn_vector(token, data)
            elif (code, vendor) == (Avp.DIGEST_HA1, 0) and _HA1.fullmatch(text := data.decode("latin-1")):
                self.digests.learn_ha1(text)
