"""Byte surgery on one SIP message: header fields and their parameters, every other octet left as it was.

RFC 3261 section 7.3 (header fields, folding, compact forms). It knows the form of a message and no meaning of any
header; a message that is malformed elsewhere is changed all the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from conformance.vocabulary.errors import BadInput

COMPACT = {
    b"accept-contact": b"a",
    b"call-id": b"i",
    b"contact": b"m",
    b"content-encoding": b"e",
    b"content-length": b"l",
    b"content-type": b"c",
    b"event": b"o",
    b"from": b"f",
    b"refer-to": b"r",
    b"referred-by": b"b",
    b"subject": b"s",
    b"supported": b"k",
    b"to": b"t",
    b"via": b"v",
    b"allow-events": b"u",
}
"""Long names, lower case, and their compact forms (RFC 3261 7.3.3, RFC 3515, RFC 3841, RFC 3892, RFC 6665)."""
_LONG = {short: long for long, short in COMPACT.items()}
_COMMA_SEPARATED = (b"authorization", b"www-authenticate", b"proxy-authorization", b"proxy-authenticate")
"""Header fields whose parameters are separated by commas (RFC 3261 20.7)."""
_REQUEST_LINE = re.compile(rb"[\w.!%*+`'~-]+ [^\s]+ SIP/2\.0\r\n")
_FIELD = re.compile(rb"[^\r\n]+\r\n(?:[ \t]+[^\r\n]*\r\n)*")
_VALUE = rb'(?:"(?:[^"\\]|\\.)*"|[^\s";,>?]*)'


@dataclass(frozen=True, slots=True)
class Text:
    """A SIP message in its parts, each with its octets as they were."""

    start: bytes
    """Start line with its CR LF."""
    fields: tuple[bytes, ...]
    """Header fields with the CR LF at their ends, folded lines together."""
    rest: bytes
    """The empty line and the body."""

    def encode(self) -> bytes:
        """Return the octets of the message."""
        return self.start + b"".join(self.fields) + self.rest


def is_sip(payload: bytes) -> bool:
    """Tell whether a payload begins as a SIP message does."""
    return payload.startswith(b"SIP/2.0 ") or _REQUEST_LINE.match(payload) is not None


def split_text(message: bytes) -> Text:
    """Take a message apart.

    Raises:
        BadInput: no SIP message, or its header has no end.
    """
    if not is_sip(message):
        raise BadInput("no SIP message; choose another frame")
    head, empty, body = message.partition(b"\r\n\r\n")
    if not empty:
        raise BadInput("a SIP message without an empty line behind its header cannot be edited; choose another frame")
    start, _, lines = (head + b"\r\n").partition(b"\r\n")
    return Text(start + b"\r\n", tuple(_FIELD.findall(lines)), b"\r\n" + body)


def name_of(field: bytes) -> bytes:
    """Return the long name of a header field, lower case."""
    name = field.partition(b":")[0].strip().lower()
    return _LONG.get(name, name)


def value_of(field: bytes) -> bytes:
    """Return the value of a header field without the white space around it; folds stay."""
    return field.partition(b":")[2].strip()


def _places(text: Text, name: str) -> list[int]:
    wanted = name_of(name.encode())
    places = [place for place, field in enumerate(text.fields) if name_of(field) == wanted]
    if not places:
        raise BadInput(f"no header field {name}; correct the edit")
    return places


def remove_header(message: bytes, name: str) -> bytes:
    """Take all header fields of a name out.

    Args:
        message: a whole SIP message.
        name: long or compact, in any case.

    Raises:
        BadInput: no SIP message, or no such header field.
    """
    text = split_text(message)
    gone = set(_places(text, name))
    return replace(text, fields=tuple(f for place, f in enumerate(text.fields) if place not in gone)).encode()


def set_header(message: bytes, name: str, value: bytes) -> bytes:
    """Give the first header field of a name another value; arguments and errors as in `remove_header`."""
    text = split_text(message)
    place = _places(text, name)[0]
    field = text.fields[place].partition(b":")[0] + b": " + value + b"\r\n"
    return replace(text, fields=(*text.fields[:place], field, *text.fields[place + 1 :])).encode()


def get_header(message: bytes, name: str) -> bytes:
    """Return the value of the first header field of a name; arguments and errors as in `remove_header`."""
    text = split_text(message)
    return value_of(text.fields[_places(text, name)[0]])


def add_header(message: bytes, name: str, value: bytes) -> bytes:
    """Add a header field behind the others.

    Raises:
        BadInput: no SIP message.
    """
    text = split_text(message)
    return replace(text, fields=(*text.fields, name.encode() + b": " + value + b"\r\n")).encode()


def _edit_fields(message: bytes, header: str, parameter: str, change: Callable[[bytes], bytes]) -> bytes:
    text = split_text(message)
    for place in _places(text, header):
        changed = change(text.fields[place])
        if changed != text.fields[place]:
            return replace(text, fields=(*text.fields[:place], changed, *text.fields[place + 1 :])).encode()
    raise BadInput(f"header field {header} has no parameter {parameter} to change; correct the edit")


def _is_comma_separated(header: str) -> bool:
    return name_of(header.encode()) in _COMMA_SEPARATED


def remove_parameter(message: bytes, header: str, parameter: str) -> bytes:
    """Take the first parameter of a name out of the header fields of a name, with the separator before it.

    Args:
        message: a whole SIP message.
        header: name of the header field, long or compact.
        parameter: name of the parameter, of the header field or of a URI in it.

    Raises:
        BadInput: no SIP message, no such header field, or no such parameter in it.
    """
    name = re.escape(parameter.encode())
    if _is_comma_separated(header):
        first = re.compile(rb"(?i)(:[ \t]*\w+[ \t]+)" + name + rb"[ \t]*=[ \t]*" + _VALUE + rb"[ \t]*(?:,\s*|(?=\r\n))")
        later = re.compile(rb"(?i),\s*" + name + rb"[ \t]*=[ \t]*" + _VALUE)

        def change(field: bytes) -> bytes:
            changed, number = later.subn(b"", field, count=1)
            return changed if number else first.sub(rb"\1", field, count=1)
    else:
        pattern = re.compile(rb"(?i)[ \t]*;\s*" + name + rb"(?:[ \t]*=[ \t]*" + _VALUE + rb")?(?=[\s;,>?]|$)")

        def change(field: bytes) -> bytes:
            return pattern.sub(b"", field, count=1)

    return _edit_fields(message, header, parameter, change)


def set_parameter(message: bytes, header: str, parameter: str, value: bytes) -> bytes:
    """Give the first parameter of a name another value; arguments and errors as in `remove_parameter`.

    Args:
        message: a whole SIP message.
        header: name of the header field.
        parameter: name of the parameter; it must have a value.
        value: as it stands in the message then, with or without quotation marks.
    """
    before = rb"[\s,]" if _is_comma_separated(header) else rb";\s*"
    pattern = re.compile(rb"(?i)(" + before + re.escape(parameter.encode()) + rb"[ \t]*=[ \t]*)" + _VALUE)
    return _edit_fields(message, header, parameter, lambda field: pattern.sub(lambda m: m[1] + value, field, count=1))


def parameters_of(field: bytes) -> Sequence[tuple[str, bytes]]:
    """Return the parameters of a header field in order, each with its value as it is written, empty where it has none.

    Those of URIs in it are among them.
    """
    value = b" " + field.partition(b":")[2]
    if name_of(field) in _COMMA_SEPARATED:
        found = re.findall(rb"[\s,]([\w-]+)[ \t]*=[ \t]*(" + _VALUE + rb")", value)
    else:
        found = re.findall(rb";\s*([\w.-]+)(?:[ \t]*=[ \t]*(" + _VALUE + rb"))?(?=[\s;,>?]|$)", value)
    return [(name.decode("latin-1"), text) for name, text in found]
