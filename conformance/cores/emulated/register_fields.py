"""What several CSCFs read out of a REGISTER (3GPP TS 24.229 5.2.2, 5.3.1, 5.4.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sipmessage import Request

from conformance.cores.emulated.sip_server import Refused
from conformance.cores.emulated.strictness import LENIENT, NoName, OtherRealm, Policy, Unusable
from conformance.protocols.sip.digest_header import BARE_IN_CREDENTIALS, QUOTED_IN_CREDENTIALS, DigestHeader
from conformance.protocols.sip.name_addr import NameAddr, split_entries

REQUIRED_DIRECTIVES = ("username", "realm", "nonce", "uri", "response")
"""What credentials have to hold (RFC 2617 3.2.2)."""


def public_identity(request: Request) -> str:
    """Return the public user identity that is registered: the URI of To without parameters.

    Raises:
        ValueError: To holds no URI.
    """
    return NameAddr.parse(request.headers["To"]).uri.partition(";")[0]


def credentials_for(request: Request, realm: str, policy: Policy = LENIENT) -> DigestHeader | None:
    """Return the Digest credentials of a request for a realm, of several header fields the one that names it.

    Args:
        request: a REGISTER.
        realm: domain of the home network.
        policy: what becomes of credentials that deviate.

    Raises:
        ValueError: a Digest value that cannot be read.
        Refused: 400 to credentials that cannot be used.
    """
    found = []
    for value in request.headers.getlist("Authorization"):
        if value[:7].lower() != "digest ":
            continue
        try:
            found.append(DigestHeader.parse(value))
        except ValueError:
            if policy.unreadable is Unusable.REFUSED:
                raise
    own = next((c for c in found if c.get("realm") == realm), None)
    if own is None and found:
        own = _of_other_realm(found[0], policy)
    if own is not None and policy.by_grammar and not _is_by_grammar(own):
        raise Refused(400, "Improper Credentials")
    return own


def _is_by_grammar(credentials: DigestHeader) -> bool:
    """Tell whether credentials hold what they have to, in the form that RFC 2617 3.2.2 gives it."""
    expected = dict.fromkeys(BARE_IN_CREDENTIALS, False) | dict.fromkeys(QUOTED_IN_CREDENTIALS, True)
    written = {one.name.lower(): one.quoted for one in credentials.parameters}
    return (
        set(REQUIRED_DIRECTIVES) <= set(written)
        and all(expected.get(name, quoted) is quoted for name, quoted in written.items())
        and re.fullmatch("([0-9a-f]{32})?", credentials.get("response")) is not None
    )


def _of_other_realm(credentials: DigestHeader, policy: Policy) -> DigestHeader | None:
    """Return what credentials for another realm count as.

    A terminal whose settings are incomplete may send an empty or other realm; its credentials still say who asks.
    """
    if policy.other_realm is OtherRealm.TAKEN:
        return credentials
    if policy.other_realm is OtherRealm.PASSED_OVER_IF_NAMED and not credentials.get("realm"):
        raise Refused(400, "Improper Realm")
    return None


def private_identity(request: Request, realm: str, policy: Policy = LENIENT) -> str:
    """Return the private user identity: the digest username, else To without its scheme (3GPP TS 24.229 5.3.1.2).

    Raises:
        ValueError: To or Authorization cannot be read.
        Refused: 400 to credentials that cannot be used.
    """
    credentials = credentials_for(request, realm, policy)
    named = credentials.get("username") if credentials is not None else ""
    if named:
        return named
    if credentials is not None and policy.no_name is NoName.REFUSED:
        raise Refused(400, "Private Identity Not Found")
    _, _, rest = public_identity(request).partition(":")
    user, at, host = rest.rpartition("@")
    return f"{user}{at}{host.partition(':')[0]}"


def wants_removal(request: Request) -> bool:
    """Tell whether a REGISTER asks for the end of every binding that it names (RFC 3261 10.2.2).

    Raises:
        ValueError: a Contact cannot be read.
    """
    contacts = split_entries(request.headers.getlist("Contact"))
    general = (request.headers.get("Expires") or "").strip()
    asked = [general if c == "*" else (NameAddr.parse(c).parameter("expires") or general) for c in contacts]
    return bool(asked) and all(value.isdigit() and int(value[:10]) == 0 for value in asked)


def refuse_unknown_extensions(request: Request, header: str, supported: Iterable[str]) -> None:
    """Look at Require or Proxy-Require (RFC 3261 8.2.2.3, 16.3).

    Args:
        request: what came.
        header: `Require` for the registrar, `Proxy-Require` for who forwards.
        supported: option tags, lower case.

    Raises:
        Refused: 420 with the tags that are unknown.
    """
    asked = split_entries(request.headers.getlist(header))
    unknown = [tag for tag in asked if tag.lower() not in set(supported)]
    if unknown:
        raise Refused(420, headers={"Unsupported": ", ".join(unknown)})
