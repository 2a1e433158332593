"""Puts the SUBSCRIBEs and NOTIFYs of each subscription together (RFC 6665), whatever the event package.

A subscription is known by its Call-ID and the tag of the subscriber, whoever of the two sends.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from conformance.criteria.registration import Hop
from conformance.criteria.values import address
from conformance.judgement.hops import RawHop, chain, raw_hop
from conformance.trace.correlate import Transaction
from conformance.trace.model import SipMessage
from conformance.vocabulary.roles import Role

DialogKey = tuple[str, str]
"""Call-ID and tag of the subscriber."""


def package_of(message: SipMessage | None) -> str:
    """Return the event package that a message names, lower case; empty where it names none."""
    event = None if message is None else message.sip.first("Event")
    return "" if event is None else event.value.partition(";")[0].strip().lower()


def event_dialogs(
    transactions: Iterable[Transaction], packages: Collection[str]
) -> dict[DialogKey, list[list[RawHop]]]:
    """Return the SUBSCRIBEs and NOTIFYs of each subscription to some packages, each as a chain of hops, in time order.

    Args:
        transactions: From `correlate`.
        packages: Event packages, lower case.
    """
    by_request: dict[DialogKey, dict[tuple[str, int | None, str], list[RawHop]]] = {}
    ours: set[DialogKey] = set()
    for transaction in transactions:
        if transaction.protocol != "SIP" or transaction.method not in ("SUBSCRIBE", "NOTIFY"):
            continue
        hop = raw_hop(transaction)
        message = hop.any
        sender = tag_of(message, "From")
        subscriber = sender if transaction.method == "SUBSCRIBE" else tag_of(message, "To")
        key = (message.sip.call_id, subscriber)
        request = (transaction.method, message.sip.cseq_number, sender)
        by_request.setdefault(key, {}).setdefault(request, []).append(hop)
        if package_of(hop.request) in packages:
            ours.add(key)
    return {
        key: sorted((chain(hops) for hops in requests.values()), key=start_of)
        for key, requests in by_request.items()
        if key in ours
    }


def start_of(hops: Sequence[RawHop]) -> int:
    """Return the time of the first message of a request on its way."""
    return min(hop.transaction.time_ns for hop in hops)


def tag_of(message: SipMessage, name: str) -> str:
    """Return the tag of From or To, empty where it has none."""
    found = address(message, name)
    return (found.name_addr.params.get("tag") or "") if found is not None else ""


def with_roles(hop: RawHop, sender: Role | None, receiver: Role | None) -> Hop:
    """Return a hop as criteria see it."""
    final = hop.final
    others = tuple(m for m in hop.transaction.retransmissions if isinstance(m, SipMessage))
    rest = tuple(m for m in hop.transaction.responses if isinstance(m, SipMessage) and m is not final)
    return Hop(sender, receiver, hop.request, final, hop.depth, others, rest)
