from __future__ import annotations

from pathlib import Path

from conformance.cores.emulated.log_lines import last_lines


def test_last_lines_are_few_and_short(tmp_path: Path) -> None:
    file = tmp_path / "node.log"
    file.write_bytes(b"".join(b"%d\n" % n for n in range(1000)) + b"\xff" + b"x" * 5000)
    lines = last_lines(file, 3)
    assert lines[:2] == ["998", "999"]
    assert len(lines[2]) == 300
    assert last_lines(tmp_path / "missing", 3) == []
