"""An explained difference as text: two ladders side by side, an arrow where they part, carets under the bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.report.text import short, visible
from conformance.vocabulary.difference import (
    Difference,
    ExpectedMessage,
    HeaderDifference,
    LadderRow,
    LineKind,
    MarkedLine,
    RowStatus,
    SeenMessage,
)
from conformance.vocabulary.roles import RELAYS

BEFORE, BEHIND = 3, 6
"""Rows that are shown before the one where the ladders part, and behind it."""
SIDE = 50
"""Width of one ladder in characters."""
LINES = 6
"""Header-level differences that are shown."""
SENTENCE = 500
NEAR = 20
"""Rows in front of one that are asked whether they are the same message on the same hop."""
LEFT_OF_MARK, MARK, RIGHT_OF_MARK = 60, 100, 40
FIELD = 80

_WORDS = {
    RowStatus.MISSING: "(missing)",
    RowStatus.NOT_OBSERVABLE: "(not observed)",
}
_NOTHING = {
    RowStatus.MATCHED: "(a provisional answer may come)",
    RowStatus.REPEATED: "(the same again)",
    RowStatus.UNEXPECTED: "(nothing)",
}
_SIGNS = {
    RowStatus.MATCHED: "=",
    RowStatus.DIFFERENT: "!",
    RowStatus.MISSING: "-",
    RowStatus.UNEXPECTED: "+",
    RowStatus.REPEATED: "~",
    RowStatus.OUT_OF_ORDER: "<",
    RowStatus.NOT_OBSERVABLE: "?",
}
_LEGEND = {
    RowStatus.DIFFERENT: "answered otherwise",
    RowStatus.MISSING: "missing",
    RowStatus.UNEXPECTED: "beyond the flow",
    RowStatus.REPEATED: "the same again",
    RowStatus.OUT_OF_ORDER: "too early",
    RowStatus.NOT_OBSERVABLE: "not observed",
}


def difference_lines(difference: Difference | None) -> Iterator[str]:
    """Yield the lines that explain a procedure; none where nothing differs."""
    if difference is None or not difference.sentence:
        return
    yield f"compared with {difference.flow}: {short(difference.sentence, SENTENCE)}"
    who = difference.node or "nobody can be named"
    yield f"  to blame: {short(who, FIELD)} ({short(difference.why, SENTENCE)})"
    yield from _ladders(difference)
    for item in difference.headers[:LINES]:
        yield from _header(item)


def _ladders(difference: Difference) -> Iterator[str]:
    at = difference.row
    if at is None:
        return
    first, last = max(0, at - BEFORE), min(len(difference.rows), at + BEHIND + 1)
    shown = difference.rows[first:last]
    yield f"  {'':4}{'expected':{SIDE}}   came"
    if first + difference.rows_before:
        yield f"  {'':4}... {_counted(difference, difference.rows[:first], difference.rows_before)}"
    for index, row in enumerate(shown, first):
        arrow = "-->" if index == at else ""
        left = _NOTHING.get(row.status, "") if row.expected is None else _expected(row.expected)
        right = _WORDS.get(row.status) or _seen(row.seen, _wrong(difference, row))
        yield f"  {arrow:4}{short(left, SIDE):{SIDE}} {_SIGNS[row.status]} {short(right, SIDE + 20)}".rstrip()
    if last < len(difference.rows) or difference.rows_behind:
        yield f"  {'':4}... {_counted(difference, difference.rows[last:], difference.rows_behind)}"
    signs = [f"{_SIGNS[status]} {words}" for status, words in _LEGEND.items() if any(r.status is status for r in shown)]
    if signs:
        yield f"  {'':4}({', '.join(signs)})"


def _wrong(difference: Difference, row: LadderRow) -> str:
    """Return the criteria that find the message of a row wrong: `REG-30 fails: `."""
    ids = failing_at(difference, row)
    return f"{', '.join(ids)} fail{'' if len(ids) > 1 else 's'}: " if ids else ""


def failing_at(difference: Difference, row: LadderRow) -> list[str]:
    """Return the criteria whose marked lines lie in the message of a row."""
    if row.seen is None:
        return []
    here = (row.seen.capture, row.seen.frame)
    found = (item.criterion for item in difference.headers if (item.capture, item.frame) == here)
    return list(dict.fromkeys(id for id in found if id is not None))


def passed_on(rows: Sequence[LadderRow], number: int) -> bool:
    """Tell whether a row is the next hop of a message that goes by a relay, and not the same hop once more."""
    seen = rows[number].seen
    if rows[number].status is not RowStatus.REPEATED or seen is None:
        return False
    hop = (seen.source, seen.destination)
    if not any(end in RELAYS for end in hop):
        return False
    for row in reversed(rows[max(0, number - NEAR) : number]):
        if row.seen is not None and row.seen.summary == seen.summary:
            if (row.seen.source, row.seen.destination) == hop:
                return False
            if row.status is not RowStatus.REPEATED:
                return True  # the message itself
    return True


def _counted(difference: Difference, rows: list[LadderRow], left_out: int) -> str:
    if left_out:
        return f"{len(rows) + left_out} more rows"
    others = sum(row.status is not RowStatus.MATCHED or bool(failing_at(difference, row)) for row in rows)
    words = f"{len(rows)} more row{'s' if len(rows) > 1 else ''}"
    return f"{words}, as expected" if not others else f"{words}, {others} not as expected"


def _expected(message: ExpectedMessage) -> str:
    return f"{message.text}  {message.source} -> {message.destination}"


def _seen(message: SeenMessage | None, wrong: str) -> str:
    if message is None:
        return ""
    return f"{message.frame}  {wrong}{short(message.summary, 36)}  {message.source} -> {message.destination}"


def _header(item: HeaderDifference) -> Iterator[str]:
    field = short(item.field, FIELD)
    criterion = f" ({item.criterion})" if item.criterion else ""
    expected = f"; expected {short(item.expected, FIELD * 2)}" if item.expected else ""
    yield f"  frame {item.frame}, {field}{criterion}: {_KINDS[item.kind]}{expected}"
    for line in (item.line, item.other):
        if line is not None:
            yield from _marked(line, "" if line.frame == item.frame else f"frame {line.frame}: ")


_KINDS = {
    LineKind.WRONG: "marked below",
    LineKind.ABSENT: "absent",
    LineKind.ADDED: "added",
    LineKind.REMOVED: "no longer there",
    LineKind.CHANGED: "changed",
}


def _marked(line: MarkedLine, prefix: str) -> Iterator[str]:
    before, marked, after = _one_line(line.before), _one_line(line.marked), _one_line(line.after)
    if len(before) > LEFT_OF_MARK:
        before = "…" + before[-LEFT_OF_MARK:]
    if len(marked) > MARK:
        marked = marked[:MARK] + "…"
    if len(after) > RIGHT_OF_MARK:
        after = after[:RIGHT_OF_MARK] + "…"
    yield f"    {prefix}{before}{marked}{after}"
    yield f"    {' ' * len(prefix + before)}{'^' * max(1, len(marked))}"


def _one_line(text: str) -> str:
    """Return a part of a line with everything that would move the carets away written as escapes."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")
