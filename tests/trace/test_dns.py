from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.trace.dns import read_dns, type_name


def answer(kind: int, data: bytes) -> bytes:
    head = struct.pack("!HHHHHH", 1, 0x8180, 0, 1, 0, 0)
    return head + b"\x01A\x00" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data


def test_a_query_is_read(dns: Callable[..., bytes]) -> None:
    found = read_dns(dns(ident=77))
    assert found is not None
    assert (found.id, found.is_response, found.question_name, found.question_type) == (
        77,
        False,
        "_sip._udp.home.test",
        "SRV",
    )
    assert (found.records, found.problem) == ((), "")


def test_records_have_fields_sections_and_offsets(dns: Callable[..., bytes]) -> None:
    raw = dns(answer=True)
    found = read_dns(raw)
    assert found is not None
    srv, address = found.records
    assert (srv.section, srv.name, srv.type, srv.ttl) == ("answer", "_sip._udp.home.test", "SRV", 60)
    assert srv.fields == {"priority": "1", "weight": "2", "port": "4060", "target": "pcscf.home.test"}
    assert (address.section, address.fields) == ("additional", {"address": "127.31.0.1"})
    assert srv.offset + srv.length == address.offset
    assert address.offset + address.length == len(raw)


@pytest.mark.parametrize(
    ("kind", "data", "fields"),
    [
        (28, bytes(15) + b"\x01", {"address": "::1"}),
        (2, b"\x02Ns\x00", {"target": "ns"}),
        (5, b"\xc0\x0c", {"target": "a"}),
        (6, b"\x01p\x00\x01m\x00" + struct.pack("!5I", 9, 1, 1, 1, 1), {"primary": "p", "mailbox": "m", "serial": "9"}),
        (
            35,
            struct.pack("!HH", 10, 50) + b"\x01s\x07SIP+D2U\x00\x01t\x00",
            {"order": "10", "preference": "50", "flags": "s", "service": "SIP+D2U", "regexp": "", "replacement": "t"},
        ),
        (999, b"\x01\x02", {"data": "0102"}),
        (1, b"\x01\x02", {"data": "0102"}),
    ],
)
def test_record_types(kind: int, data: bytes, fields: dict[str, str]) -> None:
    found = read_dns(answer(kind, data))
    assert found is not None
    assert found.records[0].fields == fields
    assert found.records[0].type == type_name(kind)


def test_nxdomain_and_unknown_types() -> None:
    found = read_dns(struct.pack("!HHHHHH", 1, 0x8183, 0, 0, 0, 0))
    assert found is not None
    assert (found.is_response, found.rcode, found.question_name) == (True, 3, "")
    assert type_name(999) == "TYPE999"


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (answer(1, b"abcd")[:-1], "is cut"),
        (answer(1, b"abcd")[:-6], "in the middle of a record"),
        (struct.pack("!HHHHHH", 1, 0, 1, 0, 0, 0) + b"\xc0\x0c", "does not end"),
        (struct.pack("!HHHHHH", 1, 0, 1, 0, 0, 0) + b"\x09ab", "is cut"),
        (struct.pack("!HHHHHH", 1, 0, 1, 0, 0, 0) + b"\x7f" + bytes(200), "of an unknown kind"),
        (struct.pack("!HHHHHH", 1, 0, 1, 0, 0, 0) + (b"\x3f" + b"a" * 63) * 4 + bytes(5), "does not end"),
        (struct.pack("!HHHHHH", 1, 0, 1001, 0, 0, 0) + bytes(6000), "more than 1000 questions"),
        (struct.pack("!HHHHHH", 1, 0, 0, 1001, 0, 0) + bytes(12000), "more than 1000 answer records"),
    ],
)
def test_what_cannot_be_read_is_named(raw: bytes, problem: str) -> None:
    found = read_dns(raw)
    assert found is not None
    assert problem in found.problem


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    assert (read_dns(raw) is None) == (len(raw) < 12)
    read_dns(struct.pack("!HHHHHH", 1, 0x8180, 1, 9, 9, 9) + raw)
