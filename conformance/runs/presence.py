"""What a cell has for presence: clients of the XDMS, terminals without IMS, senders past the network, the end."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable

from conformance.fabric.fabric import Attachment
from conformance.fabric.pki import Authority, default_folder
from conformance.protocols.sip.timers import SipTimers
from conformance.runs.bench import Bench
from conformance.runs.parties import Party
from conformance.stack.hop import Hop
from conformance.stack.locate import Locator
from conformance.terminals.authenticator import Authenticator
from conformance.terminals.direct_client import DirectClient
from conformance.terminals.documents import Documents
from conformance.terminals.event_log import EventLog
from conformance.terminals.loop import TerminalLoop, shared_loop
from conformance.terminals.presence_failures import PresenceFailed
from conformance.terminals.sip_terminal import SipTerminal
from conformance.terminals.terminal import Terminal
from conformance.terminals.xcap_client import XcapClient, XcapPlace
from conformance.vocabulary.errors import BadInput, BeyondProgram, NetlabError
from conformance.vocabulary.federation import XCAP_HOST, Federation, NodeKind, Subscriber, Testbed
from conformance.vocabulary.secrets import Secret


def xcap_client(
    federation: Federation,
    party: Party,
    place: Attachment,
    events: EventLog,
    password: str | None,
    secure: bool,
) -> XcapClient:
    """Return the XCAP client of a terminal.

    Args:
        federation: for its timers.
        party: whose terminal, and where.
        place: how it is attached.
        events: where observations go.
        password: another one than the user's.
        secure: by HTTPS; else by HTTP.

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
        Authenticator(with_password(party.subscriber, password), party.home.domain),
        events,
        place.loop or shared_loop(),
        federation.timers.procedure_ms / 1000,
    )


def with_password(subscriber: Subscriber, password: str | None) -> Subscriber:
    """Return the subscriber as digest without IMS knows it: by a password alone.

    Args:
        subscriber: whose password is `xcap_password` or `password`.
        password: another one; None: the right one.

    Raises:
        BadInput: the subscriber has none.
    """
    secret = subscriber.xcap_password or subscriber.password
    if password is not None:
        secret = Secret(password.encode())
    if secret is None:
        raise BadInput(f"subscriber {subscriber.name}: found no password for digest, expected xcap_password")
    return subscriber.model_copy(update={"k": None, "opc": None, "op": None, "password": secret})


def sip_terminal(
    federation: Federation,
    party: Party,
    place: Attachment,
    events: EventLog,
    password: str | None = None,
    identity: str | None = None,
    claims: str | None = None,
) -> SipTerminal:
    """Return the terminal of a user in the SIP framework, who registers at the proxy of home from wherever he is.

    Args:
        federation: for its timers.
        party: whose terminal, and where.
        place: how it is attached.
        events: where observations go.
        password: another one than the user's.
        identity: whom it says that it is, in the place of its user.
        claims: whom it asserts to be.

    Raises:
        BadInput: the user has no password.
    """
    proxy = party.home.node(NodeKind.SIP_PROXY)
    return SipTerminal(
        proxy=Hop(str(proxy.address), proxy.port),
        subscriber=with_password(party.subscriber, password),
        testbed=party.home,
        identity=identity,
        claims=claims,
        federation=federation,
        address=place.address,
        events=events,
        loop=place.loop,
    )


def direct_client(
    bench: Bench, home: Testbed, subscriber: Subscriber, events: EventLog, *, trusted: bool
) -> DirectClient:
    """Return what sends requests straight to the presence server of a network.

    Args:
        bench: the testbeds.
        home: the network.
        subscriber: in whose name it asks.
        events: where observations go.
        trusted: from the address of the S-CSCF; else from that of a terminal.
    """
    node = home.node(NodeKind.PRESENCE)
    server = Hop(str(node.address), node.port)
    timers = SipTimers.core(bench.federation.timers)
    if not trusted:
        place = bench.attach(home.name)
        loop = place.loop or shared_loop()
        return DirectClient(subscriber.impus[0], str(place.address), server, timers, events, loop, once(place.release))
    namespace = bench.fabric.namespace_of(f"{home.name}/{NodeKind.SCSCF}")
    loop = TerminalLoop(namespace) if namespace else shared_loop()
    address = str(home.node(NodeKind.SCSCF).address)
    return DirectClient(
        subscriber.impus[0], address, server, timers, events, loop, once(loop.close) if namespace else lambda: None
    )


def once(work: Callable[[], None]) -> Callable[[], None]:
    """Return what does it the first time it is called, and nothing afterwards."""
    left = [work]
    return lambda: left.pop()() if left else None


class CellPresence:
    """What the users of one cell have at presence server and XDMS.

    Args:
        bench: the testbeds.
        events: where observations go.
    """

    def __init__(self, bench: Bench, events: EventLog) -> None:
        self._bench = bench
        self._events = events
        self._documents: list[Documents] = []
        self._direct: list[DirectClient] = []

    @property
    def users(self) -> set[str]:
        """Whose documents were asked for."""
        return {user for one in self._documents for user in one.client.users}

    def documents(self, party: Party, place: Attachment, secure: bool, password: str | None) -> Documents:
        """Return the documents of a user; see `xcap_client`."""
        client = xcap_client(self._bench.federation, party, place, self._events, password, secure)
        self._documents.append(Documents(client))
        return self._documents[-1]

    def direct(self, home: Testbed, subscriber: Subscriber, *, trusted: bool) -> DirectClient:
        """Return what sends requests straight to the presence server; see `direct_client`."""
        self._direct.append(direct_client(self._bench, home, subscriber, self._events, trusted=trusted))
        return self._direct[-1]

    def leave(self, terminals: Iterable[Terminal]) -> list[str]:
        """End what terminals watch and publish, and remove what their users stored, after the capture has ended.

        Returns:
            What did not go as it should, one sentence each.
        """
        told = []
        ends: list[Callable[[], None]] = [client.close for client in self._direct]
        ends += [terminal.presence.withdraw for terminal in terminals]
        ends += [documents.clear for documents in self._documents]
        for end in ends:
            try:
                end()
            except (NetlabError, PresenceFailed) as error:
                told.append(f"end of presence after the cell: {error}")
        self._direct.clear()
        self._documents.clear()
        return told
