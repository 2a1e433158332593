"""Mutations drawn by chance: one message is lost, repeated, late, or one field of it is missing or wrong.

A node that writes a field wrongly is imitated: the change is made in the frame that was drawn and in every later
frame of the same request or response that carries the same field on. The same seed gives the same mutations.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from conformance.faults.avp_bytes import leaves
from conformance.faults.describe import edit_lines
from conformance.faults.dns_bytes import records
from conformance.faults.edits import EDITS, Edit
from conformance.faults.frames import Frame, split_frame
from conformance.faults.mutate import mutate
from conformance.faults.pcapfile import PacketFile
from conformance.faults.sip_bytes import get_header, is_sip, name_of, parameters_of, split_text, value_of
from conformance.vocabulary.errors import BadInput, HarnessFault

_DIAMETER = 3868
_DNS = 53
_DRAWS = 200
"""So often a mutation is drawn anew where it does not fit or changes nothing."""


@dataclass(frozen=True, slots=True)
class Place:
    """Bytes of one message; all of it where `offset` is None."""

    frame: int
    offset: int | None = None
    length: int = 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """One mutation."""

    kind: str
    """`drop`, `remove-header`, ...: one of `OPERATORS`."""
    field: str
    """Header, `header: parameter`, `AVP code`, record type, `Request-URI`, `status`; empty for a whole message."""
    places: tuple[Place, ...]
    """Where the base is changed."""
    edits: tuple[Edit, ...]

    @property
    def words(self) -> str:
        """What was changed, one line."""
        return "; ".join(line.removeprefix("- ") for edit in self.edits for line in edit_lines(edit))[:300]


@dataclass(frozen=True, slots=True)
class _Sent:
    """One frame that can be changed."""

    number: int
    time_ns: int
    frame: Frame

    @property
    def payload(self) -> bytes:
        return self.frame.payload

    @property
    def chain(self) -> tuple[bytes, ...]:
        """What the hops of one request or response have in common: Call-ID, CSeq, and the status of a response."""
        try:
            identifiers = get_header(self.payload, "Call-ID"), get_header(self.payload, "CSeq")
        except BadInput:
            return (b"%d" % self.number,)
        status = self.payload[8:11] if self.payload.startswith(b"SIP/2.0 ") else b""
        return (*identifiers, status)

    @property
    def is_diameter(self) -> bool:
        return _DIAMETER in (self.frame.source[1], self.frame.destination[1])

    @property
    def is_dns_answer(self) -> bool:
        return self.frame.source[1] == _DNS and not self.frame.is_tcp


def _sent(capture: PacketFile) -> list[_Sent]:
    found = []
    for number, packet in enumerate(capture.packets, 1):
        try:
            frame = split_frame(packet.data)
        except BadInput:
            continue
        if frame.payload:
            found.append(_Sent(number, packet.time_ns, frame))
    return found


def _carried_on(one: _Sent, every: Sequence[_Sent], has: Callable[[bytes], bool]) -> list[_Sent]:
    """Return the frame and the later ones of its chain that have the same field."""
    return [one] + [o for o in every if o.number > one.number and o.chain == one.chain and has(o.payload)]


def _altered(value: bytes, chance: Random) -> bytes:
    """Return a value that differs in one place: a number by one, a letter or digit by another one."""
    if value.isdigit():
        return b"%d" % (int(value) + 1)
    places = [match.start() for match in re.finditer(rb"[A-Za-z0-9]", value)]
    if not places:
        return value + b"x"
    at = chance.choice(places)
    alphabet = b"0123456789" if value[at : at + 1].isdigit() else b"abcdefghijklmnopqrstuvwxyz"
    other = chance.choice([c for c in alphabet if c != value[at : at + 1].lower()[0]])
    return value[:at] + bytes([other]) + value[at + 1 :]


Raw = tuple[str, list[Place], list[dict[str, Any]]]
"""Field, places, and edits as plain data."""


def _drop(one: _Sent, every: Sequence[_Sent], chance: Random) -> Raw:
    return "", [Place(one.number)], [{"kind": "drop", "frames": [one.number]}]


def _duplicate(one: _Sent, every: Sequence[_Sent], chance: Random) -> Raw:
    edit = {"kind": "insert", "copy_of": one.number, "delay_us": chance.choice((100, 500_000, 2_000_000))}
    return "", [Place(one.number)], [edit]


def _delay(one: _Sent, every: Sequence[_Sent], chance: Random) -> Raw:
    edit = {"kind": "delay", "frames": [one.number], "by_us": chance.choice((20_000, 600_000, 5_000_000))}
    return "", [Place(one.number)], [edit]


def _swap(one: _Sent, every: Sequence[_Sent], chance: Random) -> Raw:
    other = chance.choice([o for o in every if abs(o.number - one.number) in (1, 2)] or [one])
    pair = sorted((one.number, other.number))
    return "", [Place(number) for number in pair], [{"kind": "swap", "frames": pair}]


def _first_field(payload: bytes, chance: Random) -> bytes:
    fields: dict[bytes, bytes] = {}
    for field in split_text(payload).fields:
        fields.setdefault(name_of(field), field)
    return chance.choice(list(fields.values()))


def _same_first(field: bytes) -> Callable[[bytes], bool]:
    name = name_of(field).decode("latin-1")

    def has(payload: bytes) -> bool:
        try:
            return get_header(payload, name) == value_of(field)
        except BadInput:
            return False

    return has


def _title(field: bytes) -> str:
    return field.partition(b":")[0].strip().decode("latin-1")


def _in_fields(one: _Sent, every: Sequence[_Sent], field: bytes, part: bytes) -> tuple[list[int], list[Place]]:
    chosen = _carried_on(one, every, _same_first(field))
    places = []
    for sent in chosen:
        begin = sent.payload.find(field)
        inside = max(field.find(part), 0)
        places.append(Place(sent.number, begin + inside if begin >= 0 else None, len(part)))
    return [sent.number for sent in chosen], places


def _remove_header(one: _Sent, every: Sequence[_Sent], chance: Random) -> Raw:
    field = _first_field(one.payload, chance)
    frames, places = _in_fields(one, every, field, field)
    return _title(field), places, [{"kind": "remove-header", "frames": frames, "name": _title(field)}]


def _set_header(one: _Sent, every: Sequence[_Sent], chance: Random) -> Raw:
    field = _first_field(one.payload, chance)
    frames, places = _in_fields(one, every, field, field)
    value = _altered(value_of(field), chance).decode("utf-8")
    return _title(field), places, [{"kind": "set-header", "frames": frames, "name": _title(field), "value": value}]


def _parameter(one: _Sent, chance: Random) -> tuple[bytes, str, bytes]:
    field = _first_field(one.payload, chance)
    found = parameters_of(field)
    if not found:
        raise BadInput("no parameter here; choose another header field")
    name, value = chance.choice(found)
    if [other for other, _ in found].count(name) > 1:
        raise BadInput("this parameter stands twice; choose another one")
    return field, name, value


def _remove_parameter(one: _Sent, every: Sequence[_Sent], chance: Random) -> Raw:
    field, name, value = _parameter(one, chance)
    frames, places = _in_fields(one, every, field, name.encode() + (b"=" + value if value else b""))
    edit = {"kind": "remove-parameter", "frames": frames, "header": _title(field), "parameter": name}
    return f"{_title(field)}: {name}", places, [edit]


def _set_parameter(one: _Sent, every: Sequence[_Sent], chance: Random) -> Raw:
    field, name, value = _parameter(one, chance)
    frames, places = _in_fields(one, every, field, name.encode() + b"=" + value)
    new = _altered(value, chance).decode("utf-8")
    edit = {"kind": "set-parameter", "frames": frames, "header": _title(field), "parameter": name, "value": new}
    return f"{_title(field)}: {name}", places, [edit]


def _start_line(one: _Sent, every: Sequence[_Sent], chance: Random) -> Raw:
    """Another Request-URI; of a response another status of the same class, at this hop and the following ones."""
    line = split_text(one.payload).start
    if line.startswith(b"SIP/2.0 "):
        what, old = "status", line[8:11]
        new = old[:1] + (b"99" if old[1:] == b"00" else b"00")
    else:
        what, old = "Request-URI", line.split(b" ")[1]
        new = _altered(old, chance)
    chosen = _carried_on(one, every, lambda payload: payload.startswith(line))
    edit = {
        "kind": "replace",
        "frames": [sent.number for sent in chosen],
        "find": line.decode("utf-8"),
        "replace": line.replace(old, new, 1).decode("utf-8"),
    }
    return what, [Place(sent.number, line.index(old), len(old)) for sent in chosen], [edit]


def _remove_avp(one: _Sent, every: Sequence[_Sent], chance: Random) -> Raw:
    leaf = chance.choice(leaves(one.payload))
    edit = {"kind": "remove-avp", "frames": [one.number], "path": list(leaf.path)}
    return f"AVP {leaf.path[-1]}", [Place(one.number, leaf.offset, leaf.length)], [edit]


def _set_avp(one: _Sent, every: Sequence[_Sent], chance: Random) -> Raw:
    leaf = chance.choice([leaf for leaf in leaves(one.payload) if leaf.data])
    data = bytearray(leaf.data)
    edit: dict[str, Any] = {"kind": "set-avp", "frames": [one.number], "path": list(leaf.path)}
    if all(32 <= octet < 127 for octet in data):
        edit |= {"value": _altered(leaf.data, chance).decode("ascii")}
    else:
        data[-1] ^= 1 << chance.randrange(4)
        edit |= {"value": data.hex(), "hex": True}
    return f"AVP {leaf.path[-1]}", [Place(one.number, leaf.offset, leaf.length)], [edit]


def _remove_record(one: _Sent, every: Sequence[_Sent], chance: Random) -> Raw:
    record = chance.choice(records(one.payload))
    edit = {"kind": "remove-record", "frames": [one.number], "find": record}
    return record.split()[3], [Place(one.number)], [edit]


def _set_record(one: _Sent, every: Sequence[_Sent], chance: Random) -> Raw:
    record = chance.choice(records(one.payload))
    head, data = record.split(" ", 4)[:4], record.split(" ", 4)[4]
    new = " ".join([*head, _altered(data.encode(), chance).decode("utf-8")])
    edit = {"kind": "set-record", "frames": [one.number], "find": record, "replace": new}
    return record.split()[3], [Place(one.number)], [edit]


_Operator = Callable[[_Sent, Sequence[_Sent], Random], Raw]
OPERATORS: Mapping[str, tuple[_Operator, Callable[[_Sent], bool]]] = {
    "drop": (_drop, lambda sent: True),
    "duplicate": (_duplicate, lambda sent: not sent.frame.is_tcp),
    "delay": (_delay, lambda sent: not sent.frame.is_tcp),
    "swap": (_swap, lambda sent: not sent.frame.is_tcp),
    "remove-header": (_remove_header, lambda sent: is_sip(sent.payload)),
    "set-header": (_set_header, lambda sent: is_sip(sent.payload)),
    "remove-parameter": (_remove_parameter, lambda sent: is_sip(sent.payload)),
    "set-parameter": (_set_parameter, lambda sent: is_sip(sent.payload)),
    "set-start-line": (_start_line, lambda sent: is_sip(sent.payload)),
    "remove-avp": (_remove_avp, lambda sent: sent.is_diameter and bool(leaves(sent.payload))),
    "set-avp": (_set_avp, lambda sent: sent.is_diameter and bool(leaves(sent.payload))),
    "remove-record": (_remove_record, lambda sent: sent.is_dns_answer),
    "set-record": (_set_record, lambda sent: sent.is_dns_answer),
}
"""Each way to mutate, with the frames that it can be applied to."""


def draw(base: PacketFile, seed: str, count: int, after: Sequence[Edit] = ()) -> Iterator[tuple[Drawn, PacketFile]]:
    """Yield mutations of a capture, no two alike, each with the capture that it makes.

    Args:
        base: the capture.
        seed: where chance begins.
        count: how many.
        after: edits that are applied behind the mutation, such as a tunnel.

    Raises:
        HarnessFault: the capture does not give so many.
    """
    chance = Random(seed)  # noqa: S311 - no secret
    every = _sent(base)
    plain = mutate(base, after)
    known: set[tuple[Edit, ...]] = set()
    for number in range(count):
        for _ in range(_DRAWS):
            drawn = _one(every, chance)
            if drawn is None or drawn.edits in known:
                continue
            try:
                changed = mutate(base, [*drawn.edits, *after])
            except BadInput:
                continue  # it does not fit what comes after, or it gives no record
            if changed != plain:
                known.add(drawn.edits)
                yield drawn, changed
                break
        else:
            raise HarnessFault(f"{seed}: the capture gave {number} mutations, expected {count}; ask for fewer")


def _one(every: Sequence[_Sent], chance: Random) -> Drawn | None:
    kind = chance.choice(list(OPERATORS))
    operator, fits = OPERATORS[kind]
    fitting = [sent for sent in every if fits(sent)]
    if not fitting:
        return None
    one = chance.choice(fitting)
    try:
        field, places, edits = operator(one, every, chance)
        return Drawn(kind, field, tuple(places), EDITS.validate_python(edits))
    except (BadInput, UnicodeDecodeError, IndexError):
        return None  # nothing of that kind in this message
