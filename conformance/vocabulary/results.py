"""Results: what judgement writes and report, pytest, Allure, JUnit and history read.

The JSON forms are stable: fields are added, never renamed. `frame` is always the number that tshark gives
in the named capture. Text that came from packets is kept as it was read and bounded in length; who shows
it escapes it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence

from pydantic import BaseModel, ConfigDict, Field

from conformance.vocabulary.difference import Difference
from conformance.vocabulary.events import TerminalEvent
from conformance.vocabulary.media import MediaResult
from conformance.vocabulary.points import Point
from conformance.vocabulary.verdicts import Level, Severity, Verdict, VerdictPair, worst


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FrameRef(_Result):
    """One frame: index of the capture in the result, frame number in that capture."""

    capture: int
    frame: int


class Excerpt(_Result):
    """The cited bytes and their neighbourhood, as text (Latin-1 or hexadecimal), each part bounded."""

    before: str
    marked: str
    after: str


class Evidence(_Result):
    """Where a criterion's statement can be seen."""

    capture: int
    frame: int
    field: str
    """Header, parameter, AVP or record that is cited, in the standard's spelling."""
    offset: int | None = None
    """Byte offset in the message (not in the frame); None when the evidence is an absence."""
    length: int | None = None
    excerpt: Excerpt | None = None
    confirmed: str | None = None
    """What Wireshark says of the same frame, for every frame that a FAIL cites."""


class CriterionResult(_Result):
    """One criterion applied to one procedure."""

    id: str
    verdict: Verdict
    level: Level
    severity: Severity
    clause: str
    """Document and, where it was read, clause: `3GPP TS 24.229 5.2.2`."""
    statement: str
    """The criterion in one sentence."""
    node: str | None
    """Role to blame (or to praise)."""
    expected: str
    found: str
    """What was found; for other verdicts than PASS and FAIL the reason."""
    evidence: list[Evidence] = Field(default_factory=list)


class QuirkResult(_Result):
    """One quirk that the terminal of a procedure shows."""

    id: str
    """Its identifier in the catalogue: `Q1`."""
    title: str
    words: str
    """What it does to which message."""
    severity: Severity
    deviates: bool
    """False: the standards allow it here; it tells terminals apart, and brittle software trips over it."""
    evidence: list[Evidence]
    """Where it is seen, the first few places; without an offset what is absent."""
    places: int
    """In how many places it is seen."""
    breaks: list[str]
    """Criteria that fail because of it."""
    blocks: list[str]
    """Cores that refuse or lose the registration because of it."""
    cure: str
    """What an adapter does about it: `request-uri`, `authorization` or `none`."""
    advice: str
    """What somebody can do about it at the terminal; empty: nothing is known."""


class Arrow(_Result):
    """One message of the ladder."""

    capture: int
    frame: int
    time_ns: int
    point: Point | None
    protocol: str
    """`SIP`, `Diameter` or `DNS`."""
    source: str
    """Lane: a role, or a transport address where no role was bound."""
    destination: str
    summary: str
    """One line: `REGISTER sip:uc3m.netlab.test`, `401 Unauthorized`, `UAR`, `NAPTR uc3m.netlab.test`."""
    retransmission: bool = False
    transaction: int | None = None
    """Number of its transaction in the ladder: the same for a request and what answers it; None where unknown."""
    step: str | None = None
    """Step of the flow that the message was matched with."""
    text: str = ""
    """The message itself: SIP as Latin-1 text, others as a decoded tree, bounded."""


class ProcedureTime(_Result):
    """How long a user waited for one thing, measured between two frames of one capture."""

    name: str
    """What was measured: `registration`, `post-dial-delay` or `set-up`."""
    ms: float = Field(ge=0, le=1e12)
    """Milliseconds."""
    capture: int
    """Index of the capture that has both frames."""
    from_frame: int
    """Frame of the request, at the terminal's end of Gm."""
    to_frame: int
    """Frame of the response that ended the waiting, at the same place."""


class ProcedureResult(_Result):
    """One procedure found in a trace, matched with a flow, judged."""

    flow: str
    subject: list[str]
    cell: str | None
    roles: dict[str, list[str]]
    frames: list[FrameRef]
    interoperability: Verdict
    conformance: Verdict
    criteria: list[CriterionResult]
    reasons: list[str]
    """Why INCONCLUSIVE, NOT_APPLICABLE or ERROR; also where the flow was left. One sentence each."""
    departure: str | None = None
    """Where the flow was left first, one sentence; None where it was followed as far as could be seen."""
    ladder: list[Arrow] = Field(default_factory=list)
    difference: Difference | None = None
    """Expected and actual ladder and where they part; None for procedures of a large trace that are as expected."""
    times: list[ProcedureTime] = Field(default_factory=list)
    """How long the user waited, as far as both ends of a time were captured."""
    quirks: list[QuirkResult] = Field(default_factory=list)
    """Quirks that the terminal shows in its REGISTERs, in the order of the catalogue."""

    @property
    def pair(self) -> VerdictPair:
        """The two verdicts."""
        return VerdictPair(self.interoperability, self.conformance)

    @property
    def failures(self) -> list[CriterionResult]:
        """The SHALL criteria that fail."""
        return [one for one in self.criteria if one.verdict is Verdict.FAIL and one.level is Level.SHALL]


class CaptureInfo(_Result):
    """What is known of one capture file."""

    file: str
    frames: int
    signalling: int
    """Frames that carry a SIP, Diameter or DNS message, copies included."""
    copies: int
    """Sightings of a message beyond its first."""
    drops: int | None
    """Packets that the capture lost; None when the file does not say."""
    problems: list[str]
    """Decode problems, one line each."""
    points: list[Point] = Field(default_factory=list)
    """Points that the capture observed, in interface order."""
    not_read: dict[str, int] = Field(default_factory=dict)
    """Frames without signalling, by the innermost protocol that was recognised in them, as Wireshark calls it."""
    clock_offset_ns: int | None = None
    """By how much the clock of this file is ahead of that of the first one, in nanoseconds, estimated from messages
    that both have; None where nothing could be compared."""


class BriefProcedures(Sequence[ProcedureResult]):
    """The results of a large trace: each is made when somebody comes to it."""

    @abstractmethod
    def brief(self) -> Iterator[ProcedureResult]:
        """Yield all results with no more criteria than those that fail or could not be judged, no frames, no ladder."""


class Judgement(_Result):
    """What `netlab validate --json` prints."""

    schema_: int = Field(default=1, alias="schema", serialization_alias="schema")
    captures: list[CaptureInfo]
    procedures: Sequence[ProcedureResult]
    """Of a large trace part by part, each made when it is asked for: to go through them costs time each time."""
    unjudged: dict[str, int] = Field(default_factory=dict)
    """SIP messages that belong to no procedure which the harness knows, by method, most frequent first."""
    media: list[MediaResult] = Field(default_factory=list)
    """RTP streams in the order of their first packets, as aggregates."""
    media_left_out: int = 0
    """Streams beyond those."""

    @property
    def verdict(self) -> Verdict:
        """The worst of all verdicts of all procedures; NOT_APPLICABLE where nothing was found.

        It decides an exit code and nothing else: what went wrong is in the two verdicts of each procedure.
        """
        return worst(*{verdict for procedure in self.brief for verdict in procedure.pair})

    @property
    def failures(self) -> list[CriterionResult]:
        """The SHALL criteria that fail, procedure by procedure."""
        return [criterion for procedure in self.brief for criterion in procedure.failures]

    @property
    def brief(self) -> Iterable[ProcedureResult]:
        """The procedures; of a large trace without criteria that neither fail nor err, without frames and ladders."""
        return self.procedures.brief() if isinstance(self.procedures, BriefProcedures) else self.procedures


class KnownDeviation(_Result):
    """An entry of `expected.toml` that speaks of a cell."""

    reason: str
    who: str
    link: str
    expires: str
    """Last day on which the deviation is expected, ISO 8601."""
    expired: bool


class TestSheet(_Result):
    """What a test case is for, in the form of ETSI's interoperability test descriptions."""

    __test__ = False  # the name begins like a pytest class

    identifier: str
    purpose: str
    configuration: str
    preconditions: list[str]
    steps: list[str]
    references: list[str]


class Mishap(_Result):
    """Something that a test case did to a testbed, or undid."""

    time_ns: int
    """Wall clock, nanoseconds since 1970."""
    what: str
    """One line: `the VPN client of stuba is killed`."""


class CellResult(_Result):
    """`result.json` of a cell: one square of the matrix, judged."""

    schema_: int = Field(default=1, alias="schema", serialization_alias="schema")
    cell: str
    """Node id of the test, short form: `test_registration[uc3m@uc3m]`."""
    test_case: str
    """Identifier of the test case: module and function."""
    title: str
    """First line of the test case's docstring."""
    home: str
    visited: str
    access_point: str
    """`none` at home, `visited` or `home` when roaming."""
    terminal: str
    profile: str = ""
    """Of a cell of the matrix of quirks: how the terminal deviates."""
    core: str = ""
    """Of such a cell: how strict its emulated core was, or which real core it had."""
    adapted: bool = False
    """Whether the terminal went by the adapter in front of its P-CSCF."""
    flow: str
    interoperability: Verdict
    conformance: Verdict
    expected_interoperability: Verdict = Verdict.PASS
    expected_conformance: Verdict = Verdict.PASS
    expected_criteria: list[str] = Field(default_factory=list)
    """With an expected conformance FAIL: the criteria that fail, and no others."""
    started_ns: int
    duration_ms: float
    captures: list[CaptureInfo]
    procedures: list[ProcedureResult]
    events: list[TerminalEvent]
    reasons: list[str]
    folder: str
    """Folder of the cell, relative to the run's folder."""
    sheet: TestSheet | None = None
    known: KnownDeviation | None = None
    """The known deviation that speaks of this cell; when it has expired nothing is expected of it any more."""
    not_run: str = ""
    """Name of the cell that found a node of this one's dead first: then nothing was driven here; empty: it was run."""
    mishaps: list[Mishap] = Field(default_factory=list)
    """What the test case did to the testbeds, in order of time."""
    node_logs: dict[str, list[str]] = Field(default_factory=dict)
    """Last log lines of each node that went down in this cell, by `testbed/node`."""
    media: list[MediaResult] = Field(default_factory=list)
    """RTP streams in the order of their first packets, as aggregates."""

    @property
    def pair(self) -> VerdictPair:
        """The two verdicts."""
        return VerdictPair(self.interoperability, self.conformance)

    @property
    def expected_pair(self) -> VerdictPair:
        """The pair that the test case, or a known deviation, expects."""
        return VerdictPair(self.expected_interoperability, self.expected_conformance)

    @property
    def tolerated(self) -> Severity | None:
        """How much the deviations cost elsewhere that cost nothing here: the user is served, and a SHALL is broken.

        The severity is that of the quirks that the terminal shows and that break something; without any the one of the
        broken criteria. None where nothing is tolerated.
        """
        if self.pair != (Verdict.PASS, Verdict.FAIL):
            return None
        failed = self.failed_criteria
        quirks = (quirk for procedure in self.procedures for quirk in procedure.quirks)
        found = [quirk.severity for quirk in quirks if failed & set(quirk.breaks)]
        found = found or [one.severity for procedure in self.procedures for one in procedure.failures]
        return min(found, key=list(Severity).index, default=None)

    @property
    def failed_criteria(self) -> set[str]:
        """Ids of the SHALL criteria that fail in any procedure of the cell."""
        return {criterion.id for procedure in self.procedures for criterion in procedure.failures}

    @property
    def as_expected(self) -> bool:
        """The pair is the expected one, and where a FAIL is expected, the expected criteria fail and no others."""
        if self.pair != self.expected_pair:
            return False
        return self.conformance is not Verdict.FAIL or self.failed_criteria == set(self.expected_criteria)


class RunHeader(_Result):
    """First line of `run.jsonl`."""

    kind: str = "header"
    schema_: int = Field(default=1, alias="schema", serialization_alias="schema")
    run: str
    started_ns: int
    version: str
    commit: str | None
    federation: str
    """Name of the federation and path of its file."""
    testbeds: dict[str, str]
    """Testbed name to domain."""
    core: str
    cores: dict[str, str] = Field(default_factory=dict)
    """Testbed name to the core that plays it, for those with an IMS."""
    fabric: str
    capture_backend: str
    tools: dict[str, str]
    """tshark, dumpcap, python and library versions."""
    options: list[str] = Field(default_factory=list)
    """Options of `netlab run` that one of its cells needs to come out as it did: federation file, faults."""
    limits: list[str] = Field(default_factory=list)
    """What this fabric or machine cannot do, one sentence each."""
    words: list[str] = Field(default_factory=list)
    """What the run was begun with, beside the places of its files: test cases and options of pytest."""
    federation_digest: str = ""
    """SHA-256 of the federation file; empty where it was not noted."""


class RunFooter(_Result):
    """Last line of `run.jsonl`; a run without it was cut short."""

    kind: str = "footer"
    finished_ns: int
    cells: int
    differing: list[str]
    """Cells whose pair is not the expected one."""
    exit_code: int


class RunCell(_Result):
    """One line of `run.jsonl` for each finished cell."""

    kind: str = "cell"
    cell: str
    test_case: str = ""
    """Identifier of the test case; empty where only `result.json` has it."""
    folder: str
    interoperability: Verdict
    conformance: Verdict
    as_expected: bool
