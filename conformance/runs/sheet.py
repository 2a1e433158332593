"""The test sheet of a test case, in the form of ETSI's interoperability test descriptions, from its own docstring.

\"\"\"One sentence: the purpose.

Preconditions:
    - ...
Steps:
    1. ...

References:
    3GPP TS 24.229 5.1.1.2; D2.2 2.7
\"\"\"
"""

from __future__ import annotations

import inspect
import re

from conformance.federation.matrix import Cell
from conformance.vocabulary.results import TestSheet

SECTIONS = ("Preconditions", "Steps", "References")
_BULLET = re.compile(r"^(-|\d+\.)\s+")


def read_sheet(identifier: str, configuration: str, docstring: str | None) -> TestSheet:
    """Return the sheet of a test case.

    Args:
        identifier: what the report calls the test case.
        configuration: which networks and access point take part, one sentence.
        docstring: of the test function; its first line is the purpose.
    """
    lines = inspect.cleandoc(docstring or identifier).splitlines()
    sections: dict[str, list[str]] = {name: [] for name in SECTIONS}
    current: list[str] | None = None
    for line in lines[1:]:
        heading = line.strip().removesuffix(":")
        if line.strip().endswith(":") and heading in sections and not line.startswith(" "):
            current = sections[heading]
        elif current is not None and line.strip():
            _add(current, line.strip())
    return TestSheet(
        identifier=identifier,
        purpose=lines[0].strip(),
        configuration=configuration,
        preconditions=sections["Preconditions"],
        steps=sections["Steps"],
        references=[part.strip() for text in sections["References"] for part in text.split(";") if part.strip()],
    )


def _add(section: list[str], text: str) -> None:
    """Begin a new entry at a bullet, else go on with the one before."""
    entry = _BULLET.sub("", text)
    if entry == text and section:
        section[-1] += f" {text}"
    else:
        section.append(entry)


def configuration(square: Cell) -> str:
    """Return which networks take part and where each terminal gets its address, one sentence a terminal."""
    over = " Over TCP." if square.transport == "tcp" else ""
    if square.callee is None:
        return _of_first(square) + over
    home = square.callee.home
    also = f", and with a second device {_where(home, square.callee.device_visited)}" if square.callee.device else ""
    return (
        f"{_of_first(square)} Who is called: a subscriber of {home} {_where(home, square.callee.visited)}{also}.{over}"
    )


def _where(home: str, visited: str) -> str:
    return "at home" if home == visited else f"in {visited}; address and P-CSCF are those of {visited}"


def _of_first(square: Cell) -> str:
    if square.access_point == "none":
        return f"A subscriber of {square.home} at home in {square.home}."
    if square.access_point == "visited":
        return f"A subscriber of {square.home} in {square.visited}; address and P-CSCF are those of {square.visited}."
    return (
        f"A subscriber of {square.home} in {square.visited}, whose network tunnels to {square.home}; "
        f"address and P-CSCF are those of {square.home}."
    )
