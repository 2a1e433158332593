"""Comparing what stands in messages, as tolerant as the standards ask: a conforming message is never accused.

White space, case, escapes, parameter order and comma lists never make a difference here that they do not
make in the specification that is named.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import unquote

from conformance.criteria.model import Citation, Claim
from conformance.trace.model import DiameterAvp, DiameterMessage, SipMessage
from conformance.trace.sip import Header, SipText, Span, Value
from conformance.trace.sip_values import (
    REMEMBERED,
    AuthParam,
    Credentials,
    NameAddr,
    SipUri,
    parse_credentials,
    parse_name_addr,
    parse_uri,
)
from conformance.vocabulary.numbers import VENDOR_3GPP, Avp

_WEIGHTY = ("user", "ttl", "method", "maddr", "transport")
_SEPARATORS = re.compile(r"[-.()]")
SHOWN = 120
"""Longest text of a packet that a finding repeats."""


# --- URIs ---------------------------------------------------------------------------------------------


def same_uri(one: str, other: str) -> bool:
    """Tell whether two URIs are equivalent (RFC 3261 19.1.4, `tel` as RFC 3966 5).

    URIs that cannot be read are compared as text.
    """
    if one.strip() == other.strip():
        return True
    a, b = parse_uri(one), parse_uri(other)
    if a is None or b is None or a.scheme != b.scheme:
        return False
    if a.scheme not in ("sip", "sips"):
        return _number(a.user) == _number(b.user) and bool(_number(a.user))
    if unquote(a.user) != unquote(b.user) or not same_host(a.host, b.host) or a.port != b.port:
        return False
    if a.headers != b.headers:
        return False
    for name in {*a.params, *b.params}:
        in_both = name in a.params and name in b.params
        if not in_both:
            if name in _WEIGHTY:
                return False
            continue
        if (a.params[name] or "").lower() != (b.params[name] or "").lower():
            return False
    return True


def same_identity(one: str, other: str) -> bool:
    """Tell whether two URIs name one public user identity: canonical form of RFC 3261 10.3 step 5."""
    a, b = parse_uri(one), parse_uri(other)
    if a is None or b is None:
        return one.strip() == other.strip()
    if a.scheme not in ("sip", "sips") or b.scheme not in ("sip", "sips"):
        return a.scheme == b.scheme and _number(a.user) == _number(b.user)
    same_place = same_host(a.host, b.host) and (a.port or 5060) == (b.port or 5060)
    return a.scheme == b.scheme and unquote(a.user) == unquote(b.user) and same_place


def same_contact(one: str, other: str) -> bool:
    """Tell whether two Contact URIs are one binding; parameters that a proxy added make no other one of it."""
    a, b = parse_uri(one), parse_uri(other)
    if a is None or b is None or a.scheme != b.scheme:
        return one.strip() == other.strip()
    default = 5061 if a.scheme == "sips" else 5060
    return (
        unquote(a.user) == unquote(b.user) and same_host(a.host, b.host) and (a.port or default) == (b.port or default)
    )


def same_host(one: str, other: str) -> bool:
    """Tell whether two host names or addresses are the same one."""
    return one == other or _host(one) == _host(other) or one.lower().rstrip(".") == other.lower().rstrip(".")


def is_numeric(host: str) -> bool:
    """Tell whether a host is an IP address and not a name."""
    return not isinstance(_host(host.strip("[]")), str)


def _host(text: str) -> str | IPv4Address | IPv6Address:
    """Return what a host is compared by: an address in any notation, or a name."""
    return _remembered_host(text) if len(text) <= SHOWN else _read_host(text)


def _read_host(text: str) -> str | IPv4Address | IPv6Address:
    if text[:1].isdigit() or ":" in text:  # only these can be addresses
        try:
            return ip_address(text)
        except ValueError:
            pass
    return text.lower().rstrip(".")


_remembered_host = lru_cache(REMEMBERED)(_read_host)


def in_domain(host: str, domain: str) -> bool:
    """Tell whether a host name is the domain or lies in it."""
    host, domain = host.lower().rstrip("."), domain.lower().rstrip(".")
    return host == domain or host.endswith("." + domain)


def _number(text: str) -> str:
    return _SEPARATORS.sub("", text)


# --- SIP ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Address:
    """A name-addr that was read, and the element of the list that it stands in."""

    value: Value
    name_addr: NameAddr
    uri: SipUri | None


def addresses(message: SipMessage, name: str) -> Sequence[Address]:
    """Return the readable elements of an address header (From, Contact, Path, Service-Route, ...)."""
    return message.remember("addresses", name, _addresses)


def _addresses(sip: SipText, name: str) -> list[Address]:
    found = []
    for value in sip.values(name):
        parsed = parse_name_addr(value)
        if parsed is not None:
            found.append(Address(value, parsed, parse_uri(parsed.uri)))
    return found


def address(message: SipMessage, name: str) -> Address | None:
    """Return the first readable element of an address header."""
    found = addresses(message, name)
    return found[0] if found else None


def option_tags(message: SipMessage, name: str) -> set[str]:
    """Return the option tags of Supported, Require or Proxy-Require; tokens have no case (RFC 3261 7.3.1)."""
    return {value.text.strip().lower() for value in message.sip.values(name)}


@dataclass(frozen=True, slots=True)
class Digest:
    """One header with digest credentials or a digest challenge."""

    message: SipMessage
    header: Header
    credentials: Credentials

    def value(self, name: str) -> str | None:
        """Return the value of a parameter without quotes, None where it is absent."""
        param = self.credentials.get(name)
        return None if param is None else param.value

    def cite(self, *names: str) -> tuple[Citation, ...]:
        """Cite the parameters of those names that are there, or the header where none is."""
        params = [p for name in names if (p := self.credentials.get(name)) is not None]
        if not params:
            return (cite_header(self.message, self.header),)
        return tuple(self.cite_param(param) for param in params)

    def cite_param(self, param: AuthParam) -> Citation:
        """Cite one parameter."""
        return Citation(
            self.message,
            f"{self.header.name}: {param.name}",
            param.span.offset,
            param.span.length,
            (Claim(f"sip.{self.header.name}", (_plain(param.value),)),),
        )


def digests(message: SipMessage, name: str) -> Sequence[Digest]:
    """Return the Digest headers of that name (Authorization, WWW-Authenticate), in their order."""

    def read(sip: SipText, name: str) -> list[Digest]:
        found = ((header, parse_credentials(header, sip.raw)) for header in sip.all(name))
        return [
            Digest(message, header, one) for header, one in found if one is not None and one.scheme.lower() == "digest"
        ]

    return message.remember("digests", name, read)


def authorization(message: SipMessage | None, realm: str | None = None) -> Digest | None:
    """Return the digest credentials of a request: those for the realm where several headers are there."""
    if message is None:
        return None
    found = digests(message, "Authorization")
    if realm is not None:
        fitting = [digest for digest in found if digest.value("realm") == realm]
        return next(iter(fitting or found), None)
    return found[0] if found else None


def challenge(message: SipMessage | None) -> Digest | None:
    """Return the digest challenge of a 401."""
    if message is None or message.sip.status != 401:
        return None
    return next(iter(digests(message, "WWW-Authenticate")), None)


def is_aka(digest: Digest | None) -> bool:
    """Tell whether a challenge or credentials name an AKA algorithm (RFC 3310, RFC 4169)."""
    return digest is not None and (digest.value("algorithm") or "").upper().startswith("AKA")


def octets_of_nonce(nonce: str) -> bytes | None:
    """Return what a nonce encodes in base64, None where it is not base64."""
    try:
        return base64.b64decode(nonce, validate=True)
    except (binascii.Error, ValueError):
        return None


def asked_expiry(message: SipMessage, contact: Address) -> int | None:
    """Return the expiry in seconds that a REGISTER asks for a contact, None where it asks for none."""
    text = contact.name_addr.params.get("expires")
    if text is None:
        header = message.sip.first("Expires")
        text = None if header is None else header.value
    return seconds(text)


def seconds(text: str | None) -> int | None:
    """Return a delta-seconds value, None where it is none (RFC 3261 25.1: at most 2**32 - 1)."""
    text = (text or "").strip()
    return int(text) if re.fullmatch(r"[0-9]{1,10}", text) else None


# --- Diameter -----------------------------------------------------------------------------------------


def avp(message: DiameterMessage | None, code: Avp) -> DiameterAvp | None:
    """Return the first top-level AVP of that code, base protocol or 3GPP as the code says."""
    if message is None:
        return None
    return message.first(code, _vendor(code))


def inner(outer: DiameterAvp | None, code: Avp) -> DiameterAvp | None:
    """Return the first AVP of that code in a grouped AVP."""
    if outer is None:
        return None
    return next(outer.find(code, _vendor(code)), None)


def every(message: DiameterMessage | None, code: Avp) -> Iterator[DiameterAvp]:
    """Yield all top-level AVPs of that code."""
    if message is not None:
        yield from message.find(code, _vendor(code))


def text(found: DiameterAvp | None) -> str | None:
    """Return a UTF8String or OctetString AVP as text, without quotes around it."""
    if found is None:
        return None
    return found.data.decode("utf-8", "replace").strip().strip('"')


def number(found: DiameterAvp | None) -> int | None:
    """Return an Unsigned32, Integer32 or Enumerated AVP; None where it has not four octets."""
    if found is None or len(found.data) != 4:
        return None
    return int.from_bytes(found.data, "big")


def result(message: DiameterMessage | None) -> tuple[int | None, bool]:
    """Return the result code of an answer and whether it is an Experimental-Result (RFC 6733 7.6)."""
    experimental = number(inner(avp(message, Avp.EXPERIMENTAL_RESULT), Avp.EXPERIMENTAL_RESULT_CODE))
    if experimental is not None:
        return experimental, True
    return number(avp(message, Avp.RESULT_CODE)), False


def succeeded(message: DiameterMessage | None) -> bool:
    """Tell whether an answer reports success (2xxx)."""
    code, _ = result(message)
    return code is not None and 2000 <= code < 3000


def _vendor(code: Avp) -> int:
    return VENDOR_3GPP if code >= Avp.VISITED_NETWORK_IDENTIFIER else 0


_NAMES = {"sip-etag": "ETag", "sip-if-match": "If_Match"}
"""Headers that Wireshark calls otherwise."""

# --- citations ----------------------------------------------------------------------------------------


def clip(text: str, length: int = SHOWN) -> str:
    """Return a text that is not longer than that many characters."""
    return text if len(text) <= length else text[: length - 1] + "…"


def cite_header(message: SipMessage, header: Header, *contains: str) -> Citation:
    """Cite a header; Wireshark has to show it too, with the texts given."""
    claim = Claim(_field(header.name), contains or (_plain(header.value),))
    return Citation(message, header.name, header.span.offset, header.span.length, (claim,))


def cite_value(message: SipMessage, name: str, value: Value) -> Citation:
    """Cite one element of a list header."""
    return _cite_span(message, name, value.span, value.text)


def cite_address(message: SipMessage, name: str, found: Address) -> Citation:
    """Cite the URI of an address header."""
    return _cite_span(message, name, found.name_addr.uri_span, found.name_addr.uri)


def cite_missing(message: SipMessage, name: str, text: str = "") -> Citation:
    """Cite that a message lacks a header, or that no header of that name contains a text."""
    return Citation(message, name, claims=(Claim(_field(name), absent=text),))


def cite_request_uri(message: SipMessage) -> Citation:
    """Cite the Request-URI."""
    span = message.sip.request_uri_span
    claim = Claim("sip.r-uri", (_plain(message.sip.request_uri),))
    return Citation(message, "Request-URI", span.offset, span.length, (claim,))


def cite_status(message: SipMessage) -> Citation:
    """Cite the status line."""
    span = message.sip.start_span
    claim = Claim("sip.Status-Code", (str(message.sip.status),))
    return Citation(message, "Status-Line", span.offset, span.length, (claim,))


def cite_avp(message: DiameterMessage, found: DiameterAvp, shown: str | None = None) -> Citation:
    """Cite an AVP; `shown` is what Wireshark shows as its value (without it: that it is there)."""
    values = () if shown is None else (_plain(shown),)
    claims = (Claim(f"diameter.{found.name}", values),) if found.name != "Unknown" else ()
    return Citation(message, found.name, found.offset, found.length, claims)


def cite_no_avp(message: DiameterMessage, name: str) -> Citation:
    """Cite that a Diameter message lacks an AVP, by Wireshark's name of it."""
    return Citation(message, name, claims=(Claim(f"diameter.{name}", absent=""),))


def cite_command(message: DiameterMessage) -> Citation:
    """Cite a Diameter command."""
    return Citation(message, "Command-Code", 5, 3, (Claim("diameter.cmd.code", (str(message.command),)),))


def _cite_span(message: SipMessage, name: str, span: Span, text: str) -> Citation:
    return Citation(message, name, span.offset, span.length, (Claim(f"sip.{name}", (_plain(text),)),))


def _field(name: str) -> str:
    """Return Wireshark's name of the field of a header."""
    return f"sip.{_NAMES.get(name.lower(), name)}"


def _plain(text: str) -> str:
    # Wireshark bounds what it shows, and shows bytes beyond ASCII in its own way.
    if len(text) <= 80 and text.isascii() and text.isprintable() and "\\" not in text:
        return text
    head = re.match(r"[ -\[\]-~]{0,80}", text)
    return head.group() if head else ""
