"""Draws an expected flow as a ladder of text: one lane a role, one line a request or an answer."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.flows.model import Flow, Step

GAP = 2
NAMES = {"ue": "UE"}


def draw(flow: Flow) -> str:
    """Return the ladder of a flow as lines of text without trailing spaces.

    Optional transactions are in brackets; repeated ones have a star.
    """
    names = [NAMES.get(role.value, role.value) for role in flow.roles]
    widest = max(len(text) for step in flow.steps for text in (_request(step), _answer(step)))
    lane = max(max(map(len, names)) + GAP, (widest + 6) // _shortest(flow) + 1)
    middle = {role: index * lane + lane // 2 for index, role in enumerate(flow.roles)}
    width = lane * len(names)
    lines = [f"{flow.id}: {flow.title} ({flow.source})", ""]
    lines.append("".join(name.center(lane) for name in names))
    for step, text, is_answer in _messages(flow, None):
        begin, end = middle[step.source], middle[step.destination]
        if is_answer:
            begin, end = end, begin
        lines.append(_line(width, list(middle.values()), begin, end, text, is_answer))
    if flow.alternatives:
        lines += ["", "Alternatives:", *(f"  {a.id}: {a.title}" for a in flow.alternatives)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _messages(flow: Flow, parent: str | None) -> Iterator[tuple[Step, str, bool]]:
    for step in flow.children(parent):
        yield step, _request(step), False
        if step.provisional and not any(child.provisional for child in flow.children(step.id)):
            yield from _provisional(flow, step)
        yield from _messages(flow, step.id)
        yield step, _answer(step), True


def _provisional(flow: Flow, step: Step) -> Iterator[tuple[Step, str, bool]]:
    """Yield the provisional answers on their way back, from who gives them on."""
    while step.provisional:
        yield step, f"[{step.before_answer}]", True
        if step.inside is None:
            return
        step = flow.step(step.inside)


def _request(step: Step) -> str:
    text = step.label + ("*" if step.repeated else "")
    return f"[{text}]" if step.optional else text


def _answer(step: Step) -> str:
    return f"[{step.answer}]" if step.optional else step.answer


def _shortest(flow: Flow) -> int:
    """Return the fewest lanes that the arrow with the longest text crosses."""
    places = {role: index for index, role in enumerate(flow.roles)}
    longest = max(flow.steps, key=lambda step: max(len(_request(step)), len(_answer(step))))
    return abs(places[longest.source] - places[longest.destination])


def _line(width: int, lanes: list[int], begin: int, end: int, text: str, is_answer: bool) -> str:
    cells = [" "] * width
    for place in lanes:
        cells[place] = "|"
    low, high = min(begin, end), max(begin, end)
    shaft = "-" if not is_answer else "."
    for place in range(low + 1, high):
        cells[place] = shaft
    cells[high - 1 if end > begin else low + 1] = ">" if end > begin else "<"
    start = low + 1 + (high - low - len(text) - 1) // 2
    cells[start - 1 : start + len(text) + 1] = [" ", *text, " "]
    return "".join(cells)
