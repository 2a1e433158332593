"""Every edit has words, one line each, whatever stands in it."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.faults.describe import edit_lines
from conformance.faults.edits import EDITS

F = {"frames": [1, 2]}
ENDS = {"source": ["192.0.2.1", 1], "destination": ["192.0.2.2", 2]}
WORDS: list[tuple[dict[str, Any], str]] = [
    ({"kind": "replace", **F, "find": "a\r\n", "replace": ""}, "- frames 1, 2: `a\\r\\n` taken out"),
    ({"kind": "set-avp", **F, "path": [1, 2], "value": "x"}, "- frames 1, 2: AVP 1/2 becomes `x`"),
    ({"kind": "remove-avp", **F, "path": [1]}, "- frames 1, 2: AVP 1 taken out"),
    ({"kind": "add-avp", **F, "code": 1, "value": "x"}, "- frames 1, 2: AVP 1 added, `x`"),
    ({"kind": "remove-header", **F, "name": "Path"}, "- frames 1, 2: header Path taken out"),
    ({"kind": "set-header", **F, "name": "To", "value": "x"}, "- frames 1, 2: header To becomes `x`"),
    ({"kind": "add-header", **F, "name": "X", "value": "\x1b"}, "- frames 1, 2: header X added, `\\x1b`"),
    (
        {"kind": "remove-parameter", **F, "header": "To", "parameter": "tag"},
        "- frames 1, 2: To: parameter tag taken out",
    ),
    (
        {"kind": "set-parameter", **F, "header": "To", "parameter": "tag", "value": "x"},
        "- frames 1, 2: To: parameter tag becomes `x`",
    ),
    ({"kind": "remove-record", **F, "find": "IN A"}, "- frames 1, 2: record with `IN A` taken out"),
    (
        {"kind": "set-record", **F, "find": "a", "replace": "b"},
        "- frames 1, 2: in the record with `a` this becomes `b`",
    ),
    ({"kind": "drop", "frames": [3]}, "- frame 3: taken out"),
    ({"kind": "delay", "frames": [3], "by_us": -5}, "- frame 3: seen 5 microseconds earlier"),
    ({"kind": "swap", **F}, "- frames 1, 2: change places"),
    ({"kind": "insert", "copy_of": 3, "delay_us": 5}, "- a copy of frame 3, 5 microseconds after it"),
    (
        {"kind": "insert", "copy_of": 3, "delay_us": 5, "point": "VPN"},
        "- a copy of frame 3 at point VPN, 5 microseconds after it",
    ),
    (
        {"kind": "add-datagram", "behind": 3, "delay_us": -5, "point": "VPN", **ENDS, "octets": "38" * 20},
        f"- a datagram from 192.0.2.1:1 to 192.0.2.2:2 at point VPN, 5 microseconds before frame 3: `{'38' * 16}...`",
    ),
    ({"kind": "forget-point", "point": "Cx"}, "- all packets of point Cx and its interface taken out"),
]


@pytest.mark.parametrize(("edit", "words"), WORDS, ids=[str(edit["kind"]) for edit, _ in WORDS])
def test_an_edit_in_words(edit: dict[str, Any], words: str) -> None:
    (one,) = EDITS.validate_python([edit])
    assert edit_lines(one) == [words]
