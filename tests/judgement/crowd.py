"""Many users in one trace: the registration that is typed by hand, each time that of another user and terminal."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from conformance.trace.model import CaptureFile, Message, SipMessage, Trace
from conformance.trace.sip import read_sip

START_NS = 1_700_000_000_000_000_000
STEP_NS = 1_000_000


def as_user(lab: Any, number: int) -> Any:
    """Make the messages of a lab those of another user; all texts keep their length. Number 0 stays alice."""
    names = {
        "alice": f"al{number:03}" if number else "alice",
        "@ue": f"@u{number:03}",
        "@pcscf\r": f"@p{number:03}\r",
        "z9hG4bK": f"z9hG4bKn{number:03}",
        "+34600000001": f"+346000{number + 1:05}",
        "127.40.1.100": f"127.40.1.{100 + number}",
        "a1b2c3": f"a1b2{number:02}",
    }
    for index, entry in enumerate(lab.entries):
        for old, new in names.items():
            entry.sip = entry.sip.replace(old, new)
            entry.avps = [(code, _replaced(value, old, new)) for code, value in entry.avps]
        for end in ("source", "destination"):
            endpoint = getattr(entry, end)
            setattr(
                entry, end, endpoint._replace(address=endpoint.address.replace("127.40.1.100", names["127.40.1.100"]))
            )
        entry.time_ns = START_NS + index * STEP_NS + number * 7_001_003
        if entry.command:
            entry.key += f"{number:03}"
    return lab


def _replaced(value: object, old: str, new: str) -> object:
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, list):
        return [(code, _replaced(inner, old, new)) for code, inner in value]
    return value


def crowd(*labs: Any) -> Trace:
    """Put all messages into one trace in the order of time; frames are counted anew."""
    messages: list[Message] = [message for lab in labs for message in lab.trace().messages]
    messages.sort(key=lambda message: message.time_ns)
    for frame, message in enumerate(messages, 1):
        (sighting,) = message.sightings
        messages[frame - 1] = replace(message, sightings=(replace(sighting, frame=frame),))
    points = tuple(dict.fromkeys(point for lab in labs for point in lab.points))
    return Trace((CaptureFile("hand.pcapng", len(messages), len(messages), 0, points, ()),), tuple(messages))


def damaged(trace: Trace, seed: int) -> Trace:
    """Damage a quarter of the SIP messages: octets changed, lost or put in; lines lost, doubled or changed places."""
    chance = Random(seed)
    messages = [
        _damaged(message, chance) if isinstance(message, SipMessage) and chance.random() < 0.25 else message
        for message in trace.messages
    ]
    return Trace(trace.captures, tuple(messages))


def _damaged(message: SipMessage, chance: Random) -> SipMessage:
    raw, lines = bytearray(message.raw), message.raw.split(b"\r\n")
    place, other = (chance.randrange(1, len(lines) - 2) for _ in range(2))
    kind = chance.choice(("change", "lose", "put in", "lose a line", "double a line", "exchange lines", "case"))
    if kind == "change":
        raw[chance.randrange(len(raw))] = chance.randrange(256)
    elif kind == "lose":
        begin = chance.randrange(len(raw))
        del raw[begin : begin + chance.randint(1, 30)]
    elif kind == "put in":
        begin = chance.randrange(len(raw))
        raw[begin:begin] = chance.choice((b'"', b"\r\n ", b"<", b",", b"\n", b"\xff", b"To: <sip:alice@uc3m.test>\r\n"))
    elif kind == "lose a line":
        del lines[place]
    elif kind == "double a line":
        lines.insert(place, lines[other])
    elif kind == "exchange lines":
        lines[place], lines[other] = lines[other], lines[place]
    else:
        lines[place] = lines[place].swapcase()
    octets = bytes(raw) if kind in ("change", "lose", "put in") else b"\r\n".join(lines)
    return replace(message, raw=octets, sip=read_sip(octets))
