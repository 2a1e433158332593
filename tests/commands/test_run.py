"""`netlab run`: what it makes of the words that it is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.cli import main
from conformance.federation import default_federation_path
from conformance.vocabulary.errors import Exit


@pytest.mark.parametrize("option", ["--federation", "--expected"])
def test_a_file_behind_an_option_is_no_place_of_test_cases(
    option: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "own.toml"
    file.write_text(default_federation_path().read_text() if option == "--federation" else "")
    status = main(
        ["run", "--reports", str(tmp_path / "reports"), option, str(file), "--collect-only", "-q", "-k", "none"]
    )
    assert status == Exit.NOTHING
    assert "import file mismatch" not in capfd.readouterr().out
