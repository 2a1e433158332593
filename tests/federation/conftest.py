"""Federation files to break: the emulated one, altered by text replacement."""

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.federation import default_federation_path, load_federation
from conformance.vocabulary.errors import BadInput

Alter = Callable[..., Path]
Complaints = Callable[..., list[str]]


@pytest.fixture
def alter(tmp_path: Path) -> Alter:
    """Write the emulated federation with (old, new) replaced, each exactly once; give the file's path."""

    def write(*changes: tuple[str, str]) -> Path:
        text = default_federation_path().read_text(encoding="utf-8").replace("127.1.", "127.37.")
        for old, new in changes:
            assert old in text, f"the emulated federation no longer holds {old!r}"
            text = text.replace(old, new, 1)
        path = tmp_path / "federation.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def complaints(alter: Alter) -> Complaints:
    """Load an altered federation and give the lines of its refusal, without the folder."""

    def load(*changes: tuple[str, str]) -> list[str]:
        path = alter(*changes)
        with pytest.raises(BadInput) as refusal:
            load_federation(path)
        return [line.replace(f"{path.parent}/", "") for line in str(refusal.value).split("\n")]

    return load
