"""A capture assembled from messages that are written out: texts and annotated octets in, packets out.

`packets.toml` says who sends which message to whom at which point; the messages stand in text files, SIP as text
(`*.txt`, lines end in CR LF on the wire) and everything else as hexadecimal (`*.hex`, `#` begins a remark).
No codec takes part: what is written is what is in the packet.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from conformance.faults.frames import make_frame
from conformance.faults.pcapfile import Packet, PacketFile
from conformance.vocabulary.errors import BadInput

_SECTION = re.compile(r"(?m)^=== (.+)\n")
_FIRST_SEQUENCE = 1000
"""TCP sequence number of the first octet of each direction; the connections were opened before the capture."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RecipePacket(_Model):
    """One packet."""

    at_us: Annotated[int, Field(ge=0)]
    """Microseconds after the start of the capture."""
    point: str
    transport: Literal["udp", "tcp"]
    source: tuple[str, int]
    destination: tuple[str, int]
    message: str
    """Section of a message file."""


class Recipe(_Model):
    """`packets.toml`."""

    start_s: int
    """Seconds since 1970."""
    points: tuple[str, ...]
    drops: int | None = None
    packet: tuple[RecipePacket, ...]


def _octets(text: str, is_hex: bool, where: str) -> bytes:
    if not is_hex:
        return text.replace("\n", "\r\n").encode()
    digits = "".join(line.partition("#")[0] for line in text.splitlines())
    try:
        return bytes.fromhex(digits)
    except ValueError as error:
        raise BadInput(f"{where}: {error}; expected pairs of hexadecimal digits and remarks after #") from error


def read_messages(folder: Path) -> dict[str, bytes]:
    """Read the message files of a folder.

    Args:
        folder: holds `*.txt` and `*.hex`; a line `=== name` begins a message.

    Returns:
        The octets of each message by name.

    Raises:
        BadInput: a name that occurs twice, or digits that are no hexadecimal.
    """
    messages: dict[str, bytes] = {}
    for file in sorted([*folder.glob("*.txt"), *folder.glob("*.hex")]):
        parts = _SECTION.split(file.read_text("utf-8"))
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            if name in messages:
                raise BadInput(f"{file}: message {name!r} is there twice; give each its own name")
            messages[name] = _octets(text, file.suffix == ".hex", f"{file}, {name}")
    return messages


def assemble(folder: Path) -> PacketFile:
    """Assemble the capture that `packets.toml` of a folder describes.

    Args:
        folder: holds `packets.toml` and the message files.

    Returns:
        The packets, each message in one frame; TCP segments numbered from one constant in each direction.

    Raises:
        BadInput: `packets.toml` is wrong, or names a message that no file holds.
    """
    path = folder / "packets.toml"
    try:
        recipe = Recipe.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise BadInput(f"{path}: {' '.join(str(error).split())}") from error
    messages = read_messages(folder)
    sent: dict[tuple[tuple[str, int], tuple[str, int]], int] = {}
    packets = []
    for entry in recipe.packet:
        if entry.message not in messages:
            raise BadInput(f"{path}: message {entry.message!r} is in none of the message files beside it")
        if entry.point not in recipe.points:
            raise BadInput(f"{path}: point {entry.point!r} is not among `points`")
        payload = messages[entry.message]
        there, back = (entry.source, entry.destination), (entry.destination, entry.source)
        data = make_frame(
            entry.transport,
            entry.source,
            entry.destination,
            payload,
            sequence=_FIRST_SEQUENCE + sent.get(there, 0),
            acknowledge=_FIRST_SEQUENCE + sent.get(back, 0),
        )
        sent[there] = sent.get(there, 0) + len(payload)
        packets.append(Packet(entry.point, recipe.start_s * 1_000_000_000 + entry.at_us * 1000, data))
    return PacketFile(recipe.points, tuple(packets), recipe.drops)
