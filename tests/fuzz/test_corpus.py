"""What fuzzing found worth keeping, once more through every parser; needs no atheris."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz import driving, judging

CORPUS = Path(__file__).parent / "corpus"
TARGETS = judging.TARGETS | driving.TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_no_kept_input_breaks_a_promise(name: str) -> None:
    files = sorted((CORPUS / name).iterdir())
    assert files, f"no corpus for {name}"
    for file in files:
        TARGETS[name](file.read_bytes())


def test_the_corpus_has_no_folder_that_nobody_reads() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} == set(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_a_promise_holds_for_nothing_and_for_zeros(name: str) -> None:
    TARGETS[name](b"")
    TARGETS[name](bytes(64))
