"""Secrets from the environment and from files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.federation import load_federation

Alter = Callable[..., Path]
Complaints = Callable[..., list[str]]

K = "465b5ce8b199b49faa5f0a2ee238a6bc"
LINE = f'k = "{K}"'
OP = ('op = "cdc202d5123e20f62b6d676ac72cb318"\n', "")
"""Leaves out what fits the key of the file alone."""
OTHER = "000102030405060708090a0b0c0d0e0f"


def key_of_alice(path: Path) -> str:
    key = load_federation(path).testbeds["uc3m"].subscribers[0].k
    assert key is not None
    return key.reveal().hex()


def test_from_the_environment(alter: Alter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETLAB_TEST_K", OTHER)
    assert key_of_alice(alter(OP, (LINE, 'k = "env:NETLAB_TEST_K"'))) == OTHER


def test_from_a_file_beside_the_federation_file(alter: Alter, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "alice.k").write_text(OTHER + "\n")
    assert key_of_alice(alter(OP, (LINE, 'k = "file:secrets/alice.k"'))) == OTHER


def test_from_a_file_anywhere(alter: Alter, tmp_path: Path) -> None:
    file = tmp_path / "alice.k"
    file.write_text(OTHER)
    assert key_of_alice(alter(OP, (LINE, f'k = "file:{file}"'))) == OTHER


def test_password_from_a_file_keeps_its_spaces(alter: Alter, tmp_path: Path) -> None:
    (tmp_path / "dave").write_text(" two words \n")
    path = alter(('password = "not-a-secret"', 'password = "file:dave"'))
    password = load_federation(path).testbeds["octopus"].subscribers[1].password
    assert password is not None
    assert password.reveal() == b" two words "


def test_variable_not_set(complaints: Complaints, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NETLAB_TEST_K", raising=False)
    (line,) = complaints((LINE, 'k = "env:NETLAB_TEST_K"'))
    assert "testbeds.uc3m.subscribers[0].k: found a variable that is not set" in line
    assert "'NETLAB_TEST_K': set it before the run" in line


def test_variable_empty(complaints: Complaints, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETLAB_TEST_K", "")
    (line,) = complaints((LINE, 'k = "env:NETLAB_TEST_K"'))
    assert "found a variable that is empty" in line


@pytest.mark.parametrize("name", ["", "\\u0000"])
def test_variable_without_a_name(complaints: Complaints, name: str) -> None:
    (line,) = complaints((LINE, f'k = "env:{name}"'))
    assert "found a variable that is not set" in line


def test_a_bad_key_in_a_variable_is_not_shown(complaints: Complaints, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETLAB_TEST_K", "hush-hush")
    (line,) = complaints((LINE, 'k = "env:NETLAB_TEST_K"'))
    assert "expected 32 hexadecimal digits" in line
    assert "hush" not in line


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("none", "found no file"),
        ("", "found no file"),
        ("folder", "found no file"),
        ("empty", "found an empty file"),
        ("long", "found more than 4096 bytes"),
        ("a\\u0000b", "found no file name"),
        ("/dev/zero", "found no file"),
        ("x" * 300, "found a file that cannot be read"),
    ],
)
def test_file_that_gives_no_secret(complaints: Complaints, tmp_path: Path, file: str, found: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "long").write_text("0" * 5000)
    (line,) = complaints((LINE, f'k = "file:{file}"'))
    assert f"testbeds.uc3m.subscribers[0].k: {found}" in line
    assert "create the file, readable for this user" in line


def test_file_that_may_not_be_read(complaints: Complaints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret"
    file.write_text(OTHER)
    opened = type(file).open

    def refuse(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.name == "secret":
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **options)

    monkeypatch.setattr(type(file), "open", refuse)  # the tests may run as root, whom no mode stops
    (line,) = complaints((LINE, 'k = "file:secret"'))
    assert "found a file that cannot be read (Permission denied)" in line


def test_empty_text(complaints: Complaints) -> None:
    (line,) = complaints((LINE, 'k = ""'))
    assert "found an empty text, expected the secret, env:NAME or file:PATH" in line
