"""One SIP message redacted: identities, credentials and keys in its header, and its body. RFC 3261, RFC 2617, RFC 3310.

What stands in a header field that is not known here is overwritten: nothing passes that was not understood.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from conformance.faults.sip_bytes import COMPACT, is_sip, name_of
from conformance.redaction.bodies import FILLER, XML_TYPES, filled, redact_parts, redact_sdp, redact_xml
from conformance.redaction.digests import Credentials, Digests
from conformance.redaction.identities import Identities
from conformance.redaction.secret_values import SecretValues

SECRET_PARAMS: Final = frozenset({"nonce", "cnonce", "opaque", "auts", "ck", "ik", "nextnonce", "rspauth", "response"})
_PLAIN_PARAMS: Final = frozenset(
    {"realm", "algorithm", "qop", "nc", "stale", "domain", "uri", "integrity-protected", "auth-done", "charset"}
)
_AUTH: Final = frozenset(
    {"authorization", "www-authenticate", "proxy-authorization", "proxy-authenticate", "authentication-info"}
    | {"proxy-authentication-info"}
)
_NAMED: Final = frozenset(
    [
        "from",
        "to",
        "contact",
        "route",
        "record-route",
        "path",
        "service-route",
        "p-asserted-identity",
        "p-preferred-identity",
        "p-associated-uri",
        "p-called-party-id",
        "refer-to",
        "referred-by",
        "history-info",
        "diversion",
        "reply-to",
        "p-served-user",
    ]
)
"""Header fields that may show a name before an address."""
_KNOWN: Final = frozenset(
    [
        "via",
        "max-forwards",
        "call-id",
        "cseq",
        "expires",
        "supported",
        "require",
        "proxy-require",
        "unsupported",
        "content-length",
        "content-type",
        "content-encoding",
        "content-disposition",
        "event",
        "allow",
        "allow-events",
        "accept",
        "accept-encoding",
        "accept-language",
        "subscription-state",
        "min-expires",
        "user-agent",
        "server",
        "date",
        "timestamp",
        "warning",
        "reason",
        "retry-after",
        "rack",
        "rseq",
        "session-expires",
        "min-se",
        "privacy",
        "p-visited-network-id",
        "p-charging-vector",
        "p-charging-function-addresses",
        "p-access-network-info",
        "p-asserted-service",
        "p-preferred-service",
        "accept-contact",
        "reject-contact",
        "request-disposition",
        "mime-version",
        "security-client",
        "security-server",
        "security-verify",
        "replaces",
        "in-reply-to",
        "feature-caps",
        "sip-etag",
        "sip-if-match",
        "p-user-database",
        "p-profile-key",
        "p-early-media",
        "p-media-authorization",
        "target-dialog",
        "join",
        "rport",
        "recv-info",
        "flow-timer",
        "host",
        "connection",
        "keep-alive",
        "cache-control",
        "transfer-encoding",
        "etag",
        "if-match",
        "if-none-match",
        "x-3gpp-asserted-identity",
        "x-3gpp-intended-identity",
    ]
)
_FIELD = re.compile(r"[^\n]*\n(?:[ \t][^\n]*\n)*|[^\n]+$")
_PARAM = re.compile(r'(?<![\w-])([\w-]+)([ \t\r\n]*=[ \t\r\n]*)("(?:[^"\\]|\\.)*"?|[^\s",;]*)')
_NAME_ADDR = re.compile(r"(?:\A|(?<=[<>]))([^<>]*)<([^<>]*)>")
_PLACE = re.compile(
    r"(?i)\b((?:utran-cell-id-3gpp|utran-sai-3gpp|cgi-3gpp|dsl-location|i-wlan-node-id|ci-3gpp2|eth-location|"
    r'fiber-location|gstn-location|local-time-zone|daylight-saving-time)\s*=\s*)("[^"]*"?|[^\s;,]+)'
)
_DEVICE = re.compile(r"(?i)\b(urn:(?:uuid|gsma:imei|nai|esn|meid):)([0-9A-Za-z-]+)")
_KEEP_ALIVE = frozenset(b"\r\n\0")
_MESSAGES: Final = frozenset({"message/sip", "message/sipfrag"})
_DEPTH: Final = 3


@dataclass(frozen=True, slots=True)
class SipRedactor:
    """Redacts SIP messages by the mappings of one bundle."""

    identities: Identities
    secrets: SecretValues
    digests: Digests

    def message(self, message: bytes, depth: int = 0) -> bytes:
        """Return a message, or the beginning of one, redacted; it keeps its length.

        Args:
            message: from its start line on.
            depth: how many messages it is the body of.
        """
        head, empty, body = message.partition(b"\r\n\r\n")
        text = (head + empty[:2]).decode("latin-1")
        start, feed, rest = text.partition("\n")
        fields = _FIELD.findall(rest)
        new_body = self._body(fields, body, depth)
        method = start.partition(" ")[0]
        credentials = (method, body, new_body)
        out = self.identities.in_text(start) + feed + "".join(self._field(field, credentials) for field in fields)
        return out.encode("latin-1") + empty[2:] + new_body

    def _field(self, field: str, about: tuple[str, bytes, bytes]) -> str:
        if field.strip() == "":
            return field
        name = name_of(field.encode("latin-1")).decode("latin-1")
        shown, colon, value = field.partition(":")
        if not colon or name not in _AUTH | _NAMED | _KNOWN:
            return self.identities.in_text(shown) + colon + filled(value) if colon else filled(field)
        if name in _AUTH:
            return shown + colon + self._credentials(value, about)
        if name in _NAMED:
            value = _NAME_ADDR.sub(self._name_addr, value)
            value = _DEVICE.sub(lambda found: found[1] + self.secrets.hexadecimal(found[2]), value)
        elif name == "p-access-network-info":
            value = _PLACE.sub(lambda found: found[1] + self.secrets.characters(found[2]), value)
        return shown + colon + self.identities.in_text(value)

    def _name_addr(self, found: re.Match[str]) -> str:
        before, address = found[1], found[2]
        if ":" not in address:  # angle brackets in a name
            return f"{before}<{self.identities.name(address)}>"
        replaced = self.identities.in_text(address)
        if replaced == address and "@" in address:
            return found[0]  # a name goes with its address: it stays where the address does
        name = before.rstrip()
        if name.count('"') % 2 and name[: name.rfind('"')].rstrip().endswith("="):
            return found[0]  # the value of a parameter: a URN in quotation marks
        begin = name.rfind('"', 0, -1) if name.endswith('"') else max(name.rfind(sign) for sign in ',;:=@"')
        begin += 1
        return f"{before[:begin]}{self.identities.name(before[begin:])}<{address}>"

    def _credentials(self, value: str, about: tuple[str, bytes, bytes]) -> str:
        method, old_body, new_body = about
        old: dict[str, str] = {}
        new: dict[str, str] = {}
        for found in _PARAM.finditer(value):
            name, text = found[1].lower(), found[3]
            old.setdefault(name, text.strip('"'))
            if name != "response":
                new.setdefault(name, self._param(name, text).strip('"'))
        if old.get("response"):
            self.digests.note(Credentials(old, method, old_body), Credentials(new, method, new_body))
        scheme = re.match(r"\s*[\w-]+\s+(?=[\w-]+\s*=)", value)
        begin = scheme.end() if scheme else 0
        # What stands between the parameters are commas and spaces; anything else is overwritten.
        out, at = [value[:begin]], begin
        for found in _PARAM.finditer(value, begin):
            out.append(re.sub(r"[^\s,]", "x", value[at : found.start()]))
            out.append(found[1] + found[2] + self._param(found[1].lower(), found[3]))
            at = found.end()
        out.append(re.sub(r"[^\s,]", "x", value[at:]))
        return "".join(out)

    def _param(self, name: str, text: str) -> str:
        """Return the value of a parameter of credentials or of a challenge redacted, in its quotation marks."""
        opening, closing = text[:1] == '"', len(text) > 1 and text[-1] == '"' and text[0] == '"'
        inner = text[opening : len(text) - closing]
        if name == "username":
            replaced = self.identities.in_text(inner)
            if "@" not in inner:
                replaced = self.identities.user(inner, None)
        elif name == "response":
            replaced = self.digests.redacted(inner)
        elif name in SECRET_PARAMS:
            replaced = self.secrets.text(inner)
        elif name in _PLAIN_PARAMS:
            replaced = self.identities.in_text(inner)
        else:
            replaced = self.secrets.characters(inner)
        return '"' * opening + replaced + '"' * closing

    def _body(self, fields: list[str], body: bytes, depth: int) -> bytes:
        if not body:
            return body
        said = {name_of(f.encode("latin-1")): f.partition(":")[2].strip() for f in reversed(fields)}
        length = said.get(b"content-length", "")
        size = min(int(length), len(body)) if length.isdigit() and len(length) < 10 else len(body)
        kind = said.get(b"content-type", "").partition(";")[0].strip().lower()
        own, behind = body[:size], body[size:]
        if b"content-encoding" in said:
            kind = ""
        text = own.decode("latin-1")
        if kind in _MESSAGES and depth < _DEPTH and is_sip(own):
            own = self.message(own, depth + 1)
        elif kind in XML_TYPES:
            own = redact_xml(text, self.identities).encode("latin-1")
        elif kind == "multipart/related":
            own = redact_parts(text, self.identities).encode("latin-1")
        elif kind == "application/sdp":
            own = redact_sdp(text, self.identities, self.secrets).encode("latin-1")
        else:
            own = self.identities.filler(own)
        return own + (behind if set(behind) <= _KEEP_ALIVE else FILLER * len(behind))


def is_keep_alive(payload: bytes) -> bool:
    """Tell whether a payload is what keeps a binding of a NAT open: line ends or null octets (RFC 5626 3.5.1)."""
    return set(payload) <= _KEEP_ALIVE


def sip_length(stream: bytes, begin: int) -> int | None:
    """Return how many octets the message has that begins at a place of a TCP stream, None where it is not whole."""
    end = stream.find(b"\r\n\r\n", begin)
    if end < 0:
        return None
    fields = _FIELD.findall(stream[begin : end + 2].decode("latin-1"))[1:]
    lengths = [f.partition(":")[2].strip() for f in fields if name_of(f.encode("latin-1")) == b"content-length"]
    length = lengths[0] if lengths else "0"
    if not length.isdigit() or len(length) > 8:
        return None
    total = end + 4 - begin + int(length)
    return total if begin + total <= len(stream) else None


__all__ = ["COMPACT", "SECRET_PARAMS", "SipRedactor", "is_keep_alive", "is_sip", "sip_length"]
