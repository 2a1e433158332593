"""The markers of test cases."""

from __future__ import annotations

import pytest

GROUPS = (
    "registration", "call", "message", "presence", "iptv", "terminals", "dns", "qos", "vpn", "security", "onepass",
    "mishap",
)  # fmt: skip


def add_markers(config: pytest.Config) -> None:
    """Register them."""
    for name in GROUPS:
        config.addinivalue_line("markers", f"{name}: test cases of the group {name}")
    for words in (
        "flow(id, access='none', credentials='aka', roaming=True, callee=None, callee_credentials=None, "
        "transport='udp', each=None, then=()): "
        "the flow that the cell must follow, those of the procedures after it, and the cells",
        "expected(interoperability='PASS', conformance='PASS', criteria=()): what is expected where not PASS/PASS",
        "fault(node, name, at='home'): that node misbehaves in this cell, on purpose",
        "strictness(name, of='home'): that testbed's emulated core takes deviations so; NOT_APPLICABLE for a real one",
        "fabric(name, ip=None): NOT_APPLICABLE on another fabric, or where the federation has another version of IP",
        "program(name, plays=('caller',)): that real program is the terminal of caller, callee or both; NOT_APPLICABLE "
        "where it is missing or cannot play it",
        "profiles(*names, adapted=(False, True)): a cell for each terminal profile and strictness of the core, without "
        "and with the adapter; what is expected says outcomes.toml beside the test case",
        "manual: a person at a phone takes part; runs only with --manual, or where -m speaks of it",
        "needs(node, of='home'): NOT_APPLICABLE where that testbed has no such node",
        "feature(name, of='home'): NOT_APPLICABLE where that testbed does not declare the feature",
    ):
        config.addinivalue_line("markers", words)
