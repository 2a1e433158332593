"""`netlab requirements`: the tables of the package agree with the code of the package."""

import io
import json

import pytest

from conformance.requirements import command, run


def test_table_and_code_agree() -> None:
    out = io.StringIO()
    code = run(json=False, out=out)
    assert [line for line in out.getvalue().splitlines() if line.startswith("problem:")] == []
    assert code == 0
    assert out.getvalue().splitlines()[-1].endswith(" 0 problems")


def test_json_is_one_list() -> None:
    out = io.StringIO()
    assert run(json=True, out=out) == 0
    rows = json.loads(out.getvalue())
    assert all(list(row) == ["id", "source", "level", "criteria", "test_cases", "not_tested_reason"] for row in rows)


@pytest.mark.parametrize("as_json", [False, True])
def test_disagreement_is_shown_and_returned(
    as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "find_test_cases", list)
    out = io.StringIO()
    assert run(json=as_json, out=out) == 1
    shown = capsys.readouterr().err if as_json else out.getvalue()
    assert "problem: D22-2.1-03: found unknown test case" in shown
