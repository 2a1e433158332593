"""REGISTER transactions of one attempt, put into the order of their Via chain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conformance.criteria.values import address
from conformance.trace.correlate import Transaction
from conformance.trace.model import Message, SipMessage, Trace
from conformance.trace.sip_values import parse_via
from conformance.vocabulary.identifiers import Endpoint


@dataclass(frozen=True, slots=True, eq=False)
class RawHop:
    """One REGISTER transaction, and how far from the terminal it is; its ends have no roles yet."""

    transaction: Transaction
    depth: int
    """Number of Via elements of the request: 1 at the terminal, one more behind each node."""

    @property
    def request(self) -> SipMessage | None:
        """The request."""
        request = self.transaction.request
        return request if isinstance(request, SipMessage) else None

    @property
    def final(self) -> SipMessage | None:
        """The final response."""
        final = self.transaction.final
        return final if isinstance(final, SipMessage) else None

    @property
    def any(self) -> SipMessage:
        """The request, or the final response where there is no request."""
        for message in (self.request, self.final, *self.transaction.messages):
            if isinstance(message, SipMessage):
                return message
        raise AssertionError("a SIP transaction without a SIP message")

    @property
    def tags(self) -> tuple[str, ...]:
        """To tags of the answers, each once, without those to 100."""
        answers = (m for m in (*self.transaction.responses, self.final) if isinstance(m, SipMessage))
        found = (address(one, "To") for one in answers if (one.sip.status or 0) > 100)
        tags = (one.name_addr.params.get("tag") for one in found if one is not None)
        return tuple(dict.fromkeys(tag for tag in tags if tag))

    @property
    def messages(self) -> tuple[Message, ...]:
        """All messages of the transaction."""
        return self.transaction.messages


def is_whole(trace: Trace) -> bool:
    """Tell whether what is not in a trace was not there: nothing lost, nothing cut so short that it is not known."""
    whole = all(capture.drops == 0 and not capture.cut_segments for capture in trace.captures)
    return whole and not any(m.truncated for m in trace.messages)


def raw_hop(transaction: Transaction) -> RawHop:
    """Return the hop of a REGISTER transaction; a response has the Via elements of its request."""
    for message in transaction.messages:
        if isinstance(message, SipMessage):
            return RawHop(transaction, max(1, len(message.sip.values("Via"))))
    raise AssertionError("a SIP transaction without a SIP message")


def chain(hops: Iterable[RawHop]) -> list[RawHop]:
    """Return one hop for each depth, nearest to the terminal first.

    Where a node tried several next hops, the one that was answered stands for them, the last of these. A
    node that hides the terminal (a back-to-back user agent) begins the Via chain anew: it sends from where the same
    REGISTER went to, or, a P-CSCF, what it added to the REGISTER shows that the message comes from it.
    """
    found = _behind_each_other(sorted(hops, key=lambda hop: hop.transaction.time_ns))
    if any(hop.depth == 1 and _from_pcscf(hop) for hop in found):
        found = [RawHop(hop.transaction, hop.depth + 1) if _from_pcscf(hop) else hop for hop in found]
    by_depth: dict[int, RawHop] = {}
    for hop in found:
        best = by_depth.get(hop.depth)
        if best is None or hop.final is not None or best.final is None:
            by_depth[hop.depth] = hop
    return [by_depth[depth] for depth in sorted(by_depth)]


def _behind_each_other(hops: Sequence[RawHop]) -> list[RawHop]:
    """Return the hops, in the same order, with the depth that they have where Via chains that begin anew go on."""
    reached: dict[Endpoint, RawHop] = {}
    shifts: dict[tuple[str, str, int | None], int] = {}
    found = []
    for hop in hops:
        lowest = _lowest_via(hop.any)
        before = reached.get(hop.transaction.source) if hop.depth == 1 and lowest not in shifts else None
        if before is not None:
            shifts[lowest] = before.depth
        placed = RawHop(hop.transaction, hop.depth + shifts.get(lowest, 0))
        if placed.transaction.source != placed.transaction.destination:
            reached.setdefault(placed.transaction.destination, placed)
        found.append(placed)
    return found


def _lowest_via(message: SipMessage) -> tuple[str, str, int | None]:
    """Return what names the Via element of who began the chain: branch and sent-by."""
    values = message.sip.values("Via")
    via = parse_via(values[-1]) if values else None
    return ("", "", None) if via is None else (via.params.get("branch") or "", via.host.lower(), via.port)


def _from_pcscf(hop: RawHop) -> bool:
    """Tell whether a REGISTER has both headers that a P-CSCF adds and no terminal sends."""
    request = hop.request
    return request is not None and bool(request.sip.all("Path")) and bool(request.sip.all("P-Visited-Network-ID"))
