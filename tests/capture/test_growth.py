from __future__ import annotations

import tempfile
from pathlib import Path

from conformance.capture.growth import Growth


def test_writing_is_noticed_once_even_in_a_file_without_a_name(tmp_path: Path) -> None:
    with tempfile.TemporaryFile(dir=tmp_path, buffering=0) as file, Growth(file.fileno()) as growth:
        assert not growth.wait(0)
        file.write(b"x")
        assert growth.wait(5)
        assert not growth.wait(0)


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    with tempfile.TemporaryFile(dir=tmp_path) as file:
        growth = Growth(file.fileno())
        growth.close()
        growth.close()
