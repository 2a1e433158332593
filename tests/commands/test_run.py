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


def test_a_federation_that_a_fabric_cannot_hold_is_refused_before_anything_is_brought_up(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "own.toml"
    file.write_text(default_federation_path().read_text().replace("127.1.", "10.8.").replace("10.8.1.", "10.8.0."))
    options = ["--federation", str(file), "--fabric", "namespaces", "-m", "registration"]
    status = main(["run", "--reports", str(tmp_path / "reports"), *options])
    assert status == Exit.USAGE
    told = capfd.readouterr()
    assert "uc3m has 10.8.0.0/27, which the tunnel has already (10.8.0.0/24)" in told.out + told.err
    assert not list((tmp_path / "reports").glob("*/cells"))
