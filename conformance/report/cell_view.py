"""A cell as the page shows it: what `templates/cell.html.j2` draws."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from conformance.report.cell_times import named
from conformance.report.distribution import milliseconds
from conformance.report.finding_view import (
    BROKEN,
    ORDER,
    SHOWN,
    ClauseView,
    CriterionView,
    FindingView,
    FrameLink,
    Messages,
    clause_slug,
    clause_views,
    finding_view,
)
from conformance.report.ladder import Ladder, draw
from conformance.report.ladder import Line as LadderLine
from conformance.report.ladder_text import ladder_text
from conformance.report.media_rows import MediaRow, media_rows
from conformance.report.message_view import Mark, Taken, take_apart
from conformance.report.reproduce import reproduce
from conformance.report.side_by_side import Line as SideLine
from conformance.report.side_by_side import SideBySide, side_by_side
from conformance.report.sighting import Sighting
from conformance.report.terminal_view import TerminalView, terminal_views
from conformance.report.text import short
from conformance.report.times import round_trips, since_first
from conformance.report.wireshark import frames_filter
from conformance.vocabulary.difference import HeaderDifference
from conformance.vocabulary.results import Arrow, CellResult, CriterionResult, ProcedureResult, RunHeader

MAX_FILES = 50
OWN_PAGE = "index.html"
"""The page of a cell, in its folder."""
_NO_ID = re.compile(r"[^A-Za-z0-9-]+")


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message, decoded."""

    anchor: str
    arrow: str
    """Id of its arrow; empty where it is not drawn."""
    number: str
    time: str
    trip: str
    result: Arrow
    taken: Taken
    cited: Sequence[CriterionView]
    """Criteria that cite it, broken ones first."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A display filter for one capture."""

    file: str
    all: str
    failing: str


@dataclass(frozen=True, slots=True)
class TimeView:
    """How long the user waited for one thing."""

    title: str
    ms: str
    ends: tuple[FrameLink, FrameLink]


@dataclass(frozen=True)
class ProcedureView:
    """A procedure as the page shows it."""

    result: ProcedureResult
    anchor: str
    compared: SideBySide | None
    """Expected and actual ladder; None where the result has no explanation."""
    ladder: Ladder | None
    """The actual ladder alone, where there is no other."""
    text: str
    """Both ladders as text."""
    findings: Sequence[FindingView]
    headers: Sequence[HeaderDifference]
    """Header-level differences that no finding tells of."""
    criteria: Sequence[CriterionView]
    """Failures first."""
    clauses: Sequence[ClauseView]
    counts: dict[str, int]
    filters: Sequence[Filter]
    times: Sequence[TimeView]

    @property
    def reasons(self) -> list[str]:
        """Why the verdicts are no PASS or FAIL; where the flow was left is told better by the difference."""
        departure = self.result.departure if self.parts else None
        return [reason for reason in self.result.reasons if reason != departure]

    @property
    def parts(self) -> bool:
        """Whether the two ladders part."""
        difference = self.result.difference
        return difference is not None and difference.row is not None and difference.rows[difference.row].status.parts

    @property
    def drawn(self) -> Sequence[SideLine | LadderLine]:
        """The arrows of the actual ladder."""
        if self.compared is not None:
            return self.compared.came
        return () if self.ladder is None else self.ladder.lines


@dataclass(frozen=True)
class CellView:
    """A cell as the page shows it."""

    result: CellResult
    anchor: str
    """What all ids in the cell begin with."""
    files: str
    """Path from the page to the cell's folder, quoted for a link; ends with `/` or is empty."""
    procedures: Sequence[ProcedureView]
    terminals: Sequence[TerminalView]
    """Those that show quirks."""
    messages: Sequence[MessageView]
    """Of all procedures, each once, in the order of time."""
    linked: Messages
    media: Sequence[MediaRow]
    reproduce: str
    """Command that runs the cell again; empty where it is not known."""
    beside: Sequence[str]
    """Other files in the cell's folder."""

    @property
    def as_expected(self) -> bool:
        """Whether the pair is the expected one."""
        return self.result.as_expected

    @property
    def first_reason(self) -> str:
        """The sentence to show where no criterion is to blame."""
        reasons = [*self.result.reasons, *self._partings, *(r for p in self.procedures for r in p.result.reasons)]
        return reasons[0] if reasons else ""

    def whose(self, role: str | None) -> str:
        """Return who played a role in this cell."""
        return whose(role, self.result)

    def href(self, file: str) -> str:
        """Return the link from the page to a file of the cell's folder."""
        return self.files + quote(file, safe="/@")

    @property
    def _partings(self) -> list[str]:
        """Who is to blame for a flow that was left, and where."""
        found = [procedure.result.difference for procedure in self.procedures]
        return [f"{whose(one.node, self.result)}: {one.sentence}" for one in found if one is not None and one.node]


def whose(role: str | None, cell: CellResult) -> str:
    """Return who played a role, as a partner would say it: `home-scscf of stuba (127.1.2.13:6060/udp)`."""
    if role is None:
        return "unknown"
    addresses = next((p.roles[role] for p in cell.procedures if p.roles.get(role)), [])
    return _who(role, cell) + (f" ({short(addresses[0], 80)})" if addresses else "")


def _who(role: str, cell: CellResult) -> str:
    return short(f"{role} of {_owner(role, cell)}", 120)


def _owner(role: str, cell: CellResult) -> str:
    return cell.visited if role.startswith("visited-") else cell.home


def anchor_of(cell: CellResult) -> str:
    """Return what all ids of a cell begin with; two cells of one run have different ones."""
    return anchor_of_folder(cell.folder)


def anchor_of_folder(folder: str) -> str:
    """Return the same for who knows no more of a cell than its folder, relative to that of the run."""
    return re.sub(r"[^A-Za-z0-9]+", "-", folder).strip("-")


def files_of(folder: Path) -> list[str]:
    """Return the files of a cell's folder, keys first, relative to it; the report links to them, not to itself."""
    found = sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
    found = [name for name in found if name != OWN_PAGE]
    return sorted(found, key=lambda name: "key" not in name)[:MAX_FILES]


def cell_view(
    cell: CellResult,
    files: str | None = None,
    header: RunHeader | None = None,
    beside: Iterable[str] = (),
) -> CellView:
    """Prepare a cell for the page.

    Args:
        cell: its result.
        files: path from the page to the cell's folder, empty where both are the same; None: the page stands in the
            run's folder.
        header: of its run; says with which options the cell comes out the same again.
        beside: files in the cell's folder that the page links to, relative to it.
    """
    folder = cell.folder if files is None else files
    anchor = anchor_of(cell)
    sightings = _sightings(cell, anchor)
    by_frame = [_by_frame(procedure.ladder, found) for procedure, found in zip(cell.procedures, sightings, strict=True)]
    arrows = {key: arrow for p in reversed(cell.procedures) for arrow in reversed(p.ladder) for key in [_key(arrow)]}
    ids = {key: found[0].message for p in reversed(by_frame) for key, found in p.items()}
    linked = Messages(ids, arrows, several=len(cell.captures) > 1)
    procedures = [
        _procedure(procedure, number, cell, anchor, linked, sightings[number], by_frame[number])
        for number, procedure in enumerate(cell.procedures)
    ]
    captures = {capture.file for capture in cell.captures}
    judged = [(procedure.result, procedure.criteria) for procedure in procedures]
    terminals = terminal_views(judged, anchor, linked) if any(one.quirks for one in cell.procedures) else []
    return CellView(
        result=cell,
        anchor=anchor,
        files=quote(folder.rstrip("/") + "/", safe="/@") if folder else "",
        procedures=procedures,
        terminals=terminals,
        messages=_messages(cell, sightings, procedures, linked, terminals),
        linked=linked,
        media=media_rows(cell.media),
        reproduce=reproduce(cell, header.options if header else ()),
        beside=[name for name in beside if name not in captures],
    )


def _key(arrow: Arrow) -> tuple[int, int]:
    return arrow.capture, arrow.frame


def _sightings(cell: CellResult, anchor: str) -> list[list[Sighting]]:
    """Give every message an id, the same in all procedures that it belongs to, and every arrow one of its own.

    Returns:
        For each procedure one entry for each of its arrows.
    """
    known: dict[tuple[int, int, str, str], str] = {}
    used: set[str] = set()
    found = []
    for procedure in cell.procedures:
        own = []
        times, trips = since_first(procedure.ladder), round_trips(procedure.ladder)
        for arrow, time, trip in zip(procedure.ladder, times, trips, strict=True):
            same = (arrow.capture, arrow.frame, arrow.summary, arrow.text)
            if same not in known:
                known[same] = _free(used, f"{anchor}-m{arrow.capture}-{arrow.frame}")
            own.append(Sighting(time, trip, known[same], _free(used, f"{anchor}-a{arrow.capture}-{arrow.frame}")))
        found.append(own)
    return found


def _by_frame(arrows: Sequence[Arrow], sightings: Sequence[Sighting]) -> dict[tuple[int, int], list[Sighting]]:
    found: dict[tuple[int, int], list[Sighting]] = {}
    for arrow, sighting in zip(arrows, sightings, strict=True):
        found.setdefault(_key(arrow), []).append(sighting)
    return found


def _free(used: set[str], wanted: str) -> str:
    """Return an id that nothing else has: a second message of a frame gets `-2`."""
    candidate, number = wanted, 1
    while candidate in used:
        number += 1
        candidate = f"{wanted}-{number}"
    used.add(candidate)
    return candidate


def _procedure(
    procedure: ProcedureResult,
    number: int,
    cell: CellResult,
    anchor: str,
    linked: Messages,
    sightings: Sequence[Sighting],
    by_frame: Mapping[tuple[int, int], Sequence[Sighting]],
) -> ProcedureView:
    suffix = f"-{number + 1}" if number else ""
    difference = procedure.difference
    owners = {role: _owner(role, cell) for role in procedure.roles}
    compared = None if difference is None else side_by_side(difference, by_frame, owners)
    ordered = sorted(procedure.criteria, key=lambda c: (ORDER.index(c.verdict), c.id))
    used: set[str] = set()
    criteria = [_criterion(one, cell, anchor, suffix, linked, used) for one in ordered]
    headers = difference.headers if difference is not None else ()
    findings = [finding_view(one, headers, linked) for one in criteria if one.is_broken]
    told = {one.result.id for one in criteria if one.is_broken}
    return ProcedureView(
        result=procedure,
        anchor=f"{anchor}-p{number + 1}",
        compared=compared,
        ladder=draw(procedure, sightings) if compared is None and procedure.ladder else None,
        text="" if compared is None or difference is None else ladder_text(compared, difference.flow),
        findings=findings,
        headers=[item for item in headers if item.criterion not in told],
        criteria=criteria,
        clauses=clause_views(criteria),
        counts={str(v): n for v, n in Counter(c.result.verdict for c in criteria).items()},
        filters=_filters(procedure, cell),
        times=[
            TimeView(
                named(one.name).title,
                milliseconds(one.ms),
                (linked.link(one.capture, one.from_frame), linked.link(one.capture, one.to_frame)),
            )
            for one in procedure.times
        ],
    )


def _criterion(
    criterion: CriterionResult, cell: CellResult, anchor: str, suffix: str, linked: Messages, used: set[str]
) -> CriterionView:
    own = _free(used, f"{anchor}-c-{_NO_ID.sub('-', criterion.id)}{suffix}")
    cited = dict.fromkeys((item.capture, item.frame) for item in criterion.evidence)
    return CriterionView(
        result=criterion,
        name=short(criterion.id, 40),
        anchor=own,
        finding=own.replace(f"{anchor}-c-", f"{anchor}-f-", 1) if criterion.verdict in BROKEN else "",
        clause=f"{anchor}-clause-{clause_slug(criterion.clause)}{suffix}",
        who=_who(criterion.node, cell) if criterion.node else "",
        expected=short(criterion.expected, SHOWN),
        found=short(criterion.found, SHOWN),
        frames=[linked.link(*place) for place in cited],
    )


def _filters(procedure: ProcedureResult, cell: CellResult) -> list[Filter]:
    failing = {(i.capture, i.frame) for c in procedure.criteria if c.verdict in BROKEN for i in c.evidence}
    shown = {_key(arrow) for arrow in procedure.ladder} | {(one.capture, one.frame) for one in procedure.frames}
    return [
        Filter(
            file=capture.file,
            all=frames_filter(frame for number, frame in shown if number == index),
            failing=frames_filter(frame for number, frame in failing if number == index),
        )
        for index, capture in enumerate(cell.captures)
    ]


def _messages(
    cell: CellResult,
    sightings: Sequence[Sequence[Sighting]],
    procedures: Sequence[ProcedureView],
    linked: Messages,
    terminals: Sequence[TerminalView],
) -> list[MessageView]:
    cited: dict[tuple[int, int], list[CriterionView]] = {}
    marks: dict[tuple[int, int], list[Mark]] = {}
    for procedure in procedures:
        for criterion in procedure.criteria:
            for place in dict.fromkeys((item.capture, item.frame) for item in criterion.result.evidence):
                cited.setdefault(place, []).append(criterion)
            if criterion.is_broken:
                for item in criterion.result.evidence:
                    mark = Mark(criterion.name, criterion.finding, item)
                    marks.setdefault((item.capture, item.frame), []).append(mark)
    for terminal in terminals:
        for quirk in terminal.quirks:
            for item in quirk.result.evidence:
                mark = Mark(quirk.name, quirk.anchor, item)
                marks.setdefault((item.capture, item.frame), []).append(mark)
    drawn = {line.seen.arrow for p in procedures for line in p.drawn if line.seen is not None}
    once: dict[str, tuple[Arrow, Sighting]] = {}
    for result, found in zip(cell.procedures, sightings, strict=True):
        for arrow, sighting in zip(result.ladder, found, strict=True):
            once.setdefault(sighting.message, (arrow, sighting))
    return [
        MessageView(
            anchor=sighting.message,
            arrow=sighting.arrow if sighting.arrow in drawn else "",
            number=linked.link(*_key(arrow)).text,
            time=sighting.time,
            trip=sighting.trip,
            result=arrow,
            taken=take_apart(arrow, marks.get(_key(arrow), ())),
            cited=cited.get(_key(arrow), ()),
        )
        for arrow, sighting in sorted(once.values(), key=lambda place: place[0].time_ns)
    ]
