"""One end of a dialog: identifiers, route set, remote target, sequence numbers (RFC 3261 12). No I/O."""

from __future__ import annotations

from dataclasses import dataclass

from sipmessage import URI, CSeq, Request, Response

from conformance.protocols.sip.message import tag_of
from conformance.protocols.sip.name_addr import NameAddr, parse_addresses, split_entries

DialogKey = tuple[str, str]
"""Call-ID and local tag: which dialog an incoming request belongs to, where nobody forks."""


@dataclass(slots=True)
class Dialog:
    """A dialog as one of its ends keeps it."""

    call_id: str
    local: str
    """From of the requests that this end sends, with its tag."""
    remote: str
    """To of the requests that this end sends, with the peer's tag."""
    target: str
    """Remote target: the peer's contact URI."""
    routes: tuple[str, ...]
    """Route set, first the next hop."""
    cseq: int = 0
    """Number of the last request that this end sent."""
    remote_cseq: int | None = None
    """Number of the last request of the peer, None where none came."""

    @property
    def key(self) -> DialogKey:
        """What requests of the peer carry: Call-ID, and this end's tag in To."""
        return self.call_id, tag_of(self.local) or ""

    @classmethod
    def answered(cls, request: Request, response: Response) -> Dialog:
        """Return the dialog of the end that answered a request (RFC 3261 12.1.1).

        Args:
            request: it has a Contact.
            response: the 2xx to it, with a tag in To.

        Raises:
            ValueError: no Contact, or one that cannot be read.
        """
        return cls(
            call_id=request.headers["Call-ID"],
            local=response.headers["To"],
            remote=request.headers["From"],
            target=_contact(request),
            routes=tuple(split_entries(request.headers.getlist("Record-Route"))),
            remote_cseq=request.cseq.sequence,
        )

    @classmethod
    def begun(cls, request: Request, response: Response) -> Dialog:
        """Return the dialog of the end that sent a request (RFC 3261 12.1.2).

        A provisional response may leave Contact out (RFC 3261 20, table 2), as linphone's does: until the 2xx names the
        remote target, it is the Request-URI.

        Args:
            request: as it was sent.
            response: the 2xx to it, or a provisional response with a tag: an early dialog.

        Raises:
            ValueError: the 2xx has no Contact, or the response one that cannot be read.
        """
        silent = response.code < 200 and not response.headers.getlist("Contact")
        return cls(
            call_id=request.headers["Call-ID"],
            local=request.headers["From"],
            remote=response.headers["To"],
            target=str(request.uri) if silent else _contact(response),
            routes=tuple(reversed(split_entries(response.headers.getlist("Record-Route")))),
            cseq=request.cseq.sequence,
        )

    def next_request(self, method: str) -> Request:
        """Return the next request of this end, without Via (RFC 3261 12.2.1.1).

        All routers of the route set are loose ones: the Request-URI is the remote target.
        """
        self.cseq += 1
        return self._request(method, self.cseq)

    def ack(self, cseq: int) -> Request:
        """Return the ACK of a 2xx, without Via (RFC 3261 13.2.2.4).

        Args:
            cseq: number of the INVITE that it acknowledges.
        """
        return self._request("ACK", cseq)

    def refresh(self, message: Request | Response) -> None:
        """Take over the remote target of a target refresh request or of the 2xx to it (RFC 3261 12.2).

        Raises:
            ValueError: its Contact cannot be read.
        """
        if message.headers.getlist("Contact"):
            self.target = _contact(message)

    def in_order(self, request: Request) -> bool:
        """Note the number of a request of the peer; False where it is too low (RFC 3261 12.2.2)."""
        number = request.cseq.sequence
        if request.method == "ACK":
            return True
        if self.remote_cseq is not None and number <= self.remote_cseq:
            return False
        self.remote_cseq = number
        return True

    def _request(self, method: str, number: int) -> Request:
        request = Request(method, URI.parse(self.target))
        headers = request.headers
        headers.setlist("Via", [])
        headers.set("Max-Forwards", "70")
        if self.routes:
            headers.setlist("Route", list(self.routes))
        headers.set("From", self.local)
        headers.set("To", self.remote)
        headers.set("Call-ID", self.call_id)
        headers.set("CSeq", str(CSeq(number, method)))
        return request


def next_hop(request: Request) -> URI:
    """Return the URI that says where a request goes next: the first Route, else the Request-URI (RFC 3261 16.6).

    Raises:
        ValueError: Route cannot be read.
    """
    routes = split_entries(request.headers.getlist("Route"))
    return URI.parse(NameAddr.parse(routes[0]).uri) if routes else request.uri


def dialog_key(request: Request) -> DialogKey | None:
    """Return the key of the dialog that a received request names; None where it begins one."""
    tag = tag_of(request.headers["To"])
    return None if tag is None else (request.headers["Call-ID"], tag)


def _contact(message: Request | Response) -> str:
    contacts = parse_addresses(message.headers.getlist("Contact"))
    if len(contacts) != 1:
        raise ValueError(f"Contact: expected one in a request that begins a dialog, found {len(contacts)}")
    return contacts[0].uri
