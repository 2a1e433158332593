"""Benign changes of every base capture: no verdict may change."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cache

from conformance.detection.batch import read_captures
from conformance.detection.captures import judged, require_checkout
from conformance.detection.rows import BENIGN as KIND
from conformance.detection.rows import Row
from conformance.faults.benign import BENIGN, NEEDS_NO_FEDERATION, apply
from conformance.faults.edits import Protect
from conformance.faults.pcapfile import PacketFile
from conformance.faults.reference import Case, build, cases, load_case
from conformance.vocabulary.results import ProcedureResult
from conformance.vocabulary.verdicts import Verdict

Verdicts = tuple[tuple[str, str, str, dict[str, Verdict]], ...]
"""Flow, subject, verdict pair and verdict by criterion, of each procedure."""


@cache
def bases() -> dict[str, Case]:
    """Return the reference cases that others are made from, or that are made from none, by name.

    Raises:
        BadInput: there are no reference captures here.
    """
    require_checkout()
    every = {name: load_case(name) for name in cases()}
    used = {case.base for case in every.values()}
    # every procedure of a capture is looked at, not only the one that its own verdicts are about
    anything = {"flow": None}
    return {name: case.model_copy(update=anything) for name, case in every.items() if case.base is None or name in used}


def verdicts(procedures: Sequence[ProcedureResult]) -> Verdicts:
    """Return what must stay the same."""
    return tuple(
        (one.flow, " ".join(one.subject), str(one.pair), {c.id: c.verdict for c in one.criteria}) for one in procedures
    )


def differences(before: Verdicts, after: Verdicts) -> tuple[tuple[str, ...], str]:
    """Return the criteria whose verdict changed, and everything that changed in words (empty: nothing)."""
    if [one[:2] for one in before] != [one[:2] for one in after]:
        return (), f"procedures were {_names(before)}, are {_names(after)}"
    changed, words = set(), []
    for (flow, _, old_pair, old), (_, _, new_pair, new) in zip(before, after, strict=True):
        for criterion in sorted(old.keys() | new.keys()):
            if old.get(criterion) is not new.get(criterion):
                changed.add(criterion)
                words.append(f"{flow}: {criterion} {old.get(criterion)} becomes {new.get(criterion)}")
        if old_pair != new_pair:
            words.append(f"{flow}: {old_pair} becomes {new_pair}")
    return tuple(sorted(changed)), ", ".join(words)


def _names(found: Verdicts) -> str:
    return ", ".join(f"{flow} of {subject}" for flow, subject, _, _ in found) or "none"


def _fits(change: str, case: Case) -> bool:
    """Tell whether a change leaves a case the same: addresses of a federation stay, ESP cannot be looked into."""
    if any(isinstance(edit, Protect) for edit in case.edit):
        return False
    return case.federation is None or change not in NEEDS_NO_FEDERATION


def run_benign(names: Sequence[str], seed: int, only: Collection[str] | None = None) -> Iterator[Row]:
    """Yield a row a benign change, each made in every base capture.

    Args:
        names: of `conformance.faults.benign.BENIGN`.
        seed: where chance begins.
        only: names of the base captures; all where it is None.

    Raises:
        BadInput: there are no reference captures here.
        NotPermitted: tshark is missing.
    """
    plain = {name: build(name) for name in bases() if only is None or name in only}
    asked: list[tuple[str, str, PacketFile]] = [("", name, capture) for name, capture in plain.items()]
    for change in names:
        for name in plain:
            case = bases()[name]
            changed = apply(change, plain[name], seed) if _fits(change, case) else plain[name]
            if changed != plain[name]:
                asked.append((change, name, changed))
    traces = read_captures([(f"{name} {change}", capture) for change, name, capture in asked])
    found = {
        (change, name): verdicts(judged(trace, bases()[name]))
        for (change, name, _), trace in zip(asked, traces, strict=True)
    }
    for change in names:
        changed_criteria: set[str] = set()
        remarks = []
        for name in plain:
            if (change, name) in found:
                criteria, words = differences(found["", name], found[change, name])
                changed_criteria.update(criteria)
                remarks += [f"{name}: {words}"] if words else []
        if not any((change, name) in found for name in plain):
            remarks.append("it changed no capture")
        yield Row(change, KIND, (), (), tuple(sorted(changed_criteria)), None, "; ".join(remarks))


def all_changes() -> tuple[str, ...]:
    """Return the names of all benign changes."""
    return tuple(BENIGN)
