"""Names of SIP header fields: the long form for every spelling, and which headers are comma lists."""

from __future__ import annotations

COMPACT = {
    "a": "Accept-Contact",  # RFC 3841
    "b": "Referred-By",  # RFC 3892
    "c": "Content-Type",
    "d": "Request-Disposition",  # RFC 3841
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",  # RFC 3841
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "n": "Identity-Info",  # RFC 4474
    "o": "Event",  # RFC 6665
    "r": "Refer-To",  # RFC 3515
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",  # RFC 6665
    "v": "Via",
    "x": "Session-Expires",  # RFC 4028
    "y": "Identity",  # RFC 8224
}
"""Compact forms (RFC 3261 7.3.3 and the documents named)."""

_LONG = """
    Accept Accept-Contact Accept-Encoding Accept-Language Alert-Info Allow Allow-Events
    Authentication-Info Authorization Call-ID Call-Info Contact Content-Disposition Content-Encoding
    Content-Language Content-Length Content-Type CSeq Date Error-Info Event Expires Feature-Caps From
    Geolocation History-Info Identity Identity-Info In-Reply-To Join Max-Forwards MIME-Version
    Min-Expires Min-SE Organization P-Access-Network-Info P-Asserted-Identity P-Associated-URI
    P-Called-Party-ID P-Charging-Function-Addresses P-Charging-Vector P-Early-Media P-Preferred-Identity
    P-Preferred-Service P-Asserted-Service P-User-Database P-Visited-Network-ID P-Served-User Path
    Priority Privacy Proxy-Authenticate Proxy-Authentication-Info Proxy-Authorization Proxy-Require RAck
    Reason Record-Route Refer-Sub Refer-To Referred-By Reject-Contact Replaces Reply-To
    Request-Disposition Require Retry-After Route RSeq Security-Client Security-Server Security-Verify
    Server Service-Route Session-Expires SIP-ETag SIP-If-Match Subject Subscription-State Supported
    Target-Dialog Timestamp To Unsupported User-Agent Via Warning WWW-Authenticate
"""

_CANONICAL = {name.lower(): name for name in _LONG.split()} | COMPACT

AUTHENTICATION = frozenset(
    {
        "Authentication-Info",
        "Authorization",
        "Proxy-Authenticate",
        "Proxy-Authentication-Info",
        "Proxy-Authorization",
        "WWW-Authenticate",
    }
)
"""Headers whose commas separate parameters (RFC 3261 7.3.1: they are never combined in one line)."""

NOT_LISTS = AUTHENTICATION | {
    "Call-ID",
    "Content-Type",
    "CSeq",
    "Date",
    "From",
    "Organization",
    "Retry-After",
    "Server",
    "Subject",
    "Timestamp",
    "To",
    "User-Agent",
}
"""Headers that hold one value; a comma in them separates nothing."""

SINGLE = frozenset(
    {
        "Call-ID",
        "Content-Length",
        "Content-Type",
        "CSeq",
        "Date",
        "Event",
        "Expires",
        "From",
        "Max-Forwards",
        "RAck",
        "RSeq",
        "Session-Expires",
        "Subscription-State",
        "To",
    }
)
"""Headers that a message has at most once (RFC 3261 7.3.1 and 20)."""


def canonical(name: str) -> str:
    """Return the long form of a header name in the standards' spelling.

    Args:
        name: Any case, long or compact.

    Returns:
        The long form; an unknown name as it was given.
    """
    return _CANONICAL.get(name.lower(), name)
