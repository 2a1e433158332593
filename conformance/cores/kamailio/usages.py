"""The application usages of Kamailio's XCAP server (RFC 4825 5), and what its configuration knows of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

_COMMON_POLICY = "urn:ietf:params:xml:ns:common-policy"


class Usage(NamedTuple):
    """One application usage.

    Args:
        namespace: its default namespace.
        media_type: of its documents.
        root: name of their root element.
        namespace_of_root: and its namespace.
    """

    namespace: str
    media_type: str
    root: str
    namespace_of_root: str


def _usage(name: str, namespace: str = "", media_type: str = "", root: str = "") -> Usage:
    own = namespace or f"urn:ietf:params:xml:ns:{name}"
    return Usage(own, media_type or f"application/{name}+xml", root or name, own)


_RULES = ("application/auth-policy+xml", "ruleset", _COMMON_POLICY)
USAGES: Mapping[str, Usage] = {
    "pres-rules": Usage("urn:ietf:params:xml:ns:pres-rules", *_RULES),
    "org.openmobilealliance.pres-rules": Usage(_COMMON_POLICY, *_RULES),
    "resource-lists": _usage("resource-lists"),
    "rls-services": _usage("rls-services"),
    "pidf-manipulation": _usage("pidf-manipulation", "urn:ietf:params:xml:ns:pidf", "application/pidf+xml", "presence"),
}
"""By AUID."""
