"""Pictures of one shade in H.263."""

from __future__ import annotations

import pytest

from conformance.protocols.h263 import picture, shade_of


def test_the_shade_of_a_picture_is_known_again() -> None:
    assert [shade_of(picture(shade, 7)) for shade in (16, 127, 235)] == [16, 127, 235]


def test_a_picture_begins_as_h_263_and_rfc_2190_want_it() -> None:
    payload = picture(16, 0xA5)
    assert payload[:4] == bytes.fromhex("00400000")  # mode A, QCIF, intra
    bits = f"{int.from_bytes(payload[4:12]):064b}"
    assert bits[:22] == "0000000000000000100000"  # picture start code
    assert int(bits[22:30], 2) == 0xA5  # temporal reference
    assert bits[30:43] == "1000001000000"  # PTYPE: QCIF, INTRA


def test_99_macroblocks_fit_into_a_packet() -> None:
    bits = 22 + 8 + 13 + 7 + 99 * (5 + 6 * 8)
    assert len(picture(100, 0)) == 4 + -(-bits // 8)


@pytest.mark.parametrize("shade", [15, 128, 236])
def test_a_shade_that_h_263_cannot_write_is_refused(shade: int) -> None:
    with pytest.raises(ValueError, match="shade"):
        picture(shade, 0)


@pytest.mark.parametrize("octets", [b"", b"\0", bytes(700), b"\x80" + picture(50, 0)[1:], picture(50, 0)[:9]])
def test_what_is_no_such_picture_has_no_shade(octets: bytes) -> None:
    assert shade_of(octets) is None
