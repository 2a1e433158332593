from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.protocols.cx import (
    SCHEME_AKA,
    SCHEME_DIGEST,
    DigestItem,
    Envelope,
    LocationInfoAnswer,
    LocationInfoRequest,
    MalformedMessage,
    MultimediaAuthAnswer,
    MultimediaAuthRequest,
    RegistrationTerminationAnswer,
    RegistrationTerminationRequest,
    ServerAssignmentAnswer,
    ServerAssignmentRequest,
    ServerCapabilities,
    UserAuthorizationAnswer,
    UserAuthorizationRequest,
)
from conformance.protocols.diameter_base import (
    DisconnectCause,
    Identity,
    capabilities_exchange_answer,
    capabilities_exchange_request,
    device_watchdog_request,
    disconnect_peer_request,
    plain_answer,
)
from conformance.protocols.diameter_codec import DiameterMessage
from conformance.vocabulary.numbers import (
    Avp,
    DeregistrationReasonCode,
    DiameterResult,
    ServerAssignmentType,
    UserAuthorizationType,
)

IMPI, IMPU, SERVER = "alice@a.test", "sip:alice@a.test", "sip:scscf.a.test:6060"
ENVELOPE = Envelope("scscf.a.test;1;1", "scscf.a.test", "a.test", "a.test", "hss.a.test")
HSS = Identity("hss.a.test", "a.test", "127.33.0.5")

REQUESTS: dict[str, Any] = {
    "UAR": UserAuthorizationRequest(IMPI, IMPU, "b.test", UserAuthorizationType.DE_REGISTRATION),
    "MAR": MultimediaAuthRequest(IMPI, IMPU, SERVER),
    "MAR, resynchronisation": MultimediaAuthRequest(IMPI, IMPU, SERVER, authorization=bytes(range(30))),
    "SAR": ServerAssignmentRequest(IMPI, IMPU, SERVER, ServerAssignmentType.REGISTRATION),
    "SAR without user name": ServerAssignmentRequest(None, IMPU, SERVER, ServerAssignmentType.UNREGISTERED_USER, True),
    "LIR": LocationInfoRequest(IMPU),
    "RTR": RegistrationTerminationRequest(
        IMPI, (IMPU, "tel:+34910000001"), DeregistrationReasonCode.REMOVE_S_CSCF, "by the operator"
    ),
}
ANSWERS: dict[str, Any] = {
    "UAA, first": UserAuthorizationAnswer(
        DiameterResult.FIRST_REGISTRATION, True, None, ServerCapabilities((1, 2), (3,), (SERVER,))
    ),
    "UAA, subsequent": UserAuthorizationAnswer(DiameterResult.SUBSEQUENT_REGISTRATION, True, SERVER),
    "UAA, refused": UserAuthorizationAnswer(DiameterResult.ERROR_ROAMING_NOT_ALLOWED, True),
    "MAA, AKA": MultimediaAuthAnswer(
        2001, False, IMPI, IMPU, SCHEME_AKA, bytes(range(32)), bytes(8), bytes(16), b"k" * 16
    ),
    "MAA, SIP Digest": MultimediaAuthAnswer(
        2001, False, IMPI, IMPU, SCHEME_DIGEST, digest=DigestItem("a.test", ha1="0" * 32)
    ),
    "SAA": ServerAssignmentAnswer(2001, False, b"<IMSSubscription/>", IMPI, "aaa://ecf.a.test"),
    "LIA": LocationInfoAnswer(2001, False, SERVER),
    "LIA, refused": LocationInfoAnswer(DiameterResult.ERROR_IDENTITY_NOT_REGISTERED, True),
    "RTA": RegistrationTerminationAnswer(),
    "RTA, refused": RegistrationTerminationAnswer(DiameterResult.UNABLE_TO_DELIVER, False),
}
OF_BOTH = [
    Avp.SESSION_ID,
    Avp.VENDOR_SPECIFIC_APPLICATION_ID,
    Avp.AUTH_SESSION_STATE,
    Avp.ORIGIN_HOST,
    Avp.ORIGIN_REALM,
]
MANDATORY = {
    "UAR": [Avp.DESTINATION_REALM, Avp.USER_NAME, Avp.PUBLIC_IDENTITY, Avp.VISITED_NETWORK_IDENTIFIER],
    "MAR": [
        *(Avp.DESTINATION_REALM, Avp.USER_NAME, Avp.PUBLIC_IDENTITY),
        *(Avp.SIP_AUTH_DATA_ITEM, Avp.SIP_NUMBER_AUTH_ITEMS, Avp.SERVER_NAME),
    ],
    "SAR": [
        *(Avp.DESTINATION_REALM, Avp.SERVER_NAME),
        *(Avp.SERVER_ASSIGNMENT_TYPE, Avp.USER_DATA_ALREADY_AVAILABLE),
    ],
    "LIR": [Avp.DESTINATION_REALM, Avp.PUBLIC_IDENTITY],
    "RTR": [Avp.DESTINATION_HOST, Avp.DESTINATION_REALM, Avp.USER_NAME, Avp.DEREGISTRATION_REASON],
}


def as_message(name: str) -> DiameterMessage:
    if name in REQUESTS:
        return REQUESTS[name].encode(ENVELOPE).identified(1, 2)
    answer = ANSWERS[name]
    request = next(r for n, r in REQUESTS.items() if n[:2] == name[:2])
    return answer.encode(request.encode(ENVELOPE).identified(1, 2), HSS.host, HSS.realm)


@pytest.mark.parametrize("name", [*REQUESTS, *ANSWERS])
def test_what_is_written_is_read_again(name: str) -> None:
    original = REQUESTS.get(name) or ANSWERS[name]
    assert type(original).decode(DiameterMessage.decode(as_message(name).encode())) == original


@pytest.mark.parametrize("name", [*REQUESTS, *ANSWERS])
def test_wireshark_reads_every_message_without_complaint(name: str, wireshark: Callable[[bytes], str]) -> None:
    shown = wireshark(as_message(name).encode())
    assert "Diameter Protocol" in shown
    for complaint in ("Malformed", "Expert Info", "Unknown", "_ws.", "Vendor-Id: None"):
        assert complaint not in shown, shown
    assert "ApplicationId: 3GPP Cx (16777216)" in shown
    assert ("Request: Set" in shown) is (name in REQUESTS)
    assert "Proxyable: Set" in shown
    assert "Session-Id: scscf.a.test;1;1" in shown


@pytest.mark.parametrize("name", REQUESTS)
def test_every_request_has_the_mandatory_avps_and_they_are_needed(name: str) -> None:
    """29.229 6.1: an AVP in braces must be there; without it the request is refused, where its content is read."""
    message = as_message(name)
    for code in (*OF_BOTH, *MANDATORY[name[:3]]):
        assert len(message.list.all(code)) == 1, code
    for code in MANDATORY[name[:3]]:
        if code in (Avp.DESTINATION_REALM, Avp.DESTINATION_HOST):
            continue  # of the envelope
        without = tuple(a for a in message.avps if a.code != code)
        with pytest.raises(MalformedMessage, match=f"expected AVP {code.name}"):
            type(REQUESTS[name]).decode(DiameterMessage(message.command, 1, True, True, without))


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_has_one_kind_of_result(name: str) -> None:
    """29.229 6.2: Experimental-Result excludes Result-Code."""
    avps = as_message(name).list
    for code in OF_BOTH:
        assert len(avps.all(code)) == 1, code
    assert len(avps.all(Avp.RESULT_CODE)) + len(avps.all(Avp.EXPERIMENTAL_RESULT)) == 1
    assert avps.text(Avp.ORIGIN_HOST) == "hss.a.test"


def test_only_protocol_errors_have_the_error_bit() -> None:
    """RFC 6733 7.1.3, 7.2."""
    assert as_message("RTA, refused").is_error
    assert not as_message("UAA, refused").is_error


def test_authentication_items_carry_the_codes_of_3gpp(wireshark: Callable[[bytes], str]) -> None:
    """Not those of RFC 4740: 612, 608, 609, 610, 607 with vendor 10415."""
    shown = wireshark(as_message("MAA, AKA").encode())
    for code in (607, 608, 609, 610, 612, 613, 625, 626):
        assert f"({code}) l=" in shown, shown
    assert "vnd=TGPP" in shown
    digest = wireshark(as_message("MAA, SIP Digest").encode())
    for code in (635, 104, 110, 111, 121):
        assert f"({code}) l=" in digest, digest


def test_keys_are_not_shown() -> None:
    assert "kkkk" not in repr(ANSWERS["MAA, AKA"])
    assert "0000" not in repr(ANSWERS["MAA, SIP Digest"])


def test_a_number_that_has_no_meaning_is_refused() -> None:
    message = ServerAssignmentRequest(IMPI, IMPU, SERVER, 77).encode(ENVELOPE)  # type: ignore[arg-type]
    with pytest.raises(MalformedMessage, match="Server-Assignment-Type of 0 to 10, found 77"):
        ServerAssignmentRequest.decode(message)


def test_the_s_cscf_is_server_name_or_the_first_capable_one() -> None:
    assert ANSWERS["UAA, first"].offered_server == SERVER
    assert ANSWERS["UAA, subsequent"].offered_server == SERVER
    assert ANSWERS["UAA, refused"].offered_server is None


BASE = {
    "CER": capabilities_exchange_request(HSS),
    "CEA": capabilities_exchange_answer(capabilities_exchange_request(HSS), HSS),
    "DWR": device_watchdog_request(HSS),
    "DPR": disconnect_peer_request(HSS, DisconnectCause.REBOOTING),
    "DPA": plain_answer(disconnect_peer_request(HSS, DisconnectCause.REBOOTING), HSS, 2001),
}


@pytest.mark.parametrize("name", BASE)
def test_wireshark_reads_the_base_messages_without_complaint(name: str, wireshark: Callable[[bytes], str]) -> None:
    shown = wireshark(BASE[name].identified(1, 2).encode())
    for complaint in ("Malformed", "Expert Info", "Unknown", "_ws."):
        assert complaint not in shown, shown
    assert "ApplicationId: Diameter Common Messages (0)" in shown
    assert "Proxyable: Not set" in shown


def test_wireshark_does_complain_of_a_damaged_message(wireshark: Callable[[bytes], str]) -> None:
    octets = as_message("MAA, AKA").encode()
    at = octets.index((612).to_bytes(4)) + 12  # the first AVP in the group
    shown = wireshark(octets[: at + 5] + (3).to_bytes(3) + octets[at + 8 :])
    assert "Malformed" in shown or "Expert Info" in shown, shown
