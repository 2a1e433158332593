"""Address lists, kept as they were written (RFC 3261 7.3.1, 20.10)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.protocols.sip.name_addr import NameAddr, parse_addresses, split_entries


def test_one_entry() -> None:
    entry = NameAddr.parse('"A, <b>" <sip:a@h;lr>;expires=60;+sip.instance="<urn:uuid:1>";ob')
    assert entry.uri == "sip:a@h;lr"
    assert entry.parameters == (("expires", "60"), ("+sip.instance", '"<urn:uuid:1>"'), ("ob", None))
    assert entry.parameter("expires") == "60"
    assert entry.parameter("ob") is None


def test_without_brackets_parameters_belong_to_the_header() -> None:
    entry = NameAddr.parse("sip:a@h;expires=60")
    assert (entry.uri, entry.parameter("expires")) == ("sip:a@h", "60")


def test_lines_and_commas_make_one_list() -> None:
    values = ["<sip:a;lr>, <sip:b,c;lr>", '"x, y" <sip:d>']
    assert split_entries(values) == ["<sip:a;lr>", "<sip:b,c;lr>", '"x, y" <sip:d>']
    assert [address.uri for address in parse_addresses(values)] == ["sip:a;lr", "sip:b,c;lr", "sip:d"]


def test_empty_entries_are_passed_over() -> None:
    assert split_entries(["", " , path ,"]) == ["path"]


@pytest.mark.parametrize("text", ["", "nobody", "<>", '"only a name"', "<sip:a b>", "<sip:>x"])
def test_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="expected a URI"):
        NameAddr.parse(text)


def test_too_long_a_list() -> None:
    with pytest.raises(ValueError, match="at most 64 entries"):
        split_entries([",".join(["<sip:a>"] * 65)])


@given(st.lists(st.text(alphabet='<>",;\\ sip:@=a', max_size=40), max_size=3))
def test_no_text_makes_it_fail_otherwise(values: list[str]) -> None:
    try:
        found = parse_addresses(values)
    except ValueError:
        return
    assert all(address.uri for address in found)
