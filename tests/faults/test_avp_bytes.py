"""AVPs changed, removed and added with every length around them repaired (RFC 6733 sections 3 and 4)."""

from __future__ import annotations

from random import Random

import pytest

from conformance.faults.avp_bytes import add_avp, get_avp, leaves, remove_avp, set_avp, shuffle_avps
from conformance.vocabulary.errors import BadInput

# One header, User-Name "abcde" (3 octets of padding), and a group 260 that holds 266 with four octets.
HEADER = "01000038 c000012c 01000000 00000001 00000002"
USER = "00000001 4000000d 6162636465 000000"
GROUP = "00000104 40000014 0000010a 4000000c 000028af"
MESSAGE = bytes.fromhex(HEADER + USER + GROUP)


def test_the_message_of_this_test_is_right_itself() -> None:
    assert int.from_bytes(MESSAGE[1:4], "big") == len(MESSAGE)
    assert get_avp(MESSAGE, [1]) == b"abcde"
    assert get_avp(MESSAGE, [260, 266]) == bytes.fromhex("000028af")


@pytest.mark.parametrize("value", [b"", b"a", b"abcd", b"abcdefghi"])
def test_a_changed_avp_has_its_length_its_padding_and_the_message_length(value: bytes) -> None:
    changed = set_avp(MESSAGE, [1], value)
    assert int.from_bytes(changed[1:4], "big") == len(changed)
    assert len(changed) % 4 == 0
    assert get_avp(changed, [1]) == value
    assert changed.endswith(bytes.fromhex(GROUP))


def test_the_length_of_the_group_around_a_changed_avp_is_repaired() -> None:
    changed = set_avp(MESSAGE, [260, 266], b"12345")
    assert get_avp(changed, [260]) == bytes.fromhex("0000010a 4000000d 3132333435 000000")
    assert int.from_bytes(changed[1:4], "big") == len(changed) == len(MESSAGE) + 4


def test_an_avp_inside_a_group_is_removed() -> None:
    changed = remove_avp(MESSAGE, [260, 266])
    assert get_avp(changed, [260]) == b""
    assert int.from_bytes(changed[1:4], "big") == len(changed) == len(MESSAGE) - 12


def test_an_added_avp_carries_its_vendor() -> None:
    changed = add_avp(MESSAGE, 601, 10415, b"sip:x")
    assert changed[len(MESSAGE) :] == bytes.fromhex("00000259 c0000011 000028af") + b"sip:x\0\0\0"
    assert int.from_bytes(changed[1:4], "big") == len(changed)


@pytest.mark.parametrize("path", [[2], [260, 258], [266]])
def test_a_path_that_leads_nowhere_is_one_line(path: list[int]) -> None:
    with pytest.raises(BadInput, match="0 AVPs with code"):
        set_avp(MESSAGE, path, b"")


def test_an_avp_that_does_not_fit_its_message_is_one_line() -> None:
    with pytest.raises(BadInput, match="does not fit"):
        get_avp(MESSAGE[:-8], [260])


def test_leaves_are_the_avps_that_hold_no_others_with_their_places() -> None:
    found = leaves(MESSAGE)
    assert [(leaf.path, leaf.data) for leaf in found] == [((1,), b"abcde"), ((260, 266), bytes.fromhex("000028af"))]
    for leaf in found:
        assert int.from_bytes(MESSAGE[leaf.offset : leaf.offset + 4], "big") == leaf.path[-1]


def test_what_is_no_single_whole_message_has_no_leaves_and_is_not_shuffled() -> None:
    for octets in (b"", MESSAGE[:-4], MESSAGE + MESSAGE, b"REGISTER sip:x SIP/2.0"):
        assert leaves(octets) == []
        assert shuffle_avps(octets, Random(1)) == octets


def test_other_order_keeps_session_id_in_front_and_every_avp() -> None:
    session = add_avp(add_avp(MESSAGE, 263, 0, b"s;1"), 1, 0, b"second")
    shuffled = [shuffle_avps(session, Random(seed)) for seed in range(9)]
    assert len(set(shuffled)) > 1
    for message in shuffled:
        assert len(message) == len(session)
        assert int.from_bytes(message[20:24], "big") == 263
        assert message.index(b"abcde") < message.index(b"second")
