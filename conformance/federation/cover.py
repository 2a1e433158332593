"""A small part of all combinations in which every pair of values still stands together at least once.

Most mistakes need two of their circumstances, not three: this caller's network with that visited one, or with that
called one. So the cells of three networks need not all be run: 50 testbeds have 117,600 ordered triples, and about
3,000 of them hold every pair.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import combinations
from typing import TypeVar

T = TypeVar("T")


def pairwise(combined: Sequence[T], values: Callable[[T], Sequence[Hashable]]) -> list[T]:
    """Return combinations that together hold every pair of values which any of them holds.

    Each step takes the combination with the most pairs that are still missing, the first one of the sequence among
    equals: the same sequence always gives the same cover.

    Args:
        combined: the combinations that make sense.
        values: the values of a combination, one an axis, as many for each.

    Returns:
        Some of them, in their order; all where each holds a pair that no other one has.
    """
    pairs = _pairs([values(one) for one in combined])
    missing = {pair for own in pairs for pair in own}
    open_ones: Sequence[int] = range(len(combined))
    taken: list[int] = []
    # What is missing only shrinks, so one that was worth less than `worth` never is worth that much again.
    for worth in range(max(map(len, pairs), default=0), 0, -1):
        left = []
        for number in open_ones:
            own = pairs[number]
            if len(missing.intersection(own)) >= worth:
                taken.append(number)
                missing.difference_update(own)
            else:
                left.append(number)
        if not missing:
            break
        open_ones = left
    return [combined[number] for number in sorted(taken)]


def _pairs(rows: Sequence[Sequence[Hashable]]) -> list[tuple[int, ...]]:
    """Return the pairs that each row holds, as numbers: there are hundreds of thousands, and tuples are slow.

    An axis with one value adds no pair that would not be held without it.
    """
    axes = list(zip(*rows, strict=True))
    varying = [axis for axis in axes if len(set(axis)) > 1]
    known: dict[tuple[int, Hashable], int] = {}
    numbered = [
        [known.setdefault((place, value), len(known)) for value in axis]
        for place, axis in enumerate(varying if len(varying) > 1 else axes)
    ]
    size = len(known)
    return [tuple([one * size + other for one, other in combinations(row, 2)]) for row in zip(*numbered, strict=True)]
