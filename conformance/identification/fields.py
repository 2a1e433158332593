"""Signs in other header fields of a REGISTER: Supported, Security-Client, Route, Contact, To, and what is absent."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator

from conformance.criteria.model import Citation
from conformance.criteria.values import addresses, asked_expiry, option_tags
from conformance.identification.sign import Signs, cite, cite_absent
from conformance.identification.terminals import Terminal
from conformance.trace.model import SipMessage
from conformance.trace.sip import Span
from conformance.trace.sip_values import parse_parameters

SIGNS = Signs()

ACCESS = "P-Access-Network-Info"
AN_HOUR_S = 3600

_SIGCOMP = re.compile(rb";[ \t]*comp[ \t]*=[ \t]*sigcomp", re.IGNORECASE)
_EXPIRES = re.compile(rb";[ \t]*expires[ \t]*=[ \t]*[^;,\s]*", re.IGNORECASE)
_INSTANCE = re.compile(rb';[ \t]*\+sip\.instance[ \t]*=[ \t]*"<urn:uuid:[^">]*>"', re.IGNORECASE)
_MARKER = re.compile(rb";[ \t]*nat_traversal_required[^;,\s]*", re.IGNORECASE)


@SIGNS.of("Q6")
def no_path(terminal: Terminal) -> Iterator[Citation]:
    """No REGISTER that asks for a binding says that the terminal supports path."""
    for request in terminal.requests:
        if _takes_away(request) or request.truncated or "path" in option_tags(request, "Supported"):
            continue
        headers = request.sip.all("Supported")
        yield cite(request, "Supported", headers[0].span) if headers else cite_absent(request, "Supported")


def _calls(terminal: Terminal) -> list[SipMessage]:
    """Return the INVITEs over no security association: who says of which access network it comes does so there."""
    return [
        request
        for request in terminal.others
        if request.sip.method == "INVITE"
        and not request.truncated
        and not any("esp" in sighting.encapsulation for sighting in request.sightings)
    ]


@SIGNS.of("Q7", occasion=lambda terminal: bool(_calls(terminal)))
def no_access_network(terminal: Terminal) -> Iterator[Citation]:
    """No call without a security association says of which access network it comes; REGISTER never does so there."""
    calls = _calls(terminal)
    if not any(request.sip.first(ACCESS) for request in (*calls, *terminal.requests)):
        for request in calls:
            yield cite_absent(request, ACCESS)


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
        for name in ("Contact", "Route", "Via") if b"sigcomp" in request.raw.lower() else ():
            yield from _matches(request, name, _SIGCOMP)


@SIGNS.of("Q13")
def route_with_transport(terminal: Terminal) -> Iterator[Citation]:
    """A preset Route with lr and transport."""
    yield from _routes(terminal, lambda params: "lr" in params and "transport" in params)


@SIGNS.of("Q13a")
def strict_route(terminal: Terminal) -> Iterator[Citation]:
    """The preset Route has no lr: proxies take it for a strict router (RFC 3261 16.12)."""
    yield from _routes(terminal, lambda params: "lr" not in params)


@SIGNS.of("U4")
def route(terminal: Terminal) -> Iterator[Citation]:
    """A preset Route with lr alone."""
    yield from _routes(terminal, lambda params: "lr" in params and "transport" not in params)


def _routes(terminal: Terminal, fits: Callable[[Collection[str]], bool]) -> Iterator[Citation]:
    """Yield the first entry of Route, which is the proxy's, where its parameters fit."""
    for request in terminal.requests:
        found = addresses(request, "Route")[:1]
        for entry in found:
            if entry.uri is not None and fits({*entry.uri.params, *entry.name_addr.params}):
                yield cite(request, "Route", entry.value.span)


@SIGNS.of("Q14")
def expires_of_contact(terminal: Terminal) -> Iterator[Citation]:
    """The expiry stands in Contact alone; RFC 3261 10.2.1.1 allows both places."""
    for request in terminal.requests:
        if request.sip.first("Expires") is None:
            yield from _matches(request, "Contact", _EXPIRES)


@SIGNS.of("Q14a")
def an_hour(terminal: Terminal) -> Iterator[Citation]:
    """An hour is asked for, and nothing said before that it has to be so."""
    for request in terminal.requests:
        for contact in addresses(request, "Contact"):
            if asked_expiry(request, contact) != AN_HOUR_S:
                continue
            header = request.sip.first("Expires")
            in_contact = list(_matches(request, "Contact", _EXPIRES))[:1]
            yield from in_contact or ([cite(request, "Expires", header.span)] if header is not None else [])
            break


@SIGNS.of("U3")
def instance(terminal: Terminal) -> Iterator[Citation]:
    """An instance identifier in Contact, and gruu in Supported (RFC 5627)."""
    for request in terminal.requests:
        if "gruu" in option_tags(request, "Supported"):
            yield from _matches(request, "Contact", _INSTANCE)


@SIGNS.of("Q17")
def marker_of_the_stack(terminal: Terminal) -> Iterator[Citation]:
    """A parameter of To that the stack uses inside itself has leaked."""
    for request in terminal.requests:
        if b"nat_traversal_required" in request.raw.lower():
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
