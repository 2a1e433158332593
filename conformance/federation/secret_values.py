"""Secrets of a federation file: `env:NAME` and `file:PATH` are replaced by what they point at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from conformance.federation.mistakes import SECRET_KEYS, KeyPath, Mistake, shorten
from conformance.vocabulary.secrets import Secret

_LONGEST = 4096
STAND_IN = Secret(b"0" * 32)
"""Takes the place of a secret that could not be had, so that one mistake is not reported twice."""


def resolve_secrets(data: dict[str, Any], folder: Path) -> list[Mistake]:
    """Replace every secret of the subscribers by a `Secret`, in place.

    Args:
        data: The TOML document.
        folder: Folder of the federation file: where relative paths start.

    Returns:
        Secrets that could not be had, in the order of the file.
    """
    mistakes = []
    for path, subscriber in _subscribers(data):
        for key in SECRET_KEYS & subscriber.keys():
            value = subscriber[key]
            if isinstance(value, str):
                found = _resolve((*path, key), value, folder)
                if isinstance(found, Mistake):
                    mistakes.append(found)
                    found = STAND_IN
                subscriber[key] = found
    return mistakes


def _subscribers(data: dict[str, Any]) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    testbeds = data.get("testbeds")
    for name, testbed in testbeds.items() if isinstance(testbeds, dict) else ():
        subscribers = testbed.get("subscribers") if isinstance(testbed, dict) else None
        for index, subscriber in enumerate(subscribers) if isinstance(subscribers, list) else ():
            if isinstance(subscriber, dict):
                yield ("testbeds", name, "subscribers", index), subscriber


def _resolve(path: KeyPath, value: str, folder: Path) -> Secret | Mistake:
    kind, _, rest = value.partition(":")
    if kind == "env":
        text = os.environ.get(rest, "") if rest and "\0" not in rest else ""
        if not text:
            state = "empty" if rest in os.environ else "not set"
            expected = f"the secret in the environment variable {shorten(rest)}"
            return Mistake(path, f"a variable that is {state}", expected, "set it before the run")
        return Secret(os.fsencode(text))
    if kind == "file":
        return _from_file(path, folder / rest) if "\0" not in rest else _no_file(path, rest, "no file name")
    if not value:
        return Mistake(path, "an empty text", "the secret, env:NAME or file:PATH", "give one of the three")
    return Secret(value.encode())


def _from_file(path: KeyPath, file: Path) -> Secret | Mistake:
    try:
        if not file.is_file():  # a directory, or a device that would never end
            return _no_file(path, str(file), "no file")
        with file.open("rb") as stream:
            content = stream.read(_LONGEST + 1)
    except OSError as problem:
        return _no_file(path, str(file), f"a file that cannot be read ({problem.strerror})")
    if len(content) > _LONGEST:
        return _no_file(path, str(file), f"more than {_LONGEST} bytes")
    secret = content.rstrip(b"\r\n")
    return Secret(secret) if secret else _no_file(path, str(file), "an empty file")


def _no_file(path: KeyPath, file: str, found: str) -> Mistake:
    return Mistake(path, found, f"the secret in {shorten(file)}", "create the file, readable for this user")
