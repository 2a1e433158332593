"""The VPN between the partners fails (D2.2 2.8): who is away is told so, who is at home notices nothing."""

from __future__ import annotations

import pytest

from conformance.fabric.pki import Flaw
from conformance.runs.cell import Cell

pytestmark = [
    pytest.mark.mishap,
    pytest.mark.vpn,
    pytest.mark.fabric("namespaces"),
]


@pytest.mark.flow("registration-refused", access="visited", each="visited", then=["registration-visited"])
def test_client_killed(cell: Cell) -> None:
    """A visitor is refused while the visited network's VPN client is dead, and is served when it is back.

    Preconditions:
        - The VPN client of the visited network is killed.
    Steps:
        1. The terminal registers; the visited P-CSCF finds no entry point of the home network and answers 504.
        2. The VPN client is started again and joins the VPN.
        3. The terminal registers once more and is accepted.

    References:
        3GPP TS 24.229 5.2.2; D2.2 2.8
    """
    terminal = cell.terminal()
    with cell.mishaps.vpn_client_killed(cell.visited.name):
        cell.refused(terminal.register, 504)
    terminal.register()


@pytest.mark.flow("registration-refused", access="visited", each="federation", then=["registration-visited"])
def test_hub_killed(cell: Cell) -> None:
    """A visitor is refused while the hub of the VPN is dead, and is served when it is back.

    Preconditions:
        - The hub of the VPN is killed.
    Steps:
        1. The terminal registers; the visited P-CSCF finds no entry point of the home network and answers 504.
        2. The hub is started again; all partners find it by themselves.
        3. The terminal registers once more and is accepted.

    References:
        3GPP TS 24.229 5.2.2; D2.2 2.8
    """
    terminal = cell.terminal()
    with cell.mishaps.vpn_hub_killed(cell.visited.name):
        cell.refused(terminal.register, 504)
    terminal.register()


@pytest.mark.flow("registration-refused", access="visited", each="home", then=["registration-visited"])
def test_partner_unreachable(cell: Cell) -> None:
    """A visitor is refused while the line of the home network is cut, and is served when it is back.

    Preconditions:
        - The outer interface of the home network's VPN gateway is down.
    Steps:
        1. The terminal registers; the visited P-CSCF finds no entry point of the home network and answers 504.
        2. The interface is up again.
        3. The terminal registers once more and is accepted.

    References:
        3GPP TS 24.229 5.2.2; D2.2 2.8
    """
    terminal = cell.terminal()
    with cell.mishaps.unreachable(cell.home.name):
        cell.refused(terminal.register, 504)
    terminal.register()


def _without_vpn(cell: Cell, flaw: Flaw) -> None:
    """The visited network has a certificate that the hub refuses; its own subscriber registers at home all the same."""
    own = next(subscriber for subscriber in cell.visited.subscribers if subscriber.uses_aka)
    visitor, native = cell.terminal(), cell.terminal(subscriber=own, home=cell.visited)
    with cell.mishaps.vpn_certificate(cell.visited.name, flaw):
        cell.refused(visitor.register, 504)
        native.register()
    visitor.register()


CERTIFICATE = pytest.mark.flow(
    "registration-refused", access="visited", each="federation", then=["registration-home", "registration-visited"]
)


@CERTIFICATE
def test_certificate_revoked(cell: Cell) -> None:
    """A partner whose certificate is revoked is not let into the VPN; at home nothing changes.

    Preconditions:
        - The VPN client of the visited network has a certificate that is on the revocation list.
    Steps:
        1. The hub refuses the certificate; the client stays outside.
        2. A visitor registers; the visited P-CSCF finds no entry point of the home network and answers 504.
        3. A subscriber of the visited network registers at home and is accepted.
        4. The client comes back with its own certificate; the visitor registers and is accepted.

    References:
        RFC 5280 5; 3GPP TS 24.229 5.2.2; D2.2 2.8
    """
    _without_vpn(cell, Flaw.REVOKED)


@CERTIFICATE
def test_certificate_expired(cell: Cell) -> None:
    """A partner whose certificate has expired is not let into the VPN; at home nothing changes.

    Preconditions:
        - The certificate of the visited network's VPN client has expired.
    Steps:
        1. The hub refuses the certificate; the client stays outside.
        2. A visitor registers; the visited P-CSCF finds no entry point of the home network and answers 504.
        3. A subscriber of the visited network registers at home and is accepted.
        4. The client comes back with its own certificate; the visitor registers and is accepted.

    References:
        RFC 5280 4.1.2.5; 3GPP TS 24.229 5.2.2; D2.2 2.8
    """
    _without_vpn(cell, Flaw.EXPIRED)


@CERTIFICATE
def test_certificate_of_another_authority(cell: Cell) -> None:
    """A partner whose certificate another authority has signed is not let into the VPN; at home nothing changes.

    Preconditions:
        - Another authority than the federation's has signed the certificate of the visited network's VPN client.
    Steps:
        1. The hub refuses the certificate; the client stays outside.
        2. A visitor registers; the visited P-CSCF finds no entry point of the home network and answers 504.
        3. A subscriber of the visited network registers at home and is accepted.
        4. The client comes back with its own certificate; the visitor registers and is accepted.

    References:
        RFC 5280 6; 3GPP TS 24.229 5.2.2; D2.2 2.8
    """
    _without_vpn(cell, Flaw.FOREIGN)
