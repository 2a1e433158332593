"""Whether the user got what presence promises, as seen on the wire."""

from __future__ import annotations

import pytest

from tests.criteria.presence_lab import PresenceLab

CASES = {
    "published": ("handbuilt-presence-publish", "", "", "", "PASS"),
    "refused": ("handbuilt-presence-publish", "4 5 6", "200 OK", "403 Forbidden", "FAIL"),
    "told": ("handbuilt-presence-watch", "", "", "", "PASS"),
    "subscription refused": ("handbuilt-presence-watch", "8 9 10 11 12", "200 OK", "403 Forbidden", "FAIL"),
    "a refusal that was expected": ("handbuilt-presence-refused", "", "", "", "PASS"),
    "a refusal that did not come": ("handbuilt-presence-refused", "4", "403 Forbidden", "200 OK", "FAIL"),
    "documents": ("handbuilt-xcap", "", "", "", "PASS"),
    "a broken XDMS": ("handbuilt-xcap", "8", "201 Created", "500 Server Error", "FAIL"),
}


@pytest.mark.parametrize("case", CASES)
def test_interoperability(case: str) -> None:
    name, frames, old, new, verdict = CASES[case]
    assert PresenceLab(name).edit(frames, old, new).judge().interoperability == verdict


def test_without_an_answer_or_a_notify_nobody_knows() -> None:
    assert PresenceLab("handbuilt-xcap").drop("2 4 6 8 10 12 14 16 18 20").judge().interoperability == "INCONCLUSIVE"
    lab = PresenceLab("handbuilt-presence-watch").drop(" ".join(map(str, [*range(13, 19), *range(21, 33)])))
    assert lab.judge().interoperability == "INCONCLUSIVE"
