"""Test cases are found by the text of their files; nothing is imported."""

from pathlib import Path

import pytest

from conformance.requirements import find_test_cases
from conformance.vocabulary.errors import HarnessFault


def test_functions_of_test_modules_at_any_depth(tmp_path: Path) -> None:
    group = tmp_path / "testcases" / "group" / "deep"
    group.mkdir(parents=True)
    (group / "test_one.py").write_text(
        "raise SystemExit('imported')\ndef test_b(): ...\nasync def test_a(): ...\ndef helper(): ...\n"
    )
    (group / "helper.py").write_text("def test_not_a_case(): ...\n")
    assert find_test_cases(tmp_path) == [
        "testcases/group/deep/test_one.py::test_a",
        "testcases/group/deep/test_one.py::test_b",
    ]


def test_the_projects_own() -> None:
    assert "testcases/registration/test_home.py::test_registration" in find_test_cases()


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(HarnessFault, match="expected the test cases"):
        find_test_cases(tmp_path)


@pytest.mark.parametrize("content", [b"def test_(:\n", b"\xff\xfe", b"x = '\x00'\n"])
def test_a_file_that_is_not_python(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "testcases").mkdir()
    (tmp_path / "testcases" / "test_x.py").write_bytes(content)
    with pytest.raises(HarnessFault, match=r"test_x\.py: found .* expected Python"):
        find_test_cases(tmp_path)
