"""Citations of places in registration information: byte ranges of the NOTIFY, and what Wireshark shows of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from conformance.criteria.model import Citation, Claim
from conformance.criteria.reginfo import RegContact, RegInfo
from conformance.trace.model import SipMessage

_TAG_END = re.compile(rb">")
_PLAIN = re.compile(r"[ -\[\]-~]{0,80}")


def cite_body(
    request: SipMessage, document: RegInfo, offset: int, element: str, claims: Sequence[tuple[str, str]]
) -> Citation:
    """Cite the start tag of an element.

    Args:
        request: The NOTIFY.
        document: What was read of its body.
        offset: Where the element begins in the body, bytes.
        element: Its path below reginfo in Wireshark's names: `registration.contact`; empty: reginfo itself.
        claims: Attributes, and the value that Wireshark has to show of each.
    """
    prefix = f"reginfo.{element}" if element else "reginfo"
    # Wireshark names the fields of a document by its tags, prefixes included.
    shown = () if document.prefixed else tuple(Claim(f"{prefix}.{name}", (plain(value),)) for name, value in claims)
    return Citation(request, prefix, *_tag(request, offset), shown)


def cite_contact(request: SipMessage, document: RegInfo, contact: RegContact, names: Sequence[str]) -> Citation:
    """Cite a contact with some of `id`, `state`, `event`, `expires` and `uri`; what it does not have is not claimed."""
    values = {
        "id": contact.id,
        "state": contact.state,
        "event": contact.event,
        "expires": contact.expires,
        "uri": contact.uri,
    }
    claims = [(name, values[name]) for name in names if values[name]]
    return cite_body(request, document, contact.offset, "registration.contact", claims)


def cite_place(request: SipMessage, offset: int) -> Citation:
    """Cite a place in the body that is no document: Wireshark has to see the same NOTIFY."""
    body = request.sip.body_span
    length = max(0, min(40, body.length - offset))
    call_id = Claim("sip.Call-ID", (plain(request.sip.call_id),))
    return Citation(request, "body", body.offset + min(offset, body.length), length, (call_id,))


def plain(text: str) -> str:
    """Return the beginning of a text that Wireshark shows as it is."""
    found = _PLAIN.match(text)
    return found.group() if found else ""


def _tag(request: SipMessage, offset: int) -> tuple[int, int]:
    begin = request.sip.body_span.offset + offset
    end = _TAG_END.search(request.raw, begin)
    return begin, (end.end() if end else len(request.raw)) - begin
