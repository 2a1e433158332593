"""What somebody between two nodes made of a request: an address translator that changes more than addresses.

The request is seen twice: as its sender sent it, and behind the translator. The judge follows the one that arrives.
"""

from __future__ import annotations

from conformance.criteria.registration import Registration, once
from conformance.trace.model import SipMessage
from conformance.trace.sip_values import parse_via


@once
def _sent(registration: Registration) -> dict[tuple[str, str, str], SipMessage]:
    """Return the requests that lie on no hop, by what no translator changes."""
    apart = [message for message in registration.apart if message.sip.is_request]
    return {key: message for message in apart if (key := _key(message)) is not None}


def as_sent(registration: Registration, arrived: SipMessage | None) -> SipMessage | None:
    """Return a request as its sender sent it, where it arrived from another address; None where nobody changed it.

    Args:
        registration: The registration.
        arrived: A request of one of its hops.
    """
    if arrived is None or (key := _key(arrived)) is None:
        return None
    sent = _sent(registration).get(key)
    same = sent is None or sent is arrived or sent.source == arrived.source or sent.destination != arrived.destination
    return None if same else sent


def _key(message: SipMessage) -> tuple[str, str, str] | None:
    """Return Call-ID, CSeq and the branch of the top Via: the branch is that of the sender alone (RFC 3261 8.1.1.7)."""
    vias = message.sip.values("Via")
    via = parse_via(vias[0]) if vias else None
    branch = None if via is None else via.params.get("branch")
    call, number = message.sip.first("Call-ID"), message.sip.first("CSeq")
    return None if call is None or number is None or not branch else (call.value, number.value, branch)
