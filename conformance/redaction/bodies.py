"""Message bodies: those that verdicts need keep their structure, every other one becomes filler.

Kept: the registration state (RFC 3680), presence, its watchers, rules and lists (RFC 3863, 3858, 5025, 4826, 4662),
user profiles (3GPP TS 29.228), a SIP message in another one, and of a session description (RFC 4566) what describes
media. What somebody wrote to somebody is never kept.
"""

from __future__ import annotations

import re
from typing import Final

from conformance.redaction.identities import Identities
from conformance.redaction.secret_values import SecretValues

FILLER: Final = b"x"
_TEXT_NODE = re.compile(r"<([A-Za-z_][\w.:-]*)([^<>]*)>([^<]+)")
_HIDDEN = re.compile(
    r"<!--.*?(?:-->|$)|<!\[CDATA\[.*?(?:\]\]>|$)|<!DOCTYPE.*?(?:>|$)|<\?(?!xml\s).*?(?:\?>|$)", re.DOTALL
)
_BEHIND_END = re.compile(r"(</[^<>]*>)([^<]+)")
_ADDRESSES: Final = frozenset({"uri", "identity", "privateid", "servername", "domain", "requesturi", "aor"})
"""Elements of reginfo and of a user profile whose text is a URI or an identity."""
_NAMES: Final = frozenset({"display-name", "displayname"})
XML_TYPES: Final = frozenset(("text/xml", "application/xml")) | frozenset(
    f"application/{name}+xml"
    for name in (
        *("reginfo", "pidf", "watcherinfo", "rlmi", "auth-policy", "resource-lists", "rls-services"),
        *("xcap-caps", "xcap-error", "xcap-el", "xcap-att", "xcap-diff"),
    )
)
"""Media types of documents whose structure is kept."""
_PARTS: Final = re.compile(r"(\A|\r\n)(--[^\r\n]{1,72})(?=\r\n|\Z)")
_TYPE: Final = re.compile(r"(?im)^content-type[ \t]*:[ \t]*([^;\s]+)")
_PLAIN: Final = frozenset(
    "priority conditiontypecnf conditionnegated group registrationtype method sessioncase header content sdpline line "
    "defaulthandling barringindication identitytype profilepartindicator subscribedmediaprofileid sharedifcsetid "
    "conditionnegated triggerpoint unknown-param wildcardedpsi wildcardedimpu sessiondescription loosedroute "
    "loosrouteindicationrequired looseroute defaultidentity aliasidentitygroupid serviceLevelTraceinfo "
    "basic sub-handling auid namespace watcher".lower().split()
)
"""Elements whose text is a number or a word of the standard; identities in it are replaced all the same."""
_SDP_LINES: Final = frozenset("vctbm")
_SDP_SECRETS: Final = re.compile(r"(?i)a=(?:crypto|key-mgmt|ice-pwd|ice-ufrag|fingerprint|identity|cname|ssrc)\b")


def filled(text: str) -> str:
    """Return filler for a text: its white space stays."""
    return re.sub(r"\S", "x", text)


def redact_xml(text: str, identities: Identities) -> str:
    """Return an XML document with identities replaced, and without comments and texts that nobody knows.

    Args:
        text: the document as Latin-1 text, also one that was cut.
        identities: the mapping.
    """
    if not text.lstrip("\ufeff\xef\xbb\xbf \t\r\n").startswith("<"):
        return filled(text)
    text = _HIDDEN.sub(lambda found: found[0][:2] + filled(found[0][2:-1]) + found[0][-1:], text)
    text = _BEHIND_END.sub(lambda found: found[1] + filled(found[2]), text)

    def node(found: re.Match[str]) -> str:
        name = found[1].rpartition(":")[2].lower()
        value = found[3]
        if not value.strip() or found[2].endswith("/"):
            shown = filled(value)
        elif name in _NAMES:
            shown = identities.name(value)
        elif name in _ADDRESSES:
            shown = identities.in_text(value)
            if shown == value and "@" not in value and ":" not in value and name in ("privateid", "aor"):
                shown = identities.user(value, None)
        elif name in _PLAIN:
            shown = identities.in_text(value)
        else:
            shown = filled(value)
        return f"<{found[1]}{found[2]}>{shown}"

    # Attributes (aor, event, callid) are none of the texts; all that stands in tags is looked through at the end.
    return re.sub(r"<[^<>]*>?", lambda tag: identities.in_text(tag[0]), _TEXT_NODE.sub(node, text))


def redact_parts(text: str, identities: Identities) -> str:
    """Return a body of several parts (RFC 2046) redacted: documents part by part, everything else is overwritten.

    Args:
        text: the body as Latin-1 text, also one that was cut.
        identities: the mapping.
    """
    out = []
    for index, part in enumerate(_PARTS.split(text)):
        if index % 3:  # line end and boundary
            out.append(part)
            continue
        head, empty, body = part.partition("\r\n\r\n")
        kind = _TYPE.search(head)
        known = kind is not None and kind.group(1).lower() in XML_TYPES
        out.append(identities.in_text(head) if empty else filled(head))
        out.append(empty)
        out.append(redact_xml(body, identities) if known else filled(body))
    return "".join(out)


def redact_sdp(text: str, identities: Identities, secrets: SecretValues) -> str:
    """Return a session description without its user, its name, and its keys."""
    out = []
    for line in re.findall(r"[^\n]*\n|[^\n]+$", text):
        kind, value = line[:1], line[2:]
        if kind == "o":
            user, space, rest = value.partition(" ")
            out.append(f"o={identities.user(user, None) if user != '-' else user}{space}{identities.in_text(rest)}")
        elif kind in _SDP_LINES or (kind == "a" and not _SDP_SECRETS.match(line)) or value.strip() == "-":
            out.append(identities.in_text(line))
        else:
            out.append(line[:2] + filled(value))
    return "".join(out)
