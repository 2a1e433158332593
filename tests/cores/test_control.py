from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from conformance.cores.emulated.control import ask, control_channel
from conformance.vocabulary.errors import TestbedDown


async def echo(command: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"heard": dict(command)}


def test_a_command_is_answered_however_deep_the_folder_is(tmp_path: Path) -> None:
    """A UNIX address has 107 octets; a run's folder may be longer."""
    folder = tmp_path / ("deep" * 30) / ("deeper" * 20)
    folder.mkdir(parents=True)
    path = folder / "a-hss.sock"

    async def scenario() -> None:
        async with control_channel(path, echo):
            assert await ask(path, {"x": 1}) == {"heard": {"x": 1}}

    asyncio.run(scenario())
    assert not path.exists()


@pytest.mark.parametrize("line", [b"no JSON\n", b"[1]\n", b"\xff\n", b"\n", b""])
def test_what_is_no_command_is_answered_with_what_was_expected(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "a-hss.sock"

    async def scenario() -> bytes:
        async with control_channel(path, echo):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(line)
            writer.write_eof()
            answer = await asyncio.wait_for(reader.read(), 5.0)
            writer.close()
            return answer

    assert asyncio.run(scenario()).startswith(b'{"error": "expected a command in one line of JSON, found: ')


def test_nobody_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(TestbedDown, match=r"control channel .*a-hss\.sock: expected an answer within 5 s"):
        asyncio.run(ask(tmp_path / "a-hss.sock", {}))
    (tmp_path / "a-hss.sock").touch()
    with pytest.raises(TestbedDown, match="Connection refused"):
        asyncio.run(ask(tmp_path / "a-hss.sock", {}))
