from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.trace.diameter import offsets, read_header, short_name, split_avps
from conformance.trace.model import DiameterMessage, Sighting
from conformance.vocabulary.identifiers import Endpoint

HERE = Sighting(0, 1, 0, None, Endpoint("127.31.0.1", 1, "tcp"), Endpoint("127.31.0.2", 2, "tcp"))


def test_the_header_is_read(diameter: Callable[..., bytes]) -> None:
    header = read_header(diameter(hop_by_hop=9, end_to_end=10))
    assert header is not None
    assert (header.command, header.application, header.hop_by_hop, header.end_to_end) == (300, 16777216, 9, 10)
    assert header.flags & 0x80
    assert read_header(b"\x01" * 19) is None


def test_avps_have_codes_vendors_offsets_and_children(diameter: Callable[..., bytes]) -> None:
    raw = diameter()
    plain = split_avps(raw, {})
    assert [(a.code, a.vendor, a.name) for a in plain][4:] == [(601, 10415, "Unknown"), (65000, 0, "Unknown")]
    assert plain[3].children == ()
    inside = plain[3].offset + 8
    avps = split_avps(raw, {plain[3].offset: "Vendor-Specific-Application-Id", inside: "Vendor-Id"})
    assert [(child.code, child.name) for child in avps[3].children] == [(266, "Vendor-Id"), (258, "Unknown")]
    assert (avps[3].name, next(avps[3].find(258)).data) == ("Vendor-Specific-Application-Id", b"\x01\x00\x00\x00")
    assert all(raw[a.offset : a.offset + a.length].endswith(a.data) for a in avps)
    assert offsets(avps)[3:6] == [(avps[3].offset, 260), (inside, 266), (inside + 12, 258)]


def test_a_cut_message_gives_the_avps_before_the_cut(diameter: Callable[..., bytes]) -> None:
    raw = diameter()
    assert len(split_avps(raw[:60], {})) == 1


@pytest.mark.parametrize(
    ("command", "request_", "name"), [(300, True, "UAR"), (304, False, "RTA"), (280, True, "DWR"), (9, True, "9R")]
)
def test_abbreviations(command: int, request_: bool, name: str) -> None:
    message = DiameterMessage(
        (HERE,), b"", command=command, is_request=request_, application=0, hop_by_hop=1, end_to_end=1, avps=()
    )
    assert short_name(message) == name


@given(st.binary(max_size=300), st.sets(st.integers(0, 300)))
def test_no_bytes_make_it_raise(raw: bytes, known: set[int]) -> None:
    read_header(raw)
    for avp in split_avps(bytes(20) + raw, dict.fromkeys(known, "X")):
        assert avp.offset + avp.length <= len(raw) + 20
