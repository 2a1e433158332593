"""The REGISTER of a terminal, header field by header field (3GPP TS 24.229 5.1.1.2, RFC 3261 10.2)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from sipmessage import URI, CSeq, Request

from conformance.protocols.sip.digest_header import DigestHeader
from conformance.protocols.sip.message import new_tag

ASKED_EXPIRY_S = 600_000
"""Expiry that a terminal asks for, seconds (3GPP TS 24.229 5.1.1.2)."""


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
    call_id: str = field(default_factory=lambda: secrets.token_hex(12))
    from_tag: str = field(default_factory=new_tag)
    cseq: int = 0
    supported: str = "path"
    """Value of Supported; empty leaves it out."""

    @property
    def request_uri(self) -> str:
        """The home network domain as a SIP URI: no user, port or parameter."""
        return f"sip:{self.domain}"

    def next_request(self, credentials: DigestHeader | None, expires_s: int) -> Request:
        """Return the next REGISTER, without Via (the stack adds it).

        There is no P-Access-Network-Info: without protection the terminal does not tell where it is (3GPP TS
        24.229), and no Security-Client, because access security is `none`.

        Args:
            credentials: value of Authorization; None leaves it out.
            expires_s: asked expiry, seconds; 0 deregisters.
        """
        self.cseq += 1
        request = Request("REGISTER", URI.parse(self.request_uri))
        headers = request.headers
        # Where the stack's Via will stand: fields that proxies need come first (RFC 3261 7.3.1).
        headers.setlist("Via", [])
        headers.set("Max-Forwards", "70")
        headers.set("From", f"<{self.impu}>;tag={self.from_tag}")
        headers.set("To", f"<{self.impu}>")
        headers.set("Contact", f"<{self.contact}>")
        headers.set("Call-ID", self.call_id)
        headers.set("CSeq", str(CSeq(self.cseq, "REGISTER")))
        if credentials is not None:
            headers.set("Authorization", str(credentials))
        headers.set("Expires", str(expires_s))
        if self.supported:
            headers.set("Supported", self.supported)
        return request
