"""The ladder of a procedure: its messages in time order, lanes named by roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from conformance.criteria.procedure import Procedure
from conformance.criteria.values import clip, result
from conformance.judgement.masking import is_secret, mask_avp, mask_bytes
from conformance.judgement.matcher import Match
from conformance.trace.diameter import short_name
from conformance.trace.model import DiameterAvp, DiameterMessage, DnsMessage, HttpMessage, Message, SipMessage
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import Point
from conformance.vocabulary.results import Arrow
from conformance.vocabulary.roles import RELAYS, TERMINALS, Role

TEXT = 16 * 1024
"""Longest text of one message, in characters."""


def ladder(procedure: Procedure, match: Match) -> list[Arrow]:
    """Return the arrows of a procedure in time order.

    Args:
        procedure: The procedure, roles bound.
        match: How it fits the flow; arrows name their step.
    """
    rows = sorted(_rows(procedure), key=lambda row: (row[0].time_ns, row[0].capture, row[0].frame))
    passed = relays(procedure)
    return [_arrow(message, roles, passed, match, transaction) for message, roles, transaction in rows]


def relays(procedure: Procedure) -> dict[str, Role]:
    """Return the addresses of nodes that a flow passes over, which are nothing else: borders and adapters."""
    others = {endpoint.address for role, some in procedure.roles.items() if role not in RELAYS for endpoint in some}
    between = ((role, endpoint.address) for role in RELAYS for endpoint in procedure.roles.get(role, ()))
    return {address: role for role, address in between if address not in others}


def _rows(procedure: Procedure) -> Iterator[tuple[Message, tuple[Role | None, Role | None], int]]:
    """Yield each message with the roles of the node that asks and the node that answers, and its transaction."""
    for number, seen in enumerate(procedure.transactions()):
        for message in seen.messages:
            yield message, (seen.source, seen.destination), number


def _arrow(
    message: Message,
    roles: tuple[Role | None, Role | None],
    passed: Mapping[str, Role],
    match: Match,
    transaction: int,
) -> Arrow:
    source, destination = lanes(message, roles, passed)
    point = message.sightings[0].point or _point(message, roles)
    return Arrow(
        capture=message.capture,
        frame=message.frame,
        time_ns=message.time_ns,
        point=point,
        protocol=protocol(message),
        source=source,
        destination=destination,
        summary=clip(summary(message)),
        retransmission=message.retransmission_of is not None,
        transaction=transaction,
        step=match.step_of(message),
        text=text(message),
    )


def lanes(message: Message, roles: tuple[Role | None, Role | None], passed: Mapping[str, Role]) -> tuple[str, str]:
    """Return the lanes that a message leaves and reaches.

    Args:
        message: Which message.
        roles: Those of who asks and who answers.
        passed: What a flow has as one transaction passes these nodes on its way, see `relays`.
    """
    source, destination = roles if is_request(message) else (roles[1], roles[0])
    return (
        _lane(passed.get(message.source.address, source), message.source),
        _lane(passed.get(message.destination.address, destination), message.destination),
    )


def _lane(role: Role | None, endpoint: Endpoint) -> str:
    return role.value if role is not None else str(endpoint)


def is_request(message: Message) -> bool:
    """Tell whether a message asks and does not answer."""
    if isinstance(message, SipMessage):
        return message.sip.is_request
    if isinstance(message, DiameterMessage):
        return message.is_request
    if isinstance(message, HttpMessage):
        return message.http.is_request
    return isinstance(message, DnsMessage) and not message.is_response


def protocol(message: Message) -> str:
    """Return `SIP`, `Diameter`, `DNS` or `HTTP`."""
    if isinstance(message, SipMessage):
        return "SIP"
    if isinstance(message, HttpMessage):
        return "HTTP"
    return "Diameter" if isinstance(message, DiameterMessage) else "DNS"


def _point(message: Message, roles: tuple[Role | None, Role | None]) -> Point:
    """Return the reference point between two roles (3GPP TS 23.002), for captures that do not name it."""
    if isinstance(message, DiameterMessage):
        return Point.CX
    if isinstance(message, DnsMessage):
        return Point.DNS
    if isinstance(message, HttpMessage):
        return Point.UT
    return Point.GM if any(role in TERMINALS for role in roles) else Point.MW


def summary(message: Message) -> str:
    """Return one line that says what a message is: `REGISTER sip:...`, `401 Unauthorized`, `UAA 2001`."""
    if isinstance(message, SipMessage):
        sip = message.sip
        return f"{sip.method} {sip.request_uri}" if sip.is_request else f"{sip.status} {sip.reason}".strip()
    if isinstance(message, DiameterMessage):
        name = short_name(message)
        code, _ = (None, False) if message.is_request else result(message)
        return name if code is None else f"{name} {code}"
    if isinstance(message, HttpMessage):
        http = message.http
        return f"{http.method} {http.uri}" if http.is_request else f"{http.status} {http.reason}".strip()
    if isinstance(message, DnsMessage):
        question = f"{message.question_type} {message.question_name}"
        if not message.is_response:
            return question
        return f"{question}: " + (
            f"rcode {message.rcode}"
            if message.rcode
            else f"{sum(1 for r in message.records if r.section == 'answer')} records"
        )
    return type(message).__name__


def text(message: Message) -> str:
    """Return the message for a reader: SIP and HTTP as Latin-1, Diameter and DNS as a tree, bounded, keys masked."""
    if isinstance(message, SipMessage | HttpMessage):
        found = mask_bytes(message.raw[:TEXT]).decode("latin-1")
    elif isinstance(message, DiameterMessage):
        found = "\n".join([summary(message), *_avps(message.avps, message.is_request, 1)])
    elif isinstance(message, DnsMessage):
        found = "\n".join([summary(message), *_records(message)])
    else:
        found = ""
    return found if len(found) <= TEXT else found[: TEXT - 1] + "…"


def _avps(avps: tuple[DiameterAvp, ...], in_request: bool, level: int) -> Iterator[str]:
    for avp in avps:
        vendor = f", vendor {avp.vendor}" if avp.vendor else ""
        value = mask_avp(avp) if is_secret(avp, in_request) else _value(avp.data)
        shown = "" if avp.children else f": {value}"
        yield f"{'  ' * level}{avp.name} ({avp.code}{vendor}){shown}"
        yield from _avps(avp.children, in_request, level + 1)


def _value(data: bytes) -> str:
    if len(data) == 4 and not all(32 <= byte < 127 for byte in data):
        return str(int.from_bytes(data, "big"))
    try:
        found = data.decode()
    except UnicodeDecodeError:
        return clip(data.hex(), 512)
    printable = all(c.isprintable() or c in "\r\n\t" for c in found)
    return clip(found, 4096) if printable else clip(data.hex(), 512)


def _records(message: DnsMessage) -> Iterator[str]:
    for record in message.records:
        values = " ".join(f"{name}={value}" for name, value in record.fields.items())
        yield f"  {record.section}: {record.name} {record.ttl} {record.type} {values}"
