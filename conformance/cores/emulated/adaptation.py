"""What the project's adaptation does to a REGISTER before a core sees it (D2.2 3.1): bytes in, bytes out. No I/O.

It is chosen by the message alone: what is as 3GPP TS 24.229 5.1.1.2 has it keeps every byte.

- Request-URI: port and parameters go. The digest stays right, since the `uri` of the credentials is what the digest is
  over, and proxies may change the Request-URI (RFC 2617 3.2.2.5).
- Authorization: one header field with Digest credentials for the home network, its quotes and commas as the grammar has
  them, the private identity completed, no required parameter missing. Where there is none an empty one is added.

What it cannot cure: a response that was computed over another user name or realm than the core's. Both are in the
digest, and only the terminal has the key.
"""

from __future__ import annotations

import re

from conformance.cores.emulated.header_lines import HeaderLines
from conformance.protocols.sip.digest_header import BARE_IN_CREDENTIALS, DigestHeader, DigestParameter

_REQUEST_LINE = re.compile(
    r"REGISTER (?P<bare>sips?:(?:[^@;?\s]*@)?(?P<host>\[[^\]\s]*\]|[^:;?\s]+))(?P<rest>\S*) SIP/2\.0"
)
_DIGEST = re.compile(r"\s*Digest(?=[\s=,]|$)", re.IGNORECASE)
_PARAMETER = re.compile(
    r"""(?P<name>[A-Za-z0-9\-.!%*_+`'~]+)\s*=\s*(?P<value>"(?:[^"\\]|\\.)*"|[^,]*)\s*(?:,\s*|$)""", re.DOTALL
)
_NEXT = re.compile(r"""[\s,"]*""")
_TO = re.compile(r"sips?:([^@;?>\s]+@(?:\[[^\]\s]*\]|[^:;?>\s]+))", re.IGNORECASE)
_REQUIRED = ("username", "realm", "nonce", "uri", "response")
_AUTHORIZATION = "authorization"


def adapted_register(message: HeaderLines) -> list[str]:
    """Make a REGISTER one that a core reads.

    Args:
        message: changed in place, and only where there is something to cure.

    Returns:
        What was changed, for a log; empty where nothing was.
    """
    line = _REQUEST_LINE.fullmatch(message.start_line)
    if line is None:
        return []
    done = []
    if line["rest"]:
        message.start_line = f"REGISTER {line['bare']} SIP/2.0"
        done.append("port and parameters taken out of the Request-URI")
    written = f"{line['bare']}{line['rest']}"
    return done + _authorization(message, line["host"].lower(), written)


def _authorization(message: HeaderLines, home: str, request_uri: str) -> list[str]:
    values = message.values(_AUTHORIZATION)
    identity = _identity(message, home)
    digests = [value for value in values if _DIGEST.match(value)]
    if not digests:
        if values or not identity:
            return []  # another scheme, or nobody whom it could name
        empty = dict.fromkeys(_REQUIRED, "") | {"username": identity, "realm": home, "uri": request_uri}
        message.replace(_AUTHORIZATION, [("Authorization", str(DigestHeader.credentials(**empty)))])
        return ["Authorization added"]
    read = [_read(value) for value in digests]
    # Of several the one for the home network, else the one that is for nobody.
    chosen = next((one for one in read if _get(one, "realm").lower() == home), None)
    if chosen is None:
        chosen = next((one for one in read if not _get(one, "response")), None)
    if chosen is None:
        return []  # answers to a challenge of somebody else
    written = str(DigestHeader(tuple(_cured(chosen, home, identity, request_uri))))
    if values == [written]:
        return []
    message.replace(_AUTHORIZATION, [("Authorization", written)])
    return ["Authorization mended" if len(values) == 1 else f"one Authorization of {len(values)} left"]


def _cured(parameters: list[DigestParameter], home: str, identity: str, request_uri: str) -> list[DigestParameter]:
    """Return credentials as the grammar and the home network want them, in the order in which they came."""
    answers = bool(_get(parameters, "response"))
    missing = {"username": identity, "realm": home, "nonce": "", "uri": request_uri, "response": ""}
    cured = []
    for one in parameters:
        name, value = one.name.lower(), one.value
        if name == "realm" and not (answers and value):
            value = home
        elif name == "username" and "@" not in value:
            value = f"{value}@{home}" if value else identity
        elif name in ("nonce", "response"):
            value = value.strip()
        missing.pop(name, None)
        cured.append(DigestParameter(one.name, value, name not in BARE_IN_CREDENTIALS))
    return cured + [DigestParameter(name, value, quoted=True) for name, value in missing.items()]


def _read(value: str) -> list[DigestParameter]:
    """Read credentials whatever their quotes are like: an unterminated string ends where the value ends."""
    scheme = _DIGEST.match(value)
    assert scheme is not None
    found: dict[str, DigestParameter] = {}
    position = _skip(value, scheme.end())
    while position < len(value) and (parameter := _PARAMETER.match(value, position)) is not None:
        text = parameter["value"].strip()
        if len(text) > 1 and text[0] == text[-1] == '"':
            text = re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
        else:
            text = text.replace('"', "")
        found.setdefault(parameter["name"].lower(), DigestParameter(parameter["name"], text, quoted=True))
        position = _skip(value, parameter.end())
    return list(found.values())


def _skip(value: str, position: int) -> int:
    """Return where the next parameter begins: behind blanks, commas and stray quotation marks."""
    found = _NEXT.match(value, position)
    return found.end() if found is not None else position


def _get(parameters: list[DigestParameter], name: str) -> str:
    return next((one.value for one in parameters if one.name.lower() == name), "")


def _identity(message: HeaderLines, home: str) -> str:
    """Return the private identity that To stands for (3GPP TS 24.229 5.3.1.2); empty where it has no SIP URI."""
    found = next((match for value in message.values("to", "t") if (match := _TO.search(value))), None)
    return found[1] if found is not None else ""
