"""The terminals of one cell: whose they are, where they are attached, and which node they know."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeVar

from conformance.fabric.fabric import Attachment
from conformance.fabric.netns import enter
from conformance.faults.catalogue import TERMINAL
from conformance.protocols.aka import SequenceNumbers
from conformance.quirks.profiles import Profile, profile_named
from conformance.runs.bench import Bench
from conformance.runs.cell_identity import CALLER, MANUAL, CellIdentity
from conformance.runs.leases import Lease
from conformance.runs.parties import Party, called_party, first_party, second_device
from conformance.runs.presence import sip_terminal
from conformance.runs.selection import needed_nodes, nodes_of_callee
from conformance.stack.hop import Hop
from conformance.terminals.event_log import EventLog
from conformance.terminals.programs.catalogue import PROGRAMS
from conformance.terminals.programs.manual import ManualTerminal, Person
from conformance.terminals.programs.program_terminal import Place, ProgramTerminal
from conformance.terminals.sip_terminal import SipTerminal
from conformance.terminals.terminal import Terminal
from conformance.vocabulary.errors import HarnessFault, NothingSeen
from conformance.vocabulary.federation import Node, NodeKind, Subscriber, Testbed

AnyTerminal = TypeVar("AnyTerminal", bound=Terminal)


class CellTerminals:
    """Makes the terminals of a cell and knows them until its end; how a cell goes on is said by `Cell`.

    Args:
        identity: which cell.
        bench: a bench that is up.
        person: who has the phone where the terminal is `manual`; None: nobody.
    """

    folder: Path
    """Of the cell."""
    _events: EventLog
    _leases: list[Lease]

    def __init__(self, identity: CellIdentity, bench: Bench, person: Person | None) -> None:
        self.identity = identity
        self.home = bench.federation.testbeds[identity.square.home]
        self.visited = bench.federation.testbeds[identity.square.visited]
        self.subscriber = self.home.subscriber(identity.square.subscriber)
        self._person = person
        self._bench = bench
        self._testbeds = set(identity.square.testbeds)
        self._terminals: list[Terminal | ProgramTerminal] = []
        self._places: list[Attachment] = []
        self._at: dict[Terminal, tuple[Party, Attachment]] = {}
        self._names: set[str] = set()
        """Whom terminals say that they are, beside their users."""
        self._nodes = needed_nodes(identity.square, self.home, self.visited)
        self._leased = {(identity.square.home, identity.square.subscriber)}
        """Users of the cell: home and name."""
        if (callee := identity.square.callee) is not None:
            self._nodes |= nodes_of_callee(callee, bench.federation.testbeds[callee.home])
            self._leased.add((callee.home, callee.subscriber))

    def terminal(
        self,
        *,
        transport: Literal["udp", "tcp"] | None = None,
        subscriber: Subscriber | None = None,
        home: Testbed | None = None,
        numbers: SequenceNumbers | None = None,
        faults: frozenset[str] = frozenset(),
        profile: Profile | None = None,
        place: Literal["home"] | None = None,
        adapted: bool = False,
    ) -> Terminal:
        """Return a new terminal, attached to the access network of the visited testbed.

        At the home access point its address and its P-CSCF are those of the home network, and a tunnel that begins at
        an address of the visited one carries its packets (UDP only); else both are the visited network's.

        Args:
            transport: towards the P-CSCF; the cell's own where it is None.
            subscriber: whose terminal; the cell's own subscriber where it is None.
            home: the network that the terminal takes for its home; the cell's where it is None.
            numbers: its memory of AKA sequence numbers; that of a new UICC where it is None.
            faults: how it misbehaves, beside what the run asks of all terminals.
            profile: how it deviates; as the cell's square says where it is None.
            place: `home`: it has not left its home network yet.
            adapted: its first hop is the adapter in front of the P-CSCF.

        Raises:
            HarnessFault: adapted, and the network has no adapter.
        """
        party = first_party(self._bench.federation, self.identity.square)
        if place == "home":
            party = replace(party, visited=party.home, access_point="none")
        return self._attached(
            replace(party, subscriber=subscriber or party.subscriber),
            transport=transport or self.identity.square.transport,
            home=home or party.home,
            numbers=numbers,
            faults=faults | self._bench.plan.faults.get(TERMINAL, frozenset()),
            profile=profile or self._profile,
            adapted=adapted or self.identity.square.adapted,
        )

    @property
    def _profile(self) -> Profile | None:
        return profile_named(self.identity.square.profile) if self.identity.square.profile else None

    def callee(
        self,
        *,
        transport: Literal["udp", "tcp"] | None = None,
        numbers: SequenceNumbers | None = None,
        faults: frozenset[str] = frozenset(),
        adapted: bool = False,
    ) -> Terminal:
        """Return a new terminal of the user who is called, attached where that user is; see `terminal`.

        Raises:
            HarnessFault: the marker `flow` of the test case does not say who is called.
        """
        party = called_party(self._bench.federation, self.identity.square)
        return self._of(party, transport, numbers, faults, adapted=adapted)

    def second_device(self, *, transport: Literal["udp", "tcp"] | None = None) -> Terminal:
        """Return a new terminal of the same user as `callee`, with a private identity of its own.

        Raises:
            HarnessFault: the marker `flow` of the test case does not ask for somebody with two devices.
        """
        return self._of(second_device(self._bench.federation, self.identity.square), transport, None)

    def _of(
        self,
        party: Party,
        transport: Literal["udp", "tcp"] | None,
        numbers: SequenceNumbers | None,
        faults: frozenset[str] = frozenset(),
        *,
        adapted: bool = False,
    ) -> Terminal:
        return self._attached(
            party,
            transport=transport or self.identity.square.transport,
            home=party.home,
            numbers=numbers,
            faults=faults,
            adapted=adapted,
        )

    def _attached(
        self,
        party: Party,
        *,
        transport: Literal["udp", "tcp"],
        home: Testbed,
        numbers: SequenceNumbers | None,
        faults: frozenset[str],
        profile: Profile | None = None,
        adapted: bool = False,
    ) -> Terminal:
        place = self._place(party, home)
        entry = self._first_hop(party.entry, adapted=adapted)
        terminal = Terminal(
            federation=self._bench.federation,
            testbed=home,
            subscriber=party.subscriber,
            address=place.address,
            pcscf=Hop(str(entry.address), entry.port, transport),
            transport=transport,
            events=self._events,
            faults=faults,
            profile=profile,
            numbers=numbers,
            tunnel=place.tunnel,
            loop=place.loop,
        )
        return self._known(terminal, party, place)

    def _place(self, party: Party, home: Testbed) -> Attachment:
        """Attach a terminal of a user, who is ours alone from now on."""
        if (user := (home.name, party.subscriber.name)) not in self._leased and home.name in self._testbeds:
            self._leases.append(self._bench.lease([user], self.identity.name))
            self._leased.add(user)
        place = self._bench.attach(party.visited.name, party.home.name if party.access_point == "home" else None)
        self._places.append(place)
        return place

    def _known(self, terminal: AnyTerminal, party: Party, place: Attachment) -> AnyTerminal:
        self._terminals.append(terminal)
        self._at[terminal] = party, place
        return terminal

    def sip_terminal(
        self,
        whose: str = CALLER,
        *,
        password: str | None = None,
        identity: str | None = None,
        claims: str | None = None,
    ) -> SipTerminal:
        """Return a new terminal of the SIP framework: it registers at the SIP proxy of home, wherever it is.

        Args:
            whose: `caller`, the cell's own subscriber, or `callee`, who is watched.
            password: another one than the user's.
            identity: whom it says that it is, in the place of its user.
            claims: whom it asserts to be, which is no terminal's to say.
        """
        federation, square = self._bench.federation, self.identity.square
        party = first_party(federation, square) if whose == CALLER else called_party(federation, square)
        place = self._place(party, party.home)
        self._names |= {identity} if identity else set()
        terminal = sip_terminal(federation, party, place, self._events, password, identity, claims)
        return self._known(terminal, party, place)

    def _first_hop(self, entry: Testbed, *, adapted: bool) -> Node:
        """Return what a terminal knows of a network: its P-CSCF, or what stands in front of that."""
        kind = NodeKind.ADAPTER if adapted else NodeKind.PCSCF
        if kind not in entry.nodes:
            raise HarnessFault(
                f"an adapted terminal in {entry.name}: found no node {kind}, expected one in the federation file; "
                f'@pytest.mark.needs("{kind}", of=...) asks for it'
            )
        self._nodes |= {f"{entry.name}/{kind}"}
        return entry.node(kind)

    @property
    def entries(self) -> tuple[Testbed, Testbed]:
        """The networks whose P-CSCFs the caller and who is called use."""
        federation, square = self._bench.federation, self.identity.square
        return first_party(federation, square).entry, called_party(federation, square).entry

    def program(self, whose: str = CALLER) -> ProgramTerminal:
        """Return a new terminal that the cell's program plays, where its user is; or a person at a phone.

        Args:
            whose: `caller`, the cell's own subscriber, or `callee`, who is called.

        Raises:
            NothingSeen: there is nobody to ask.
        """
        federation, square = self._bench.federation, self.identity.square
        party = first_party(federation, square) if whose == CALLER else called_party(federation, square)
        entry = party.visited.node(NodeKind.PCSCF)
        attachment = self._bench.attach(party.visited.name)
        self._places.append(attachment)
        folder = self.folder if whose == CALLER else self.folder / whose
        folder.mkdir(exist_ok=True)
        place = Place(
            federation=federation,
            testbed=party.home,
            subscriber=party.subscriber,
            address=attachment.address,
            pcscf=Hop(str(entry.address), entry.port),
            folder=folder,
            enter=lambda: enter(attachment.namespace),
            namespace=attachment.namespace,
        )
        terminal: ProgramTerminal
        if self.identity.terminal == MANUAL:
            if self._person is None:
                raise NothingSeen("manual: expected a person at a phone, found nobody to ask: run it without -n")
            terminal = ManualTerminal(place, self._events, self._person, self._bench.sniffers.watch())
        else:
            terminal = PROGRAMS[self.identity.terminal].make(place, self._events)
        self._terminals.append(terminal)
        return terminal

    def _detach(self) -> None:
        """Give back where terminals were attached."""
        for place in self._places:
            place.release()
        self._places.clear()
