"""A comparison as lines for a terminal: what is worse comes first."""

from __future__ import annotations

from conformance.history.comparison import Change, Comparison
from conformance.report.text import short, visible

_LIMIT = 200


def text(found: Comparison) -> str:
    """Return the comparison for a terminal; its last line is the answer."""
    lines = [f"{found.old} -> {found.new}"]
    lines += [f"{run} was cut short: what it lacks was not reached" for run in found.cut_short]
    if found.new_is_older:
        lines.append("the second run is the older one: what is told as fixed may have been broken since")
    if found.unlike:
        lines.append(f"the runs were made differently: {'; '.join(found.unlike)}")
    if found.causes:
        lines.append("what began to fail:")
        lines += [f"  {one.criterion} {one.whose}: {cells(one.cells)}" for one in found.causes]
    for title, changes in sections(found):
        if changes:
            lines += [f"{title}: {len(changes)}", *(line for change in changes for line in _lines(change))]
    if found.timing:
        lines.append(f"timing beyond noise, the pace of the run ({found.pace:g}) taken out: {len(found.timing)}")
        lines += [f"  {one.cell}: {one.old_ms:.0f} ms -> {one.new_ms:.0f} ms" for one in found.timing]
    lines.append(f"same: {cells(found.same)} as expected in both runs, durations {found.pace:g} times the old ones")
    lines.append(answer(found))
    return visible("\n".join(lines), limit=10_000_000)


def cells(count: int) -> str:
    """Return `1 cell`, `2 cells`."""
    return f"{count} {'cell' if count == 1 else 'cells'}"


def answer(found: Comparison) -> str:
    """Return the answer in a few words."""
    if found.worse:
        return "something became worse"
    return "nothing became worse" if found.compared else "no cell is in both runs: nothing can be compared"


def sections(found: Comparison) -> list[tuple[str, list[Change]]]:
    """Return the lists of a comparison with their titles, worst first."""
    return [
        ("new failures", found.new_failures),
        ("newly inconclusive", found.newly_inconclusive),
        ("still failing, now by something else, too", found.worse_failures),
        ("still failing", [change for change in found.still_failing if not change.worse]),
        ("no longer run", found.no_longer_run),
        ("as expected only as a known deviation now", found.newly_known),
        ("fixed", found.fixed),
        ("newly run", found.newly_run),
    ]


def _lines(change: Change) -> list[str]:
    old, new = change.old or "not run", change.new or "not run"
    lines = [f"  {change.cell}: {old} -> {new}"]
    if change.new and change.new != change.expected:
        lines[0] += f", expected {change.expected}"
    if change.note:
        lines.append(f"    {short(change.note, _LIMIT)}")
    if change.criteria:
        lines.append(f"    fails now: {', '.join(change.criteria)}")
    if change.mended:
        lines.append(f"    fails no longer: {', '.join(change.mended)}")
    if change.new != change.expected:
        lines += [f"    {short(reason, _LIMIT)}" for reason in change.reasons]
    return lines
