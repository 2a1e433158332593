"""Where a response goes, and what the receiving side notes in the top Via (RFC 3261 18.2, RFC 3581)."""

from __future__ import annotations

import dataclasses
from ipaddress import ip_address

from sipmessage import Request, Via

from conformance.protocols.sip.message import MAGIC_COOKIE, replace_top_via, tag_of, top_via
from conformance.vocabulary.identifiers import Endpoint

DEFAULT_PORT = 5060

ServerKey = tuple[str, ...]
"""What makes a received request belong to a server transaction."""

ClientKey = tuple[str, str]
"""Branch of the top Via and method of CSeq: what makes a response belong to a client transaction."""


def _same_address(one: str, other: str) -> bool:
    try:
        return ip_address(one.strip("[]")) == ip_address(other)
    except ValueError:
        return False


def note_source(request: Request, source: Endpoint) -> None:
    """Add `received` and the value of `rport` to the top Via of a request that just came.

    Args:
        request: changed in place.
        source: where the packet came from.

    `received` is added where sent-by is not the source address (RFC 3261 18.2.1), and always where the
    client asks for `rport` (RFC 3581).
    """
    via = top_via(request)
    added: dict[str, str | None] = {}
    wants_rport = "rport" in via.parameters and via.parameters["rport"] is None
    if wants_rport or not _same_address(via.host, source.address):
        added["received"] = source.address
    if wants_rport:
        added["rport"] = str(source.port)
    if added:
        replace_top_via(request, dataclasses.replace(via, parameters=via.parameters.replace(**added)))


def response_destination(via: Via, source: Endpoint) -> Endpoint:
    """Return where a response goes that cannot go back over its connection (RFC 3261 18.2.2, RFC 3581).

    Args:
        via: top Via of the request after `note_source`.
        source: where the request came from.

    `maddr` is not followed: the fabrics have no multicast, and a peer could otherwise send our answers to
    a third party.
    """
    rport = via.parameters.get("rport")
    if source.transport == "udp" and rport is not None and rport == str(source.port):
        return source
    port = via.port if via.port is not None and 0 < via.port < 65536 else DEFAULT_PORT
    return Endpoint(source.address, port, source.transport)


def client_key(branch: str, method: str) -> ClientKey:
    """Return the key of a client transaction (RFC 3261 17.1.3)."""
    return (branch, method)


def server_key(request: Request) -> ServerKey:
    """Return the key of the server transaction that a request belongs to (RFC 3261 17.2.3).

    An ACK has the key of its INVITE. A branch without the magic cookie is that of an RFC 2543 element, which
    the other header fields identify.
    """
    via = top_via(request)
    method = "INVITE" if request.method == "ACK" else request.method
    branch = via.parameters.get("branch") or ""
    sent_by = f"{via.host.lower()}:{via.port or DEFAULT_PORT}"
    if branch.startswith(MAGIC_COOKIE) and branch != MAGIC_COOKIE:
        return (branch, sent_by, method)
    return (
        str(request.uri),
        request.headers["Call-ID"],
        str(request.cseq.sequence),
        tag_of(request.headers["From"]) or "",
        sent_by,
        method,
    )
