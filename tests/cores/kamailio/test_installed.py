from __future__ import annotations

import pytest

from conformance.cores.kamailio.installed import check_version, require_programs
from conformance.vocabulary.errors import TestbedDown


def test_the_version_of_debian_12_is_accepted() -> None:
    check_version("version: kamailio 5.6.3 (x86_64/linux)")


@pytest.mark.parametrize("line", ["version: kamailio 5.8.1 (x86_64/linux)", "version: kamailio 6.0.0 (x)", "", "oops"])
def test_another_version_is_told_in_one_line(line: str) -> None:
    with pytest.raises(TestbedDown, match=r"expected Kamailio 5\.6") as told:
        check_version(line)
    assert "\n" not in str(told.value)


def test_what_is_missing_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(TestbedDown, match="program kamailio, found none; run: apt-get install"):
        require_programs()
