"""Registrations that the network has to refuse, and how it refuses them."""

from __future__ import annotations

import pytest

from conformance.runs.actors import UNKNOWN_DOMAIN, impostor, nowhere, stranger
from conformance.runs.cell import Cell

pytestmark = [pytest.mark.registration, pytest.mark.flow("registration-refused")]


def test_unknown_user(cell: Cell) -> None:
    """A user whom the HSS does not know is refused.

    Steps:
        1. The terminal registers a public user identity that nobody has subscribed to.
        2. The HSS answers that the user is unknown; the terminal gets 403.

    References:
        3GPP TS 24.229; 3GPP TS 29.229
    """
    cell.refused(cell.terminal(subscriber=stranger(cell.subscriber, cell.home.domain)).register, 403)


def test_wrong_key(cell: Cell) -> None:
    """A terminal with another key refuses the network, and the network refuses the terminal.

    Steps:
        1. The terminal finds that the challenge was not made with its key.
        2. It says so with an empty response; the network answers 403.

    References:
        RFC 3310; 3GPP TS 33.102; 3GPP TS 24.229
    """
    cell.refused(cell.terminal(subscriber=impostor(cell.subscriber)).register, 403)


@pytest.mark.expected(conformance="FAIL", criteria=["REG-34"])
def test_wrong_response(cell: Cell) -> None:
    """A terminal that answers the challenge wrongly is refused.

    Steps:
        1. The terminal answers the challenge with a response that does not follow from its key.
        2. The S-CSCF compares it with the expected one; the terminal gets 403.

    References:
        3GPP TS 24.229; RFC 2617 3.2.2
    """
    cell.refused(cell.terminal(faults=frozenset({"wrong-response"})).register, 403)


def test_interval_too_brief(cell: Cell) -> None:
    """A terminal that asks for too short an expiry is told the shortest one, and registers with it.

    Steps:
        1. The terminal asks for 10 seconds; the registrar answers 423 with Min-Expires.
        2. The terminal asks for at least that; the network goes on as usual.

    References:
        RFC 3261 10.2, 10.3
    """
    cell.terminal().register(expires_s=10)


@pytest.mark.fault("s-cscf", "path-unsupported")
def test_path_not_supported(cell: Cell) -> None:
    """A registrar that does not know Path refuses what it cannot honour.

    Preconditions:
        - The S-CSCF does not support the extension path.
    Steps:
        1. The P-CSCF requires path; the S-CSCF answers 420 and names it in Unsupported.

    References:
        RFC 3327; RFC 3261
    """
    cell.refused(cell.terminal().register, 420)


def test_extension_that_nobody_has(cell: Cell) -> None:
    """A probe: a registrar that is asked for an extension that nobody has says so.

    Steps:
        1. The terminal requires an extension that does not exist.
        2. The registrar answers 420 and names it in Unsupported.

    References:
        RFC 3261 8.2.2.3
    """
    cell.refused(cell.terminal(faults=frozenset({"requires-unknown-extension"})).register, 420)


def test_unknown_domain(cell: Cell) -> None:
    """A subscriber of a network that DNS does not know is refused by the P-CSCF.

    Steps:
        1. The terminal registers with a home network that no zone describes.
        2. The P-CSCF finds no entry point and refuses.

    References:
        3GPP TS 24.229; RFC 3263
    """
    cell.refused(cell.terminal(home=nowhere(cell.home), subscriber=stranger(cell.subscriber, UNKNOWN_DOMAIN)).register)


@pytest.mark.fault("hss", "silent")
def test_silent_hss(cell: Cell) -> None:
    """A network whose HSS does not answer refuses, instead of leaving the terminal without answer.

    Preconditions:
        - The HSS accepts connections and answers no command.
    Steps:
        1. The terminal registers; the I-CSCF waits for the HSS and gives up.
        2. The terminal gets a final answer.

    References:
        3GPP TS 24.229; 3GPP TS 29.228
    """
    cell.refused(cell.terminal().register)
