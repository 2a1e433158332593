"""The test sheet comes from the test case's own docstring."""

from __future__ import annotations

from conformance.federation.matrix import Callee, Cell
from conformance.runs.sheet import configuration, read_sheet

DOCSTRING = """A subscriber registers through a visited network.

    Preconditions:
        - The networks have agreed
          that their subscribers may roam.
        - The terminal is not registered.
    Steps:
        1. The terminal registers.
        2. The network challenges it.
    References:
        3GPP TS 24.229 5.1.1.2; D2.2 2.7
    """


def test_all_parts_are_found() -> None:
    sheet = read_sheet("registration/test_visited/test_registration", "uc3m visits stuba", DOCSTRING)
    assert sheet.purpose == "A subscriber registers through a visited network."
    assert sheet.preconditions == [
        "The networks have agreed that their subscribers may roam.",
        "The terminal is not registered.",
    ]
    assert sheet.steps == ["The terminal registers.", "The network challenges it."]
    assert sheet.references == ["3GPP TS 24.229 5.1.1.2", "D2.2 2.7"]


def test_one_sentence_is_a_sheet_too() -> None:
    sheet = read_sheet("a", "b", "Only the purpose.")
    assert (sheet.purpose, sheet.steps) == ("Only the purpose.", [])


def test_without_docstring_the_identifier_is_the_purpose() -> None:
    assert read_sheet("registration/test_x", "b", None).purpose == "registration/test_x"


def test_where_each_device_of_the_called_user_is_stands_in_the_configuration() -> None:
    square = Cell("uc3m", "uc3m", "none", "erin", Callee("uc3m", "uc3m", "alice", "alice-tablet", "stuba"))
    assert configuration(square) == (
        "A subscriber of uc3m at home in uc3m. Who is called: a subscriber of uc3m at home, and with a second device "
        "in stuba; address and P-CSCF are those of stuba."
    )
