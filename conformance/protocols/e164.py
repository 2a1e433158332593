"""Telephone numbers as SIP carries them, and how they become domain names and SIP URIs again (RFC 3966, RFC 6116)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dns.rdtypes.IN.NAPTR import NAPTR
from sipmessage import URI

TREE = "e164.arpa"
"""Where the numbers of the world are looked up in DNS."""

_SEPARATORS = str.maketrans("", "", "-.()")
_GLOBAL = re.compile(r"\+[0-9]{2,15}")
_SERVICE = re.compile(r"e2u(\+[a-z0-9-]+(:[a-z0-9-]+)*)*\+([a-z0-9-]+:)*sip(\+.*|:.*)?", re.IGNORECASE)
_REFERENCE = re.compile(r"\\([0-9])")
_LONGEST_PATTERN = 80


def global_number(uri: URI) -> str | None:
    """Return the number that a URI dials, `+` and digits; None where it is no number, or a local one.

    A tel URI, or a SIP URI that says `user=phone`; visual separators and parameters are left out.
    """
    if uri.scheme != "tel" and not (uri.scheme == "sip" and is_phone(uri)):
        return None
    number = (uri.user or "").partition(";")[0].translate(_SEPARATORS)
    return number if _GLOBAL.fullmatch(number) else None


def is_phone(uri: URI) -> bool:
    """Tell whether the user part of a SIP URI is a telephone number (RFC 3261 19.1.1)."""
    return (uri.parameters.get("user") or "").lower() == "phone"


def enum_name(number: str) -> str:
    """Return the domain name of a number: its digits, the last one first, each a label."""
    return ".".join(reversed(number.removeprefix("+"))) + f".{TREE}"


def sip_uris(records: Sequence[NAPTR], number: str) -> list[URI]:
    """Return the SIP URIs that NAPTR records of a number lead to, in the order in which they are to be tried.

    Args:
        records: of the name of the number; those of other services, and what leads on in DNS, are left out.
        number: `+` and digits, what the rules are applied to.
    """
    found = []
    for record in sorted(records, key=lambda one: (one.order, one.preference)):
        if record.flags.lower() != b"u" or not _SERVICE.fullmatch(record.service.decode("latin-1")):
            continue
        text = _applied(record.regexp.decode("latin-1"), number)
        try:
            uri = None if text is None else URI.parse(text)
        except ValueError:
            continue
        if uri is not None and uri.scheme == "sip":
            found.append(uri)
    return found


def _applied(rule: str, number: str) -> str | None:
    """Apply a substitution such as `!^.*$!sip:info@example.com!` (RFC 3402); None where it does not fit."""
    if len(rule) < 4:
        return None
    delimiter = rule[0]
    parts = rule[1:].split(delimiter)
    if len(parts) != 3 or parts[2] not in ("", "i") or len(parts[0]) > _LONGEST_PATTERN:
        return None
    pattern, replacement, _ = parts
    if not _is_plain(pattern):
        return None
    try:
        match = re.search(pattern, number)
    except re.error:
        return None
    if match is None:
        return None
    try:
        return _REFERENCE.sub(lambda one: match[int(one[1])] or "", replacement)
    except IndexError:
        return None


def _is_plain(pattern: str) -> bool:
    """Tell whether a pattern of somebody else's may be run: a repetition within a repetition may never end."""
    return re.search(r"[*+?}]\)?[*+{]|\([^)]*[*+}][^)]*\)[*+{]", pattern) is None
