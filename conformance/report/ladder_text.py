"""Both ladders of a procedure as text, to be copied into a letter: one line a row, with time and round trip."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.report.side_by_side import SideBySide
from conformance.report.text import short

TEXT, ENDS, SIDE = 40, 34, 62
"""Characters of a message's text, of its two ends, and of the whole left column."""


def ladder_text(drawing: SideBySide, flow: str) -> str:
    """Return the ladders as they are drawn; where they part first an arrow points at the row."""
    return "\n".join(_lines(drawing, flow))


def _lines(drawing: SideBySide, flow: str) -> Iterator[str]:
    names = {lane.left: lane.name for lane in drawing.lanes} | {lane.right: lane.name for lane in drawing.lanes}
    yield f"{'ms':>10} {'trip':>8} {'frame':>6}     {f'expected: {short(flow, TEXT)}':{SIDE}}   what came"
    expected = {line.y: line for line in drawing.expected}
    came = {line.y: line for line in drawing.came}
    for band in drawing.bands:
        left, right = (side.get(band.y) for side in (expected, came))
        seen = right.seen if right is not None else None
        texts = [
            "" if line is None else f"{short(line.text, TEXT)}  {_name(names, line.x1)} -> {_name(names, line.x2)}"
            for line in (left, right)
        ]
        told = "" if band.kind == "matched" else f"  ({short(band.words, TEXT)})"
        yield (
            f"{seen.time if seen else '':>10} {seen.trip if seen else '':>8} {right.note if right else '':>6} "
            f"{'-->' if band.is_first else '   '} {short(texts[0], SIDE):{SIDE}} {band.sign} {texts[1]}{told}"
        ).rstrip()
    if drawing.cut:
        yield f"{drawing.cut} more rows"


def _name(names: dict[int, str], x: int) -> str:
    return short(names.get(x, "itself"), ENDS)
