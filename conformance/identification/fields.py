"""Signs in other header fields of a REGISTER: Supported, Security-Client, Route, Contact, To, and what is absent."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.criteria.model import Citation
from conformance.criteria.values import addresses, asked_expiry, option_tags
from conformance.identification.sign import Signs, cite, cite_absent
from conformance.identification.terminals import Terminal
from conformance.trace.model import SipMessage
from conformance.trace.sip import Span
from conformance.trace.sip_values import parse_parameters

SIGNS = Signs()

_SIGCOMP = re.compile(rb";[ \t]*comp[ \t]*=[ \t]*sigcomp", re.IGNORECASE)
_EXPIRES = re.compile(rb";[ \t]*expires[ \t]*=[ \t]*[^;,\s]*", re.IGNORECASE)
_MARKER = re.compile(rb";[ \t]*nat_traversal_required[^;,\s]*", re.IGNORECASE)


@SIGNS.of("Q6")
def no_path(terminal: Terminal) -> Iterator[Citation]:
    """No REGISTER that asks for a binding says that the terminal supports path."""
    for request in terminal.requests:
        if _takes_away(request) or request.truncated or "path" in option_tags(request, "Supported"):
            continue
        headers = request.sip.all("Supported")
        yield cite(request, "Supported", headers[0].span) if headers else cite_absent(request, "Supported")


@SIGNS.of("Q7")
def no_access_network(terminal: Terminal) -> Iterator[Citation]:
    """A REGISTER over a security association does not say of which access network it comes."""
    name = "P-Access-Network-Info"
    for request in terminal.requests:
        protected = any("esp" in sighting.encapsulation for sighting in request.sightings)
        if protected and request.sip.first(name) is None and not request.truncated:
            yield cite_absent(request, name)


@SIGNS.of("Q8")
def digest_as_security(terminal: Terminal) -> Iterator[Citation]:
    """Security-Client offers `digest` (RFC 3329 2.2), which protects nothing, and no ipsec-3gpp."""
    for request in terminal.requests:
        offers = [(value, parse_parameters(value)[0].lower()) for value in request.sip.values("Security-Client")]
        if any(word == "ipsec-3gpp" for _, word in offers):
            continue
        for value, word in offers:
            if word == "digest":
                yield cite(request, "Security-Client", value.span)


@SIGNS.of("Q9")
def compression(terminal: Terminal) -> Iterator[Citation]:
    """The terminal wants to be spoken to in SigComp (RFC 3486)."""
    for request in terminal.requests:
        for name in ("Via", "Contact", "Route"):
            yield from _matches(request, name, _SIGCOMP)


@SIGNS.of("Q13")
def strict_route(terminal: Terminal) -> Iterator[Citation]:
    """The preset Route has no lr: proxies take it for a strict router (RFC 3261 16.12)."""
    for request in terminal.requests:
        for route in addresses(request, "Route"):
            if route.uri is not None and "lr" not in route.uri.params and "lr" not in route.name_addr.params:
                yield cite(request, "Route", route.value.span)


@SIGNS.of("Q14")
def expires_of_contact(terminal: Terminal) -> Iterator[Citation]:
    """The expiry stands in Contact alone; RFC 3261 10.2.1.1 allows both places."""
    for request in terminal.requests:
        if request.sip.first("Expires") is None:
            yield from _matches(request, "Contact", _EXPIRES)


@SIGNS.of("Q17")
def marker_of_the_stack(terminal: Terminal) -> Iterator[Citation]:
    """A parameter of To that the stack uses inside itself has leaked."""
    for request in terminal.requests:
        yield from _matches(request, "To", _MARKER)


@SIGNS.of("J5")
def no_contact(terminal: Terminal) -> Iterator[Citation]:
    """A REGISTER without Contact asks for the bindings and makes none (RFC 3261 10.2.3)."""
    for request in terminal.requests:
        if request.sip.first("Contact") is None and not request.truncated:
            yield cite_absent(request, "Contact")


def _takes_away(request: SipMessage) -> bool:
    """Tell whether a REGISTER only takes bindings away."""
    contacts = addresses(request, "Contact")
    return bool(contacts) and all(
        asked_expiry(request, contact) == 0 or contact.name_addr.uri == "*" for contact in contacts
    )


def _matches(request: SipMessage, name: str, pattern: re.Pattern[bytes]) -> Iterator[Citation]:
    """Yield where a pattern stands in the header fields of a name, each once."""
    for header in request.sip.all(name):
        for found in pattern.finditer(request.raw, header.value_span.offset, header.value_span.end):
            yield cite(request, name, Span(found.start(), found.end() - found.start()))
