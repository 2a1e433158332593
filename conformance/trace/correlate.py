"""Puts messages together: requests with their responses, transactions with their dialogs.

Transactions are those of one hop: a proxy that forwards a request begins another one. Only the message that
was first of its kind makes a transaction; what was sent again belongs to the one that exists.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.trace.diameter import short_name
from conformance.trace.model import DiameterMessage, DnsMessage, HttpMessage, Message, SipMessage, Trace
from conformance.trace.sip_values import Via, parse_name_addr, parse_via
from conformance.vocabulary.identifiers import Endpoint

DNS_WINDOW_NS = 60_000_000_000
"""A DNS client uses its 16 bit identifiers again; an answer so late belongs to no query (RFC 1035 4.2.1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Transaction:
    """A request and all that answers it, on one hop. Compared by identity."""

    protocol: str
    """`SIP`, `Diameter`, `DNS` or `HTTP`."""
    request: Message | None
    """None where only answers were captured."""
    responses: tuple[Message, ...]
    """In time order, provisional ones and retransmitted ones included."""
    retransmissions: tuple[Message, ...]
    """The request sent again."""
    method: str
    """SIP or HTTP method, Diameter abbreviation (`UAR`) or DNS type (`NAPTR`)."""

    @property
    def first(self) -> Message:
        """The request, or the first response where the request was not captured."""
        return self.request if self.request is not None else self.responses[0]

    @property
    def messages(self) -> tuple[Message, ...]:
        """Request, its retransmissions and the responses, in time order."""
        request = () if self.request is None else (self.request,)
        return tuple(sorted((*request, *self.retransmissions, *self.responses), key=_time))

    @property
    def final(self) -> Message | None:
        """The last final response (SIP: status 200 and above); None where there is none."""
        for response in reversed(self.responses):
            status = response.sip.status if isinstance(response, SipMessage) else None
            if isinstance(response, HttpMessage):
                status = response.http.status
            if status is None or status >= 200:
                return response
        return None

    @property
    def source(self) -> Endpoint:
        """Who sent the request; of a transaction without one, who got the response."""
        return self.first.source if self.request is not None else self.first.destination

    @property
    def destination(self) -> Endpoint:
        """Who got the request; of a transaction without one, who sent the response."""
        return self.first.destination if self.request is not None else self.first.source

    @property
    def time_ns(self) -> int:
        """Time of the first message, nanoseconds since 1970."""
        return min(message.time_ns for message in (self.first, *self.responses[:1]))


@dataclass(frozen=True, slots=True, eq=False)
class Dialog:
    """A SIP dialog as one capture shows it (RFC 3261 12)."""

    call_id: str
    tags: frozenset[str]
    """The tags of both ends, whoever is From and whoever To."""
    transactions: tuple[Transaction, ...]
    """In time order, the one that creates the dialog included."""

    @property
    def time_ns(self) -> int:
        """Time of the first message, nanoseconds since 1970."""
        return self.transactions[0].time_ns


@dataclass(slots=True)
class _Open:
    protocol: str
    method: str
    request: Message | None = None
    responses: list[Message] = field(default_factory=list)
    retransmissions: list[Message] = field(default_factory=list)
    last_ns: int = 0

    def add(self, message: Message, is_request: bool) -> None:
        self.last_ns = message.time_ns
        if not is_request:
            self.responses.append(message)
        elif self.request is None:
            self.request = message
        else:
            self.retransmissions.append(message)

    def close(self) -> Transaction:
        return Transaction(self.protocol, self.request, tuple(self.responses), tuple(self.retransmissions), self.method)


def correlate(trace: Trace) -> tuple[Transaction, ...]:
    """Find the transactions of a trace.

    SIP: the branch and the sent-by of the topmost Via, the method of the CSeq (RFC 3261 17.1.3 and 17.2.3) and
    the two addresses of the hop; a branch without the magic cookie is joined with Call-ID and CSeq number, as
    the older rule asks. An ACK stands alone, also the one that RFC 3261 17.1.1.3 counts to the INVITE's
    transaction. Diameter: the Hop-by-Hop
    Identifier on one connection (RFC 6733 3). DNS: identifier, endpoints and question (RFC 1035 4.1.1). HTTP: the one
    request that waits on the connection (RFC 9112 9.3); where several wait, or none does, an answer stands alone.

    Args:
        trace: From `read_trace`.

    Returns:
        The transactions in the order of their first messages.
    """
    found: list[_Open] = []
    running: dict[tuple[object, ...], _Open] = {}
    connections = _Connections()
    for message in trace.messages:
        if isinstance(message, HttpMessage):
            fresh = connections.add(message)
            found += [] if fresh is None else [fresh]
            continue
        protocol, method, is_request, key = _classify(message)
        transaction = running.get(key)
        if transaction is None or _is_over(transaction, message, is_request):
            transaction = _Open(protocol, method)
            running[key] = transaction
            found.append(transaction)
        transaction.add(message, is_request)
    return tuple(transaction.close() for transaction in found)


class _Connections:
    """HTTP on its connections."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[Endpoint, Endpoint], list[_Open]] = {}

    def add(self, message: HttpMessage) -> _Open | None:
        """Put a message into its transaction; return that where it is a new one."""
        http = message.http
        waiting = self._waiting.setdefault(_hop(message, http.is_request), [])
        if not http.is_request:
            request = waiting[0] if len(waiting) == 1 else None
            if http.status is not None and http.status >= 200:
                waiting.clear()  # with several waiting nobody knows whose it is, nor which ones were not captured
            if request is not None:
                request.add(message, False)
                return None
        fresh = _Open("HTTP", http.method)
        fresh.add(message, http.is_request)
        if http.is_request:
            waiting.append(fresh)
        return fresh


def dialogs(trace: Trace) -> tuple[Dialog, ...]:
    """Find the SIP dialogs of a trace: Call-ID and the tags of both ends (RFC 3261 12).

    Args:
        trace: From `read_trace`.

    Returns:
        One dialog for each Call-ID and pair of tags that a response other than 100 or a request within a
        dialog shows, in the order of their first messages. A request that forks belongs to each dialog that
        its responses create. REGISTER makes no dialog.
    """
    members: dict[tuple[str, frozenset[str]], list[Transaction]] = {}
    for transaction in correlate(trace):
        if transaction.protocol != "SIP" or transaction.method in ("REGISTER", "OPTIONS", "MESSAGE", "PUBLISH"):
            continue
        seen: dict[tuple[str, frozenset[str]], None] = {}
        for message in transaction.messages:
            if isinstance(message, SipMessage) and (pair := _tags(message)) is not None:
                seen[(message.sip.call_id, pair)] = None
        for key in seen:
            members.setdefault(key, []).append(transaction)
    return tuple(Dialog(call_id, tags, tuple(some)) for (call_id, tags), some in members.items())


def _time(message: Message) -> int:
    return message.time_ns


def _hop(message: Message, is_request: bool) -> tuple[Endpoint, Endpoint]:
    """Return the two ends of the hop, the sender of the request first."""
    ends = (message.source, message.destination)
    return ends if is_request else (ends[1], ends[0])


def _classify(message: Message) -> tuple[str, str, bool, tuple[object, ...]]:
    """Return protocol, method, whether it is a request, and what its transaction is known by."""
    if isinstance(message, SipMessage):
        return _classify_sip(message)
    if isinstance(message, DiameterMessage):
        name = short_name(message)
        method = name if message.is_request else f"{name[:-1]}R"
        hop = _hop(message, message.is_request)
        return "Diameter", method, message.is_request, ("D", message.hop_by_hop, message.command, *hop)
    if isinstance(message, DnsMessage):
        question = (message.question_name, message.question_type)
        key = (message.id, *question, *_hop(message, not message.is_response))
        return "DNS", message.question_type, not message.is_response, ("N", *key)
    raise TypeError(f"no message that can be correlated: {type(message).__name__}")


def _classify_sip(message: SipMessage) -> tuple[str, str, bool, tuple[object, ...]]:
    sip = message.sip
    method = sip.method if sip.is_request else sip.cseq_method
    via = _top_via(message)
    branch = (via.params.get("branch") if via else None) or ""
    sent_by = (via.host, via.port) if via else ("", None)
    source, destination = _hop(message, sip.is_request)
    # The hop is known by its addresses and not by its ports: RFC 3261 18.2.2 lets a response come from
    # another port than the one that the request went to, and a connection may be another one.
    key: tuple[object, ...] = ("S", branch, sent_by, method, source.address, destination.address)
    if not branch.startswith("z9hG4bK"):
        key = (*key, sip.call_id, sip.cseq_number)
    return "SIP", method, sip.is_request, key


def _top_via(message: SipMessage) -> Via | None:
    values = message.sip.values("Via")
    return parse_via(values[0]) if values else None


def _is_over(transaction: _Open, message: Message, is_request: bool) -> bool:
    """Tell whether the identifiers of an earlier transaction are in use for another one."""
    if isinstance(message, DnsMessage):
        return message.time_ns - transaction.last_ns > DNS_WINDOW_NS
    earlier = transaction.request
    if not is_request or earlier is None:
        return False
    if isinstance(message, DiameterMessage) and isinstance(earlier, DiameterMessage):
        # RFC 6733 3: what is sent again keeps the End-to-End Identifier.
        return earlier.end_to_end != message.end_to_end
    if isinstance(message, SipMessage) and isinstance(earlier, SipMessage):
        # A branch that a sender uses twice is its fault, and still two transactions.
        return (earlier.sip.call_id, earlier.sip.cseq_number) != (message.sip.call_id, message.sip.cseq_number)
    return False


def _tags(message: SipMessage) -> frozenset[str] | None:
    """Return the tags of From and To; None where one of them has none."""
    found = tuple(_tag(message, name) for name in ("From", "To"))
    return frozenset(tag for tag in found if tag) if all(found) else None


def _tag(message: SipMessage, name: str) -> str | None:
    for value in message.sip.values(name):
        address = parse_name_addr(value)
        return address.params.get("tag") if address else None
    return None
