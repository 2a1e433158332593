"""The REGISTER of a terminal, header field by header field (3GPP TS 24.229 5.1.1.2, RFC 3261 10.2)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from sipmessage import URI, CSeq, Request

from conformance.protocols.sip.digest_header import DigestHeader
from conformance.protocols.sip.message import new_tag
from conformance.stack.hop import Hop
from conformance.terminals.manner import ASKED_EXPIRY_S, Manner

__all__ = ["ASKED_EXPIRY_S", "RegisterSeries"]


@dataclass(slots=True)
class RegisterSeries:
    """What stays the same, or counts, through a registration and its re-registrations.

    Call-ID stays and CSeq grows with each REGISTER (RFC 3261 10.2.4); From stays too when a request is repeated with
    credentials (RFC 3261 8.1.3.5).
    """

    domain: str
    impu: str
    contact: str
    """Contact URI."""
    hop: Hop | None = None
    """The P-CSCF; some terminals name it in their REGISTER."""
    manner: Manner = field(default_factory=Manner)
    call_id: str = field(default_factory=lambda: secrets.token_hex(12))
    from_tag: str = field(default_factory=new_tag)
    cseq: int = 0
    supported: str | None = None
    """Value of Supported; empty leaves it out, None is what the manner says."""

    @property
    def request_uri(self) -> str:
        """The home network domain as a SIP URI: no user, port or parameter but those of a quirk."""
        return self.manner.request_uri(self.domain, self.hop)

    @property
    def digest_uri(self) -> str:
        """The `uri` parameter of credentials."""
        return self.request_uri if self.hop is None else self.manner.digest_uri(self.request_uri, self.hop)

    def next_request(self, credentials: DigestHeader | None, expires_s: int, *stale: DigestHeader) -> Request:
        """Return the next REGISTER, without Via (the stack adds it).

        There is no P-Access-Network-Info: without protection the terminal does not tell where it is (3GPP TS
        24.229), and no Security-Client but that of a quirk, because access security is `none`.

        Args:
            credentials: value of Authorization; None leaves it out.
            expires_s: asked expiry, seconds; 0 deregisters.
            stale: further credentials, which come before.
        """
        manner = self.manner
        self.cseq += 1
        request = Request("REGISTER", URI.parse(self.request_uri))
        headers = request.headers
        # Where the stack's Via will stand: fields that proxies need come first (RFC 3261 7.3.1).
        headers.setlist("Via", [])
        if manner.routes_register and self.hop is not None:
            headers.set("Route", manner.entry(self.hop))
        headers.set("Max-Forwards", "70")
        headers.set("From", f"<{self.impu}>;tag={self.from_tag}")
        headers.set("To", f"<{self.impu}>")
        if (contact := manner.contact(self.contact, expires_s)) is not None:
            headers.set("Contact", contact)
        headers.set("Call-ID", self.call_id)
        headers.set("CSeq", str(CSeq(self.cseq, "REGISTER")))
        if credentials is not None:
            headers.setlist("Authorization", [*map(str, stale), str(credentials)])
        if manner.offers_digest:
            headers.set("Security-Client", "digest")
            headers.set("Require", "sec-agree")
            headers.set("Proxy-Require", "sec-agree")
        if not manner.expiry_in_contact:
            headers.set("Expires", str(expires_s))
        supported = manner.supported if self.supported is None else self.supported
        if supported:
            headers.set("Supported", supported)
        return request
