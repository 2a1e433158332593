"""Display filters of Wireshark for frames of a capture."""

from __future__ import annotations

from collections.abc import Iterable


def frames_filter(frames: Iterable[int]) -> str:
    """Return a display filter that shows these frames: `frame.number in {1, 4..9}`; empty without a frame.

    Sets have commas since Wireshark 4.0, which no longer reads sets without them.
    """
    numbers = sorted(set(frames))
    parts: list[str] = []
    while numbers:
        first = last = numbers.pop(0)
        while numbers and numbers[0] == last + 1:
            last = numbers.pop(0)
        parts += [f"{first}..{last}"] if last > first + 1 else [str(number) for number in range(first, last + 1)]
    if len(parts) == 1 and ".." not in parts[0]:
        return f"frame.number == {parts[0]}"
    return f"frame.number in {{{', '.join(parts)}}}" if parts else ""
