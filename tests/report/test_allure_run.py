"""What Allure reads of a run as a whole. Which category a cell falls into: tests/end_to_end/test_readers.py."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from conformance.report.allure_run import write_run_files
from conformance.vocabulary.results import RunHeader

STATUSES = {"failed", "broken", "passed", "skipped", "unknown"}


@pytest.fixture
def files(tmp_path: Path, header: RunHeader) -> Path:
    hostile = header.model_copy(update={"federation": "C:\\fed\nerate = d ž 🙂"})
    write_run_files(tmp_path / "allure", hostile)
    return tmp_path / "allure"


def test_categories_are_what_allure_reads(files: Path) -> None:
    categories = json.loads((files / "categories.json").read_text())
    for one in categories:
        assert one.keys() <= {"name", "matchedStatuses", "messageRegex", "traceRegex"}
        assert set(one["matchedStatuses"]) <= STATUSES
        re.compile(one.get("messageRegex", ""))
    assert len({one["name"] for one in categories}) == len(categories)


def test_the_environment_is_one_ascii_line_a_value(files: Path) -> None:
    lines = (files / "environment.properties").read_bytes().decode("ascii").splitlines()
    assert all(re.match(r"[\w.-]+=", line) for line in lines)
    said = dict(line.split("=", 1) for line in lines)
    assert said["federation"] == r"C:\\fed\nerate = d \u017e \ud83d\ude42"
    assert (said["fabric"], said["tshark"], said["testbed.stuba"]) == ("loopback", "4.0.17", "stuba.netlab.test")
    assert said["limit.1"] == "Fabric loopback: no VPN."
