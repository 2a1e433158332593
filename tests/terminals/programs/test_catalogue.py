"""Which programs can play a terminal, and what is said where one cannot."""

from __future__ import annotations

import pytest

from conformance.terminals.programs.catalogue import PROGRAMS, installed, why_not
from conformance.vocabulary.federation import Subscriber


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_that_is_missing_is_named_with_its_package(
    name: str, alice: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert not installed(name)
    assert why_not(name, alice) == (
        f"{name} is not installed: an administrator can run apt-get install --no-install-recommends "
        f"{PROGRAMS[name].package}"
    )


def test_a_program_that_is_there_says_whom_it_cannot_play(
    alice: Subscriber, dave: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    assert why_not("sipp", alice) is why_not("baresip", dave) is None
    assert "op" in str(why_not("sipp", dave))
    assert "AKA" in str(why_not("baresip", alice))
