from conformance.redaction.payloads import Redacted
from conformance.redaction.results import Messages

OLD, NEW = b"To: <sip:alice@uc3m.test>\r\nck=123456", b"To: <sip:qwert@uc3m.test>\r\nck=abcdef"
MESSAGES = Messages([[Redacted(3, b"another", b"ANOTHER"), Redacted(7, OLD, NEW)]])


def test_what_was_cut_from_a_message_is_cut_anew_at_the_same_place() -> None:
    assert MESSAGES.slice("alice@uc3m", 0, 7, 9) == "qwert@uc3m"


def test_octets_in_hexadecimal_are_those_of_the_new_message() -> None:
    assert MESSAGES.slice("61 6c 69 63 65", 0, 7, 9) == b"qwert".hex(" ")


def test_what_was_masked_stays_masked() -> None:
    assert MESSAGES.slice("ck=12****", 0, 7, 27) == "ck=ab****"
    assert MESSAGES.slice("31 32 ** **", 0, 7, 30) == "61 62 ** **"


def test_a_message_that_another_frame_showed_is_found_too() -> None:
    assert MESSAGES.slice("alice", 0, 99, 9) == "qwert"


def test_nothing_is_made_up_where_no_message_has_the_text() -> None:
    assert MESSAGES.slice("alice", 0, 7, 3) is None
    assert MESSAGES.slice("alice", 1, 7, 9) is None
    assert MESSAGES.slice("alice", 0, 7, -4) is None
