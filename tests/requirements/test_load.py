"""The tables: that they are complete rows, and what a broken one says."""

import re
from pathlib import Path

import pytest

from conformance.requirements import load_requirements
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.verdicts import Level

ROW = '[[requirement]]\nid = "D22-9.1-01"\nsource = "D2.2 9.1"\nlevel = "SHALL"\nwords = "w"\n'


def test_every_section_of_the_project_document_has_rows() -> None:
    sections = {row.id.split("-")[1] for row in load_requirements() if row.id.startswith("D22-")}
    wanted = {f"2.{n}" for n in range(1, 9)} | {f"3.{n}" for n in range(1, 6)} | {"4.1"}
    wanted |= {f"A.4.2.{n}" for n in range(1, 8)}
    assert wanted <= sections


def test_ids_name_their_source_and_count_without_gaps() -> None:
    counts: dict[str, int] = {}
    for row in load_requirements():
        if row.id.startswith("D22-"):
            section, number = re.fullmatch(r"D22-(.+)-(\d\d)", row.id).groups()  # type: ignore[union-attr]
            assert row.source == f"D2.2 {section}"
            counts[section] = counts.get(section, 0) + 1
            assert int(number) == counts[section]
    assert sum(counts.values()) > 150


def test_sections_come_in_the_order_of_the_document() -> None:
    first = [row.id.rpartition("-")[0] for row in load_requirements()]
    order = list(dict.fromkeys(first))
    assert order.index("D22-2.1") < order.index("D22-2.8") < order.index("D22-3.1") < order.index("D22-4.1")
    assert order.index("D22-4.1") < order.index("D22-A.4.2.1")


def test_a_row(tmp_path: Path) -> None:
    (tmp_path / "9.1.toml").write_text(ROW + 'criteria = ["REG-01"]\n')
    (row,) = load_requirements(tmp_path)
    assert row.level is Level.SHALL
    assert row.criteria == ("REG-01",)
    assert row.test_cases == ()
    assert row.not_tested_reason is None
    assert row.is_covered


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (ROW.replace("SHALL", "MUST"), "requirement.0.level"),
        (ROW.replace("words", "text"), "requirement.0.words"),
        (ROW.replace("D22-9.1-01", "no id"), "requirement.0.id"),
        ("", "requirement"),
        ("[[requirement", "expected TOML"),
    ],
)
def test_a_broken_table_gives_one_line(tmp_path: Path, content: str, found: str) -> None:
    (tmp_path / "9.1.toml").write_text(content)
    with pytest.raises(HarnessFault) as fault:
        load_requirements(tmp_path)
    assert found in str(fault.value)
    assert "9.1.toml" in str(fault.value)
    assert "\n" not in str(fault.value)


def test_no_tables(tmp_path: Path) -> None:
    with pytest.raises(HarnessFault, match="found no table"):
        load_requirements(tmp_path)
