"""Compares two runs cell by cell: what fails newly, what was mended, what is not known any more.

Each cell is put into one list by `kinds.py`; here the lists are filled, and what is said of a cell is found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, computed_field

from conformance.history.kinds import COUNTED, WORSE, Kind, applies, kind_of, says_less
from conformance.history.timing import Slower, beyond_noise
from conformance.runs.brief import CellBrief, Finding, RunBrief
from conformance.vocabulary.results import RunHeader
from conformance.vocabulary.verdicts import Verdict, VerdictPair


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class Failing(_Model):
    """A SHALL criterion that fails in the new run."""

    criterion: str
    node: str
    testbed: str
    found: str
    new: bool
    """It did not fail in the old run, or not because of this node."""

    @property
    def whose(self) -> str:
        """`home-scscf of stuba`."""
        return Finding(self.criterion, self.node, self.testbed).whose


class Cause(_Model):
    """A criterion that began to fail, over all cells that became worse."""

    criterion: str
    node: str
    """Function to blame, whether it served as the home or as the visited one: `pcscf`."""
    testbed: str
    cells: int
    found: str
    """What was found in the first of them."""

    @property
    def whose(self) -> str:
        """`home-scscf of stuba`."""
        return Finding(self.criterion, self.node, self.testbed).whose


class Change(_Model):
    """One cell in both runs."""

    cell: str
    title: str = ""
    old: str
    """Pair of verdicts, `PASS/PASS`; empty where the cell was not run."""
    new: str
    expected: str
    """Pair that was expected in the later run in which the cell was run."""
    criteria: list[str]
    """SHALL criteria that fail in the new run and did not in the old one, with their node: `REG-38 home-scscf`."""
    mended: list[str] = []
    """SHALL criteria that failed in the old run and do not in the new one, likewise."""
    failing: list[Failing] = []
    """All SHALL criteria that fail in the new run; those that did not in the old one come first."""
    worse: bool = False
    """The cell is worse than it was: what still fails can do so in another way."""
    note: str = ""
    """What the verdicts alone do not tell, one sentence."""
    reasons: list[str]
    """Why, from the run that shows the worse verdicts."""
    old_folder: str = ""
    """Folder of the cell, relative to that of the old run; empty where it was not run."""
    new_folder: str = ""

    @property
    def old_pair(self) -> list[str]:
        """The two verdicts of the old run; none where the cell was not run."""
        return self.old.split("/") if self.old else []

    @property
    def new_pair(self) -> list[str]:
        """The two verdicts of the new run; none where the cell was not run."""
        return self.new.split("/") if self.new else []


class Comparison(_Model):
    """What `netlab compare --json` prints."""

    old: str
    """Name of the run."""
    new: str
    cut_short: list[str]
    """Runs that did not come to their end: what they lack was not reached."""
    new_cut_short: bool = False
    unlike: list[str] = []
    """In what the runs were made differently, `core: emulated, then kamailio`: their results say less of a change."""
    new_is_older: bool = False
    """The runs were named in the wrong order."""
    compared: int = 0
    """Cells that apply in both runs."""
    causes: list[Cause] = []
    """What began to fail, most cells first."""
    new_failures: list[Change]
    """As expected before, and not any more; or a verdict that was not FAIL before."""
    newly_inconclusive: list[Change]
    """Evidence that was there is missing now."""
    still_failing: list[Change]
    """Not as expected in both runs; `worse` where it fails now by something else, too."""
    fixed: list[Change]
    """Not as expected before, and now as expected."""
    newly_known: list[Change] = []
    """As expected only because it became a known deviation: nothing was mended."""
    no_longer_run: list[Change]
    """Run before, and not any more or not applicable any more."""
    newly_run: list[Change]
    same: int
    """Cells that are as expected in both runs."""
    not_applicable: int = 0
    """Cells that apply in neither run."""
    timing: list[Slower]
    """Cells of the same verdicts whose duration changed more than that of the others. It
    makes no run worse: each was measured once a run."""
    pace: float
    """Median of new duration by old duration over all cells; 1.0 where no cell is in both runs."""

    @computed_field  # type: ignore[prop-decorator]  # as pydantic documents it
    @property
    def worse(self) -> bool:
        """True where a cell fails newly, or says less than before; what a run that was cut short lacks counts too."""
        cut = self.new_cut_short and bool(self.no_longer_run)
        return bool(self.new_failures or self.newly_inconclusive or self.worse_failures) or cut

    @property
    def worse_failures(self) -> list[Change]:
        """What failed before and fails now by something else, too."""
        return [change for change in self.still_failing if change.worse]

    @property
    def worsened(self) -> int:
        """Number of cells that became worse."""
        return len(self.new_failures) + len(self.newly_inconclusive) + len(self.worse_failures)


def compare(old: RunBrief, new: RunBrief) -> Comparison:
    """Compare two runs.

    Args:
        old: the run that is compared with.
        new: the run that is asked about.

    Returns:
        Every cell of either run in exactly one of the lists, or counted as the same or as not applicable.
    """
    before, after = _by_name(old.cells), _by_name(new.cells)
    kinds = {name: kind_of(before.get(name), after.get(name)) for name in dict.fromkeys([*after, *before])}
    counts = Counter(kinds.values())
    lists: dict[Kind, list[Change]] = {kind: [] for kind in Kind if kind not in COUNTED}
    for name, kind in kinds.items():
        if kind not in COUNTED:
            lists[kind].append(_change(before.get(name), after.get(name), kind))
    for changes in lists.values():
        changes.sort(key=_worst_first)
    both = [(before[name], cell) for name, cell in after.items() if applies(cell) and applies(before.get(name))]
    # A cell that ends in another way takes another time; that is no news.
    alike = [(a.cell, a.duration_ms, b.duration_ms) for a, b in both if a.pair == b.pair]
    timing, pace = beyond_noise(alike)
    return Comparison(
        old=old.path.resolve().name,
        new=new.path.resolve().name,
        cut_short=[run.path.resolve().name for run in (old, new) if run.cut_short],
        new_cut_short=new.cut_short,
        unlike=_unlike(old.header, new.header),
        new_is_older=new.header.started_ns < old.header.started_ns,
        compared=len(both),
        causes=_causes(change for changes in lists.values() for change in changes if change.worse),
        same=counts[Kind.SAME],
        not_applicable=counts[Kind.NOWHERE],
        timing=timing,
        pace=pace,
        **{kind.value: changes for kind, changes in lists.items()},
    )


def _by_name(cells: Iterable[CellBrief]) -> dict[str, CellBrief]:
    """Return the last result of each cell: a cell that was run again counts as it ended."""
    return {cell.cell: cell for cell in cells}


def _change(old: CellBrief | None, new: CellBrief | None, kind: Kind) -> Change:
    shown = new if new is not None and not (new.as_expected and old is not None) else old
    assert shown is not None
    latest = new or shown
    failing = new.findings if new is not None else {}
    known = old.findings if old is not None else {}
    fresh = [finding for finding in failing if finding not in known]
    return Change(
        cell=shown.cell,
        title=shown.title,
        old="" if old is None else str(old.pair),
        new="" if new is None else str(new.pair),
        expected=str(latest.expected_pair),
        criteria=list(dict.fromkeys(f"{one.criterion} {one.node}" for one in fresh)),
        mended=list(dict.fromkeys(f"{one.criterion} {one.node}" for one in known if one not in failing)) if new else [],
        failing=[
            Failing(**one._asdict(), found=failing[one], new=one in fresh)
            for one in sorted(failing, key=lambda one: one not in fresh)
        ],
        worse=kind in WORSE or (kind is Kind.STILL_FAILING and (bool(fresh) or says_less(old, new))),
        note=_note(old, new),
        reasons=list(shown.reasons),
        old_folder="" if old is None else old.folder,
        new_folder="" if new is None else new.folder,
    )


def _note(old: CellBrief | None, new: CellBrief | None) -> str:
    if old is None or new is None:
        return ""
    if new.pair == VerdictPair(Verdict.PASS, Verdict.PASS) and not new.as_expected:
        whose = f": {new.known}" if new.known else ""
        return f"It passes although a failure is expected; the expectation has to be taken back{whose}."
    unchanged = (old.pair, set(old.findings)) == (new.pair, set(new.findings))
    if unchanged and old.as_expected and not new.as_expected:
        return "It fails as before; that was expected then, and is not any more."
    if new.pair == new.expected_pair and not new.as_expected:
        return f"Only {', '.join(sorted(new.expected_criteria)) or 'nothing'} is expected to fail."
    if new.as_expected and new.known and not old.known:
        return f"It is a known deviation now: {new.known}."
    return ""


def _worst_first(change: Change) -> tuple[bool, int]:
    """Order of a list: worse, then what the user misses, then what breaks a standard, then what is unknown."""
    interoperability, _, conformance = (change.new or change.old).partition("/")
    verdicts = [(Verdict.FAIL, interoperability), (Verdict.FAIL, conformance), (Verdict.ERROR, interoperability)]
    return not change.worse, next((rank for rank, (bad, got) in enumerate(verdicts) if got == bad), len(verdicts))


def _causes(worse: Iterable[Change]) -> list[Cause]:
    cells: Counter[Finding] = Counter()
    found: dict[Finding, str] = {}
    for change in worse:
        for one in change.failing:
            if one.new:
                function = one.node.removeprefix("home-").removeprefix("visited-")
                finding = Finding(one.criterion, function, one.testbed)
                cells[finding] += 1
                found.setdefault(finding, one.found)
    return [Cause(**one._asdict(), cells=count, found=found[one]) for one, count in cells.most_common()]


def _unlike(old: RunHeader, new: RunHeader) -> list[str]:
    """Say in what the runs were made differently; versions are no part of it, they change from night to night."""
    told = {
        "federation": (old.federation, new.federation),
        "testbeds": tuple(", ".join(f"{name} ({one.testbeds[name]})" for name in one.testbeds) for one in (old, new)),
        "core": (old.core, new.core),
        "fabric": (old.fabric, new.fabric),
        "capture backend": (old.capture_backend, new.capture_backend),
        "options": tuple(" ".join(one.options) or "none" for one in (old, new)),
    }
    return [f"{what}: {before}, then {after}" for what, (before, after) in told.items() if before != after]
