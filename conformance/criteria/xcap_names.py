"""Names of XML documents on an XDMS (RFC 4825 6): application usage, tree, user, document and what of it is meant."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote

RULES = ("pres-rules", "org.openmobilealliance.pres-rules")
"""Application usages of presence authorisation rules."""
CAPABILITIES = "xcap-caps"
SELECTOR = "~~"
_MOST = 2048


class DocumentName(NamedTuple):
    """What a request names."""

    usage: str
    """Application unique identifier (AUID)."""
    user: str
    """XCAP user identifier; empty in the global tree."""
    path: str
    """Name of the document behind the user."""
    node: str
    """Node selector; empty where the whole document is meant."""

    @property
    def document(self) -> tuple[str, str, str]:
        """What is the same for all nodes of one document."""
        return self.usage, self.user, self.path


def document_name(uri: str) -> DocumentName | None:
    """Read the URI of an XCAP request: `/root/AUID/users/XUI/document[/~~/selector]`, or `global` in place of users.

    Args:
        uri: Request target, absolute or a path.

    Returns:
        None where it names no document of a tree.
    """
    text, _, _ = uri[:_MOST].partition("?")
    if text.lower().startswith(("http://", "https://")):
        text = "/" + text.partition("://")[2].partition("/")[2]
    path, _, node = text.partition(f"/{SELECTOR}/")
    parts = [unquote(part) for part in path.split("/") if part]
    for place in range(1, len(parts)):
        rest = parts[place + 1 :]
        if parts[place] == "users" and len(rest) >= 2:
            return DocumentName(parts[place - 1], rest[0], "/".join(rest[1:]), node)
        if parts[place] == "global" and rest:
            return DocumentName(parts[place - 1], "", "/".join(rest), node)
    return None


def user_of(uri: str) -> str:
    """Return the XCAP user identifier that a request target names, empty where it names none."""
    found = document_name(uri)
    return "" if found is None else found.user
