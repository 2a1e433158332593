"""Media of calls: long enough to be measured."""

from __future__ import annotations

import pytest

from conformance.runs.calls import set_up, talk
from conformance.runs.cell import Cell

pytestmark = [pytest.mark.call, pytest.mark.qos]
MEASURED = 60
"""Packets of 20 ms: more than a second."""


@pytest.mark.flow("call-interconnect", callee="third")
def test_quality(cell: Cell) -> None:
    """Users of two networks talk for more than a second, and the quality of their voice is measured.

    Preconditions:
        - Both terminals are registered, each in its own network, and mark their voice (DSCP EF).
    Steps:
        1. The call is set up; offer and answer state the bandwidth of the stream (b=AS).
        2. Both send voice; it comes with its mark, also outside of the tunnel between the networks, with the payload
           type of the answer, and takes no more than the stated bandwidth. Loss, jitter and gaps are in the report.
        3. The caller hangs up.

    References:
        D2.2 2.6; RFC 3246; RFC 2983; RFC 3550 6.4.1; 3GPP TS 24.229 6.1
    """
    talk(*set_up(cell), packets=MEASURED).hang_up()
