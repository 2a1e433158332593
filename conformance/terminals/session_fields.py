"""What header fields of the messages of a session say."""

from __future__ import annotations

from sipmessage import Request, Response

from conformance.protocols.sdp import CONTENT_TYPE
from conformance.protocols.sip.name_addr import split_entries


def option_tags(message: Request | Response, name: str) -> set[str]:
    """Return the option tags of Supported or Require, lower case."""
    return {tag.lower() for tag in split_entries(message.headers.getlist(name))}


def has_sdp(message: Request | Response) -> bool:
    """Tell whether a message carries a session description."""
    kind = (message.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    return bool(message.body) and kind == CONTENT_TYPE
