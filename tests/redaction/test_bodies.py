from conformance.redaction.bodies import redact_sdp, redact_xml
from conformance.redaction.payloads import Redactor

REGINFO = (
    '<?xml version="1.0"?><!-- for alice --><reginfo version="0"><registration aor="sip:alice@uc3m.test" id="a7">'
    "<contact><uri>sip:alice@10.0.0.9</uri><display-name>Alice Smith</display-name><note>see you at 8</note></contact>"
    "</registration></reginfo>see you"
)


def test_the_structure_of_a_registration_state_stays_and_what_people_wrote_goes(redactor: Redactor) -> None:
    replaced = redact_xml(REGINFO, redactor.identities)
    assert len(replaced) == len(REGINFO)
    assert replaced.count("<") == REGINFO.count("<")
    assert 'id="a7"' in replaced
    for gone in ("alice", "Alice", "Smith", "see", "you"):
        assert gone not in replaced


def test_what_is_no_xml_becomes_filler(redactor: Redactor) -> None:
    assert redact_xml("hello alice", redactor.identities) == "xxxxx xxxxx"


def test_a_session_description_loses_user_name_and_keys(redactor: Redactor) -> None:
    sdp = (
        "v=0\r\no=alice 1 1 IN IP4 10.0.0.9\r\ns=a talk\r\nm=audio 4000 RTP/SAVP 0\r\n"
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1j\r\na=rtpmap:0 PCMU/8000\r\n"
    )
    replaced = redact_sdp(sdp, redactor.identities, redactor.secrets)
    assert len(replaced) == len(sdp)
    assert "m=audio 4000 RTP/SAVP 0\r\n" in replaced
    assert "a=rtpmap:0 PCMU/8000\r\n" in replaced
    for gone in ("alice", "talk", "WVNf"):
        assert gone not in replaced
