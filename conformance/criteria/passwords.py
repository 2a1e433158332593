"""Whether digest credentials follow from the password of a user, as far as the federation knows passwords."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.criteria.digest import ha1, response
from conformance.criteria.procedure import Facts
from conformance.vocabulary.federation import Subscriber


def user_of(facts: Facts, username: str) -> Subscriber | None:
    """Return the subscriber of whatever network who has a user name; None where the federation knows nobody."""
    every = (subscriber for testbed in facts.testbeds for subscriber in testbed.subscribers)
    return next((one for one in every if one.impi == username), None)


def is_right(facts: Facts, params: Mapping[str, str], method: str) -> bool | None:
    """Tell whether a request digest follows from the password; None where that cannot be computed.

    Args:
        facts: what the federation says.
        params: of Authorization or Proxy-Authorization, names in lower case, without quotes.
        method: of the request.
    """
    user = user_of(facts, params.get("username", ""))
    password = None if user is None else user.xcap_password or user.password
    plain = params.get("algorithm", "MD5").upper() == "MD5" and params.get("qop", "auth") == "auth"
    if password is None or not plain:
        return None
    computed = response(
        ha1(params.get("username", ""), params.get("realm", ""), password.reveal()),
        nonce=params.get("nonce", ""),
        method=method,
        uri=params.get("uri", ""),
        qop=params.get("qop"),
        nc=params.get("nc", ""),
        cnonce=params.get("cnonce", ""),
    )
    return bool(computed == params.get("response", "").lower())
