from pathlib import Path

import pytest

from conformance.cli import main

SAMPLE = Path(__file__).parents[2] / "reports" / "sample"


def test_a_bundle_for_a_partner_is_written_by_one_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["report", str(SAMPLE), "--partner", "stuba", "--redact", "--out", str(tmp_path / "bundle")])
    assert code == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path}/bundle/index.html: ")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--partner", "stuba", "--redact"], "--out is missing"),
        (["--redact"], "--out is missing"),
        (["--out", "there"], "goes with --partner or --redact"),
        (["--partner", "nobody", "--redact", "--out", "there"], "no testbed of this run"),
    ],
)
def test_a_mistake_in_the_options_is_one_line(
    options: list[str],
    complaint: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["report", str(SAMPLE), *options]) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
