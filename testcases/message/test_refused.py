"""Messages that reach nobody."""

from __future__ import annotations

import pytest

from conformance.runs.cell import Cell
from conformance.runs.messaging import refused

pytestmark = pytest.mark.message


@pytest.mark.flow("message-refused", callee="third")
def test_unknown(cell: Cell) -> None:
    """Nobody has the identity that a text is for.

    Preconditions:
        - The sender is registered.
    Steps:
        1. The I-CSCF of the receiver's network asks the HSS, which does not know the identity.
        2. The network answers 404.

    References:
        3GPP TS 24.229 5.3.2; 3GPP TS 29.228 6.1.4; 3GPP TS 29.229 6.2.2
    """
    sender, receiver = cell.terminal(), cell.callee()
    sender.register()
    cell.settle()
    refused(sender, f"sip:nobody@{receiver.impu.rpartition('@')[2]}", 404)


@pytest.mark.flow("message-refused", callee="third")
def test_not_registered(cell: Cell) -> None:
    """The receiver is not registered, and has no service for that case.

    Preconditions:
        - The sender is registered, the receiver is not.
    Steps:
        1. The I-CSCF of the receiver's network asks the HSS, which knows the user as not registered.
        2. The network answers 480.

    References:
        3GPP TS 24.229 5.3.2, 5.4.3.3; 3GPP TS 29.228 6.1.4
    """
    sender, receiver = cell.terminal(), cell.callee()
    sender.register()
    cell.settle()
    refused(sender, receiver.impu, 480)
