"""What cells of presence have in common: clients of the XDMS, what test cases do again and again, and the end of it."""

from __future__ import annotations

import ssl
from collections.abc import Iterable

from conformance.fabric.fabric import Attachment
from conformance.fabric.pki import Authority, default_folder
from conformance.runs.parties import Party
from conformance.stack.locate import Locator
from conformance.terminals.authenticator import Authenticator
from conformance.terminals.documents import Documents
from conformance.terminals.event_log import EventLog
from conformance.terminals.loop import shared_loop
from conformance.terminals.presence_failures import PresenceFailed
from conformance.terminals.terminal import Terminal
from conformance.terminals.xcap_client import XcapClient, XcapPlace
from conformance.vocabulary.errors import BadInput, BeyondProgram, NetlabError
from conformance.vocabulary.federation import XCAP_HOST, Federation, NodeKind, Subscriber
from conformance.vocabulary.secrets import Secret


def xcap_client(
    federation: Federation, party: Party, place: Attachment, events: EventLog, secure: bool, password: str | None
) -> XcapClient:
    """Return the XCAP client of a terminal.

    Args:
        federation: for its timers.
        party: whose terminal, and where.
        place: how it is attached.
        events: where observations go.
        secure: by HTTPS; else by HTTP.
        password: another one than the user's.

    Raises:
        BeyondProgram: the terminal uses the home access point.
        BadInput: the user has no password for the XDMS.
    """
    if place.tunnel is not None:
        raise BeyondProgram(
            "XCAP goes over TCP, and the tunnel of the home access point carries UDP alone: "
            "nothing is said about documents by home access"
        )
    dns = party.entry.node(NodeKind.DNS)
    name = f"{XCAP_HOST}.{party.home.domain}"  # what users know it by (D2.2 3.3.3.2)
    return XcapClient(
        XcapPlace(
            root=party.home.xcap_root(secure=secure).replace(party.home.fqdn(NodeKind.XDMS), name, 1),
            user=party.subscriber.impus[0],
            source=str(place.address),
            locator=Locator(str(dns.address), dns.port, source=str(place.address)),
            tls=ssl.create_default_context(cafile=Authority(default_folder()).certificate) if secure else None,
        ),
        Authenticator(_with_password(party.subscriber, password), party.home.domain),
        events,
        place.loop or shared_loop(),
        federation.timers.procedure_ms / 1000,
    )


def _with_password(subscriber: Subscriber, password: str | None) -> Subscriber:
    """Return the subscriber as HTTP digest knows it: by a password alone."""
    secret = subscriber.xcap_password or subscriber.password
    if password is not None:
        secret = Secret(password.encode())
    if secret is None:
        raise BadInput(f"subscriber {subscriber.name}: found no password for the XDMS, expected xcap_password")
    return subscriber.model_copy(update={"k": None, "opc": None, "op": None, "password": secret})


def leave_presence(terminals: Iterable[Terminal], documents: Iterable[Documents]) -> list[str]:
    """End what terminals watch and publish, and remove what their users stored, after the capture has ended.

    Returns:
        What did not go as it should, one sentence each.
    """
    told = []
    for terminal in terminals:
        try:
            terminal.presence.withdraw()
        except (NetlabError, PresenceFailed) as error:
            told.append(f"end of presence after the cell: {error}")
    for one in documents:
        try:
            one.clear()
        except (NetlabError, PresenceFailed) as error:
            told.append(f"removal of documents after the cell: {error}")
    return told
