"""What criteria of calls ask again and again: routes, charging vectors, and what is said where evidence is missing."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.criteria.call import Call, DialogRequest
from conformance.criteria.event_citations import plain
from conformance.criteria.model import Citation, Claim
from conformance.criteria.registration import Hop
from conformance.criteria.values import address, addresses, cite_header, cite_missing, cite_request_uri, same_uri
from conformance.trace.model import SipMessage
from conformance.trace.sip_values import parse_parameters, parse_uri
from conformance.vocabulary.roles import Role

TS24229 = ("3GPP TS 24.229", None)
PATIENCE_NS = 1_000_000_000
"""So long a capture has to go on before silence says something."""


def not_there(call: Call) -> str:
    """Say that the request that begins a call, or is one by itself, was not captured at some node."""
    return f"no {call.invite.method} was captured there"


def not_from_caller(call: Call) -> str:
    """Say that it was not captured as the caller's terminal sends it."""
    return f"no {call.invite.method} from the caller's terminal was captured"


def route_of(message: SipMessage, name: str = "Route") -> list[str]:
    """Return the URIs of Route or Record-Route, in order."""
    return [one.name_addr.uri for one in addresses(message, name)]


def same_number(identity: str, uri: str) -> bool:
    """Tell whether one URI is the number of the other: a SIP URI with user=phone is asked for as tel URI."""
    one, other = parse_uri(identity), parse_uri(uri)
    if one is None or other is None or {one.scheme, other.scheme} - {"sip", "sips"} != {"tel"}:
        return False
    digits = ["".join(c for c in each.user.partition(";")[0] if c not in "-.()") for each in (one, other)]
    return bool(digits[0]) and digits[0] == digits[1]


def same_route(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether two routes have the same URIs in the same order."""
    return len(one) == len(other) and all(same_uri(a, b) for a, b in zip(one, other, strict=True))


def charging(message: SipMessage) -> dict[str, str | None] | None:
    """Return the parameters of P-Charging-Vector; None where there is none."""
    value = next(iter(message.sip.values("P-Charging-Vector")), None)
    return None if value is None else parse_parameters(value)[1]


def adds_itself(got: SipMessage, sent: SipMessage) -> bool:
    """Tell whether who forwards a request put an entry of its own in front of Record-Route.

    Its name may be the one that stood there: a node that is passed twice may use one name for both.
    """
    before, after = route_of(got, "Record-Route"), route_of(sent, "Record-Route")
    return bool(after) and (len(after) > len(before) or not same_uri(after[0], before[0]))


def cite_all(message: SipMessage, *names: str) -> list[Citation]:
    """Cite all headers of those names; that a header is missing where it is."""
    found: list[Citation] = []
    for name in names:
        headers = message.sip.all(name)
        found += [cite_header(message, header) for header in headers] or [cite_missing(message, name)]
    return found


def cite_reverse(message: SipMessage, name: str) -> Citation:
    """Cite the first header of that name, or the request line of a message that has none."""
    header = message.sip.first(name)
    return cite_request_uri(message) if header is None else cite_header(message, header)


def cite_body(message: SipMessage) -> Citation:
    """Cite the session description of a message."""
    span = message.sip.body_span
    return Citation(message, "SDP", span.offset, span.length, (Claim("sip.Content-Type", ("application/sdp",)),))


def cite_octets(message: SipMessage) -> Citation:
    """Cite the body of a message, whatever it is: Wireshark has to see the same message."""
    span = message.sip.body_span
    return Citation(message, "body", span.offset, span.length, (Claim("sip.Call-ID", (plain(message.sip.call_id),)),))


def pair_at(call: Call, role: Role) -> tuple[SipMessage, SipMessage, Hop] | None:
    """Return the INVITE that a role got first, the one that it sent last, and the hop of the latter.

    None where one of the two was not captured.
    """
    got, sent = call.into(role), call.out_of(role)
    if got is None or sent is None or got.request is None or sent.request is None:
        return None
    if got.request.truncated or sent.request.truncated:
        return None
    return got.request, sent.request, sent


def sent_by_caller(call: Call) -> SipMessage | None:
    """Return the INVITE as the caller's terminal sends it; None where it was not captured there."""
    hop = call.invite.hop_from(Role.CALLER)
    return None if hop is None else hop.request


def first_hop(request: DialogRequest) -> Hop | None:
    """Return the hop on which a request leaves the terminal that sends it."""
    if request.from_caller:
        return request.hop_from(Role.CALLER)
    return request.hop_from(Role.CALLEE) or request.hop_from(Role.OTHER_CALLEE)


def last_hop(request: DialogRequest) -> Hop | None:
    """Return the hop on which a request reaches the other terminal."""
    if not request.from_caller:
        return request.hop_to(Role.CALLER)
    return request.hop_to(Role.CALLEE) or request.hop_to(Role.OTHER_CALLEE)


def tag(message: SipMessage, name: str) -> str:
    """Return the tag of From or To; empty where there is none."""
    found = address(message, name)
    return "" if found is None else found.name_addr.params.get("tag") or ""
