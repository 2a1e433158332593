"""One cell: driven, captured, judged, written down."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Literal, TypeVar

from conformance.fabric.fabric import Attachment
from conformance.fabric.netns import enter
from conformance.faults.catalogue import TERMINAL
from conformance.judgement import judge
from conformance.protocols.aka import SequenceNumbers
from conformance.quirks.profiles import Profile, profile_named
from conformance.runs.bench import Bench
from conformance.runs.cell_identity import CALLER, MANUAL, CellIdentity
from conformance.runs.cell_result import BOTH_ERROR, result_of, verdicts_of
from conformance.runs.cell_verdicts import after_stop
from conformance.runs.driving import driving
from conformance.runs.folder import NODES, RunFolder
from conformance.runs.mishaps import Mishaps
from conformance.runs.node_logs import mark, write_since
from conformance.runs.parties import Party, called_party, first_party, second_device
from conformance.runs.presence import CellPresence, sip_terminal
from conformance.runs.selection import needed_nodes, nodes_of_callee
from conformance.stack.hop import Hop
from conformance.terminals.direct_client import DirectClient
from conformance.terminals.documents import Documents
from conformance.terminals.event_log import EventLog
from conformance.terminals.presence_failures import PresenceRefused
from conformance.terminals.programs.catalogue import PROGRAMS
from conformance.terminals.programs.manual import ManualTerminal, Person
from conformance.terminals.programs.program_terminal import Place, ProgramTerminal
from conformance.terminals.sip_terminal import SipTerminal
from conformance.terminals.terminal import RegistrationFailed, RegistrationRejected, Terminal
from conformance.vocabulary.errors import HarnessFault, NetlabError, NothingSeen
from conformance.vocabulary.federation import Node, NodeKind, Subscriber, Testbed, Timers
from conformance.vocabulary.results import (
    CellResult,
    Judgement,
    Mishap,
)
from conformance.vocabulary.verdicts import Verdict, VerdictPair, worst

CAPTURE_FILE = "capture.pcapng"
EVENTS_FILE = "events.jsonl"
AnyTerminal = TypeVar("AnyTerminal", bound=Terminal)


class Cell:
    """What a test case works with. It opens the capture at once; `finish` closes, judges and writes it.

    Args:
        identity: which cell.
        bench: a bench that is up.
        run: where the result goes.
        person: who has the phone where the terminal is `manual`; None: nobody.
    """

    def __init__(self, identity: CellIdentity, bench: Bench, run: RunFolder, person: Person | None = None) -> None:
        self.identity = identity
        self._person = person
        self._bench = bench
        self._run = run
        self._testbeds = set(identity.square.testbeds)
        self._terminals: list[Terminal | ProgramTerminal] = []
        self._places: list[Attachment] = []
        self._at: dict[Terminal, tuple[Party, Attachment]] = {}
        self._told: list[Mishap] = []
        self._names: set[str] = set()
        """Whom terminals say that they are, beside their users."""
        self.home = bench.federation.testbeds[identity.square.home]
        self.visited = bench.federation.testbeds[identity.square.visited]
        self.subscriber = self.home.subscriber(identity.square.subscriber)
        self._nodes = needed_nodes(identity.square, self.home, self.visited)
        if (callee := identity.square.callee) is not None:
            self._nodes |= nodes_of_callee(callee, bench.federation.testbeds[callee.home])
        bench.require_alive(self._nodes, identity.name)
        self._leased = {(identity.square.home, identity.square.subscriber)}
        if callee is not None:
            self._leased.add((callee.home, callee.subscriber))
        self._leases = [bench.lease(self._leased, identity.name)]
        self._started_ns = time.time_ns()
        self._driving = ExitStack()
        try:
            self._driving.enter_context(driving())
            self.folder = run.cell_folder(identity.name)
            self._events = EventLog(self.folder / EVENTS_FILE)
            self._presence = CellPresence(bench, self._events)
            self._log_marks = mark(bench.logs(self._testbeds))
            bench.sniffers.open_cell(identity.name)
        except BaseException:
            self._give_back()
            raise

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

    def documents(self, terminal: Terminal, *, secure: bool = True, password: str | None = None) -> Documents:
        """Return the documents of a terminal's user at the XDMS of home; the terminal asks by HTTPS, or by HTTP.

        Another password than the user's may be given. Raises as `runs.presence.xcap_client`.
        """
        party, place = self._at[terminal]
        return self._presence.documents(party, place, secure, password)

    def past_the_network(self, *, trusted: bool) -> DirectClient:
        """Return what sends requests in the name of the cell's subscriber straight to the presence server.

        Args:
            trusted: from the address of the S-CSCF, whom the server trusts; else from that of a terminal.
        """
        return self._presence.direct(self.home, self.subscriber, trusted=trusted)

    @property
    def timers(self) -> Timers:
        """The timers of the federation."""
        return self._bench.federation.timers

    @property
    def entries(self) -> tuple[Testbed, Testbed]:
        """The networks whose P-CSCFs the caller and who is called use."""
        federation, square = self._bench.federation, self.identity.square
        return first_party(federation, square).entry, called_party(federation, square).entry

    @property
    def mishaps(self) -> Mishaps:
        """What may happen to the testbeds of this cell."""
        return Mishaps(self._bench, self._events, self._told)

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

    def settle(self) -> None:
        """Wait until what the terminals have set off has come to its end: subscriptions of the P-CSCFs, for example.

        Between two procedures of a user time passes; in a cell the second one follows at once, and what belongs to the
        first would lie in between.
        """
        self._bench.settle(self._testbeds)

    def network_deregisters(self) -> None:
        """Let the HSS of the home network end the subscriber's registration (RTR).

        What the registration set off comes to its end first: a P-CSCF that has not yet subscribed to the registration
        would never be told.
        """
        self.settle()
        self._bench.core.hss(self.home.name).end_registration(self.subscriber.impi)

    def refused(self, procedure: Callable[[], object], status: int | None = None) -> None:
        """Run a terminal's procedure that the network has to refuse.

        Args:
            procedure: for example `cell.terminal().register`.
            status: SIP status code that the refusal has to have; any where it is None.

        Raises:
            AssertionError: it was not refused, or with another status.
        """
        try:
            procedure()
        except (RegistrationRejected, PresenceRefused) as refusal:
            if status not in (None, refusal.status):
                raise AssertionError(f"refusal with {status}; the network answered {refusal}") from None
        else:
            raise AssertionError(f"refusal{f' with {status}' if status else ''}; the network accepted")

    def finish(self, stopped_by: BaseException | None = None) -> CellResult:
        """Close the capture, judge it, write `result.json`, and leave the testbed as it was found.

        Args:
            stopped_by: what the test case raised, None where it came to its end. A refusal by the testbed is what
                the terminal observed and is judged; an AssertionError is an expectation of the test case that was
                not met; our own errors, those of the test case among them, make the cell ERROR.
        """
        file = self.folder / CAPTURE_FILE
        reasons: list[str] = []
        judgement = Judgement(captures=[], procedures=[])
        pair = BOTH_ERROR
        try:
            self._bench.settle(self._testbeds)
            self._bench.sniffers.close_cell(self.identity.name, file)
            self._driving.close()
            events = self._events.events
            judgement = judge(
                self._bench.decoder.read([file]),
                federation=self._bench.federation,
                events=events,
                flow=self.identity.flows,
                cell=self.identity.name,
            )
            ours = {one.impu for one in self._terminals} | {*self.subscriber.impus} | self._presence.users | self._names
            own = [procedure for procedure in judgement.procedures if ours & set(procedure.subject)]
            judgement = judgement.model_copy(update={"procedures": own})
            pair = verdicts_of(own, events, reasons)
            if len(own) < 1 + len(self.identity.then):
                reasons.append(
                    f"expected {1 + len(self.identity.then)} procedures one after the other, found {len(own)}"
                )
                pair = VerdictPair(*(worst(verdict, Verdict.INCONCLUSIVE) for verdict in pair))
        except NetlabError as error:
            reasons.append(str(error))
            events = self._events.events
        write_since(self._log_marks, self.folder / NODES)
        dead = self._bench.dead_nodes(self._nodes)
        if dead:
            self._bench.tell_dead(dead, self.identity.name)
            reasons.append(f"{', '.join(dead)} went down during the cell: nothing is said about conformance")
            pair = BOTH_ERROR
        else:
            pair = after_stop(stopped_by, pair, reasons)
        result = result_of(
            self.identity,
            self._run,
            self.folder,
            self._started_ns,
            pair,
            reasons,
            judgement=judgement,
            events=events,
            dead=dead,
            mishaps=self._told,
        )
        left = self.leave()
        result = result.model_copy(update={"reasons": [*result.reasons, *left]})
        self._run.add(result)
        return result

    def leave(self) -> list[str]:
        """Deregister and close the cell's terminals, after the capture has ended; a second call does nothing.

        Returns:
            What did not go as it should, one sentence each. It says nothing about the cell, whose capture has ended,
            and why the next one begins afresh all the same.
        """
        told = self._presence.leave([one for one in self._at if one.registered])
        if not self._terminals:
            self._release()
            return told
        ours = {terminal.impu for terminal in self._terminals} | set(self.subscriber.impus)
        for terminal in self._terminals:
            try:
                if terminal.registered:
                    terminal.deregister()
            except (NetlabError, RegistrationFailed) as error:
                told.append(f"deregistration after the cell: {error}")
        with suppress(NetlabError):  # the next cell says whether the testbeds are alive
            self._bench.settle(self._testbeds)  # what a deregistration sets off belongs to no other cell
            told += self._bench.forget_users(self._testbeds, ours)
            self._forget_refused()
        for terminal in self._terminals:
            try:
                terminal.close()
            except NetlabError as error:
                told.append(f"end of a terminal after the cell: {error}")
        self._terminals.clear()
        self._at.clear()
        self._release()
        return told

    def _forget_refused(self) -> None:
        """Leave nothing of a refused registration at the HSSs: the next one of that user would not be the first."""
        for name in {home for home, _ in self._leased if home in self._testbeds}:
            testbed = self._bench.federation.testbeds[name]
            names = {user for home, user in self._leased if home == name}
            self._bench.core.hss(name).forget(user.impi for user in testbed.subscribers if user.name in names)

    def _release(self) -> None:
        for place in self._places:
            place.release()
        self._places.clear()
        self._give_back()

    def _give_back(self) -> None:
        """Let others have the subscribers, and the processor."""
        self._driving.close()
        for lease in self._leases:
            lease.release()
