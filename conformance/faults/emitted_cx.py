"""Faults that change the octets of a Cx command or answer as it leaves a node.

Like `emitted` for SIP. Lengths around a changed AVP are repaired; a message without that AVP is left alone.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from conformance.faults.avp_bytes import get_avp, remove_avp, set_avp
from conformance.faults.emitted import Alteration
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.numbers import Avp, DiameterCommand, ServerAssignmentType

_REQUEST = 0x80


def _in(command: DiameterCommand, change: Alteration, *, request: bool) -> Alteration:
    """Alter the requests of a command, or its answers."""

    def apply(message: bytes) -> bytes:
        if int.from_bytes(message[5:8], "big") != command or bool(message[4] & _REQUEST) != request:
            return message
        try:
            return change(message)
        except BadInput:
            return message

    return apply


def _requests(command: DiameterCommand, change: Alteration) -> Alteration:
    return _in(command, change, request=True)


def _answers(command: DiameterCommand, change: Alteration) -> Alteration:
    return _in(command, change, request=False)


def _without(*path: Avp) -> Alteration:
    return lambda message: remove_avp(message, path)


def _set(*path: Avp, to: Callable[[bytes], bytes]) -> Alteration:
    """Give an AVP what is made of its data."""
    return lambda message: set_avp(message, path, to(get_avp(message, path)))


def _word(number: int) -> Callable[[bytes], bytes]:
    return lambda data: struct.pack("!I", number)


EMITTED_CX: Mapping[str, Alteration] = {
    # I-CSCF
    "uar-without-network": _requests(DiameterCommand.USER_AUTHORIZATION, _without(Avp.VISITED_NETWORK_IDENTIFIER)),
    # S-CSCF
    "mar-without-number": _requests(DiameterCommand.MULTIMEDIA_AUTH, _without(Avp.SIP_NUMBER_AUTH_ITEMS)),
    "sar-of-another-type": _requests(
        DiameterCommand.SERVER_ASSIGNMENT,
        _set(Avp.SERVER_ASSIGNMENT_TYPE, to=_word(ServerAssignmentType.RE_REGISTRATION)),
    ),
    "sar-without-server-name": _requests(DiameterCommand.SERVER_ASSIGNMENT, _without(Avp.SERVER_NAME)),
    # HSS
    "uaa-of-another-vendor": _answers(
        DiameterCommand.USER_AUTHORIZATION, _set(Avp.EXPERIMENTAL_RESULT, Avp.VENDOR_ID, to=_word(1))
    ),
    "short-key": _answers(
        DiameterCommand.MULTIMEDIA_AUTH,
        _set(Avp.SIP_AUTH_DATA_ITEM, Avp.CONFIDENTIALITY_KEY, to=lambda key: key[:-1]),
    ),
}
"""What each fault does; names and words are in `catalogue.toml`."""
