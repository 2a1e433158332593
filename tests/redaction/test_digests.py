from conformance.redaction.digests import Credentials, Digests
from conformance.redaction.secret_values import SecretValues


def test_a_response_made_with_the_ha1_of_the_hss_is_made_again(secrets: SecretValues) -> None:
    digests, old_ha1 = Digests(secrets), "939e7578ed9e3c518a452acee763bce9"
    digests.learn_ha1(old_ha1)
    old = Credentials({"nonce": "old", "uri": "sip:x", "qop": "auth", "nc": "00000001", "cnonce": "a"}, "REGISTER", b"")
    new = Credentials({**old.params, "nonce": "new"}, "REGISTER", b"")
    digests.note(old, new)
    assert digests.redacted(old.response(old_ha1)) == new.response(secrets.hexadecimal(old_ha1))
    assert digests.redacted("0" * 32) == secrets.hexadecimal("0" * 32)


def test_a_response_with_the_body_and_without_qop_stays_what_it_is(secrets: SecretValues) -> None:
    digests, old_ha1 = Digests(secrets), "939e7578ed9e3c518a452acee763bce9"
    digests.learn_ha1(old_ha1)
    old = Credentials({"nonce": "old", "uri": "sip:x"}, "REGISTER", b"body")
    new = Credentials({"nonce": "new", "uri": "sip:x"}, "REGISTER", b"doby")
    digests.note(old, new)
    for integrity in (False, True):
        made = digests.redacted(old.response(old_ha1, integrity=integrity))
        assert made == new.response(secrets.hexadecimal(old_ha1), integrity=integrity)
