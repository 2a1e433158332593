"""Mutations as data: what is wrong in the file is told when it is read."""

from __future__ import annotations

import pytest

from conformance.faults.mutations import load_mutations, read_mutations
from conformance.faults.reference import cases
from conformance.vocabulary.errors import HarnessFault

GOOD = """
[[mutation]]
name = "some-mutation"
base = "handbuilt-registration-home"
words = "something is wrong"
expected = ["REG-01"]
blamed = "ue"
edit = [{ kind = "drop", frames = [1] }]
"""


def test_a_good_one_is_read() -> None:
    (one,) = read_mutations(GOOD)
    assert (one.name, one.expected, one.blamed.value) == ("some-mutation", ("REG-01",), "ue")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('["REG-01"]', "[]", "expected"),
        ('"drop"', '"burn"', "edit"),
        ('"ue"', '"nobody"', "blamed"),
        ("some-mutation", "Some", "name"),
        ("words", "more", "words"),
        ("[[mutation]]", "[[mutation", "mutations.toml"),
    ],
)
def test_mistakes(old: str, new: str, complaint: str) -> None:
    with pytest.raises(HarnessFault, match=complaint):
        read_mutations(GOOD.replace(old, new, 1))


def test_a_name_stands_once() -> None:
    with pytest.raises(HarnessFault, match="found twice: some-mutation"):
        read_mutations(GOOD + GOOD)


def test_names_are_no_names_of_cases_and_bases_are() -> None:
    assert not {one.name for one in load_mutations()} & set(cases())
    assert {one.base for one in load_mutations()} <= set(cases())
