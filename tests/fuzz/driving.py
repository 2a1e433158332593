"""What must be true of every parser of the driving side, whatever octets it is given: see `tests.fuzz.judging`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from sipmessage import Request

from conformance.protocols.diameter_codec import DiameterMessage
from conformance.protocols.diameter_codec import MalformedMessage as MalformedDiameter
from conformance.protocols.gtpu import GtpMessage, MalformedGtp, erroneous_tunnel
from conformance.protocols.ip_udp import MalformedPacket, UdpPacket
from conformance.protocols.reginfo import read_reginfo
from conformance.protocols.sip.digest_header import DigestHeader
from conformance.protocols.sip.framing import StreamFramer
from conformance.protocols.sip.message import (
    MAX_MESSAGE,
    MalformedMessage,
    forwarded_request,
    make_response,
    read_message,
    tag_of,
    write_message,
)
from conformance.protocols.sip.name_addr import parse_addresses
from conformance.protocols.user_profile import read_profile


def check_xml(raw: bytes) -> None:
    """What nodes and terminals read of XML documents raises ValueError and nothing else."""
    for read in (read_reginfo, read_profile):
        with suppress(ValueError):
            read(raw)


def check_sip(raw: bytes) -> None:
    """What a node accepts it can answer, forward, write and read again."""
    framer = StreamFramer()
    with suppress(MalformedMessage):
        for frame in framer.feed(raw):
            assert len(frame) <= MAX_MESSAGE
    refusal, message = "", None
    try:
        message = read_message(raw)
    except MalformedMessage as error:
        refusal = str(error)
    assert "\n" not in refusal, "the refusal is not one line"
    assert len(refusal) <= 200, "the refusal is not bounded"
    if message is None:
        return
    for name in ("From", "To"):
        tag_of(message.headers[name])
    for name in ("Contact", "Path", "Route", "Service-Route", "P-Associated-URI"):
        with suppress(ValueError):
            parse_addresses(message.headers.getlist(name))
    for name in ("Authorization", "WWW-Authenticate"):
        for value in message.headers.getlist(name):
            with suppress(ValueError):
                DigestHeader.parse(value)
    written = write_message(message)
    if isinstance(message, Request):
        write_message(forwarded_request(message))
        read_message(write_message(make_response(message, 200)))
    with suppress(MalformedMessage):  # longer than a line may be, once white space is written out
        assert read_message(written).body == message.body


def check_packets(raw: bytes) -> None:
    """What a gateway takes apart it can put together again."""
    with suppress(MalformedGtp):
        message = GtpMessage.decode(raw)
        assert GtpMessage.decode(message.encode()) == message
        erroneous_tunnel(message)
    with suppress(MalformedPacket):
        packet = UdpPacket.decode(raw)
        assert UdpPacket.decode(packet.encode()) == packet


def check_diameter(raw: bytes) -> None:
    """A Diameter message is read, or refused by name; what was read is written and read as the same."""
    with suppress(MalformedDiameter):
        message = DiameterMessage.decode(raw)
        assert DiameterMessage.decode(message.encode()).encode() == message.encode()


TARGETS: dict[str, Callable[[bytes], None]] = {
    "driven-sip": check_sip,
    "driven-packets": check_packets,
    "driven-diameter": check_diameter,
    "driven-xml": check_xml,
}
"""Name on the command line, and folder of the corpus, of each."""
