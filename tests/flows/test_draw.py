"""The ladder as text."""

from __future__ import annotations

import re
from typing import Any

from conformance.flows import draw, load_flow


def ladder() -> Any:
    return draw(load_flow("registration-home")).splitlines()


def test_lanes_and_title() -> None:
    lines = ladder()
    assert lines[0] == "registration-home: Registration in the home network (3GPP TS 24.228 6.2)"
    assert lines[2].split() == ["UE", "home-pcscf", "home-dns", "home-icscf", "home-hss", "home-scscf", "home-as"]


def test_requests_and_answers_in_order() -> None:
    words = [re.sub(r"[|<>.-]", " ", line).split() for line in ladder()[3:-4]]
    assert [" ".join(word) for word in words] == [
        "REGISTER",
        "[DNS query*]",
        "[answer]",
        "REGISTER",
        "UAR",
        "UAA 2001 or 2002",
        "[DNS query*]",
        "[answer]",
        "REGISTER",
        "MAR",
        "MAA 2001",
        "401",
        "401",
        "401",
        "REGISTER",
        "REGISTER",
        "UAR",
        "UAA 2001 or 2002",
        "REGISTER",
        "SAR",
        "SAA 2001",
        "200",
        "200",
        "200",
        "[REGISTER*]",
        "[answer]",
    ]


def test_arrows_point_at_who_gets_the_message() -> None:
    lines = ladder()
    assert re.search(r"\|-+ REGISTER -+>\|", lines[3])
    assert re.search(r"\|<\.+ 401 \.+\|", lines[16])


def test_no_trailing_spaces() -> None:
    assert all(line == line.rstrip() for line in ladder())


def test_provisional_answers_are_drawn_on_their_whole_way_back() -> None:
    lines = draw(load_flow("call-home")).splitlines()
    places = [number for number, line in enumerate(lines) if "[180 or 183]" in line]
    assert len(places) == 6
    assert places == list(range(places[0], places[0] + 6))
    assert "PRACK" in lines[places[-1] + 1]
