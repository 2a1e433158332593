import struct

from conformance.redaction.diameter import is_diameter, leaves
from conformance.redaction.payloads import Redactor


def avp(code: int, data: bytes, vendor: int = 0) -> bytes:
    head = struct.pack("!IB", code, 0xC0 if vendor else 0x40)
    body = (struct.pack("!I", vendor) if vendor else b"") + data
    return head + (8 + len(body)).to_bytes(3, "big") + body + bytes(-len(body) % 4)


def answer(*avps: bytes) -> bytes:
    content = b"".join(avps)
    return b"\x01" + (20 + len(content)).to_bytes(3, "big") + b"\x40\x00\x01\x2f" + bytes(12) + content


def test_identities_keys_and_profiles_are_replaced_and_nodes_stay(redactor: Redactor) -> None:
    key = bytes(range(16))
    message = answer(
        avp(264, b"hss.uc3m.test"),
        avp(268, struct.pack("!I", 2001)),
        avp(1, b"alice"),
        avp(601, b"sip:alice@uc3m.test", 10415),
        avp(612, avp(625, key, 10415), 10415),
        avp(606, b"<PrivateID>alice@uc3m.test</PrivateID>", 10415),
    )
    replaced = redactor.diameter.message(message)
    assert is_diameter(replaced)
    assert [leaf[:3] for leaf in leaves(replaced)] == [leaf[:3] for leaf in leaves(message)]
    host, result, user, public, shown, profile = (leaf[3] for leaf in leaves(replaced))
    assert (host, result) == (b"hss.uc3m.test", struct.pack("!I", 2001))
    assert b"alice" not in user + public + profile
    assert user in public
    assert shown == redactor.secrets.octets(key)
    assert profile.startswith(b"<PrivateID>")


def test_an_avp_that_nobody_knows_is_emptied(redactor: Redactor) -> None:
    replaced = redactor.diameter.message(answer(avp(9999, b"alice was here"), avp(264, b"hss.uc3m.test")))
    assert [leaf[3] for leaf in leaves(replaced)] == [bytes(14), b"hss.uc3m.test"]


def test_from_an_avp_on_that_does_not_fit_nothing_passes(redactor: Redactor) -> None:
    broken = bytearray(answer(avp(264, b"hss.uc3m.test"), avp(1, b"alice-is-here")))
    place = broken.index(b"alice-is-here") - 1
    broken[place] = 0xFF
    replaced = redactor.diameter.message(bytes(broken))
    assert len(replaced) == len(broken)
    assert b"alice" not in replaced


def test_padding_hides_nothing(redactor: Redactor) -> None:
    message = answer(avp(264, b"hss.a"))[:-3] + b"abc"
    assert redactor.diameter.message(message).endswith(b"hss.a\0\0\0")
