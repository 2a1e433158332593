"""Terminals as text: what `netlab terminal identify` prints, and the profile file that it writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from conformance.report.lines import LIMIT, quirk_line
from conformance.report.text import short
from conformance.vocabulary.identified import Identification, TerminalResult, UnknownDeviation

MOST = 50
"""Terminals that are printed; JSON has all."""
FRAMES = 12
"""REGISTERs of a terminal that are named."""


def identification_lines(found: Identification) -> Iterator[str]:
    """Yield every terminal: where it is, what it shows, what is not known of it, and what it resembles."""
    count = len(found.terminals)
    for number, terminal in enumerate(found.terminals[:MOST], start=1):
        yield f"terminal {number} of {count}: {terminal_name(terminal)}"
        yield from _terminal(terminal)
    if count > MOST:
        yield f"{count - MOST} more terminals are in the output of --json"


def terminal_name(terminal: TerminalResult) -> str:
    """Return address and identities of a terminal in one line."""
    return short(f"{terminal.endpoint} {', '.join(terminal.identities)}", LIMIT)


def _terminal(terminal: TerminalResult) -> Iterator[str]:
    frames = ", ".join(str(one.frame) for one in terminal.registers[:FRAMES])
    more = len(terminal.registers) - FRAMES
    word = "REGISTER" if len(terminal.registers) == 1 else "REGISTERs"
    yield f"  {len(terminal.registers)} {word} (frames: {frames}{f', and {more} more' if more > 0 else ''})"
    if not terminal.quirks:
        yield "  no quirk that is known"
    for quirk in terminal.quirks:
        yield f"  {quirk_line(quirk).removeprefix('terminal ')}"
    for one in terminal.unknown:
        yield f"  unknown deviation: {_unknown(one)}"
    if terminal.undecided:
        yield f"  no occasion to show: {', '.join(terminal.undecided)}"
    near = terminal.nearest
    told = [f"and also {', '.join(near.more)}"] if near.more else []
    told += [f"but not {', '.join(near.less)}"] if near.less else []
    yield f"  nearest known profile: {near.name}{', ' if told else ''}{', '.join(told)}"
    yield f"  reproduced by the profile {terminal.profile}"


def _unknown(one: UnknownDeviation) -> str:
    frames = ", ".join(dict.fromkeys(str(item.frame) for item in one.evidence)) or "none"
    first = one.evidence[0] if one.evidence else None
    where = ""
    if first is not None and first.offset is not None and first.length is not None:
        quoted = f" {short(first.excerpt.marked, 60)!r}" if first.excerpt is not None and first.excerpt.marked else ""
        where = f", {short(first.field, 60)} bytes {first.offset} to {first.offset + first.length}{quoted}"
    weight = "" if one.level in (None, "SHALL") else f" ({one.level})"
    head = "" if one.criterion is None else f"{one.criterion}{weight} [{one.clause}] "
    return short(f"{head}{one.what}{where} (frames: {frames})", 2 * LIMIT)


def profile_text(terminal: TerminalResult, captures: Sequence[str]) -> str:
    """Return the profile file of a terminal, in TOML.

    Args:
        terminal: What was found of it.
        captures: Names of the files that it was found in.
    """
    title = short(f"terminal at {terminal.endpoint}", 120)
    words = f"Identified from {short(', '.join(captures), 200)}: {len(terminal.registers)} REGISTERs. "
    words += f"Nearest known profile: {terminal.nearest.name}."
    if terminal.unknown:
        told = "; ".join(one.criterion or short(one.what, 60) for one in terminal.unknown[:10])
        words += f" Not reproduced, because no quirk is known for it: {told}."
    lines = ["# Written by `netlab terminal identify`; a terminal with this profile shows the same quirks."]
    lines += [f"title = {_string(title)}", f"words = {_string(short(words, 900))}", 'base = "standard"', "quirks = ["]
    for quirk in terminal.quirks:
        frames = ", ".join(dict.fromkeys(str(item.frame) for item in quirk.evidence))
        lines.append(f"    {_string(quirk.id)},  # {short(quirk.title, 80)}: frames {frames}")
    return "\n".join([*lines, "]", ""])


def _string(text: str) -> str:
    """Return a basic string of TOML; `short` has left nothing in the text that may not stand there."""
    return json.dumps(text, ensure_ascii=False)
