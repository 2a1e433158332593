"""The one form in which the presence service compares identities (RFC 3261 19.1.4, RFC 5025 3.1.1.2)."""

from __future__ import annotations


def canonical(uri: str) -> str:
    """Return the form in which identities are compared.

    Args:
        uri: `sip:User@HOST:5060;p=v`, `pres:user@host`, `tel:+1-23`.

    Returns:
        The URI without parameters, headers and port; scheme and host in lower case; `pres` counts as `sip`.
    """
    scheme, _, rest = uri.strip().partition(":")
    scheme = scheme.lower()
    rest = rest.partition(";")[0].partition("?")[0]
    if scheme in ("sip", "sips", "pres", "im"):
        user, at, host = rest.rpartition("@")
        host = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
        return f"sip:{user}{at}{host.lower()}"
    if scheme == "tel":
        return "tel:" + "".join(character for character in rest if character not in "-.()")
    return f"{scheme}:{rest}"


def domain_of(uri: str) -> str:
    """Return the host of a canonical identity; empty for what has none."""
    return uri.rpartition("@")[2].lower() if "@" in uri else ""
