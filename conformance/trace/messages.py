"""Makes the messages of a trace from groups of sightings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from conformance.trace.diameter import offsets, read_header, split_avps
from conformance.trace.dns import read_dns
from conformance.trace.http import read_http
from conformance.trace.merge import Group, Seen
from conformance.trace.model import DiameterMessage, DnsMessage, HttpMessage, Message, Sighting, SipMessage
from conformance.trace.reading import Reading
from conformance.trace.sip import read_sip


def make_messages(groups: Iterable[Group], readings: Sequence[Reading]) -> Iterator[Message]:
    """Yield one message a group, in their order.

    Args:
        groups: From `group_sightings`.
        readings: Of all files, by index of the capture. What cannot be decoded becomes one of their problems.
    """
    made: dict[int, Message] = {}
    for group in groups:
        of = made.get(id(group.retransmission_of)) if group.retransmission_of else None
        message = _message(group, of, readings)
        if message is not None:
            made[id(group)] = message
            yield message


def _message(group: Group, of: Message | None, readings: Sequence[Reading]) -> Message | None:
    seen = group.first
    sightings = tuple([other.sighting for other in group.seen])
    if seen.protocol == "SIP":
        return SipMessage(sightings, seen.raw, seen.truncated, of, sip=read_sip(seen.raw))
    reading, where = readings[seen.sighting.capture], f"frame {seen.sighting.frame}"
    if seen.protocol == "Diameter":
        return _diameter(seen, sightings, of, reading, where)
    if seen.protocol == "HTTP":
        http = read_http(seen.raw)
        # A stream repeats nothing (Wireshark leaves out segments that were sent again): the same request is asked anew.
        return None if http is None else HttpMessage(sightings, seen.raw, not http.is_whole, http=http)
    dns = read_dns(seen.raw)
    if dns is None:
        reading.problem(f"{where}: a DNS message of {len(seen.raw)} bytes, expected at least 12")
        return None
    if dns.problem and not seen.truncated:
        reading.problem(f"{where}: DNS: {dns.problem}")
    return DnsMessage(
        sightings,
        seen.raw,
        seen.truncated,
        of,
        id=dns.id,
        is_response=dns.is_response,
        rcode=dns.rcode,
        question_name=dns.question_name,
        question_type=dns.question_type,
        records=dns.records,
    )


def _diameter(
    seen: Seen, sightings: tuple[Sighting, ...], of: Message | None, reading: Reading, where: str
) -> Message | None:
    header = read_header(seen.raw)
    if header is None:
        reading.problem(f"{where}: a Diameter message of {len(seen.raw)} bytes, expected at least 20")
        return None
    theirs = [avp.split(":", 2) for avp in seen.avps.split(",") if avp]
    avps = split_avps(seen.raw, {int(offset): name for offset, _, name in theirs})
    if offsets(avps) != [(int(offset), int(code)) for offset, code, _ in theirs]:
        reading.problem(f"{where}: Diameter: our AVPs are not those that Wireshark finds")
    return DiameterMessage(
        sightings,
        seen.raw,
        seen.truncated,
        of,
        command=header.command,
        is_request=bool(header.flags & 0x80),
        application=header.application,
        hop_by_hop=header.hop_by_hop,
        end_to_end=header.end_to_end,
        avps=avps,
    )
