"""Telephone numbers in URIs, and the names that they have in DNS (RFC 3966, RFC 6116)."""

from __future__ import annotations

import re

from conformance.trace.sip_values import parse_uri

TREE = "e164.arpa"
_SEPARATORS = str.maketrans("", "", "-.()")
_GLOBAL = re.compile(r"\+[0-9]{2,15}")
_LABELS = re.compile(r"((?:[0-9]\.){3,15})[^.].*")
_NAME_OF_DIGITS = re.compile(r"\+?([0-9]{3,15})\.[^.].*")


def number_in(uri: str) -> str | None:
    """Return the global number that a URI dials, `+` and digits: a tel URI, or a SIP URI with user=phone."""
    parsed = parse_uri(uri)
    if parsed is None:
        return None
    if parsed.scheme != "tel" and (parsed.params.get("user") or "").lower() != "phone":
        return None
    number = parsed.user.partition(";")[0].translate(_SEPARATORS)
    return number if _GLOBAL.fullmatch(number) else None


def enum_name(number: str, tree: str = TREE) -> str:
    """Return the domain name of a number: its digits, the last one first, each a label."""
    return ".".join(reversed(number.removeprefix("+"))) + f".{tree}"


def digits_of_name(name: str) -> str | None:
    """Return the digits that a name of ENUM begins with, in the order of the number; None of another name.

    The tree may be a private one: operators have their own beside e164.arpa.
    """
    found = _LABELS.fullmatch(name)
    return None if found is None else found[1].replace(".", "")[::-1]


def is_enum_name(name: str) -> bool:
    """Tell whether a name is one of a number: no domain that SIP servers are looked up for."""
    return digits_of_name(name) is not None or name.endswith(f".{TREE}")


def is_meant_for(name: str, number: str) -> bool:
    """Tell whether a name of e164.arpa is made of the digits of a number in a wrong way.

    No other number would give it. What the names of private trees are made of, is for who has one to say.
    """
    if not name.endswith(f".{TREE}"):
        return False
    digits = number.removeprefix("+")
    whole = _NAME_OF_DIGITS.fullmatch(name)
    if whole is not None:
        return whole[1] in (digits, digits[::-1])
    found = digits_of_name(name)
    if found is None or found == digits:
        return False
    # Not turned round, or without the country code, or with a prefix of the network's own.
    return found == digits[::-1] or (len(found) >= 6 and digits.endswith(found)) or found.lstrip("0") == digits
