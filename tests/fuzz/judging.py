"""What must be true of every parser of the judging side, whatever octets it is given: one function a parser.

Each function takes octets and returns nothing. A parser that raises what it does not document, or gives back what
cannot be, makes it raise; how long it may take is the caller's business. Callers are atheris and the kept corpus.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Callable
from contextlib import suppress

from conformance.criteria.reginfo import read_reginfo
from conformance.criteria.xml_tree import NotReadError, NotWellFormedError
from conformance.pcapng.blocks import BadBlock
from conformance.pcapng.contents import ContentReader, Packet
from conformance.trace.diameter import offsets, read_header, split_avps
from conformance.trace.dns import read_dns
from conformance.trace.interfaces import read_interfaces
from conformance.trace.model import DiameterAvp
from conformance.trace.sip import MAX_PROBLEMS, SipText, Span, looks_like_sip, read_sip, text_of, unfold
from conformance.trace.sip_careful import StartLine, read_carefully
from conformance.trace.sip_names import AUTHENTICATION
from conformance.trace.sip_values import (
    parse_credentials,
    parse_name_addr,
    parse_parameters,
    parse_uri,
    parse_via,
)

_BLANK = b" \t\r\n"


def check_sip(raw: bytes) -> None:
    """The lossless reader loses nothing: spans lie within the message and leave out white space and faults alone."""
    sip = read_sip(raw)
    looks_like_sip(raw)
    assert sip.raw == raw
    spans = [sip.start_span, sip.request_uri_span, sip.body_span]
    spans += [span for header in sip.headers for span in (header.span, header.value_span)]
    spans += [problem.span for problem in sip.problems]
    for span in spans:
        _lies_within(span, Span(0, len(raw)))
    assert raw[sip.body_span.offset : sip.body_span.end] == sip.body
    _headers_are_in_order(sip)
    _nothing_is_lost(sip)
    _values(sip)
    _haste_changes_nothing(sip)
    again = read_sip(raw[: sip.body_span.end])
    assert again.headers == sip.headers, "what stands behind the body changes how headers are read"
    assert again.body == sip.body, "what stands behind the body changes the body"


def _haste_changes_nothing(sip: SipText) -> None:
    """What is read fast, when it is asked for, is what the careful reader reads; in whatever order one asks."""
    careful = read_carefully(sip.raw)
    assert sip.headers == careful.headers
    assert sip.problems == careful.problems
    start_first, call_first = read_sip(sip.raw), read_sip(sip.raw)
    for one in (start_first, sip):
        line = StartLine(one.is_request, one.method, one.request_uri, one.request_uri_span, one.status, one.reason)
        assert line == careful.line._replace(method=careful.line.method if one.is_request else careful.cseq_method)
    for one in (call_first, start_first, sip):
        assert (one.call_id, one.cseq_number) == (careful.call_id, careful.cseq_number)
        assert (one.cseq_method, one.body_span) == (careful.cseq_method, careful.body_span)
        assert one.start_span == careful.start_span
    for name in {header.name for header in careful.headers[:100]}:
        same = tuple(header for header in careful.headers if header.name.lower() == name.lower())
        assert call_first.first(name) == same[0]
        assert call_first.all(name) == same


def _lies_within(inner: Span, outer: Span) -> None:
    assert outer.offset <= inner.offset <= inner.offset + inner.length <= outer.end, f"{inner} is not within {outer}"


def _headers_are_in_order(sip: SipText) -> None:
    end = sip.start_span.end
    for header in sip.headers:
        assert header.span.offset >= end, "two headers overlap"
        end = header.span.end
        name, _, _ = sip.raw[header.span.offset : header.span.end].partition(b":")
        assert text_of(name.rstrip(b" \t")) == header.raw_name
        value = sip.raw[header.value_span.offset : header.value_span.end]
        assert value == value.strip(_BLANK)
        assert unfold(value) == header.value
    assert sip.body_span.offset >= end


def _nothing_is_lost(sip: SipText) -> None:
    """Octets outside of start line, headers and body are line ends, white space, or a listed problem."""
    if len(sip.problems) >= MAX_PROBLEMS:
        return
    left = bytearray(sip.raw)
    for span in (sip.start_span, sip.body_span, *(one.span for one in (*sip.headers, *sip.problems))):
        left[span.offset : span.end] = b" " * span.length
    assert not left.strip(_BLANK), f"octets that nobody tells of: {bytes(left.strip(_BLANK))[:60]!r}"


def _values(sip: SipText) -> None:
    parse_uri(sip.request_uri)
    for name in {header.name for header in sip.headers}:
        headers = sip.all(name)
        assert headers
        assert sip.first(name) is headers[0]
        starts = [header.value_span.offset for header in headers]
        for value in sip.values(name):
            _lies_within(value.span, headers[bisect_right(starts, value.span.offset) - 1].value_span)
            assert value.raw == sip.raw[value.span.offset : value.span.end]
            parse_via(value)
            parse_parameters(value)
            address = parse_name_addr(value)
            if address is not None:
                _lies_within(address.uri_span, value.span)
                assert unfold(sip.raw[address.uri_span.offset : address.uri_span.end]) == address.uri
                parse_uri(address.uri)
        if name in AUTHENTICATION:
            for header in headers:
                credentials = parse_credentials(header, sip.raw)
                for param in () if credentials is None else credentials.params:
                    _lies_within(param.span, header.value_span)


def check_dns(raw: bytes) -> None:
    """Records lie within the message, in order, and there are no more of them than fit."""
    dns = read_dns(raw)
    end = 0
    for record in () if dns is None else dns.records:
        assert end <= record.offset < record.offset + record.length <= len(raw)
        end = record.offset + record.length
    if dns is not None:
        assert len(dns.question_name) <= 255


def check_diameter(raw: bytes) -> None:
    """AVPs lie within their parents, in order, whatever Wireshark may have said of them.

    The first octet says where AVPs are known, so that groups are opened at places that make no sense, too.
    """
    if not raw:
        return
    step, message = raw[0] % 8 + 1, raw[1:]
    read_header(message)
    avps = split_avps(message, dict.fromkeys(range(0, min(len(message), 4096), step), "Known"))
    _avps_lie_within(message, avps, 20, len(message))
    assert len(offsets(avps)) <= len(message)


def _avps_lie_within(raw: bytes, avps: tuple[DiameterAvp, ...], start: int, stop: int) -> None:
    for avp in avps:
        assert start <= avp.offset < avp.offset + avp.length <= stop
        assert raw[: avp.offset + avp.length].endswith(avp.data)
        _avps_lie_within(raw, avp.children, avp.offset + 8, avp.offset + avp.length)
        start = avp.offset + avp.length


def check_interfaces(raw: bytes) -> None:
    """Every frame has an interface that there is, and the frames of the interfaces are those of the file."""
    found = read_interfaces(io.BytesIO(raw))
    assert sum(interface.packets for interface in found.all) == len(found.of_frame)
    for frame in range(1, len(found.of_frame) + 1):
        assert found.index(frame) < len(found.all)
        found.name(frame)
    assert found.drops is None or found.drops >= 0


def check_pcapng(raw: bytes) -> None:
    """The size of the pieces that a file is read in changes nothing."""
    whole, halves = ContentReader(), ContentReader()
    cut = raw[0] * len(raw) // 256 if raw else 0
    first = _contents(whole, [raw])
    assert _contents(halves, [raw[:cut], raw[cut:]]) == first
    assert halves.offset == whole.offset <= len(raw)
    assert all(len(one.data) <= len(raw) for one in first if isinstance(one, Packet))


def _contents(reader: ContentReader, pieces: list[bytes]) -> list[object]:
    found: list[object] = []
    with suppress(BadBlock):
        for piece in pieces:
            for one in reader.feed(piece):
                found.append(one)  # noqa: PERF402  (what came before a BadBlock counts)
    return found


def check_reginfo(raw: bytes) -> None:
    """A registration information document is read, or refused by one of two names."""
    with suppress(NotReadError, NotWellFormedError):
        info = read_reginfo(raw)
        assert 0 <= info.offset <= len(raw)
        assert all(0 <= contact.offset < len(raw) for one in info.registrations for contact in one.contacts)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "sip": check_sip,
    "dns": check_dns,
    "diameter": check_diameter,
    "interfaces": check_interfaces,
    "pcapng": check_pcapng,
    "reginfo": check_reginfo,
}
"""Name on the command line, and folder of the corpus, of each."""
