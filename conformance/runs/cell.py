"""One cell: driven, captured, judged, written down."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

from conformance.judgement import judge
from conformance.runs.bench import Bench
from conformance.runs.cell_identity import CellIdentity
from conformance.runs.cell_result import BOTH_ERROR, result_of, verdicts_of
from conformance.runs.cell_terminals import CellTerminals
from conformance.runs.cell_verdicts import after_stop
from conformance.runs.driving import driving
from conformance.runs.folder import NODES, RunFolder
from conformance.runs.mishaps import Mishaps
from conformance.runs.node_logs import mark, write_since
from conformance.runs.presence import CellPresence
from conformance.terminals.direct_client import DirectClient
from conformance.terminals.documents import Documents
from conformance.terminals.event_log import EventLog
from conformance.terminals.presence_failures import PresenceRefused
from conformance.terminals.programs.manual import Person
from conformance.terminals.terminal import RegistrationFailed, RegistrationRejected, Terminal
from conformance.vocabulary.errors import NetlabError
from conformance.vocabulary.federation import Timers
from conformance.vocabulary.results import (
    CellResult,
    Judgement,
    Mishap,
)
from conformance.vocabulary.verdicts import Verdict, VerdictPair, worst

CAPTURE_FILE = "capture.pcapng"
EVENTS_FILE = "events.jsonl"


class Cell(CellTerminals):
    """What a test case works with. It opens the capture at once; `finish` closes, judges and writes it.

    Args:
        identity: which cell.
        bench: a bench that is up.
        run: where the result goes.
        person: who has the phone where the terminal is `manual`; None: nobody.
    """

    def __init__(self, identity: CellIdentity, bench: Bench, run: RunFolder, person: Person | None = None) -> None:
        super().__init__(identity, bench, person)
        self._run = run
        self._told: list[Mishap] = []
        bench.require_alive(self._nodes, identity.name)
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
    def mishaps(self) -> Mishaps:
        """What may happen to the testbeds of this cell."""
        return Mishaps(self._bench, self._events, self._told)

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
        self._detach()
        self._give_back()

    def _give_back(self) -> None:
        """Let others have the subscribers, and the processor."""
        self._driving.close()
        for lease in self._leases:
            lease.release()
